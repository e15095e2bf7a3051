// Files of single orders through the commands that read recordings; lines of JSON are in
// book.test.ts and arbitrage.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { afterAll, expect, test } from "vitest";

import { arbitrage } from "../../../engine/cli/arbitrage.ts";
import { exitCode } from "../../../engine/cli/command.ts";
import { PlainOrders } from "../../oracles/plain-orders.ts";
import { seeded } from "../../random.ts";
import {
  dbnColumns,
  dbnJson,
  dbnOrder,
  dbnRow,
  dbnStart,
  noonNs,
} from "../orders/databento-file.ts";
import { ItchStock } from "../orders/itch-file.ts";
import { lobsterBookRow, lobsterEvents, lobsterMessage } from "../orders/lobster-file.ts";
import { nextEvent } from "../orders/random-orders.ts";
import { parsedLines, runCommand } from "./captured-io.ts";
import { runBook } from "./weir-book.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-recording-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, content: string | readonly number[] | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : Uint8Array.from(content));
  return path;
};

type Line = { readonly [key: string]: unknown };

const weirBook = async (words: readonly string[], stdin: readonly Uint8Array[] = []) => {
  const { lines, summary, ...ran } = await runBook(words, stdin);
  const tops = lines.map(({ ts, updateId, bid, bidSize, ask, askSize }) =>
    [ts, updateId, bid, bidSize, ask, askSize].join(" "),
  );
  return { ...ran, tops, summary };
};

const [abc, xyz] = [new ItchStock("ABC", 1), new ItchStock("XYZ", 2)];

test("an ITCH file is replayed: tops, trades and what the book lacks", async () => {
  const messages = [
    abc.directory(),
    xyz.directory(),
    abc.add(1, "B", 100, 1_000_000),
    xyz.add(2, "B", 7, 10_000),
    abc.add(3, "S", 50, 1_002_500),
    abc.execute(3, 50),
    abc.remove(99),
  ];
  const file = fileOf("day.itch.gz", gzipSync(Uint8Array.from(messages.flat())));
  const { code, tops, summary, notes } = await weirBook([
    "--venue",
    "itch",
    "--symbol",
    "abc",
    file,
  ]);
  expect(code).toBe(exitCode.good);
  const ns = "34200000000000";
  expect(tops).toEqual([
    `${ns} 3 100 100  `,
    `${ns} 5 100.00 100 100.25 50`,
    `${ns} 6 100.00 100  `,
  ]);
  expect(summary).toMatchObject({ symbol: "ABC", applied: 3, trades: 1, vwap: "100.250000000000" });
  expect(notes).toEqual([
    "weir book: 1 messages of other symbols than ABC skipped",
    "weir book: 1 changes of orders placed before the recording skipped: the book lacks them",
  ]);
});

test("an ITCH file on standard input, cut short, names the byte where it ends", async () => {
  const whole = Uint8Array.from([...abc.add(1, "B", 100, 10_000), ...abc.remove(1)]);
  const bytes = Array.from(whole.subarray(0, -3), (byte) => Uint8Array.of(byte));
  const { code, summary, notes } = await weirBook(["--venue", "itch", "-"], bytes);
  expect([code, summary["bid"]]).toEqual([exitCode.failed, "1"]);
  expect(notes).toEqual([
    '-: byte 38: field message: found "18 bytes", expected a message of the length before it: the file is cut short',
  ]);
});

test("DBN files are replayed one after the other, with the id that is asked for", async () => {
  const names = [{ name: "ABC", instrument: 38 }];
  const bid = { action: "A", side: "B", id: 1, price: 1_000_000, size: 9 };
  const first = [dbnStart(1, names), dbnOrder({ ...bid, sequence: 4 })];
  const ask = { ...bid, side: "A", id: 2, price: 1_010_000, size: 3 };
  const second = [
    dbnStart(3, names),
    dbnOrder({ ...ask, sequence: 5 }),
    dbnOrder({ ...ask, action: "T", size: 1, sequence: 6 }),
  ];
  const files = [
    fileOf("1.dbn.zst", zstdCompressSync(Uint8Array.from(first.flat()))),
    fileOf("2.dbn", second.flat()),
  ];
  const at = fileOf("ids.txt", "5\n");
  const { code, tops, summary } = await weirBook(["--venue", "databento", "--at", at, ...files]);
  expect([code, tops]).toEqual([exitCode.good, [`${noonNs} 5 100 9 101 3`]]);
  expect(summary).toMatchObject({ symbol: "ABC", applied: 2, trades: 1, state: "synced" });
});

test("Databento's JSON and CSV are replayed as DBN is, packed or not; their places are lines", async () => {
  const bid = { action: "A", side: "B", id: 1, price: 1_000_000, size: 9, sequence: 4 };
  const ask = { ...bid, side: "A", id: 2, price: 1_010_000, size: 3, sequence: 5 };
  const orders = [bid, ask, { ...ask, action: "T", size: 1, sequence: 6 }];
  const json = orders.map((order) => dbnJson(order, "ABC", true));
  const csv = [dbnColumns, ...orders.map((order) => dbnRow(order, "ABC"))];
  const recorded = json.map((line) => `${noonNs} ${line}`);
  for (const [i, lines] of [json, csv, recorded].entries()) {
    const text = `\uFEFF${lines.join("\r\n")}`;
    const plain = fileOf(`${i}.txt`, new TextEncoder().encode(text));
    const packed = fileOf(`${i}.txt.zst`, zstdCompressSync(text));
    for (const file of [plain, packed]) {
      const { code, tops, summary, notes } = await weirBook(["--venue", "databento", file]);
      expect([code, notes]).toEqual([exitCode.good, []]);
      expect(tops).toEqual([`${noonNs} 4 100 9  `, `${noonNs} 5 100 9 101 3`]);
      expect(summary).toMatchObject({ symbol: "ABC", applied: 2, trades: 1, state: "synced" });
    }
  }
  const wrong = fileOf("wrong.csv", `${csv.join("\n")}\n1,2\n`);
  const dbn = fileOf("short.dbn", [...dbnStart(3, []), 14, 160]);
  const ran = await weirBook(["--venue", "databento", wrong, dbn]);
  expect([ran.code, ran.notes.length]).toEqual([exitCode.failed, 2]);
  expect(ran.notes[0]).toBe(
    `${wrong}:5: field columns: found 2, expected 15, as the first line names`,
  );
  expect(ran.notes[1]).toContain(`${dbn}: byte ${dbnStart(3, []).length}: field record: found`);
});

