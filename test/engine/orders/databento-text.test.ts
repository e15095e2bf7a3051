// Databento's JSON and CSV; what its own encoder writes is in databento-golden.test.ts.
import { expect, test } from "vitest";

import { DatabentoReader } from "../../../engine/orders/databento-reader.ts";
import { noOrderCounts } from "../../../engine/orders/order-reading.ts";
import { PlainOrders } from "../../oracles/plain-orders.ts";
import { runSeed, seeded } from "../../random.ts";
import {
  bid,
  type Changed,
  dbnColumns,
  dbnEvents,
  dbnJson,
  dbnOrder,
  type DbnRecord,
  dbnRow,
  dbnStart,
  nextNoonNs,
  noPrice,
  noTime,
} from "./databento-file.ts";
import { nextEvent } from "./random-orders.ts";
import { ReplayedBooks } from "./replayed-books.ts";

const setUp = (symbol = "") => {
  const counts = noOrderCounts();
  const reader = new DatabentoReader(symbol, counts);
  const books = new ReplayedBooks();
  const feed = (...lines: string[]): void => {
    for (const line of lines) books.take(reader.readLine(line), reader.message);
  };
  const finish = (): void => {
    books.take(reader.finish(), reader.message);
    books.take(reader.end(), reader.message);
  };
  reader.begin(true);
  return { counts, reader, books, feed, finish };
};

/** What a reader made of its file, to compare. */
const outcome = (books: ReplayedBooks) => ({
  applied: books.applied,
  trades: books.trades,
  levels: books.symbols.map((symbol) => [symbol, books.levels(symbol)]),
});

/** Records of all kinds: of two instruments, one of them also at a second publisher. */
const randomRecords = (): DbnRecord[] => {
  const random = seeded(runSeed("databento text"));
  const twin = new PlainOrders();
  const records: DbnRecord[] = [
    { action: "R", flags: 0x20, price: noPrice },
    { ...bid(2 ** 31, 990_000, 7), flags: 0xa0 },
    { ...bid(0, 980_000, 4), flags: 0xc0, instrument: 40 },
    { ...bid(0, 0, 0), flags: 0xc0, instrument: 40, price: noPrice },
    { ...bid(1, 1_000_000, 3), publisher: 3 },
    { action: "T", side: "A", price: 1_000_000, size: 2 },
    { action: "N", receiveNs: noTime, eventNs: noTime },
  ];
  for (let i = 1; i <= 2000; i += 1) {
    const sizes = new Map(Array.from(twin.orders, ([id, { size }]) => [id, size]));
    const event = nextEvent(random, twin, i);
    records.push(...dbnEvents(event, sizes.get(event.id) ?? 0));
  }
  return Array.from(records, (record, sequence) => ({ ...record, sequence }));
};

const nameOf = ({ instrument = 38 }: DbnRecord): string => (instrument === 38 ? "ABC" : "X Y");

test("random records make the same messages from DBN, JSON and CSV", () => {
  const records = randomRecords();
  const dbn = setUp();
  const names = [
    { name: "ABC", instrument: 38 },
    { name: "X Y", instrument: 40 },
  ];
  dbn.reader.begin();
  const bytes = Uint8Array.from([...dbnStart(3, names), ...records.flatMap(dbnOrder)]);
  dbn.books.take(dbn.reader.read(bytes), dbn.reader.message);
  expect([dbn.books.faults, dbn.books.symbols]).toEqual([[], ["ABC", "X_Y", "ABC@3"]]);
  expect(dbn.books.applied.length).toBeGreaterThan(2000);
  for (const isPretty of [false, true]) {
    const [json, csv] = [setUp(), setUp()];
    json.feed(...records.map((record) => dbnJson(record, nameOf(record), isPretty)));
    csv.feed(dbnColumns, ...records.map((record) => dbnRow(record, nameOf(record), isPretty)));
    for (const { books, counts } of [json, csv]) {
      expect(books.faults).toEqual([]);
      expect(outcome(books)).toEqual(outcome(dbn.books));
      expect(counts).toEqual(dbn.counts);
    }
  }
}, 60_000);

test("a file cut after any line is read as far as it goes", () => {
  const records = [bid(1, 1_000_000, 9), bid(2, 1_010_000, 8), { ...bid(3, 1, 1), flags: 0 }];
  for (let count = 0; count <= records.length; count += 1) {
    const [json, csv] = [setUp(), setUp()];
    json.feed(...records.slice(0, count).map((record) => dbnJson(record, "ABC")));
    csv.feed(dbnColumns, ...records.slice(0, count).map((record) => dbnRow(record, "ABC")));
    for (const [{ books, finish }, line] of [
      [json, count],
      [csv, count + 1],
    ] as const) {
      finish();
      const open = `${line}: field flags: found "none for ABC", expected a last record (F_LAST) of the last event, which is left out`;
      const nothing = `0: field start: found nothing, expected DBN, JSON lines, or CSV with a line that names its columns`;
      const isEmpty = count === 0 && line === 0;
      expect(books.faults).toEqual(isEmpty ? [nothing] : count === 3 ? [open] : []);
      // Before the first comes the empty snapshot.
      expect(books.applied.length).toBe(count === 0 ? 0 : 1 + Math.min(count, 2));
    }
  }
});

