import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { arbitrage } from "../../../engine/cli/arbitrage.ts";
import { exitCode, UsageError } from "../../../engine/cli/command.ts";
import { hasRecorded, spotFile, usdmFile } from "../book/recorded.ts";
import { parsedLines, runCommand } from "./captured-io.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-arbitrage-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, lines: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
};

type LegLine = { [key in "venue" | "symbol" | "updateId" | "price" | "worstPrice"]: string };
type Line = { ts: string; buy: LegLine; sell: LegLine; size: string; net: string };

const weirArbitrage = async (...words: string[]) => {
  const { lines, ...ran } = await runCommand(arbitrage, words);
  return { ...ran, lines: parsedLines<Line>(lines) };
};

const ms = (count: number): number => count * 1e6;

const generic = (at: number, sequence: number, bid: string, ask: string): string =>
  `${ms(at)} ${JSON.stringify({
    type: "snapshot",
    symbol: "X",
    sequence,
    ts: at,
    bids: [[bid, "2"]],
    asks: [[ask, "1.5"]],
  })}`;

const first = () =>
  fileOf("first", [generic(10, 1, "99.9", "100"), generic(30, 2, "101", "101.5")]);
const second = () => fileOf("second", [generic(20, 7, "100.25", "100.5"), "x"]);

test("the symbol of a leg is found in whatever case it is asked for", async () => {
  const named = (line: string): string => line.replace('"X"', '"AAPLx/USD"');
  const cheap = fileOf("cheap", [named(generic(10, 1, "99", "100"))]);
  const dear = fileOf("dear", [named(generic(20, 7, "101", "102"))]);
  const legs = ["--leg", `generic:AAPLx/USD=${cheap}`, "--leg", `generic:aaplx/usd=${dear}`];
  const { lines } = await weirArbitrage(...legs);
  expect(lines).toMatchObject([{ buy: { symbol: "AAPLx/USD" }, sell: { symbol: "AAPLx/USD" } }]);
});

test("one line per opportunity with both update ids, size and net after fees", async () => {
  const { code, lines, notes } = await weirArbitrage(
    "--leg",
    `generic=${first()}`,
    "--leg",
    `generic=${second()}`,
    "--fee-bps",
    "5,10.5",
  );
  const leg = { venue: "generic", symbol: "X" };
  expect(lines).toEqual([
    {
      ts: "20000000",
      buy: { ...leg, updateId: "1", price: "100", worstPrice: "100" },
      sell: { ...leg, updateId: "7", price: "100.25", worstPrice: "100.25" },
      size: "1.5",
      // 1.5 x (100.25 x 0.99895 - 100 x 1.0005)
      net: "0.14210625",
      skewUs: 10_000,
    },
    {
      ts: "30000000",
      buy: { ...leg, updateId: "7", price: "100.5", worstPrice: "100.5" },
      sell: { ...leg, updateId: "2", price: "101", worstPrice: "101" },
      size: "1.5",
      net: "0.5159625",
      skewUs: 10_000,
    },
  ]);
  expect(code).toBe(exitCode.failed);
  expect(notes).toEqual([
    expect.stringContaining("second:2: field line: found x"),
    "weir arbitrage: 2 opportunities in 4 looks; 0 looks too old, 0 too far apart",
  ]);
});

test("legs that are too old for each other earn nothing", async () => {
  const legs = ["--leg", `generic=${first()}`, "--leg", `generic=${second()}`];
  expect((await weirArbitrage(...legs, "--age-ms", "9")).lines).toEqual([]);
  expect((await weirArbitrage(...legs, "--skew-ms", "9")).lines).toEqual([]);
});

const sided = (at: number, sequence: number, side: string, levels: readonly string[][]): string =>
  `${ms(at)} ${JSON.stringify({ type: "snapshot", symbol: "X", sequence, bids: [], asks: [], [side]: levels })}`;

