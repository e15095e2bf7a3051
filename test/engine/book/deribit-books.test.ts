import { expect, test } from "vitest";

import { bookOutcome } from "../../../engine/book/book-outcome.ts";
import { venueRig } from "./venue-rig.ts";

const { applied, gap, held, trade } = bookOutcome;

type Levels = readonly (readonly [string, number, number])[];

const book = (id: number, previous: number | undefined, bids: Levels, asks: Levels = []) => ({
  jsonrpc: "2.0",
  method: "subscription",
  params: {
    channel: "book.BTC-PERPETUAL.100ms",
    data: {
      type: previous === undefined ? "snapshot" : "change",
      timestamp: 1_554_373_911_330,
      instrument_name: "BTC-PERPETUAL",
      change_id: id,
      prev_change_id: previous,
      bids,
      asks,
    },
  },
});

test("Deribit: changes chain by the id before, levels come, change and go", () => {
  const { give, top } = venueRig("deribit");
  expect(give(book(40, 39, [["new", 5042, 10]]))).toBe(held);
  expect(
    give(
      book(
        100,
        undefined,
        [
          ["new", 5042, 30],
          ["new", 5041.5, 20],
        ],
        [["new", 5042.5, 40]],
      ),
    ),
  ).toBe(applied);
  expect(top()).toMatchObject({ bid: "5042.0", bidSize: "30", ask: "5042.5", state: "snapshot" });
  // Ids are those of all instruments.
  expect(give(book(107, 100, [["change", 5042, 35]]))).toBe(applied);
  expect(top()).toMatchObject({ bid: "5042.0", bidSize: "35", state: "synced" });
  expect(give(book(108, 107, [["delete", 5042, 0]], [["delete", 5042.5, 7]]))).toBe(applied);
  expect(top()).toMatchObject({ bid: "5041.5", bidSize: "20", ask: null });
});

test("Deribit: a change that does not name the one before is a gap until the next snapshot", () => {
  const { give, top } = venueRig("deribit");
  give(book(100, undefined, [["new", 10, 1]]));
  expect(give(book(105, 103, [["new", 11, 1]]))).toBe(gap);
  expect(give(book(106, 105, [["new", 12, 1]]))).toBe(held);
  expect(top()).toMatchObject({ state: "gap", bid: "10" });
  // After a restart of the venue ids may be lower.
  expect(give(book(7, undefined, [["new", 9, 1]]))).toBe(applied);
  expect(give(book(8, 7, [["new", 9.5, 1]]))).toBe(applied);
  expect(top()).toMatchObject({ state: "synced", bid: "9.5", counters: { gaps: 1, resyncs: 1 } });
});

test("Deribit: trades are counted beside the book", () => {
  const { give, tell, top } = venueRig("deribit");
  give(book(100, undefined, [["new", 10, 1]]));
  const data = [
    {
      trade_seq: 1,
      timestamp: 1,
      price: 10.5,
      amount: 10,
      direction: "buy",
      instrument_name: "BTC-PERPETUAL",
    },
  ];
  const params = { channel: "trades.BTC-PERPETUAL.100ms", data };
  expect(give({ method: "subscription", params })).toBe(trade);
  tell({ method: "subscription", params: { channel: "quote.BTC-PERPETUAL", data: {} } });
  expect(top()).toMatchObject({ bid: "10", counters: { trades: 1 } });
});
