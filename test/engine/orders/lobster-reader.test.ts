import { expect, test } from "vitest";

import { LobsterReader } from "../../../engine/orders/lobster-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { PlainOrders } from "../../oracles/plain-orders.ts";
import { runSeed, seeded } from "../../random.ts";
import { lobsterBookRow, lobsterEvents, lobsterMessage } from "./lobster-file.ts";
import { nextEvent } from "./random-orders.ts";
import { ReplayedBooks } from "./replayed-books.ts";

const setUp = (hasBook: boolean) => {
  const counts = noOrderCounts();
  const reader = new LobsterReader("ABC", counts, hasBook);
  const books = new ReplayedBooks();
  const feed = (row: string, bookRow: string | null = null): string => {
    books.take(reader.read(row, bookRow), reader.message);
    return books.symbols.length === 0 ? "" : books.top("ABC");
  };
  return { counts, reader, books, feed };
};

const halt = lobsterMessage(7, "0,0,-1,-1");

test("without a book it begins empty, and lacks the orders of before", () => {
  const { feed, books, counts } = setUp(false);
  expect(feed(lobsterMessage(1, "11,100,1000000,1"))).toBe("100 at 100 / nothing");
  expect(feed(lobsterMessage(1, "12,30,1002500,-1"))).toBe("100 at 100.00 / 30 at 100.25");
  expect(feed(lobsterMessage(2, "11,40,1000000,1"))).toBe("60 at 100.00 / 30 at 100.25");
  expect(feed(lobsterMessage(4, "12,10,1002500,-1"))).toBe("60 at 100.00 / 20 at 100.25");
  // Of an order that is not known: a trade all the same.
  expect(feed(lobsterMessage(4, "5,7,1001000,1"))).toBe("60 at 100.00 / 20 at 100.25");
  expect(feed(lobsterMessage(5, "0,8,1001000,-1"))).toBe("60 at 100.00 / 20 at 100.25");
  expect(feed(lobsterMessage(6, "-1,9,1001000,-1"))).toBe("60 at 100.00 / 20 at 100.25");
  expect(feed(halt)).toBe("60 at 100.00 / 20 at 100.25");
  expect(feed(lobsterMessage(3, "11,60,1000000,1"))).toBe("nothing / 20 at 100.25");
  expect(books.trades).toEqual([
    "ABC buy 10 at 100.25",
    "ABC sell 7 at 100.1",
    "ABC buy 8 at 100.1",
    "ABC buy 9 at 100.1",
  ]);
  expect(books.applied).toEqual([0, 1, 2, 3, 4, 9].map((row) => `ABC ${row}`));
  expect([books.faults, counts]).toEqual([
    [],
    { ...noOrderCounts(), orders: 1, unknown: 1, ignored: 1 },
  ]);
});

// Two levels; after the first message.
const first = "1002500,30,1000000,100,1003000,5,990000,7";

test("the first row of the book is the beginning, orders of before included", () => {
  const { feed, books, counts } = setUp(true);
  feed(lobsterMessage(1, "11,60,1000000,1"), first);
  expect(books.levels("ABC")).toEqual({
    bids: [
      [1_000_000, 100],
      [990_000, 7],
    ],
    asks: [
      [1_002_500, 30],
      [1_003_000, 5],
    ],
  });
  // Order 3 was there before: its level gives.
  const second = "1002500,30,1000000,75,1003000,5,990000,7";
  expect(feed(lobsterMessage(4, "3,25,1000000,1"), second)).toBe("75 at 100.00 / 30 at 100.25");
  expect([books.applied, books.faults, counts.unknown]).toEqual([["ABC 1", "ABC 2"], [], 0]);
});

test("what comes into sight at the bottom is taken from the row, and leaves it again", () => {
  const { feed, books } = setUp(true);
  feed(lobsterMessage(1, "11,60,1000000,1"), first);
  const shown = "1003000,5,1000000,100,1004000,44,990000,7";
  expect(feed(lobsterMessage(3, "12,30,1002500,-1"), shown)).toBe("100 at 100.00 / 5 at 100.30");
  const pushed = "1001000,1,1000000,100,1003000,5,990000,7";
  feed(lobsterMessage(1, "13,1,1001000,-1"), pushed);
  // Behind what the file shows.
  feed(lobsterMessage(1, "14,9,1009000,-1"), pushed);
  feed(lobsterMessage(3, "15,9,1009000,-1"), pushed);
  expect(books.levels("ABC").asks).toEqual([
    [1_001_000, 1],
    [1_003_000, 5],
  ]);
  expect(books.faults).toEqual([]);
});

