import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { afterAll, describe, expect, test } from "vitest";

import { exitCode, UsageError } from "../../../engine/cli/command.ts";
import { hasRecorded, spotFile, usdmFile } from "../book/recorded.ts";
import { runBook } from "./weir-book.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-book-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const weirBook = (...words: string[]) => runBook(words);

const delta = (ns: number, ids: readonly [number, number], more: object = {}): string => {
  const data = {
    e: "depthUpdate",
    E: 1,
    s: "BTCUSDT",
    U: ids[0],
    u: ids[1],
    b: [],
    a: [],
    ...more,
  };
  return `${ns} ${JSON.stringify({ stream: "btcusdt@depth", data })}`;
};
const answer = (ns: bigint, id: number, bids: unknown, asks: unknown): string =>
  `${ns} ${JSON.stringify({ lastUpdateId: id, bids, asks })}`;
const trade = (ns: number, id: number, p: string, q: string): string =>
  `${ns} ${JSON.stringify({ e: "trade", E: 1, s: "BTCUSDT", t: id, p, q, m: false })}`;

const small = [
  answer(1_723_161_255_030_314_667n, 10, [["99.50", "1"]], []),
  delta(2, [11, 12], { a: [["100.10", "0.25000000"]] }),
  delta(3, [13, 13], { b: [["50.00", "7"]] }),
  delta(4, [14, 14], { b: [["99.50", "0"]] }),
  trade(5, 1, "100.1", "1"),
  trade(6, 2, "100.2", "2.5"),
];

test("messages of several trades are read trade by trade, in their digits", async () => {
  const kraken = (type: string, trades: readonly (readonly [number, string, string])[]) => {
    const list = trades.map(
      ([id, price, qty]) =>
        `{"symbol":"X/Y","side":"buy","price":${price},"qty":${qty},"ord_type":"market","trade_id":${id},"timestamp":"2024-01-01T00:00:01.000001Z"}`,
    );
    return `7 {"channel": "trade","type":"${type}","data":[${list.join(",")}]}`;
  };
  const before = kraken("snapshot", [
    [1, "90.0", "5"],
    [2, "91.0", "5"],
  ]);
  const three = [
    [3, "100.0", "1"],
    [4, "101.0", "0.00000001"],
    [5, "103.0", "3"],
  ] as const;
  const file = fileOf("kraken.txt", [before, kraken("update", three)].join("\n"));
  const { code, summary } = await weirBook("--venue", "kraken", file);
  expect(code).toBe(exitCode.good);
  expect(summary).toMatchObject({ symbol: "X/Y", trades: 3, vwap: "102.249999996875" });
  const okx = {
    arg: { channel: "trades", instId: "X-Y" },
    data: ["1", "2"].map((tradeId) => ({ tradeId, px: "10", sz: tradeId, side: "sell", ts: "5" })),
  };
  const second = fileOf("okx.txt", `9 ${JSON.stringify(okx)}`);
  expect((await weirBook("--venue", "okx", second)).summary).toMatchObject({ trades: 2 });
  const wrong = JSON.stringify(okx).replace('"2","px":"10"', '"2","px":"ten"');
  const third = await weirBook("--venue", "okx", fileOf("okx-wrong.txt", `9 ${wrong}`));
  expect([third.code, third.summary["trades"]]).toEqual([exitCode.failed, 1]);
  expect(third.notes.join("")).toContain("data[1]");
});

test("a top that is only written with more decimals from now on has not changed", async () => {
  const deep = [["50.00", "7"]];
  const lines = [
    answer(1n, 10, [["99.50", "1.25"], ...deep], [["100.1", "0.5"]]),
    delta(2, [11, 11], { b: [["51.0001", "0.0000001"]] }),
    delta(3, [12, 12], { b: [["52", "1"]] }),
    // A snapshot of the same top, with coarser levels behind it.
    answer(4n, 13, [["99.5", "1.25"]], [["100.1", "0.5"]]),
    delta(5, [14, 14], { b: [["99.50", "1.250001"]] }),
    delta(6, [15, 15], { a: [["100.1", "0"]] }),
    delta(7, [16, 16], { b: [["51.00000001", "1"]] }),
  ];
  const file = fileOf("scales.txt", lines.join("\n"));
  const { lines: shown } = await weirBook("--venue", "binance-spot", file);
  expect(shown.map(({ updateId }) => updateId)).toEqual(["10", "14", "15"]);
  expect(shown[1]).toMatchObject({ bid: "99.5", bidSize: "1.250001", ask: "100.1" });
});