test("what a book's digits are does not make an opportunity, nor hide one", async () => {
  const asks = (name: string, sizes: readonly string[]): string =>
    fileOf(
      name,
      sizes.map((size, i) =>
        sided(
          10 + 20 * i,
          i + 1,
          "asks",
          [
            ["10", size],
            ["99.5", "1"],
          ].slice(0, i + 1),
        ),
      ),
    );
  const bids = (name: string, sizes: readonly string[]): string =>
    fileOf(
      name,
      sizes.map((size, i) => sided(20 + 20 * i, i + 1, "bids", [["11", size]])),
    );
  const sizes = async (buy: string, sell: string) =>
    (await weirArbitrage("--leg", `generic=${buy}`, "--leg", `generic=${sell}`)).lines.map(
      ({ size, net }) => [size, net],
    );
  expect(await sizes(asks("tenth", ["1.5", "15"]), bids("tenth-too", ["1.5", "15"]))).toEqual([
    ["1.5", "1.5"],
    ["15", "15"],
  ]);
  expect(await sizes(asks("finer", ["1", "1"]), bids("coarse", ["1"]))).toEqual([["1", "1"]]);
});

test("a leg whose file is missing or breaks its book is named, and the others go on", async () => {
  const [buy, sell] = [first(), fileOf("good", [generic(20, 7, "100.25", "100.5")])];
  const missing = join(folder, "missing");
  const legs = [buy, sell, missing].flatMap((file) => ["--leg", `generic=${file}`]);
  const { code, lines, notes } = await weirArbitrage(...legs);
  expect([code, lines.length]).toEqual([exitCode.failed, 2]);
  expect(notes[0]).toContain(`${missing}: ENOENT`);
  expect((await weirArbitrage(...legs, "--strict")).lines).toEqual([]);

  const book = `{"symbol":"X/USD","bids":[{"price":1.50,"qty":0.10}],"asks":[],"checksum":1,"timestamp":"2023-10-06T17:35:11.000000Z"}`;
  const wrong = fileOf("wrong", [`5 {"channel":"book","type":"snapshot","data":[${book}]}`]);
  const broken = await weirArbitrage("--leg", `generic=${buy}`, "--leg", `kraken=${wrong}`);
  expect(broken.code).toBe(exitCode.failed);
  expect(broken.notes[0]).toContain(`${wrong}:1: the checksum is not that of the book`);
});

test("gaps of a leg are told with the counts", async () => {
  const delta = (at: number, sequence: number): string =>
    `${ms(at)} ${JSON.stringify({ type: "update", symbol: "X", sequence, bids: [["1", "1"]], asks: [] })}`;
  const holes = fileOf("holes", [generic(10, 1, "99", "100"), delta(20, 2), delta(30, 5)]);
  const { code, notes } = await weirArbitrage(
    "--leg",
    `generic=${holes}`,
    "--leg",
    `generic=${first()}`,
  );
  expect(code).toBe(exitCode.good);
  expect(notes.at(-1)).toBe(`weir arbitrage: ${holes}: 1 gaps: out until the next snapshot`);
});

test("a leg without depth of the symbol that was asked for is told", async () => {
  const [buy, sell] = [first(), second()];
  const { notes } = await weirArbitrage("--leg", `generic=${buy}`, "--leg", `generic:Y=${sell}`);
  expect(notes).toContain(`weir arbitrage: ${sell}: no depth of Y in it`);
});

test("messages of other symbols than the leg's are told, asked for or not", async () => {
  const other = (line: string): string => line.replace('"X"', '"Y"');
  const both = fileOf("both", [generic(10, 1, "99", "100"), other(generic(20, 7, "1", "2"))]);
  const { notes } = await weirArbitrage("--leg", `generic=${both}`, "--leg", `generic:Y=${both}`);
  for (const symbol of ["X", "Y"])
    expect(notes).toContain(
      `weir arbitrage: ${both}: 1 messages of other symbols than ${symbol} skipped`,
    );
});

const deribit = (instrument: string, bids: unknown, asks: unknown): string => {
  const data = { type: "snapshot", instrument_name: instrument, change_id: 1, bids, asks };
  const params = { channel: `book.${instrument}.raw`, data };
  return `${ms(20)} ${JSON.stringify({ method: "subscription", params })}`;
};