const wrong: readonly (readonly [string, unknown, string])[] = [
  ["ts_recv", "18446744073709551616", "ns since the epoch, or RFC 3339 in UTC"],
  ["ts_recv", "2600-01-31T12:00:00.000000000Z", "ns since the epoch, or RFC 3339 in UTC"],
  ["ts_event", "2024-01-31 12:00", "ns since the epoch, or RFC 3339 in UTC"],
  ["rtype", 256, "an integer from 0 to 255"],
  ["publisher_id", 65_536, "an integer from 0 to 65535"],
  ["instrument_id", -1, "an integer from 0 to 4294967295"],
  ["action", "AA", "A, C, F, M, N, R or T"],
  ["side", "Buy", "A, B or N"],
  ["side", "N", "A or B"],
  ["price", "1e5", "units of 10^-9, or a decimal of 1 to 9 places as text"],
  ["price", "1.0000000001", "units of 10^-9, or a decimal of 1 to 9 places as text"],
  ["price", "9223372036854775808", "units of 10^-9, or a decimal of 1 to 9 places as text"],
  ["price", "-9223372036854775809", "units of 10^-9, or a decimal of 1 to 9 places as text"],
  ["price", "-1.5", `units of 10^-9, without trailing zeros 0 to ${Number.MAX_SAFE_INTEGER}`],
  ["size", 1.5, "an integer from 0 to 4294967295"],
  ["order_id", "18446744073709551616", "an integer from 0 to 2^64 - 1"],
  ["flags", 256, "an integer from 0 to 255"],
  ["sequence", "x", "an integer from 0 to 4294967295"],
];

test.each(wrong)(
  "%s of %j is a fault that names it, and the rest goes on",
  (field, value, text) => {
    const changed: Changed = { [field]: value };
    const [json, csv] = [setUp(), setUp()];
    const [first, second] = [bid(1, 1_000_000, 5), bid(2, 1_000_000, 6)];
    json.feed(dbnJson(first), dbnJson(bid(9, 1, 1), "", false, changed), dbnJson(second));
    csv.feed(dbnColumns, dbnRow(first), dbnRow(bid(9, 1, 1), "", false, changed), dbnRow(second));
    for (const [{ books }, line] of [
      [json, 2],
      [csv, 3],
    ] as const) {
      expect(books.faults).toEqual([
        expect.stringMatching(new RegExp(`^${line}: field ${field}: `)),
      ]);
      expect(books.faults[0]).toContain(`, expected ${text}`);
      expect(books.top("38")).toBe("11 at 100 / nothing");
    }
  },
);

const fields = dbnColumns.split(",").filter((name) => name !== "symbol");
const used = fields.filter((name) => name !== "channel_id" && name !== "ts_in_delta");

test.each(used)("JSON without %s, or with another kind of value, is a fault", (field) => {
  const { books, feed } = setUp();
  const line = (value: unknown) => dbnJson(bid(9, 1, 1), "", false, { [field]: value });
  feed(dbnJson(bid(1, 1_000_000, 5)), line(undefined), line([1]), line(true));
  feed(line(5.5));
  expect(books.faults[0]).toContain(`2: field ${field}: found nothing, expected `);
  expect(books.faults.map((fault) => fault.split(": f", 1)[0])).toEqual(["2", "3", "4", "5"]);
  expect(books.top("38")).toBe("5 at 100 / nothing");
});

test("numbers of JSON are taken for 64 bits where they are exact, and refused where not", () => {
  const { books, feed } = setUp();
  const exact = { ts_recv: 5, ts_event: 4, price: 2_000_000_000, order_id: 7 };
  feed(dbnJson(bid(1, 1_000_000_000, 5), "", false, exact));
  feed(dbnJson(bid(2, 1, 6), "", false, { order_id: 2 ** 53 }));
  expect(books.top("38")).toBe("5 at 2 / nothing");
  expect(books.faults).toEqual([
    expect.stringContaining("2: field order_id: found 9007199254740992"),
  ]);
});

test("null and empty values are prices, times and symbols that there are not", () => {
  const [json, csv] = [setUp(), setUp()];
  const changed = { ts_recv: null, ts_event: null, price: null, side: null, symbol: null };
  const clear: DbnRecord = { action: "R" };
  json.feed(dbnJson(clear, "", true, changed), dbnJson(bid(1, 1_000_000, 5), "", true));
  csv.feed(dbnColumns, dbnRow(clear, "", true, changed), dbnRow(bid(1, 1_000_000, 5), "", true));
  for (const { books } of [json, csv])
    expect([books.top("38"), books.faults]).toEqual(["5 at 100 / nothing", []]);
});

