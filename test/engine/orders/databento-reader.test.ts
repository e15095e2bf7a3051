import { expect, test } from "vitest";

import { DatabentoReader } from "../../../engine/orders/databento-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { PlainOrders } from "../../oracles/plain-orders.ts";
import { runSeed, seeded } from "../../random.ts";
import {
  bid,
  dbnEvents,
  dbnName,
  dbnOrder,
  type DbnRecord,
  dbnStart,
  nextNoonNs,
  noPrice,
} from "./databento-file.ts";
import { nextEvent } from "./random-orders.ts";
import { chunked, ReplayedBooks } from "./replayed-books.ts";

const last = 0x80;
const top = 0x40;
const snapshot = 0x20;
const abc = { name: "ABC", instrument: 38 };

const setUp = (symbol = "", names = [abc], version = 3) => {
  const counts = noOrderCounts();
  const reader = new DatabentoReader(symbol, counts);
  const books = new ReplayedBooks();
  const put = (bytes: readonly number[], chunkBytes = 1): void => {
    for (const chunk of chunked(Uint8Array.from(bytes), () => chunkBytes))
      books.take(reader.read(chunk), reader.message);
  };
  const feed = (...records: DbnRecord[]): void => put(records.flatMap(dbnOrder));
  reader.begin();
  put(dbnStart(version, names));
  return { counts, reader, books, put, feed };
};

const ask = (id: number, price: number, size: number): DbnRecord => ({
  ...bid(id, price, size),
  side: "A",
});

test("orders become levels: added, cancelled in part, modified and gone", () => {
  const { books, feed } = setUp();
  feed(bid(1, 1_000_000, 100), { ...bid(2, 1_000_000, 50), isSent: true }, ask(3, 1_002_500, 70));
  expect(books.top("ABC")).toBe("150 at 100.00 / 70 at 100.25");
  feed({ ...bid(1, 1_000_000, 40), action: "C" });
  expect(books.top("ABC")).toBe("110 at 100.00 / 70 at 100.25");
  feed({ ...bid(2, 1_001_000, 20), action: "M" }, { ...ask(3, 1_002_500, 90), action: "M" });
  expect(books.top("ABC")).toBe("20 at 100.10 / 90 at 100.25");
  // A change of an order that is not known is a new one.
  feed({ ...bid(9, 1_001_500, 7), action: "M" }, { ...bid(2, 1_001_000, 20), action: "C" });
  expect(books.levels("ABC")).toEqual({
    bids: [
      [1_001_500, 7],
      [1_000_000, 60],
    ],
    asks: [[1_002_500, 90]],
  });
  expect(books.faults).toEqual([]);
});

test("an event is over with its last record, and not shown before", () => {
  const { books, feed } = setUp();
  feed({ ...bid(1, 1_000_000, 100), sequence: 5 });
  feed({ ...bid(2, 1_010_000, 1), flags: 0, sequence: 6 });
  expect(books.top("ABC")).toBe("100 at 100 / nothing");
  feed({ ...bid(1, 1_000_000, 100), action: "C", flags: 0, sequence: 7 });
  feed({ action: "N", sequence: 8 });
  expect([books.top("ABC"), books.applied]).toEqual([
    "1 at 101 / nothing",
    ["ABC 0", "ABC 5", "ABC 8"],
  ]);
});

test("a book is cleared, and a snapshot is one message of whatever id", () => {
  const { books, feed } = setUp();
  feed({ ...bid(1, 1_000_000, 100), sequence: 900 });
  feed({ action: "R", flags: snapshot, price: noPrice });
  feed({ ...bid(2, 990_000, 5), flags: snapshot, sequence: 3 });
  feed({ ...bid(3, 990_000, 6), flags: snapshot, sequence: 1 });
  expect(books.top("ABC")).toBe("100 at 100 / nothing");
  feed({ ...ask(4, 1_000_000, 8), flags: snapshot | last, sequence: 2 });
  expect(books.top("ABC")).toBe("11 at 99 / 8 at 100");
  feed({ ...bid(2, 990_000, 5), action: "C", sequence: 901 }, { action: "R", sequence: 902 });
  expect(books.top("ABC")).toBe("nothing / nothing");
  expect(books.applied).toEqual(["ABC 0", "ABC 900", "ABC 2", "ABC 901", "ABC 902"]);
  expect(books.faults).toEqual([]);
});

