import { expect, it } from "vitest";

import { Lane } from "../../../engine/handoff/lane.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("lane"));
const view = new DataView(new ArrayBuffer(8));

it("knows the oldest transaction of all that it holds, in whatever order they came", () => {
  for (let run = 0; run < 200; run += 1) {
    const lane = new Lane(0, 16, 8);
    // The plain twin: trace ids of the batch and of the queue.
    const batch: number[] = [];
    const queue: number[] = [];
    let newest = 0;
    for (let step = 0; step < 60; step += 1) {
      const kind = random.below(6);
      if (kind < 3 && queue.length < 16) {
        const isLate = random.below(4) === 0;
        if (!isLate) newest += random.below(3);
        const traceId = isLate ? random.below(newest + 1) : newest;
        lane.push({ view, at: 0, bytes: 8, traceId, queuedUs: 0 });
        queue.push(traceId);
      } else if (kind === 3 && batch.length === 0) {
        const count = 1 + random.below(8);
        lane.takeBatch(count);
        batch.push(...queue.splice(0, count));
      } else if (kind === 4 && batch.length > 0) {
        const sent = 1 + random.below(batch.length);
        lane.advance(sent);
        batch.splice(0, sent);
      } else if (kind === 5 && queue.length > 0) {
        if (random.below(2) === 0) expect(lane.dropOldest().traceId).toBe(queue.shift());
        else expect(lane.dropNewest().traceId).toBe(queue.pop());
      }
      expect(lane.oldestTraceId()).toBe(Math.min(Number.POSITIVE_INFINITY, ...batch, ...queue));
    }
  }
});
