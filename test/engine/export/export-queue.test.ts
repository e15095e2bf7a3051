import { describe, expect, it } from "vitest";

import { ExportQueue } from "../../../engine/export/export-queue.ts";

type Send = PromiseWithResolvers<void> & { readonly items: readonly number[] };

/** A queue in front of a receiver that answers when the test says so. */
const rig = (
  limits: Partial<{ itemsMax: number; batchItemsMax: number; triesMax: number }> = {},
) => {
  const sends: Send[] = [];
  const sleeps: number[] = [];
  const queue = new ExportQueue<number>({
    itemsMax: 6,
    batchItemsMax: 4,
    triesMax: 2,
    retryMs: 10,
    ...limits,
    send: (items) => {
      const answer = Promise.withResolvers<void>();
      sends.push({ ...answer, items: [...items] });
      return answer.promise;
    },
    nowMs: () => 7,
    sleep: (ms) => {
      sleeps.push(ms);
      return Promise.resolve();
    },
  });
  return { queue, sends, sleeps };
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<never>(() => undefined);

describe("export queue", () => {
  it("has one send in flight and sends what came meanwhile together", async () => {
    const { queue, sends } = rig();
    queue.offer(1);
    queue.flush();
    for (const item of [2, 3, 4]) queue.offer(item);
    queue.flush();
    expect(sends.map(({ items }) => items)).toEqual([[1]]);
    sends[0]?.resolve();
    await settled();
    expect(sends.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    expect(queue.counts.sent).toBe(1);
    expect(queue.waiting).toBe(3);
  });

  it("drops what finds no room, counted, while the receiver is silent", () => {
    const { queue } = rig();
    const offered = [1, 2, 3, 4, 5, 6, 7, 8].map((item) => {
      const isTaken = queue.offer(item);
      queue.flush();
      return isTaken;
    });
    expect(offered).toEqual([true, true, true, true, true, true, false, false]);
    expect(queue.counts).toMatchObject({ sent: 0, dropped: { full: 2, failed: 0 } });
    expect(queue.waiting).toBe(6);
  });

  it("tries a batch again, each try counted, and then drops it", async () => {
    const { queue, sends, sleeps } = rig({ triesMax: 3 });
    queue.offer(1);
    queue.flush();
    for (let i = 0; i < 3; i += 1) {
      sends[i]?.reject(new Error("down"));
      await settled();
    }
    expect(sends.map(({ items }) => items)).toEqual([[1], [1], [1]]);
    expect(sleeps).toEqual([10, 20]);
    expect(queue.counts).toEqual({
      sent: 0,
      rejected: 0,
      dropped: { full: 0, failed: 1, shutdown: 0 },
      failures: 3,
    });
    expect(queue.waiting).toBe(0);
  });

  it("sends what waits when it is closed, and drops what the deadline leaves", async () => {
    const { queue, sends } = rig();
    for (const item of [1, 2, 3, 4, 5]) queue.offer(item);
    const closed = queue.close(never);
    expect(queue.offer(6)).toBe(false);
    sends[0]?.resolve();
    await settled();
    sends[1]?.resolve();
    await closed;
    expect(queue.counts).toMatchObject({ sent: 5, dropped: { shutdown: 1 } });

    const late = rig();
    for (const item of [1, 2, 3, 4, 5]) late.queue.offer(item);
    await late.queue.close(Promise.resolve());
    expect(late.queue.counts.dropped.shutdown).toBe(1);
    expect(late.queue.waiting).toBe(4);
    late.sends[0]?.reject(new Error("down"));
    await settled();
    expect(late.queue.counts.dropped.shutdown).toBe(5);
  });
});
