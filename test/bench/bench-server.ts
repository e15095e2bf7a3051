// A server under test: a process of its own on the first core.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

import { serving } from "../server-process.ts";

/** A running server under test. */
export type Server = {
  readonly name: string;
  /** Where spans go. */
  readonly tracesUrl: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

const readyMsMax = 10_000;

/** Keeps a process with all its threads on one core; does nothing where that is not possible. */
export const pin = (pid: number, core: number): boolean => {
  if (cpus().length < 2) return false;
  try {
    execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Resident memory of a process in MB. */
export const residentMb = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024);
};

/** How to start a rival; it inherits our environment. */
export type ServerStart = {
  readonly name: string;
  readonly command: string;
  readonly words: readonly string[];
  readonly env: { readonly [name: string]: string };
  /** host:port that it will listen on. */
  readonly address: string;
  readonly tracesPath: string;
};

/** Resolves once it answers. @throws Error when it ends before, or does not within 10 s. */
export const startServer = async (start: ServerStart): Promise<Server> => {
  const { name, command, words, env, address, tracesPath } = start;
  const child = spawn(command, [...words], { env: { ...process.env, ...env }, stdio: "ignore" });
  await serving(child, `http://${address}/`, readyMsMax);
  const pid = child.pid ?? 0;
  pin(pid, 0);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  };
  return { name, tracesUrl: `http://${address}${tracesPath}`, pid, stop };
};
