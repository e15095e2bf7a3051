// What a test tells its faulty threads: per thread how many faults are left, of which kind, and
// after how many messages the next one comes.
import { setEnvironmentData } from "node:worker_threads";

import type { ThreadName } from "../../engine/host/workers.ts";
import { threadNames } from "../../engine/host/workers.ts";

export const faultKinds = ["throw", "hang", "exit"] as const;
export type FaultKind = (typeof faultKinds)[number];

export const faultsKey = "weir-faults";

export class Faults {
  readonly #words: Int32Array;

  /** Threads that are started afterwards see the plan. */
  constructor() {
    const memory = new SharedArrayBuffer(threadNames.length * 16);
    this.#words = new Int32Array(memory);
    setEnvironmentData(faultsKey, memory);
  }

  /** The thread's modules: all of them faulty. */
  get files(): { readonly [name in ThreadName]?: URL } {
    return Object.fromEntries(
      threadNames.map((thread) => [thread, new URL("faulty.thread.ts", import.meta.url)]),
    );
  }

  /** Lets the thread fail once, after `messages` more messages. */
  arm(thread: ThreadName, kind: FaultKind, messages: number): void {
    const at = threadNames.indexOf(thread) * 4;
    this.#words[at + 1] = faultKinds.indexOf(kind);
    Atomics.store(this.#words, at + 2, messages);
    Atomics.store(this.#words, at, 1);
  }

  /** False once it has failed. */
  isArmed(thread: ThreadName): boolean {
    return Atomics.load(this.#words, threadNames.indexOf(thread) * 4) > 0;
  }
}
