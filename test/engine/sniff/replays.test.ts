import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { describe, expect, it } from "vitest";

import type { RecordPlace } from "../../../engine/sniff/open-records.ts";
import { createReplayMemory, nextWord } from "../../../engine/sniff/replay-layout.ts";
import { ReplayWindow } from "../../../engine/sniff/replay-window.ts";
import { createPartitionReplays, PartitionReplays } from "../../../engine/sniff/replays.ts";
import { runSeed, seeded } from "../../random.ts";
import { numberedSignature } from "./numbered-signature.ts";

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);

describe("replay windows of partitions", () => {
  it("together remember what is asked for, each as many as the others", () => {
    const sizes = (size: number): readonly number[] =>
      createPartitionReplays(size).map((memory) => new ReplayWindow(memory).size);
    expect(sizes(65_536)).toEqual(Array.from({ length: 6 }, () => 16_384));
    expect(sizes(2)).toEqual(Array.from({ length: 6 }, () => 2));
    expect(sizes(0)).toEqual([]);
    expect(() => createPartitionReplays(1000)).toThrow("size=1000 must be a power of two");
  });

  it("are handed from thread to thread: what one saw the other knows", () => {
    const memories = createPartitionReplays(64);
    const placeOf = (traceId: number, to: RecordPlace): void => {
      Object.assign(to, { partition: traceId % 6, offset: traceId, index: 0 });
    };
    const random = seeded(runSeed("replay partitions"));
    const pool = Array.from({ length: 12 }, () => viewOf(random.bytes(64)));
    // Each of two threads has half of the partitions, then one has all.
    const two = [0, 1].map(() => new PartitionReplays(memories, placeOf));
    for (const [traceId, view] of pool.entries())
      expect(two[traceId % 2]?.add(view, 0, traceId)).toBe(true);
    const one = new PartitionReplays(memories, placeOf);
    for (const [traceId, view] of pool.entries()) {
      expect(one.isReplay(view, 0, traceId)).toBe(false);
      expect(one.isReplay(view, 0, traceId + 6)).toBe(true);
      expect(one.add(view, 0, traceId + 6)).toBe(false);
    }
  });
});

/** Lets a thread write for some time, and kills it. */
const writeAndKill = async (memory: SharedArrayBuffer, from: number, ms: number): Promise<void> => {
  const file = new URL("replay-writer.thread.ts", import.meta.url);
  const worker = new Worker(file, { workerData: { memory, from } });
  await once(worker, "message");
  await new Promise((resolve) => setTimeout(resolve, ms));
  await worker.terminate();
};

describe("a replay window whose thread is killed", () => {
  it("knows the last signatures exactly, and the next thread goes on with it", async () => {
    const random = seeded(runSeed("replay kills"));
    const size = 16;
    const memory = createReplayMemory(size);
    const view = new DataView(new ArrayBuffer(64));
    let from = 0;
    for (let kill = 0; kill < 20; kill += 1) {
      const before = from;
      while (from - before <= size * 25) {
        await writeAndKill(memory, from, random.below(20));
        const window = new ReplayWindow(memory);
        const isKnown = (number: number): boolean => {
          numberedSignature(view, number);
          return window.isReplay(view, 0, { offset: number + 1, index: 0 });
        };
        // How many were written, by the slot of the next one.
        const next = Atomics.load(new Int32Array(memory), nextWord);
        let written = from;
        while (written % (size + 1) !== next || (written > 0 && !isKnown(written - 1))) {
          written += 1;
          if (written > 1e8) throw new Error("the newest signature is not in the window");
        }
        for (let number = written - size - 3; number < written + 3; number += 1) {
          const expected = number >= 0 && number >= written - size && number < written;
          if (number >= 0) expect(isKnown(number)).toBe(expected);
        }
        from = written;
      }
    }
  });
});