test("a snapshot that is not said to be over ends where the feed goes on", () => {
  const { books, feed } = setUp();
  feed({ action: "R", flags: snapshot }, { ...bid(2, 990_000, 5), flags: snapshot, sequence: 7 });
  feed({ ...ask(4, 1_000_000, 8), sequence: 8 });
  expect(books.applied).toEqual(["ABC 7", "ABC 8"]);
  expect(books.top("ABC")).toBe("5 at 99 / 8 at 100");
});

test("sequences that fall or are missing do not break the book", () => {
  const { books, feed } = setUp();
  for (const [i, sequence] of [9, 3, 3, 0, 4_294_967_295].entries())
    feed({ ...bid(i + 1, 1_000_000, 1), sequence });
  expect([books.top("ABC"), books.faults]).toEqual(["5 at 100 / nothing", []]);
});

test("the best of a side replaces the side, or empties it", () => {
  const { books, feed } = setUp();
  const flags = last | top;
  feed({ ...bid(0, 1_000_000, 10), flags }, { ...ask(0, 1_010_000, 20), flags });
  expect(books.top("ABC")).toBe("10 at 100 / 20 at 101");
  feed({ ...bid(0, 990_000, 3), flags }, { ...ask(0, 0, 0), price: noPrice, flags });
  expect([books.top("ABC"), books.faults]).toEqual(["3 at 99 / nothing", []]);
});

test("trades are told once, with the side of who took; fills and prices of none are no trades", () => {
  const { books, feed } = setUp();
  feed(bid(1, 1_000_000, 100), { ...ask(0, 1_000_000, 4), action: "T", flags: 0 });
  feed({ ...bid(1, 1_000_000, 4), action: "F", flags: 0 });
  feed({ ...bid(1, 1_000_000, 4), action: "C" });
  feed({ ...bid(0, 1_000_500, 1), action: "T" }, { action: "T", price: 12n, size: 3 });
  feed({ action: "T", price: noPrice });
  expect(books.trades).toEqual([
    "ABC sell 4 at 100",
    "ABC buy 1 at 100.05",
    "ABC buy 3 at 0.000000012",
  ]);
  expect(books.top("ABC")).toBe("96 at 100 / nothing");
  expect(books.faults.map((fault) => fault.replace(/^\d+: /, ""))).toEqual([
    'field price: found "none", expected a price',
  ]);
});

test("records that cannot be are faults that name the field, and the rest goes on", () => {
  const { books, feed, put } = setUp();
  feed({ ...bid(1, 0, 1), price: -250_000_000n }, { ...bid(1, 1, 1), side: "N" });
  feed({ action: "Z" }, { ...bid(8, 1_000_000, 1), size: 4_294_967_295 });
  feed({ ...bid(2, 1_000_000, 1) }, { ...bid(2, 1_000_000, 2), action: "C" });
  put([5, 160, ...Array.from({ length: 18 }, () => 0)]);
  feed(bid(3, 1_000_000, 5));
  const range = `units of 10^-9, without trailing zeros 0 to ${Number.MAX_SAFE_INTEGER}`;
  expect(books.faults.map((fault) => fault.replace(/^\d+: field /, ""))).toEqual([
    `price: found "-250000000", expected ${range}`,
    'side: found "N", expected A or B',
    'action: found "Z", expected A, C, F, M, N, R or T',
    'size: found "none", expected a size',
    "size: found 2, expected at most 1, which is what order 2 had left",
    "length: found 20, expected 56, or 64 with the time of sending",
  ]);
  expect(books.top("ABC")).toBe("5 at 100 / nothing");
});

test("changes of orders placed before the file are counted; other kinds of records too", () => {
  const { books, feed, put, counts } = setUp();
  feed({ ...bid(7, 1_000_000, 1), action: "C" }, bid(1, 1_000_000, 2));
  put([5, 22, ...Array.from({ length: 18 }, () => 0)]);
  expect([books.top("ABC"), counts.unknown, counts.ignored]).toEqual(["2 at 100 / nothing", 1, 1]);
});

