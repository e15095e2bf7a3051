// Books over memory that holds none, places that are not there, limits that mean nothing: errors that
// name the argument, where numbers from anywhere in the memory would pass for prices.
import { expect, test } from "vitest";

import {
  CompactBook,
  compactBookBytes,
  compactOutcome,
  createBookMemory,
  createDepth,
  depthCode,
  depthCodeText,
  DepthMessage,
  DepthReader,
  depthItemBytesMax,
  depthKind,
  encodeDepthItem,
  isRefusal,
  MarketBooks,
  readTops,
  readVenue,
  readVenueText,
  RecordedReader,
  resetBookMemory,
  TopReader,
  Vwap,
  venueCodes,
  type MessageVenueName,
} from "../../../engine/doors/book.ts";

const noBooks = "memory holds no books: make it with createBookMemory";

/** A snapshot of the symbol as an item, with its bytes. */
const snapshotOf = (symbol: string): readonly [DataView, number, number] => {
  const message = new DepthMessage();
  message.symbol = symbol;
  message.kind = depthKind.snapshot;
  message.venue = venueCodes.generic;
  message.addBid(100, 1);
  message.addAsk(101, 1);
  const view = new DataView(new ArrayBuffer(depthItemBytesMax));
  return [view, 0, encodeDepthItem(message, view, 0)];
};

test("memory of something else is refused by writer and readers", () => {
  const books = createBookMemory(2).byteLength;
  for (const bytes of [0, 8, 1024, books - 128, books]) {
    const memory = new SharedArrayBuffer(bytes);
    expect(() => new MarketBooks({ memory })).toThrow(noBooks);
    expect(() => new TopReader(memory, 0)).toThrow(noBooks);
    expect(() => readTops(memory)).toThrow(noBooks);
    expect(() => new DepthReader(memory, 0)).toThrow(noBooks);
    const words = new Int32Array(memory).fill(1);
    expect(() => resetBookMemory(memory)).toThrow(noBooks);
    expect(words.every((word) => word === 1)).toBe(true);
  }
});

test("a top is read of a slot that is there, by its whole number", () => {
  const memory = createBookMemory(2);
  for (const index of [Number.NaN, 0.5, -1, 2])
    expect(() => new TopReader(memory, index)).toThrow(`book=${index} is not 0 to 1`);
  expect(new TopReader(memory, 1).readRecord()).toBe(true);
  expect(() => new DepthReader(memory, 0).read(createDepth(1))).toThrow("book=0 is not below 0");
});

test("a buffer without a limit in bytes is refused", () => {
  const memory = createBookMemory(1);
  for (const heldBytesMax of [Number.NaN, 0, 1023, 1e6 + 0.5, Infinity])
    expect(() => new MarketBooks({ memory, heldBytesMax })).toThrow(
      `heldBytesMax=${heldBytesMax}, 1024 at least`,
    );
});

test("a new writer's readers see nothing of the one before, once the memory is forgotten", () => {
  const memory = createBookMemory(2);
  const first = new MarketBooks({ memory });
  for (const symbol of ["A", "B"]) {
    expect(isRefusal(first.apply(...snapshotOf(symbol)))).toBe(false);
  }
  expect(readTops(memory).map(({ symbol }) => symbol)).toEqual(["A", "B"]);
  resetBookMemory(memory);
  expect(readTops(memory)).toEqual([]);
  expect(new MarketBooks({ memory }).books).toEqual([]);
});

test("an average of prices takes integers at known scales", () => {
  const trade = { price: 1, priceScale: 0, size: 1, sizeScale: 0 };
  const add = (field: string, value: number) => () => new Vwap().add({ ...trade, [field]: value });
  expect(add("price", 1.5)).toThrow("price=1.5, integers from 0");
  expect(add("size", -1)).toThrow("size=-1, integers from 0");
  expect(add("priceScale", 37)).toThrow("priceScale=37, limits 0 to 18");
  expect(add("sizeScale", 19)).toThrow("sizeScale=19, limits 0 to 18");
});

test("a compact book changes nothing for a price or quantity that is no integer", () => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const book = new CompactBook({ memory, tickShift: 0 });
  for (const price of [1.5, Number.NaN, -1, 2 ** 31])
    expect(book.updateBid(price, 1, 0)).toBe(compactOutcome.priceRange);
  for (const quantity of [0.5, Number.NaN, Infinity])
    expect(book.updateBid(1, quantity, 0)).toBe(compactOutcome.quantityOverflow);
  expect([book.bestBid(), book.updateBid(1, 2 ** 31 - 1, 0)]).toEqual([-1, compactOutcome.good]);
});

test("a venue that is none is an error that names it and those that there are", () => {
  const known = "one of binance-spot, binance-usdm, binance-coinm, kraken, okx, bybit, coinbase";
  for (const name of [
    "nope",
    "binance-x",
    "constructor",
    undefined,
    "databento",
    "itch",
    "lobster",
  ]) {
    const venue = name as MessageVenueName;
    const message = `venue=${name}, ${known}`;
    const context = { venue, symbol: "AB", receiveNs: 0n };
    expect(() => readVenue({}, context, new DepthMessage())).toThrow(message);
    expect(() => readVenueText("{}", context, new DepthMessage())).toThrow(message);
    expect(() => new RecordedReader(venue, "")).toThrow(message);
  }
});

test("a message is encoded at a place that there is, or not at all", () => {
  const message = new DepthMessage();
  message.symbol = "AB";
  message.kind = depthKind.snapshot;
  message.venue = venueCodes.generic;
  message.addBid(100, 1);
  const view = new DataView(new ArrayBuffer(message.itemBytes));
  const bytes = new Uint8Array(view.buffer);
  for (const start of [Number.NaN, undefined as unknown as number, -1, 1, Infinity])
    expect(encodeDepthItem(message, view, start)).toBe(-depthCode.length);
  message.venue = 1.5;
  expect(encodeDepthItem(message, view, 0)).toBe(-depthCode.venue);
  message.venue = venueCodes.generic;
  message.receiveNs = 5 as unknown as bigint;
  expect(encodeDepthItem(message, view, 0)).toBe(-depthCode.id);
  expect(depthCodeText(depthCode.id)).toContain("a time is not 0 to 2^64 - 1 ns");
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  message.receiveNs = 5n;
  expect(encodeDepthItem(message, view, 0)).toBe(bytes.length);
});