test("a symbol is found in whatever case it is asked for", async () => {
  const named = { symbol: "AAPLx/USD", bids: [["1.5", "1"]], asks: [] };
  const text = `1 ${JSON.stringify({ type: "snapshot", sequence: 1, ...named })}`;
  const path = fileOf("cases.txt", text);
  for (const symbol of ["AAPLx/USD", "aaplx/usd"]) {
    const { summary } = await weirBook("--venue", "generic", "--symbol", symbol, path);
    expect(summary).toMatchObject({ symbol: "AAPLx/USD", messages: 1, bid: "1.5" });
  }
});

test("a line whenever the top changes, exact, with null for an empty side", async () => {
  const { code, lines, summary, notes } = await weirBook(
    "--venue",
    "binance-spot",
    fileOf("small", small.join("\n")),
  );
  expect([code, notes]).toEqual([exitCode.good, []]);
  expect(
    lines.map(({ ts, updateId, bid, bidSize, ask, askSize }) => [
      ts,
      updateId,
      bid,
      bidSize,
      ask,
      askSize,
    ]),
  ).toEqual([
    ["1723161255030314667", "10", "99.5", "1", null, null],
    ["2", "12", "99.5", "1.00", "100.1", "0.25"],
    ["4", "14", "50.0", "7.00", "100.1", "0.25"],
  ]);
  expect(summary).toMatchObject({
    symbol: "BTCUSDT",
    messages: 6,
    applied: 3,
    stale: 0,
    gaps: 0,
    resyncs: 0,
    levelUpdates: 3,
    trades: 2,
    // (100.1 + 250.5) / 3.5
    vwap: "100.171428571429",
    bid: "50.0",
    ask: "100.1",
    spread: "50.1",
    mid: "75.05",
    // Bid 7, ask 0.25: (50 x 0.25 + 100.1 x 7) / 7.25
    microPrice: "98.3724137",
    imbalance: "0.931034",
  });
});

test("bad lines are told by file and line, the rest goes on, and the exit is 1", async () => {
  const path = fileOf(
    "bad",
    ["nonsense", small[0], "3 {", delta(2, [11, 12], { a: [["x", "1"]] }), small[1]].join("\n"),
  );
  const { code, notes, summary } = await weirBook("--venue", "binance-spot", path);
  expect(code).toBe(exitCode.failed);
  expect(notes).toEqual([
    `${path}:1: field line: found nonsense, expected receive_ns JSON`,
    `${path}:3: field message: found {, expected JSON`,
    expect.stringContaining(`${path}:4: field a[0][0]: found "x"`),
  ]);
  expect(summary).toMatchObject({ applied: 1, gaps: 0 });
});

test("--strict stops at the first bad line", async () => {
  const path = fileOf("strict", ["nonsense", ...small].join("\n"));
  const { code, notes, summary } = await weirBook("--venue", "binance-spot", "--strict", path);
  expect([code, notes.length, summary["messages"]]).toEqual([exitCode.failed, 1, 0]);
});

test("--symbol takes one symbol only, and names that of the REST answer", async () => {
  const other = delta(2, [1, 2], { s: "ETHUSDT" });
  const path = fileOf("two", [small[0], other, ...small.slice(1)].join("\n"));
  const { notes, summary } = await weirBook("--venue", "binance-spot", "--symbol", "btcusdt", path);
  expect(summary).toMatchObject({ symbol: "BTCUSDT", applied: 3 });
  expect(notes).toEqual(["weir book: 1 messages of other symbols than BTCUSDT skipped"]);
});

test("--at prints only the states right after the ids asked for", async () => {
  const path = fileOf("at-small", small.join("\n"));
  const at = fileOf("ids", "13\n999\n");
  const { lines } = await weirBook("--venue", "binance-spot", "--at", at, path);
  expect(lines).toMatchObject([{ updateId: "13", bid: "99.5", ask: "100.1" }]);
});

test("several files are one stream, and a gap is noted", async () => {
  const first = fileOf("first", `${small[0]}\n${small[1]}\n`);
  const second = fileOf("second", `${delta(9, [20, 21])}\n`);
  const { code, notes, summary } = await weirBook("--venue", "binance-spot", first, second);
  expect(summary).toMatchObject({ gaps: 1, applied: 1, state: "gap" });
  expect([code, notes]).toEqual([
    exitCode.good,
    ["weir book: 1 gaps: the book is not exact until the next snapshot"],
  ]);
});

test("other venues are read in their own form, and a wrong checksum is a fault that empties the top", async () => {
  const kraken = (type: string, second: number, checksum: number): string =>
    `${second} {"channel":"book","type":"${type}","data":[{"symbol":"X/USD","bids":[{"price":1.50,"qty":0.10}],"asks":[],"checksum":${checksum},"timestamp":"2023-10-06T17:35:1${second}.000000Z"}]}`;
  // CRC-32 of "15010".
  const path = fileOf(
    "kraken",
    [
      kraken("snapshot", 1, 1_501_150_262),
      kraken("update", 2, 1_501_150_262),
      kraken("update", 3, 1),
      kraken("snapshot", 4, 1),
    ].join("\n"),
  );
  const { code, lines, notes, summary } = await weirBook("--venue", "kraken", path);
  expect(lines).toMatchObject([
    { ts: "1", symbol: "X/USD", bid: "1.50", bidSize: "0.10", ask: null },
    { ts: "3", symbol: "X/USD", bid: null, bidSize: null, ask: null },
  ]);
  expect(summary).toMatchObject({ state: "gap", checksumFaults: 2, applied: 1, bid: null });
  expect([code, notes]).toEqual([
    exitCode.failed,
    [3, 4].map(
      (line) =>
        `${path}:${line}: the checksum is not that of the book: it is empty until a snapshot`,
    ),
  ]);
});

