import { expect, test } from "vitest";

import { createBookMemory } from "../../../engine/book/book-layout.ts";
import { bookStateName } from "../../../engine/book/book-sequencer.ts";
import { DepthHandler } from "../../../engine/book/depth-handler.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { FrameWriter } from "../../../schemas/market/frame.ts";
import { readVenueText } from "../../../schemas/market/venue-message.ts";

const partition = 3;

const delta = (first: number, last: number, symbol = "BTCUSDT"): string =>
  JSON.stringify({ e: "depthUpdate", s: symbol, U: first, u: last, b: [[`${last}`, "1"]], a: [] });
const snapshot = (id: number, symbol = "BTCUSDT"): string =>
  JSON.stringify({ symbol, lastUpdateId: id, bids: [["1", "1"]], asks: [] });

/** A log of one partition, a record for each message, and handlers that read it. */
const setUp = (texts: readonly string[]) => {
  const writer = new FrameWriter();
  const ends = [0];
  const records = texts.map((text, i) => {
    const message = new DepthMessage();
    const context = { venue: "binance-spot", symbol: "", receiveNs: BigInt(i) } as const;
    expect(readVenueText(text, context, message)).toBeNull();
    const item = depthItemOf(message);
    if (typeof item === "number") throw new Error(`code ${item}`);
    writer.clear();
    writer.tryWrite(item);
    ends.push((ends.at(-1) ?? 0) + writer.byteLength);
    return writer.frame().slice();
  });
  const view = new DataView(new Uint8Array(Buffer.concat(records)).buffer);
  return () => {
    const books = new MarketBooks({ memory: createBookMemory(4) });
    const metrics = new MetricCells(createMetricsMemory());
    const handler = new DepthHandler({ view, books, metrics });
    const read = (from: number, to = texts.length): void => {
      handler.onAssign(partition, from);
      for (let offset = from; offset < to; offset += 1) {
        const [start = 0, end = 0] = [ends[offset], ends[offset + 1]];
        const place = { id: partition, offset, start, end };
        handler.onRecord({ ...place, ownRun: false, timestampMs: 0, trace: 0 });
      }
    };
    const point = (next = texts.length) => handler.commitPoint(partition, next).offset;
    const shown = () =>
      books.books.map(({ book, sequencer }) => ({
        state: bookStateName(sequencer.state),
        bids: book.bids.levels(),
      }));
    return { read, point, shown };
  };
};

test("a restart at the commit point has the book of a snapshot that came after deltas it needs", () => {
  const open = setUp([delta(1, 4), delta(5, 8), snapshot(6), delta(9, 9), delta(10, 12)]);
  const live = open();
  live.read(0);
  const restarted = open();
  restarted.read(live.point());
  expect(restarted.shown()).toEqual(live.shown());
  expect(live.shown()).toMatchObject([{ state: "synced" }]);
});

test("deltas that a snapshot does not reach are read again for the next one", () => {
  const open = setUp([snapshot(1), delta(5, 5), snapshot(2), delta(6, 6), snapshot(4)]);
  const live = open();
  live.read(0);
  expect(live.point()).toBe(1);
  const restarted = open();
  restarted.read(1);
  expect(restarted.shown()).toEqual(live.shown());
  expect(live.shown()).toMatchObject([{ state: "synced" }]);
});

test("a later snapshot frees the records before it, for each symbol by itself", () => {
  const open = setUp([snapshot(1), snapshot(1, "ETHUSDT"), delta(2, 2), snapshot(5), delta(6, 6)]);
  const live = open();
  live.read(0);
  expect(live.point()).toBe(1);
});

test("a partition that comes back is committed no further than its books' snapshots", () => {
  const open = setUp([delta(1, 1), snapshot(4), delta(5, 5), delta(6, 6)]);
  const live = open();
  live.read(0);
  const before = live.point();
  live.read(before);
  expect([before, live.point()]).toEqual([0, 0]);
  live.read(2);
  expect(live.point()).toBe(2);
});