test.each([1, 2, 3])(
  "version %i: names come from the metadata, by day, else numbers",
  (version) => {
    const names = [
      { name: "OLD", instrument: 38, to: 20_240_201 },
      { name: "ES C5 00", instrument: 38, from: 20_240_201 },
    ];
    const { books, feed, counts } = setUp("", names, version);
    feed(bid(1, 1_000_000, 1), { ...bid(2, 1_000_000, 2), receiveNs: nextNoonNs });
    feed({ ...bid(1, 1_000_000, 3), instrument: 99 }, { ...bid(1, 1_000_000, 4), publisher: 3 });
    expect(books.symbols).toEqual(["OLD", "ES_C5_00", "99", "OLD@3"]);
    expect(books.symbols.map((symbol) => books.top(symbol)[0])).toEqual(["1", "2", "3", "4"]);
    // The order of the instrument that had the number before is gone.
    expect(counts.orders).toBe(3);
  },
);

test.each([1, 3])(
  "version %i: names come in the stream too, and hold from there to the end of the file",
  (version) => {
    const { books, feed, put, reader, counts } = setUp("", [abc], version);
    feed(bid(1, 1_000_000, 1));
    put(dbnName(version, { name: "ABC", instrument: 38 }));
    feed(bid(2, 1_000_000, 2));
    put(dbnName(version, { name: "ES C5", instrument: 38, isSent: true }));
    put(dbnName(version, { name: "bad\u00e9", instrument: 40 }));
    put(dbnName(version, { name: "XYZ", instrument: 41 }));
    feed(bid(1, 1_000_000, 3));
    feed({ ...bid(1, 1, 4), instrument: 40 }, { ...bid(1, 1, 4), instrument: 41 });
    expect(books.symbols).toEqual(["ABC", "ES_C5", "40", "XYZ"]);
    expect([books.top("ABC"), books.top("ES_C5")]).toEqual([
      "3 at 100 / nothing",
      "3 at 100 / nothing",
    ]);
    // Orders of the name before are gone.
    expect([counts.orders, counts.ignored, books.faults]).toEqual([3, 4, []]);
    reader.begin();
    put(dbnStart(version, [abc]));
    feed({ ...bid(1, 1, 4), instrument: 41 });
    expect(books.symbols).toEqual(["ABC", "ES_C5", "40", "XYZ", "41"]);
  },
);

test("metadata may map numbers to names", () => {
  const { reader, books } = setUp();
  reader.begin();
  const bytes = [...dbnStart(2, [abc], false), ...dbnOrder(bid(1, 1_000_000, 1))];
  books.take(reader.read(Uint8Array.from(bytes)), reader.message);
  expect(books.symbols).toEqual(["ABC"]);
});

test("of the instrument that is asked for only; books live on in the next file", () => {
  const { books, feed, put, reader, counts } = setUp("ABC");
  feed(bid(1, 1_000_000, 1), { ...bid(1, 1_000_000, 1), instrument: 5 });
  reader.begin();
  put(dbnStart(2, [abc]));
  feed({ ...bid(1, 1_000_000, 1), action: "C" }, ask(2, 1_000_000, 3));
  expect([books.symbols, books.top("ABC")]).toEqual([["ABC"], "nothing / 3 at 100"]);
  expect([counts.skipped, counts.unknown, counts.orders]).toEqual([1, 0, 1]);
  // In the third the number means another, on the same day.
  reader.begin();
  put(dbnStart(2, [{ name: "XYZ", instrument: 38 }]));
  feed(ask(3, 1_000_000, 3));
  expect([counts.skipped, counts.orders]).toEqual([2, 0]);
});

const starts: readonly (readonly [string, number[], string])[] = [
  [
    "another kind",
    [...Buffer.from("ts_recv,ts_event")],
    'field start: found "\\"ts_r\\"", expected DBN',
  ],
  [
    "version 4",
    [...Buffer.from("DBN\u0004"), 0, 0, 0, 0],
    "field version: found 4, expected 1 to 3",
  ],
  [
    "metadata too large",
    [...Buffer.from("DBN\u0003"), 0, 0, 0, 255],
    'field metadata: found "4278190088 bytes", expected at most 67108864',
  ],
];

test.each(starts)("a file of %s is left out with a fault", (_name, bytes, text) => {
  const { reader, books } = setUp();
  reader.begin();
  const rest = dbnOrder(bid(1, 1_000_000, 1));
  books.take(reader.read(Uint8Array.from([...bytes, ...rest])), reader.message);
  books.take(reader.finish(), reader.message);
  expect(books.faults).toEqual([`0: ${text}; the rest of the file is left out`]);
});

