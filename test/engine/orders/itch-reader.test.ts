import { expect, test } from "vitest";

import { ItchReader } from "../../../engine/orders/itch-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { PlainOrders } from "../../oracles/plain-orders.ts";
import { runSeed, seeded } from "../../random.ts";
import { framed, ItchStock } from "./itch-file.ts";
import { nextEvent, type OrderEvent } from "./random-orders.ts";
import { chunked, ReplayedBooks } from "./replayed-books.ts";

const setUp = (symbol = "") => {
  const counts = noOrderCounts();
  const reader = new ItchReader(symbol, counts);
  const books = new ReplayedBooks();
  const feed = (messages: readonly (readonly number[])[], chunkBytes = 1): void => {
    for (const chunk of chunked(Uint8Array.from(messages.flat()), () => chunkBytes))
      books.take(reader.read(chunk), reader.message);
  };
  reader.begin();
  return { counts, reader, books, feed };
};

const abc = new ItchStock("ABC", 7);
const xyz = new ItchStock("XYZ", 9);

test("orders become levels: added, executed, cut, replaced and removed", () => {
  const { books, feed, counts } = setUp();
  feed([abc.event(), abc.directory(), abc.add(1, "B", 100, 1_000_000)]);
  expect(books.top("ABC")).toBe("100 at 100 / nothing");
  feed([abc.addNamed(2n ** 64n - 1n, "B", 50, 1_000_000), abc.add(3, "S", 70, 1_002_500)]);
  expect(books.top("ABC")).toBe("150 at 100.00 / 70 at 100.25");
  feed([abc.execute(1, 30), abc.cancel(2n ** 64n - 1n, 20)]);
  expect(books.top("ABC")).toBe("100 at 100.00 / 70 at 100.25");
  // It rested at 100.25, whatever it was executed at.
  feed([abc.executeAt(3, 10, "Y", 1_002_000)]);
  expect(books.top("ABC")).toBe("100 at 100.00 / 60 at 100.25");
  feed([abc.replace(1, 4, 5, 1_001_000)]);
  expect(books.levels("ABC")).toEqual({
    bids: [
      [1_001_000, 5],
      [1_000_000, 30],
    ],
    asks: [[1_002_500, 60]],
  });
  feed([abc.remove(3), abc.remove(4)]);
  expect(books.top("ABC")).toBe("30 at 100.00 / nothing");
  expect([books.faults, counts]).toEqual([[], { ...noOrderCounts(), orders: 1, ignored: 1 }]);
});

test("the first event is preceded by an empty book, ids are the messages' numbers", () => {
  const { books, feed } = setUp();
  feed([abc.event(), abc.directory(), abc.add(1, "B", 100, 1_000_000), abc.replace(1, 2, 1, 5)]);
  expect(books.applied).toEqual(["ABC 0", "ABC 3", "ABC 4"]);
});

test("executions, hidden orders and crosses are trades; silent executions are none", () => {
  const { books, feed, counts } = setUp();
  feed([abc.add(1, "B", 100, 1_000_000), abc.add(2, "S", 100, 1_010_000)]);
  feed([abc.execute(1, 10), abc.execute(2, 20), abc.executeAt(2, 5, "Y", 1_005_000)]);
  feed([abc.executeAt(2, 5, "N", 1_005_000), abc.hidden(7, 1_004_500), abc.cross(9, 1_000_001)]);
  feed([abc.cross(0, 1_000_001), abc.broken()]);
  expect(books.trades).toEqual([
    "ABC sell 10 at 100",
    "ABC buy 20 at 101",
    "ABC buy 5 at 100.5",
    "ABC sell 7 at 100.45",
    "ABC buy 9 at 100.0001",
  ]);
  expect(books.top("ABC")).toBe("90 at 100 / 70 at 101");
  expect(counts.ignored).toBe(1);
});

test("changes of orders that were placed before the file are counted and change nothing", () => {
  const { books, feed, counts } = setUp();
  feed([abc.add(1, "B", 100, 1_000_000), abc.execute(8, 10), abc.cancel(8, 1)]);
  feed([abc.replace(8, 9, 10, 1_100_000), abc.remove(8), xyz.remove(8)]);
  expect(books.top("ABC")).toBe("100 at 100 / nothing");
  expect([books.faults, counts.unknown]).toEqual([[], 5]);
});

