// A child process of `weir up` that must not outlive it: its standard input is a pipe from us, and
// it ends when that pipe closes, which the kernel does even when this process is killed. Our own
// standard input is its descriptor 3.
import type { ChildProcess, ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// As a number: the stream would begin to read it.
const standardInput = 0;

export type NodeChild = {
  readonly pid: number | undefined;
  /** Lines of standard output so far are given to `onLine`. */
  readonly exited: Promise<number | null>;
  /** Closes its input, then waits; killed at the deadline. */
  readonly stop: (deadlineMs: number) => Promise<void>;
};

export type NodeChildOptions = {
  readonly file: URL;
  readonly args: readonly string[];
  /** Over our own environment. */
  readonly env?: { readonly [name: string]: string };
  readonly onLine: (line: string) => void;
  readonly onNote: (line: string) => void;
};

export const startNodeChild = (options: NodeChildOptions): NodeChild => {
  const { file, args, env, onLine, onNote } = options;
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", fileURLToPath(file), ...args],
    // A group of its own: Ctrl-C reaches us alone, and we stop children in the data's order.
    {
      stdio: ["pipe", "pipe", "pipe", standardInput],
      detached: true,
      env: { ...process.env, ...env },
    },
  ) as ChildProcessWithoutNullStreams;
  createInterface({ input: child.stdout }).on("line", onLine);
  createInterface({ input: child.stderr }).on("line", onNote);
  // Writing to a child that has gone is not an error of ours.
  child.stdin.on("error", () => undefined);
  const exited = exitOf(child);
  return {
    pid: child.pid,
    exited,
    stop: async (deadlineMs) => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
};