test.each([
  [[], '-: byte 0: field record: found "0 bytes", expected DBN and its metadata'],
  [["D", "B"], '-: byte 0: field record: found "2 bytes", expected DBN and its metadata'],
  [["D", "\n"], "-:1: field start: "],
])("a file of Databento that is only %j is a fault", async (letters, text) => {
  const bytes = letters.map((letter) => new TextEncoder().encode(letter));
  const { code, notes } = await weirBook(["--venue", "databento", "-"], bytes);
  expect([code, notes]).toEqual([exitCode.failed, [expect.stringContaining(text)]]);
});

test("a file that is missing is a fault, and the next one is read", async () => {
  const file = fileOf("one.itch", abc.add(1, "B", 5, 10_000));
  const missing = join(folder, "missing.itch");
  const { code, tops, notes } = await weirBook(["--venue", "itch", missing, file]);
  expect([code, tops.length, notes.length]).toEqual([exitCode.failed, 1, 1]);
  expect(notes[0]).toContain("missing.itch: ENOENT");
});

const lobsterPair = (name: string, levels: number): string => {
  const random = seeded(5);
  const [twin, ahead] = [new PlainOrders(), new PlainOrders()];
  const rows: string[] = [];
  const books: string[] = [];
  for (let i = 1; i <= 300; i += 1) {
    for (const { row, after } of lobsterEvents(nextEvent(random, ahead, i), twin)) {
      after();
      rows.push(row);
      books.push(lobsterBookRow(twin, levels));
    }
  }
  fileOf(`${name}_orderbook_${levels}.csv`, books.join("\n"));
  return fileOf(`${name}_message_${levels}.csv`, `${rows.join("\r\n")}\r\n`);
};

test("LOBSTER's file of books beside the messages is read along, and is the check", async () => {
  const file = lobsterPair("Abc_2012-06-21_34200000_57600000", 5);
  for (const words of [[], ["--symbol", "abc"]]) {
    const { code, summary, notes } = await weirBook(["--venue", "lobster", ...words, file]);
    expect([code, notes, summary["symbol"]]).toEqual([exitCode.good, [], "Abc"]);
  }
  const bookFile = file.replace("_message_", "_orderbook_");
  const both = await weirBook(["--venue", "lobster", bookFile, file]);
  expect(both).toEqual(await weirBook(["--venue", "lobster", file]));
  fileOf("Abc_2012-06-21_34200000_57600000_orderbook_5.csv", "1,2,3,4\n");
  const { code, notes } = await weirBook(["--venue", "lobster", "--strict", file]);
  expect([code, notes.length]).toEqual([exitCode.failed, 1]);
  expect(notes[0]).toContain("message_5.csv:2: field row of the book");
  const wrong = await weirBook(["--venue", "lobster", bookFile]);
  expect([wrong.code, wrong.notes[0]]).toEqual([
    exitCode.failed,
    `${bookFile}: found a file of books, expected one of messages, beside which it is found by itself`,
  ]);
});

test("LOBSTER's messages alone need a symbol where no name tells it", async () => {
  const rows = [lobsterMessage(1, "11,100,1000000,1"), lobsterMessage(2, "5,1,1000000,1")];
  const bytes = new TextEncoder().encode(rows.join("\n"));
  const named = await weirBook(["--venue", "lobster", "--symbol", "abc", "-"], [bytes]);
  expect([named.code, named.summary["symbol"], named.tops]).toEqual([
    exitCode.good,
    "ABC",
    ["34200000000001 1 100 100  "],
  ]);
  expect(named.notes).toEqual([
    "weir book: 1 changes of orders placed before the recording skipped: the book lacks them",
  ]);
  const { code, notes } = await weirBook(["--venue", "lobster", "-"], [bytes]);
  expect([code, notes]).toEqual([
    exitCode.failed,
    ["-: field symbol: found none in the name, expected SYMBOL_... or --symbol SYMBOL"],
  ]);
});

test("legs of an arbitrage may be files of single orders", async () => {
  const cheap = fileOf("cheap.itch", [...abc.directory(), ...abc.add(1, "S", 10, 1_000_000)]);
  const dear = fileOf("ABC_day_message_1.csv", lobsterMessage(1, "1,4,1010000,1"));
  const { code, lines, notes } = await runCommand(arbitrage, [
    "--leg",
    `itch:ABC=${cheap}`,
    "--leg",
    `lobster=${dear}`,
  ]);
  expect(code).toBe(exitCode.good);
  expect(parsedLines<Line>(lines)).toMatchObject([
    {
      buy: { venue: "itch", symbol: "ABC", updateId: "2", price: "100" },
      sell: { venue: "lobster", symbol: "ABC", updateId: "1", price: "101" },
      size: "4",
      net: "4",
    },
  ]);
  expect(notes).toHaveLength(1);
});