test("a row that is not what its message made is a fault with side, level, found and expected", () => {
  const { feed, books } = setUp(true);
  feed(lobsterMessage(1, "11,60,1000000,1"), first);
  feed(lobsterMessage(1, "12,1,1000000,1"), "1002500,30,1000000,102,1003000,5,990000,7");
  // Told once: the row is right.
  feed(lobsterMessage(1, "13,1,1000000,1"), "1002500,30,1000000,103,1003000,5,990000,7");
  feed(halt, "1002500,30,1000000,103,9999999999,0,990000,7");
  // Below a side that was not full is nothing to come into sight.
  feed(halt, "1002500,30,1000000,103,1004000,8,990000,7");
  feed(lobsterMessage(2, "8,9,990000,1"), "1002500,30,1000000,103,1004000,8,990000,7");
  expect(books.faults).toEqual([
    '2: field book, bids, level 1: found "102 at 100.0000", expected 101 at 100.0000',
    '4: field book, asks, level 2: found "nothing", expected 5 at 100.3000',
    '5: field book, asks, level 2: found "8 at 100.4000", expected nothing',
    "6: field size of the level 99.0000: found 7, expected at least 9, which an event took",
  ]);
  expect(books.top("ABC")).toBe("103 at 100.00 / 30 at 100.25");
});

const badRows: readonly (readonly [string, string])[] = [
  ["", 'row: found "", expected time,type,order,size,price,direction'],
  ["1,2,3", 'row: found "1,2,3", expected time,type,order,size,price,direction'],
  [
    "x,1,2,3,4,1",
    'time: found "x", expected seconds, a decimal like "123.45" of at most 64 characters',
  ],
  ["1,8,2,3,4,1", 'type: found "8", expected 1 to 7'],
  ["1,1,a,3,4,1", 'order: found "a", expected an integer of at most 19 digits'],
  ["1,1,2,-3,4,1", 'size: found "-3", expected an integer of at most 15 digits'],
  [
    "1,1,2,3,4.5,1",
    'price: found "4.5", expected price times 10,000, an integer of at most 15 digits',
  ],
  ["1,1,2,3,4,0", 'direction: found "0", expected 1 or -1'],
];

test.each(badRows)("the row %j is a fault, and its row of the book is taken", (row, text) => {
  const { feed, books } = setUp(true);
  feed(lobsterMessage(1, "11,60,1000000,1"), first);
  const top = feed(row, "1002500,30,1000000,99,1003000,5,990000,7");
  expect([books.faults, top]).toEqual([[`2: field ${text}`], "99 at 100.00 / 30 at 100.25"]);
});

test("rows of the book that cannot be read are faults, and what messages say goes on", () => {
  const { feed, books, reader } = setUp(true);
  expect(feed(lobsterMessage(1, "11,60,1000000,1"), "1,2,3")).toBe("");
  feed(lobsterMessage(1, "11,60,1000000,1"), first);
  expect(feed(lobsterMessage(2, "11,1,1000000,1"), "1,2,3,4")).toBe("99 at 100.00 / 30 at 100.25");
  const worded = "a,30,1000000,99,1003000,5,990000,7";
  expect(feed(lobsterMessage(2, "11,1,1000000,1"), worded)).toBe("98 at 100.00 / 30 at 100.25");
  expect(feed(lobsterMessage(2, "11,1,1000000,1"))).toBe("97 at 100.00 / 30 at 100.25");
  expect(feed(lobsterMessage(2, "11,1,1000000,1"))).toBe("96 at 100.00 / 30 at 100.25");
  books.take(reader.finish(first), reader.message);
  expect(books.faults).toEqual([
    "1: field columns of the book: found 3, expected four for each level",
    "3: field columns of the book: found 4, expected 8",
    '4: field columns 1 and 2 of the book: found "a,30", expected price times 10,000 and size, integers',
    '5: field row of the book: found "nothing", expected one for each message: the rest is not checked',
    '7: field row: found "nothing", expected a message for each row of the book',
  ]);
});

test.each([
  [1, 2000],
  [5, 10_000],
  [1000, 2000],
])(
  "random events make the rows of a book of %i levels that a plain map of orders has",
  (levels, events) => {
    const random = seeded(runSeed(`lobster ${levels}`));
    const { books, reader, feed } = setUp(true);
    const [twin, ahead] = [new PlainOrders(), new PlainOrders()];
    for (let i = 1; i <= events; i += 1) {
      const event = nextEvent(random, ahead, i);
      for (const { row, after } of lobsterEvents(event, twin)) {
        after();
        feed(row, lobsterBookRow(twin, levels));
        expect(books.levels("ABC")).toEqual({
          bids: twin.levels(true).slice(0, levels),
          asks: twin.levels(false).slice(0, levels),
        });
      }
    }
    books.take(reader.finish(null), reader.message);
    expect(books.faults).toEqual([]);
  },
  60_000,
);

test("without a book random events make that of all orders", () => {
  const random = seeded(runSeed("lobster orders"));
  const { books, feed, counts } = setUp(false);
  const [twin, ahead] = [new PlainOrders(), new PlainOrders()];
  for (let i = 1; i <= 10_000; i += 1) {
    const event = nextEvent(random, ahead, i);
    for (const { row, after } of lobsterEvents(event, twin)) {
      after();
      feed(row);
    }
    expect(books.levels("ABC")).toEqual({ bids: twin.levels(true), asks: twin.levels(false) });
  }
  expect([books.faults, counts.unknown, counts.orders]).toEqual([[], 0, twin.orders.size]);
}, 60_000);