test("of the stock that is asked for only, others cost no memory", () => {
  const { books, feed, counts } = setUp("XYZ");
  feed([abc.directory(), xyz.directory(), abc.add(1, "B", 100, 10_000)]);
  feed([xyz.add(2, "S", 3, 20_000), abc.remove(1), new ItchStock("", 3).remove(1)]);
  expect([books.symbols, books.top("XYZ")]).toEqual([["XYZ"], "nothing / 3 at 2"]);
  expect(counts).toEqual({ ...noOrderCounts(), orders: 1, skipped: 3 });
});

test("more taken than an order had is a fault, and all of it leaves", () => {
  const { books, feed } = setUp();
  feed([abc.add(1, "B", 100, 10_000), abc.execute(1, 101), abc.add(2, "B", 1, 10_000)]);
  expect(books.faults).toEqual([
    "38: field size: found 101, expected at most 100, which is what order 1 had left",
  ]);
  expect(books.top("ABC")).toBe("1 at 1 / nothing");
});

test("a message of a wrong length, side or stock is a fault that names its byte, the rest goes on", () => {
  const { books, feed } = setUp();
  feed([framed([65, 0, 7]), abc.add(1, "Q", 1, 10_000), new ItchStock("", 3).add(1, "B", 1, 1)]);
  feed([abc.add(2, "B", 4, 10_000)]);
  expect(books.faults).toEqual([
    "0: field length of A: found 3, expected 36",
    '5: field side: found "Q", expected B or S',
    '43: field stock: found "", expected 1 to 8 printable characters',
  ]);
  expect(books.top("ABC")).toBe("4 at 1 / nothing");
});

test("a file that begins forgets the orders of the one before", () => {
  const { books, feed, reader, counts } = setUp();
  feed([abc.add(1, "B", 100, 10_000)]);
  reader.begin();
  feed([abc.add(2, "S", 3, 20_000), abc.remove(1)]);
  expect([books.top("ABC"), counts.orders, counts.unknown]).toEqual(["nothing / 3 at 2", 1, 1]);
});

test("a file cut short at any byte tells what is whole, and where it ends", () => {
  const messages = [abc.directory(), abc.add(1, "B", 100, 10_000), abc.execute(1, 5)];
  const ends = [0];
  for (const { length } of messages) ends.push((ends.at(-1) ?? 0) + length);
  const whole = Uint8Array.from(messages.flat());
  for (let bytes = 0; bytes <= whole.length; bytes += 1) {
    const { reader, books } = setUp();
    books.take(reader.read(whole.subarray(0, bytes)), reader.message);
    books.take(reader.finish(), reader.message);
    const last = ends.findLast((end) => end <= bytes) ?? 0;
    const expected = `${last}: field message: found "${bytes - last} bytes", expected a message of the length before it: the file is cut short`;
    expect(books.faults).toEqual(bytes === last ? [] : [expected]);
    expect(books.applied.length).toBe([0, 0, 2, 3][ends.indexOf(last)]);
  }
});

test("a length of 0 is the end of a session and no message", () => {
  const { books, feed } = setUp();
  feed([framed([]), abc.add(1, "B", 100, 10_000)]);
  expect([books.faults, books.applied]).toEqual([[], ["ABC 0", "ABC 1"]]);
});

const written = (event: OrderEvent): number[] => {
  const { kind, id } = event;
  if (kind === "add")
    return abc.add(id, event.order.isBid ? "B" : "S", event.order.size, event.order.price);
  if (kind === "replace") return abc.replace(id, event.newId, event.order.size, event.order.price);
  if (kind === "remove") return abc.remove(id);
  return kind === "execute" ? abc.execute(id, event.size) : abc.cancel(id, event.size);
};

test("ten thousand random events make the book of a plain map of orders after each", () => {
  const random = seeded(runSeed("itch"));
  const { books, reader, counts } = setUp();
  const twin = new PlainOrders();
  for (let i = 1; i <= 10_000; i += 1) {
    const bytes = Uint8Array.from(written(nextEvent(random, twin, i)));
    for (const chunk of chunked(bytes, () => 1 + random.below(40)))
      books.take(reader.read(chunk), reader.message);
    expect(books.levels("ABC")).toEqual({ bids: twin.levels(true), asks: twin.levels(false) });
  }
  expect([books.faults, counts.unknown, counts.orders]).toEqual([[], 0, twin.orders.size]);
}, 60_000);
