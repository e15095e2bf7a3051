import { expect, test } from "vitest";

import { createBookMemory } from "../../../engine/book/book-layout.ts";
import { MarketBooks } from "../../../engine/book/market-books.ts";
import { readTops } from "../../../engine/book/top-reader.ts";
import {
  type DepthFeedMessage,
  recordedDepth,
  type RecordedFile,
  venueOfFile,
} from "../../../engine/feed/depth.ts";
import { generatedDepth } from "../../../engine/feed/generated-depth.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { readVenueText } from "../../../schemas/market/venue-message.ts";
import type { MessageVenueName } from "../../../schemas/market/venues.ts";

const fakeClock = () => {
  let nowNs = 1_000_000_000_000n;
  const sleeps: number[] = [];
  return {
    sleeps,
    nowNs: () => nowNs,
    sleepMs: (ms: number) => {
      sleeps.push(ms);
      nowNs += BigInt(Math.round(ms * 1e6));
      return Promise.resolve();
    },
  };
};

const ticker = (ms: number, id: number, symbol: string): string =>
  `${ms * 1e6} ${JSON.stringify({ u: id, s: symbol, b: "1", B: "1", a: "2", A: "1" })}`;

const fileOf = (
  name: string,
  texts: readonly string[],
  venue: MessageVenueName = "binance-spot",
): RecordedFile => ({
  name,
  venue,
  symbol: "",
  lines: (async function* () {
    for (const [index, text] of texts.entries()) yield { line: index + 1, text };
  })(),
});

const play = async (files: readonly RecordedFile[], speed: number) => {
  const clock = fakeClock();
  const faults: string[] = [];
  const batches: (readonly DepthFeedMessage[])[] = [];
  const onFault = (file: string, line: number) => faults.push(`${file}:${line}`);
  for await (const batch of recordedDepth({ files, speed, clock, onFault })) batches.push(batch);
  return { batches, faults, sleeps: clock.sleeps };
};

test("files are merged by receive time and played at their pace", async () => {
  const a = fileOf("a", [ticker(100, 1, "A"), ticker(300, 2, "A"), ticker(301, 3, "A")]);
  const b = fileOf("b", [ticker(200, 1, "B"), ticker(302, 2, "B")]);
  const { batches, sleeps } = await play([a, b], 2);
  expect(batches.map((batch) => batch.map(({ symbol }) => symbol).join(""))).toEqual([
    "A",
    "B",
    "AAB",
  ]);
  expect(sleeps).toEqual([50, 50]);
});

test("speed 0 waits for nothing, and bad lines are told and passed over", async () => {
  const a = fileOf("a", [ticker(1, 1, "A"), "bad", ticker(9_000_000, 2, "A")]);
  const { batches, sleeps, faults } = await play([a], 0);
  expect([batches.flat().length, sleeps, faults]).toEqual([2, [], ["a:2"]]);
});

test("messages that name a channel leave with its symbol, which is enough to read them", async () => {
  const told = (id: number, channel: string, symbol: string): string =>
    JSON.stringify({ event: "subscribed", channel, chanId: id, symbol, prec: "P0" });
  const texts = [
    told(3, "book", "tBTCUSD"),
    told(4, "trades", "tETHUSD"),
    "[3,[[10,1,1]]]",
    '[4,"te",[1,5,1,9]]',
    '[3,"hb"]',
    '[3,"cs",1]',
  ].map((text, i) => `${i + 1} ${text}`);
  const { batches, faults } = await play([fileOf("bitfinex", texts, "bitfinex")], 0);
  expect([batches.flat().map(({ symbol }) => symbol), faults]).toEqual([
    ["tBTCUSD", "tETHUSD", "tBTCUSD"],
    [],
  ]);
  const message = new DepthMessage();
  for (const { venue, symbol, receiveNs, message: text } of batches.flat())
    expect(readVenueText(text, { venue, symbol, receiveNs }, message)).toBeNull();
});

test("a file's venue comes from its prefix or its name", () => {
  expect(venueOfFile("binance-coinm=x.gz")).toEqual({ venue: "binance-coinm", path: "x.gz" });
  expect(venueOfFile("a/binance-usdm-btc.gz")).toEqual({
    venue: "binance-usdm",
    path: "a/binance-usdm-btc.gz",
  });
  expect(venueOfFile("a/btc=1.gz")).toBeNull();
});

const generate = (seed: number, deltasMax: number) =>
  generatedDepth({
    seed,
    symbol: "BTCUSDT",
    deltasPerSecond: 1000,
    snapshotEvery: 400,
    deltasMax,
    clock: fakeClock(),
  });

test("the generated stream is one that the books follow without a gap, never crossed", async () => {
  const memory = createBookMemory(1);
  const books = new MarketBooks({ memory });
  const message = new DepthMessage();
  let lastSnapshot = "";
  for await (const batch of generate(1, 3000)) {
    for (const { venue, symbol, receiveNs, message: text } of batch) {
      if (text.startsWith('{"lastUpdateId"')) lastSnapshot = text;
      expect(readVenueText(text, { venue, symbol, receiveNs }, message)).toBeNull();
      const bytes = depthItemOf(message);
      if (typeof bytes === "number") throw new Error(`code ${bytes}`);
      books.apply(new DataView(bytes.buffer), 0, bytes.length);
    }
  }
  const [top] = readTops(memory);
  expect(top).toMatchObject({ state: "synced", symbol: "BTCUSDT" });
  expect(top?.counters).toMatchObject({
    applied: 3000,
    gaps: 0,
    crossed: 0,
    resyncs: 0,
    refused: 0,
  });
  expect(top?.counters.trades).toBeGreaterThan(500);
  expect(lastSnapshot).not.toBe("");
});

test("a book that joins late at a generated snapshot is the book that was there all along", async () => {
  const early = new MarketBooks({ memory: createBookMemory(1) });
  const late = new MarketBooks({ memory: createBookMemory(1) });
  const message = new DepthMessage();
  let snapshots = 0;
  for await (const batch of generate(2, 1000)) {
    for (const { venue, symbol, receiveNs, message: text } of batch) {
      if (text.startsWith('{"lastUpdateId"')) snapshots += 1;
      readVenueText(text, { venue, symbol, receiveNs }, message);
      const bytes = depthItemOf(message);
      if (typeof bytes === "number") throw new Error(`code ${bytes}`);
      const view = new DataView(bytes.buffer);
      early.apply(view, 0, bytes.length);
      if (snapshots > 1) late.apply(view, 0, bytes.length);
    }
  }
  const levels = ({ books }: MarketBooks) => [
    books[0]?.book.bids.levels(),
    books[0]?.book.asks.levels(),
  ];
  expect(levels(late)).toEqual(levels(early));
});

test("the same seed gives the same stream", async () => {
  const collect = async (): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const batch of generate(3, 200)) all.push(...batch);
    return all;
  };
  expect(await collect()).toEqual(await collect());
});
