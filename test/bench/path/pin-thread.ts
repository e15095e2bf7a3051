// The calling thread's id, its pinning to one processor with taskset, and the processor time of any
// thread of the process. Nothing of this exists outside Linux: then pinning fails, the time is null.
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

/** The kernel's id of the calling thread, 0 where there is none. */
export const threadId = (): number => {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return 0;
  }
};

/** Whether the calling thread runs on `processor` alone from now on. */
export const pinThread = (processor: number): boolean => {
  try {
    execFileSync("taskset", ["-cp", String(processor), String(threadId())], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Nanoseconds that a thread of this process has run. */
export const threadProcessorNs = (thread: number): number | null => {
  try {
    const text = readFileSync(`/proc/self/task/${thread}/schedstat`, "utf8");
    return Number(text.split(" ")[0]);
  } catch {
    return null;
  }
};
