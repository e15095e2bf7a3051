import { expect, test } from "vitest";

import {
  depthCode,
  depthCodeText,
  DepthItem,
  depthKind,
} from "../../../schemas/market/depth-item.ts";
import { depthLevelsMax, depthOffset } from "../../../schemas/market/depth-layout.ts";
import {
  checkDepthMessage,
  depthItemOf,
  DepthMessage,
  encodeDepthItem,
} from "../../../schemas/market/depth-message.ts";
import { venueCodeMax } from "../../../schemas/market/venues.ts";

const delta = (): DepthMessage => {
  const message = new DepthMessage();
  message.kind = depthKind.delta;
  message.venue = 2;
  message.symbol = "BTCUSDT";
  message.priceScale = 2;
  message.sizeScale = 5;
  message.firstId = 5_123_107_832_006;
  message.lastId = Number.MAX_SAFE_INTEGER;
  message.prevId = 5_123_107_831_937;
  message.eventNs = 1_723_161_256_299_000_000n;
  message.receiveNs = 1_723_161_255_030_314_667n;
  message.addBid(6_180_020, 250_700);
  message.addBid(Number.MAX_SAFE_INTEGER, 0);
  message.addAsk(0, Number.MAX_SAFE_INTEGER);
  return message;
};

const bytesOf = (message: DepthMessage): Uint8Array<ArrayBuffer> => {
  const bytes = depthItemOf(message);
  if (typeof bytes === "number") throw new Error(depthCodeText(bytes));
  return bytes;
};

const codeOf = (bytes: Uint8Array): number =>
  new DepthItem().point(
    new DataView(bytes.buffer),
    bytes.byteOffset,
    bytes.byteOffset + bytes.length,
  );

test("every field of a message comes back from its bytes, at any offset", () => {
  const bytes = bytesOf(delta());
  const padded = new Uint8Array(bytes.length + 11);
  padded.set(bytes, 3);
  const item = new DepthItem();
  expect(item.point(new DataView(padded.buffer), 3, 3 + bytes.length)).toBe(depthCode.good);
  expect([item.kind, item.venue, item.symbol()]).toEqual([depthKind.delta, 2, "BTCUSDT"]);
  expect([item.priceScale, item.sizeScale, item.bidCount, item.askCount]).toEqual([2, 5, 2, 1]);
  expect([item.firstId, item.lastId]).toEqual([5_123_107_832_006, Number.MAX_SAFE_INTEGER]);
  expect([item.hasPrevId, item.prevId]).toEqual([true, 5_123_107_831_937]);
  expect([item.eventNs(), item.receiveNs()]).toEqual([
    1_723_161_256_299_000_000n,
    1_723_161_255_030_314_667n,
  ]);
  expect((BigInt(item.receiveNsHigh) << 32n) | BigInt(item.receiveNsLow)).toBe(item.receiveNs());
  expect([0, 1, 2].map((i) => [item.price(i), item.size(i)])).toEqual([
    [6_180_020, 250_700],
    [Number.MAX_SAFE_INTEGER, 0],
    [0, Number.MAX_SAFE_INTEGER],
  ]);
  expect([item.priceMax, item.sizeMax, item.end]).toEqual([
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    3 + bytes.length,
  ]);
});

test("a byte too few or too many is refused", () => {
  const bytes = bytesOf(delta());
  for (let length = 0; length < bytes.length; length += 1) {
    expect(codeOf(bytes.slice(0, length))).not.toBe(depthCode.good);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  expect(codeOf(longer)).toBe(depthCode.length);
});

const damages: readonly (readonly [string, (view: DataView) => void, number])[] = [
  ["version", (view) => view.setUint8(depthOffset.version, 2), depthCode.version],
  ["kind 0", (view) => view.setUint8(depthOffset.kind, 0), depthCode.kind],
  ["kind 5", (view) => view.setUint8(depthOffset.kind, 5), depthCode.kind],
  ["venue", (view) => view.setUint8(depthOffset.venue, venueCodeMax + 1), depthCode.venue],
  ["price scale", (view) => view.setUint8(depthOffset.priceScale, 19), depthCode.scale],
  ["size scale", (view) => view.setUint8(depthOffset.sizeScale, 255), depthCode.scale],
  ["symbol of no byte", (view) => view.setUint8(depthOffset.symbolBytes, 0), depthCode.symbol],
  ["symbol too long", (view) => view.setUint8(depthOffset.symbolBytes, 33), depthCode.symbol],
  ["symbol with a space", (view) => view.setUint8(depthOffset.symbol, 32), depthCode.symbol],
  ["symbol padding", (view) => view.setUint8(depthOffset.symbol + 7, 1), depthCode.symbol],
  ["unknown flag", (view) => view.setUint8(depthOffset.flags, 2), depthCode.flags],
  ["prevId without its flag", (view) => view.setUint8(depthOffset.flags, 0), depthCode.flags],
  ["reserved byte", (view) => view.setUint8(depthOffset.zero, 1), depthCode.flags],
  ["level count", (view) => view.setUint32(depthOffset.askCount, 2, true), depthCode.length],
  [
    "huge level count",
    (view) => view.setUint32(depthOffset.bidCount, -1, true),
    depthCode.levelCount,
  ],
  ["id of 2^53", (view) => view.setUint32(depthOffset.lastId + 4, 2 ** 21, true), depthCode.id],
  ["firstId above lastId", (view) => view.setUint32(depthOffset.lastId + 4, 0, true), depthCode.id],
  ["price NaN", (view) => view.setFloat64(64, Number.NaN, true), depthCode.level],
  ["price of a half", (view) => view.setFloat64(64, 0.5, true), depthCode.level],
  ["price below 0", (view) => view.setFloat64(64, -1, true), depthCode.level],
  ["price of 2^53", (view) => view.setFloat64(64, 2 ** 53, true), depthCode.level],
  ["size of infinity", (view) => view.setFloat64(72, Infinity, true), depthCode.level],
];

test.each(damages)("a bad %s is refused by its code", (_name, damage, code) => {
  const bytes = bytesOf(delta());
  damage(new DataView(bytes.buffer));
  expect(codeOf(bytes)).toBe(code);
  expect(depthCodeText(code)).not.toMatch(/^unknown code/);
});

test("a message that would be refused is not encoded", () => {
  const message = delta();
  message.symbol = "with space";
  expect(checkDepthMessage(message)).toBe(depthCode.symbol);
  const view = new DataView(new ArrayBuffer(1000));
  expect(encodeDepthItem(message, view, 0)).toBe(-depthCode.symbol);
  expect(encodeDepthItem(delta(), new DataView(new ArrayBuffer(100)), 0)).toBe(-depthCode.length);
  expect(new Uint8Array(view.buffer).every((byte) => byte === 0)).toBe(true);
});

test("a message takes depthLevelsMax levels and refuses one more", () => {
  const message = delta();
  message.clearLevels();
  for (let i = 0; i < depthLevelsMax; i += 1) expect(message.addBid(i, 1)).toBe(true);
  expect(message.addAsk(1, 1)).toBe(false);
  expect(codeOf(bytesOf(message))).toBe(depthCode.good);
});

test("a trade has one level and one id", () => {
  const message = delta();
  message.kind = depthKind.trade;
  expect(checkDepthMessage(message)).toBe(depthCode.levelCount);
  message.clearLevels();
  message.addAsk(1, 1);
  expect(checkDepthMessage(message)).toBe(depthCode.id);
});