test("a leg of Deribit stands beside others; one whose sizes are US dollars is out, and told", async () => {
  const named = (line: string): string => line.replace('"X"', '"SOL/USD"');
  const cheap = fileOf("cheap-sol", [named(generic(10, 1, "99", "100"))]);
  const linear = fileOf("linear", [deribit("SOL_USDC-PERPETUAL", [["new", 101, 2]], [])]);
  const inverse = fileOf("inverse", [
    deribit("BTC-PERPETUAL", [["new", 101, 2]], []),
    deribit("BTC-PERPETUAL", [["new", 102, 2]], []),
  ]);
  const good = await weirArbitrage("--leg", `generic=${cheap}`, "--leg", `deribit=${linear}`);
  expect(good.lines).toMatchObject([{ size: "1.5", sell: { symbol: "SOL_USDC-PERPETUAL" } }]);
  const bad = await weirArbitrage("--leg", `generic=${cheap}`, "--leg", `deribit=${inverse}`);
  expect([bad.code, bad.lines]).toEqual([exitCode.failed, []]);
  expect(bad.notes).toContain(
    `${inverse}:1: sizes of BTC-PERPETUAL are US dollars, of other legs the coin`,
  );
  expect(bad.notes.filter((note) => note.includes(inverse))).toHaveLength(1);
});

test("a leg of Bitfinex may have a colon in its symbol, typed in whatever case", async () => {
  const dear = fileOf("avax", [
    `${ms(10)} {"event":"subscribed","channel":"book","chanId":3,"symbol":"tAVAX:USD","prec":"P0"}`,
    `${ms(10)} {"event":"subscribed","channel":"book","chanId":4,"symbol":"tBTCUSD","prec":"P0"}`,
    `${ms(20)} [4,[[9,1,1]]]`,
    `${ms(20)} [3,[[101,1,2]]]`,
  ]);
  const legs = ["--leg", `generic=${first()}`, "--leg", `bitfinex:tavax:usd=${dear}`];
  const { lines } = await weirArbitrage(...legs);
  expect(lines[0]).toMatchObject({ sell: { venue: "bitfinex", symbol: "tAVAX:USD" } });
});

test.each([
  [["--leg", "deribit:btc-perpetual=a", "--leg", "generic=b"], "US dollars"],
  [["--leg", "generic=-", "--leg", "okx=-"], "only one of them may be standard input"],
  [["--leg", "generic=a"], "2 to 16 legs, found 1"],
  [["--leg", "nyse=a", "--leg", "generic=b"], "venue is not known"],
  [["--leg", "generic", "--leg", "generic=b"], "expected VENUE=FILE"],
  [["--leg", "binance-coinm=a", "--leg", "generic=b"], "contracts"],
  [["--leg", "generic=a", "--leg", "okx=b", "--fee-bps", "1,2,3"], "--fee-bps 1,2,3"],
  [["--leg", "generic=a", "--leg", "okx=b", "--fee-bps", "1.234"], "2 decimals"],
  [["--leg", "generic=a", "--leg", "okx=b", "--age-ms", "-1"], "--age-ms -1"],
  [["--leg", "generic=a", "--leg", "okx=b", "c"], "files are given by --leg"],
])("%j is a usage error that says %s", async (argv, text) => {
  await expect(weirArbitrage(...argv)).rejects.toThrow(UsageError);
  await expect(weirArbitrage(...argv)).rejects.toThrow(text);
});

describe.skipIf(!hasRecorded)("recorded files (skipped without ../shared/data/books)", () => {
  const legs = ["--leg", `binance-spot=${spotFile}`, "--leg", `binance-usdm=${usdmFile}`];

  test("spot and USD-M together: futures stand below spot while both clocks overlap", async () => {
    const { code, lines, notes } = await weirArbitrage(...legs, "--fee-bps", "0");
    expect(code).toBe(exitCode.good);
    expect(lines.length).toBeGreaterThan(1000);
    for (const { buy, sell, size, net } of lines) {
      expect(Number(sell.price)).toBeGreaterThan(Number(buy.price));
      expect(Number(sell.worstPrice)).toBeGreaterThan(Number(buy.worstPrice));
      expect(Math.min(Number(size), Number(net))).toBeGreaterThan(0);
      expect(buy.venue).not.toBe(sell.venue);
    }
    const seconds = Number(BigInt(lines.at(-1)?.ts ?? 0) - BigInt(lines[0]?.ts ?? 0)) / 1e9;
    expect(seconds).toBeGreaterThan(300);
    expect(seconds).toBeLessThan(360);
    expect(notes).toEqual([expect.stringContaining(`${lines.length} opportunities`)]);
  });

  test("a taker's usual fees leave nothing", async () => {
    expect((await weirArbitrage(...legs, "--fee-bps", "10,5")).lines).toEqual([]);
  });
});