test("a record too short to have a header ends the file", () => {
  const { reader, books, put } = setUp();
  put([3, 160, ...dbnOrder(bid(1, 1_000_000, 1))]);
  books.take(reader.finish(), reader.message);
  const { length } = dbnStart(3, [abc]);
  expect(books.faults).toEqual([
    `${length}: field length: found 12, expected at least 16; the rest of the file is left out`,
  ]);
});

test("metadata whose lists go beyond its end is a fault, and instruments are numbers", () => {
  const { reader, books } = setUp();
  const bytes = dbnStart(2, [abc]);
  // The count of mappings.
  bytes[8 + 100 + 4 + 4 + 71 + 8] = 2;
  reader.begin();
  const all = [...bytes, ...dbnOrder({ ...bid(1, 1_000_000, 1), instrument: 4 })];
  books.take(reader.read(Uint8Array.from(all)), reader.message);
  expect(books.faults).toEqual([
    `0: field metadata: found "${bytes.length} bytes", expected as many as its lists need`,
  ]);
  expect(books.symbols).toEqual(["4"]);
});

test("a file cut short at any byte tells what is whole, and that it ends", () => {
  const start = dbnStart(3, [abc]);
  const records = [bid(1, 1_000_000, 100), ask(2, 1_010_000, 5)].map(dbnOrder);
  const whole = Uint8Array.from([...start, ...records.flat()]);
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    const reader = new DatabentoReader("", noOrderCounts());
    const books = new ReplayedBooks();
    reader.begin();
    books.take(reader.read(whole.subarray(0, bytes)), reader.message);
    books.take(reader.finish(), reader.message);
    books.take(reader.end(), reader.message);
    const left = bytes - start.length;
    const isWhole = left >= 0 && left % 56 === 0;
    expect([bytes, books.faults.length]).toEqual([bytes, isWhole ? 0 : 1]);
    expect(books.applied.length).toBe(left < 56 ? 0 : 1 + Math.floor(left / 56));
  }
});

test("an event without a last record at the end is a fault that names the symbol", () => {
  const { reader, books, feed } = setUp();
  feed(bid(1, 1_000_000, 1), { ...bid(2, 1_010_000, 1), flags: 0 });
  books.take(reader.end(), reader.message);
  expect(books.faults[0]).toContain('found "none for ABC", expected a last record (F_LAST)');
  expect(books.top("ABC")).toBe("1 at 100 / nothing");
});

test("a snapshot and an event of more levels than a message holds come in several, and whole", () => {
  const { books, put } = setUp();
  const count = 20_500;
  const orders = Array.from({ length: count }, (_, i) => ({
    ...bid(i + 1, 100 + i, 1),
    flags: snapshot,
  }));
  put([{ action: "R", flags: snapshot }, ...orders].flatMap(dbnOrder), 65_536);
  expect(books.symbols).toEqual([]);
  put(dbnOrder({ ...ask(1_000_000, 1_000_000, 1), flags: snapshot | last }), 65_536);
  expect(books.levels("ABC").bids.length).toBe(count);
  expect(books.top("ABC")).toBe("1 at 2.0599 / 1 at 100.0000");
  // The snapshot, and what did not fit it.
  expect(books.applied.length).toBe(2);
  const gone = orders.flatMap((order) => dbnOrder({ ...order, action: "C", flags: 0 }));
  put(gone, 65_536);
  // No more than fits a message waits for the end of an event.
  expect(books.levels("ABC").bids.length).toBe(500);
  put(dbnOrder({ action: "N" }), 65_536);
  expect([books.levels("ABC").bids, books.faults]).toEqual([[], []]);
});

test("ten thousand random events make the book of a plain map of orders after each", () => {
  const random = seeded(runSeed("databento"));
  const { books, reader, counts } = setUp();
  const twin = new PlainOrders();
  for (let i = 1; i <= 10_000; i += 1) {
    const sizes = new Map(Array.from(twin.orders, ([id, { size }]) => [id, size]));
    const event = nextEvent(random, twin, i);
    const records = dbnEvents(event, sizes.get(event.id) ?? 0);
    const bytes = Uint8Array.from(records.flatMap(dbnOrder));
    for (const chunk of chunked(bytes, () => 1 + random.below(80)))
      books.take(reader.read(chunk), reader.message);
    expect(books.levels("ABC")).toEqual({ bids: twin.levels(true), asks: twin.levels(false) });
  }
  expect([books.faults, counts.unknown, counts.orders]).toEqual([[], 0, twin.orders.size]);
}, 60_000);
