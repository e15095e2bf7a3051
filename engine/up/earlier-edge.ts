// The edge of an earlier start on the same storage. When the process that started it was killed, it
// may live on for as long as what it is serving takes: two would send each other's records and
// want the same port.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Longer than a watchdog takes to kill one that does not end (edge-process.ts). */
const waitMsMax = 10_000;
const lookMs = 20;

/** Where the process id of the workerd that was started last on a storage stands. */
export const edgePidFile = (storageDir: string): string => join(storageDir, "workerd.pid");

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

// By its words too: the id may long be another process's, after a restart of the machine for one.
const livingEdge = (storageDir: string, config: string): number | null => {
  const pid = Number.parseInt(textOf(edgePidFile(storageDir)), 10);
  const words = textOf(`/proc/${pid}/cmdline`).split("\0");
  return words.includes(config) ? pid : null;
};

/**
 * Waits until no workerd of an earlier start runs on `config`, at once where the system has no
 * /proc.
 * @throws Error naming the process when it has not ended after ten seconds.
 */
export const earlierEdgeEnded = async (storageDir: string, config: string): Promise<void> => {
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    const pid = livingEdge(storageDir, config);
    if (pid === null) return;
    if (waitedMs >= waitMsMax)
      throw new Error(`edge: process ${pid} of an earlier start still has ${storageDir}: end it`);
    await delay(lookMs);
  }
};
