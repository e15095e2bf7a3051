// `weir book` over hand-made recordings of venues with a form of their own: Bitfinex, Deribit.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { exitCode } from "../../../engine/cli/command.ts";
import { crcByHand } from "../../oracles/plain-crc32.ts";
import { runBook } from "./weir-book.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-book-venues-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each message is received at its place in the file, in ns. */
const fileOf = (name: string, messages: readonly unknown[]): string => {
  const path = join(folder, name);
  writeFileSync(
    path,
    messages.map((message, i) => `${i + 1} ${JSON.stringify(message)}`).join("\n"),
  );
  return path;
};

const weirBook = (...words: string[]) => runBook(words);

const subscribed = (chanId: number, channel: string, symbol = "tBTCUSD", prec = "P0") => ({
  event: "subscribed",
  channel,
  chanId,
  symbol,
  prec,
});
const sum = crcByHand("7254.7:3.3:7255:-1") | 0;
const recording = [
  { event: "info", version: 2 },
  subscribed(7, "book"),
  subscribed(8, "trades"),
  subscribed(9, "book", "tBTCUSD", "R0"),
  [
    7,
    [
      [7254.7, 3, 3.3],
      [7255, 1, -1],
    ],
    1,
  ],
  [7, "cs", sum, 2],
  [9, [[34_753_002_978, 7254.7, 1.5]], 3],
  [8, "te", [5, 1_574_694_478_808, 0.5, 7255], 4],
  [8, "tu", [5, 1_574_694_478_808, 0.5, 7255], 5],
  [7, [7254.8, 1, 2], 6],
  [7, "cs", sum, 7],
];

test("Bitfinex: a recording says its symbols itself; a wrong checksum empties the book", async () => {
  const path = fileOf("channels", recording);
  const { code, lines, notes, summary } = await weirBook("--venue", "bitfinex", path);
  expect(lines).toMatchObject([
    { ts: "5", symbol: "tBTCUSD", updateId: "1", bid: "7254.7", bidSize: "3.3", ask: "7255.0" },
    { ts: "10", updateId: "6", bid: "7254.8" },
    { ts: "11", bid: null, ask: null },
  ]);
  expect(summary).toMatchObject({ state: "gap", checksumFaults: 1, applied: 2, trades: 1 });
  expect([code, notes]).toEqual([
    exitCode.failed,
    [
      `${path}:11: the checksum is not that of the book: it is empty until a snapshot`,
      "weir book: 6 messages that say nothing about the book ignored",
    ],
  ]);
});

test("Bitfinex: --symbol names what no subscribed did, in whatever case", async () => {
  const path = fileOf("late", recording.slice(4, 6));
  const named = await weirBook("--venue", "bitfinex", "--symbol", "TBTCUSD", path);
  expect(named.code).toBe(exitCode.good);
  expect(named.summary).toMatchObject({ symbol: "tBTCUSD", state: "synced", bid: "7254.7" });
  const unnamed = await weirBook("--venue", "bitfinex", path);
  expect(unnamed.code).toBe(exitCode.failed);
  expect(unnamed.notes[0]).toContain("field message[0]: found 7, expected a channel that");
  const other = await weirBook(
    "--venue",
    "bitfinex",
    "--symbol",
    "tETHUSD",
    fileOf("all", recording),
  );
  expect(other.summary).toMatchObject({ symbol: "tETHUSD", messages: 0 });
});

test("Deribit: changes chain, a hole is a gap until the next snapshot", async () => {
  const change = (id: number, previous: number | undefined, bids: unknown) => ({
    method: "subscription",
    params: {
      channel: "book.ETH-PERPETUAL.raw",
      data: {
        type: previous === undefined ? "snapshot" : "change",
        instrument_name: "ETH-PERPETUAL",
        change_id: id,
        prev_change_id: previous,
        bids,
        asks: [],
      },
    },
  });
  const path = fileOf("deribit", [
    { jsonrpc: "2.0", id: 1, result: ["book.ETH-PERPETUAL.raw"] },
    change(10, undefined, [["new", 150.25, 30]]),
    change(14, 10, [
      ["delete", 150.25, 0],
      ["new", 150.2, 20],
    ]),
    change(20, 18, [["new", 151, 20]]),
    change(5, undefined, [["new", 149, 1]]),
  ]);
  const { code, lines, summary } = await weirBook("--venue", "deribit", path);
  expect(code).toBe(exitCode.good);
  expect(lines).toMatchObject([
    { ts: "2", symbol: "ETH-PERPETUAL", updateId: "10", bid: "150.25", bidSize: "30" },
    { ts: "3", updateId: "14", bid: "150.20", bidSize: "20" },
    { ts: "5", updateId: "5", bid: "149" },
  ]);
  expect(summary).toMatchObject({ gaps: 1, resyncs: 1, state: "snapshot" });
});
