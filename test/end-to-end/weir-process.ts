// Runs the command line as a user does, as a process of its own, and reads what it prints.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../engine/main.ts", import.meta.url));

export type WeirProcess = {
  readonly child: ChildProcess;
  /** Lines of standard output so far, parsed. */
  readonly lines: readonly { readonly [key: string]: unknown }[];
  readonly stderr: () => string;
  /** The first line with this key; fails when the process ends before. */
  readonly line: (key: string) => Promise<{ readonly [key: string]: unknown }>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
};

export const weir = (...args: readonly string[]): WeirProcess => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: { [key: string]: unknown }[] = [];
  const waiting = new Set<() => void>();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (text) => {
    lines.push(JSON.parse(text) as { [key: string]: unknown });
    for (const look of waiting) look();
  });
  const exited = once(child, "close").then(([code, signal]) => {
    for (const look of waiting) look();
    return { code: code as number | null, signal: signal as string | null };
  });
  const line = (key: string) =>
    new Promise<{ readonly [key: string]: unknown }>((resolve, reject) => {
      const look = (): void => {
        const found = lines.find((candidate) => key in candidate);
        if (found !== undefined) resolve(found);
        else if (child.exitCode !== null || child.signalCode !== null) {
          reject(new Error(`weir ${args.join(" ")} ended code=${child.exitCode}\n${stderr}`));
        } else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  return { child, lines, stderr: () => stderr, line, exited };
};