test("a missing or unknown venue, or no file, is a usage error", async () => {
  await expect(weirBook("x")).rejects.toThrow(UsageError);
  await expect(weirBook("--venue", "nasdaq", "x")).rejects.toThrow("binance-coinm");
  await expect(weirBook("--venue", "binance-spot")).rejects.toThrow("FILE is missing");
  await expect(weirBook("--venue", "okx", "--at", "-", "-")).rejects.toThrow(
    "--at - and FILE -: only one of them may be standard input",
  );
});

const golden = [
  {
    venue: "binance-spot",
    file: spotFile,
    oracle: 564,
    summary: {
      symbol: "BTCUSDT",
      messages: 41_249,
      applied: 3449,
      stale: 2,
      gaps: 0,
      resyncs: 0,
      levelUpdates: 124_073,
      trades: 9757,
      vwap: expect.stringMatching(/^61707\.681616712/),
    },
    top: [61_685.99, 1.0087, 61_686, 2.293_27],
  },
  {
    venue: "binance-usdm",
    file: usdmFile,
    oracle: 629,
    summary: {
      symbol: "BTCUSDT",
      messages: 93_954,
      applied: 6547,
      stale: 4,
      gaps: 0,
      resyncs: 0,
      levelUpdates: 443_262,
      trades: 21_313,
      vwap: expect.stringMatching(/^61680\.982153/),
    },
    top: [61_659.7, 1.486, 61_659.8, 0.981],
  },
];

const tickersOf = (file: string): Map<string, number[]> => {
  const tickers = new Map<string, number[]>();
  for (const line of gunzipSync(readFileSync(file)).toString().split("\n")) {
    if (!line.includes("bookTicker")) continue;
    const { data } = JSON.parse(line.slice(line.indexOf(" "))) as {
      data: { [key: string]: string };
    };
    const { u, b, B, a, A } = data;
    tickers.set(String(u), [b, B, a, A].map(Number));
  }
  return tickers;
};

test("a file that cannot be read, or read to its end, hides neither the others nor the summary", async () => {
  const [snapshotFile, deltaFile] = [
    fileOf(
      "readable-1",
      `1 ${JSON.stringify({ lastUpdateId: 5, bids: [["1", "1"]], asks: [] })}\n`,
    ),
    fileOf("readable-2", `${delta(2, [6, 6])}\n`),
  ];
  const missing = join(folder, "missing");
  const files = [snapshotFile, missing, deltaFile];
  const asked = ["--venue", "binance-spot", "--symbol", "BTCUSDT"];
  const { code, notes, summary } = await weirBook(...asked, ...files);
  expect(code).toBe(exitCode.failed);
  expect(notes[0]).toMatch(/missing: ENOENT/);
  expect(summary).toMatchObject({ messages: 2, applied: 1 });
  const strict = await weirBook(...asked, "--strict", ...files);
  expect(strict.summary).toMatchObject({ messages: 1, applied: 0 });
});

describe.skipIf(!hasRecorded)("recorded files (skipped without ../shared/data/books)", () => {
  test.each(golden)("$venue has the golden values", async ({ venue, file, summary, top }) => {
    const seen = await weirBook("--venue", venue, file);
    expect(seen.code).toBe(exitCode.good);
    expect(seen.summary).toMatchObject(summary);
    const { bid, bidSize, ask, askSize } = seen.summary;
    expect([bid, bidSize, ask, askSize].map(Number)).toEqual(top);
  });

  test.each(golden)(
    "$venue equals the bookTicker at all equal ids",
    async ({ venue, file, oracle }) => {
      const tickers = tickersOf(file);
      const at = fileOf(`${venue}-ids`, [...tickers.keys()].join("\n"));
      const { lines } = await weirBook("--venue", venue, "--at", at, file);
      const equal = lines.filter(({ updateId, bid, bidSize, ask, askSize }) => {
        const ticker = tickers.get(String(updateId));
        const own = [bid, bidSize, ask, askSize].map(Number);
        return ticker !== undefined && own.every((value, index) => value === ticker[index]);
      });
      expect([equal.length, lines.length]).toEqual([oracle, oracle]);
    },
  );
});