test("columns come in any order, and those that nobody knows are passed over", () => {
  const { books, feed } = setUp();
  const order = [...fields.toReversed(), "symbol"];
  const values = new Map(
    fields.map((name, i) => [name, dbnRow(bid(1, 1_000_000, 5)).split(",")[i] ?? ""]),
  );
  feed(`note,note,${order.join(",")}\r`);
  feed(`x,y,${order.map((name) => values.get(name) ?? "ABC").join(",")}\r`);
  expect([books.top("ABC"), books.faults]).toEqual(["5 at 100 / nothing", []]);
});

test("values in quotes may hold commas and quotes; rows that do not fit are faults", () => {
  const { books, feed } = setUp();
  const row = dbnRow(bid(1, 1_000_000, 5));
  feed(dbnColumns, `${row}"A,""B"`, `${row}"A`, `${row}"A"B`, `${row},`, "1", dbnColumns);
  expect(books.symbols).toEqual(['A,"B']);
  expect(
    books.faults.map((fault) => fault.replace(/found .*, expected/, "found, expected")),
  ).toEqual([
    "3: field row: found, expected values with commas between, quotes in pairs",
    "4: field row: found, expected values with commas between, quotes in pairs",
    "5: field columns: found, expected 15, as the first line names",
    "6: field columns: found, expected 15, as the first line names",
    "7: field rtype: found, expected an integer from 0 to 255",
  ]);
});

const left = "; the rest of the file is left out";
const any = "DBN, JSON lines, or CSV with a line that names its columns";
const headers: readonly (readonly [string, string])[] = [
  ["PK\u0003\u0004", `start: found "PK\\u0003\\u0004", expected ${any}`],
  [dbnColumns.replace("order_id,flags,", ""), "expected also order_id, flags"],
  [`${dbnColumns},price`, "expected price once"],
];

test.each(headers)("a file that begins with %j is left out with a fault", (header, text) => {
  const { books, feed, finish } = setUp();
  feed("", header, dbnRow(bid(1, 1, 1)), dbnJson(bid(1, 1, 1)));
  finish();
  expect(books.faults).toEqual([expect.stringContaining(`${text}${left}`)]);
  expect(books.faults[0]?.startsWith("2: ")).toBe(true);
});

test("a receive time before the JSON is that of the line", () => {
  const { reader } = setUp();
  const json = dbnJson(bid(1, 1_000_000, 5));
  const times = [`77 ${json}`, json].map((line) => {
    const last = [...reader.readLine(line)].at(-1);
    return last?.receiveNs;
  });
  // The second puts the same order in place of itself: a message of no change.
  expect(times[0]).toBe(77n);
  expect(times[1]).toBe(1_706_702_400_000_000_000n);
});

test("lines that are no object with a header are faults, other kinds of records are counted", () => {
  const { books, feed, counts } = setUp();
  const good = dbnJson(bid(1, 1_000_000, 5));
  feed(good, good.slice(0, -1), "[1]", "x {}", '{"hd":5}', "{}", '{"hd":{"rtype":22}}', "", good);
  expect(
    books.faults.map((fault) => fault.replace(/found .*, expected/, "found, expected")),
  ).toEqual([
    "2: field line: found, expected one JSON object",
    "3: field line: found, expected JSON, or receive_ns JSON",
    "4: field line: found, expected JSON, or receive_ns JSON",
    "5: field hd: found, expected an object",
    "6: field hd: found, expected an object",
  ]);
  expect([counts.ignored, counts.orders]).toEqual([1, 1]);
});

test("a name that changes is another instrument; books live on from file to file and encoding", () => {
  const { books, feed, reader, counts } = setUp();
  feed(dbnJson(bid(1, 1_000_000, 1), "ABC"), dbnJson(bid(2, 1_000_000, 2), "ABC"));
  reader.begin(true);
  feed(dbnColumns, dbnRow({ ...bid(1, 1_000_000, 1), action: "C" }, "ABC"), "cut");
  expect(books.faults).toEqual([expect.stringMatching(/^3: field columns: /)]);
  reader.begin();
  const bytes = [
    ...dbnStart(2, [{ name: "ABC", instrument: 38 }]),
    ...dbnOrder(bid(3, 1_000_000, 4)),
  ];
  books.take(reader.read(Uint8Array.from(bytes)), reader.message);
  expect([books.top("ABC"), counts.unknown]).toEqual(["6 at 100 / nothing", 0]);
  reader.begin(true);
  feed(dbnJson({ ...bid(1, 1_000_000, 9), receiveNs: nextNoonNs }, "NEW"));
  expect([books.top("NEW"), counts.orders]).toEqual(["9 at 100 / nothing", 1]);
});

test("of the symbol that is asked for only", () => {
  const { books, feed, counts } = setUp("ABC");
  feed(dbnJson(bid(1, 1_000_000, 1), "abc"), dbnJson({ ...bid(1, 1, 1), instrument: 40 }, "XYZ"));
  expect([books.symbols, counts.skipped]).toEqual([["abc"], 1]);
});
