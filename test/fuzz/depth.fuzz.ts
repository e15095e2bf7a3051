// Fuzzes the reader of depth items: random damage to good items, and random bytes. It must refuse
// by code or agree field by field with a decoder written for clarity; it must never throw, and an
// accepted item must encode back to its own bytes.
import { DepthItem, depthCode, depthKind } from "../../schemas/market/depth-item.ts";
import { depthLevelsAt, depthOffset } from "../../schemas/market/depth-layout.ts";
import { depthItemOf, DepthMessage } from "../../schemas/market/depth-message.ts";
import { type Random, seeded } from "../random.ts";

type Point = (view: DataView, start: number, end: number) => number;

const goodItem = (random: Random): Uint8Array<ArrayBuffer> => {
  const message = new DepthMessage();
  message.kind = random.pick(Object.values(depthKind));
  message.venue = 1 + random.below(3);
  message.symbol = random.pick(["A", "BTCUSDT", "BTCUSD_PERP", "X".repeat(32)]);
  message.priceScale = random.below(19);
  message.sizeScale = random.below(19);
  message.lastId = random.below(2 ** 53);
  const isDelta = message.kind === depthKind.delta;
  message.firstId = isDelta ? random.below(message.lastId + 1) : message.lastId;
  const proof = random.below(3);
  if (proof === 1) message.prevId = random.below(2 ** 53);
  if (proof === 2) message.checksum = random.below(2 ** 32);
  message.isAdded = isDelta && random.below(4) === 0;
  message.receiveNs = BigInt(random.below(2 ** 53)) * 2000n;
  const most = message.kind > depthKind.delta ? 1 : 1 + random.below(12);
  const sign = message.isAdded ? -1 : 1;
  for (let i = 0; i < most; i += 1)
    message.addBid(random.below(2 ** 53), sign * random.below(2 ** 53));
  const bytes = depthItemOf(message);
  if (typeof bytes === "number") throw new Error(`the fuzzer made a bad item, code ${bytes}`);
  return bytes;
};

const damaged = (bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> => {
  if (random.below(20) === 0) return random.bytes(random.below(200));
  const out = bytes.slice(0, random.below(4) === 0 ? random.below(bytes.length + 1) : bytes.length);
  for (let i = random.below(4); i > 0 && out.length > 0; i -= 1) {
    const at =
      random.below(2) === 0 ? random.below(Math.min(64, out.length)) : random.below(out.length);
    out[at] = random.below(3) === 0 ? random.pick([0, 1, 127, 128, 255]) : random.below(256);
  }
  return out;
};

/** The bytes again from what the accessors say; equal bytes mean that nothing was misread. */
const encodedBack = (item: DepthItem): Uint8Array | number => {
  const message = new DepthMessage();
  message.kind = item.kind;
  message.venue = item.venue;
  message.symbol = item.symbol();
  message.priceScale = item.priceScale;
  message.sizeScale = item.sizeScale;
  message.firstId = item.firstId;
  message.lastId = item.lastId;
  message.prevId = item.hasPrevId ? item.prevId : -1;
  message.checksum = item.hasChecksum ? item.prevId : -1;
  message.isAdded = item.isAdded;
  message.eventNs = item.eventNs();
  message.receiveNs = item.receiveNs();
  const count = item.bidCount + item.askCount;
  for (let i = 0; i < count; i += 1) {
    if (i < item.bidCount) message.addBid(item.price(i), item.size(i));
    else message.addAsk(item.price(i), item.size(i));
  }
  return depthItemOf(message);
};

const checkOne = (item: DepthItem, point: Point, bytes: Uint8Array<ArrayBuffer>): void => {
  // Bytes on either side belong to others: accepted or not, they must not matter.
  const framed = new Uint8Array(bytes.length + 16).fill(0xa5);
  framed.set(bytes, 8);
  const code = point(new DataView(framed.buffer), 8, 8 + bytes.length);
  if (code !== depthCode.good) return;
  const back = encodedBack(item);
  const isSame =
    typeof back !== "number" &&
    back.length === bytes.length &&
    back.every((byte, index) => byte === bytes[index]);
  if (!isSame) {
    throw new Error(`accepted, but not what it says: ${Buffer.from(bytes).toString("hex")}`);
  }
};

/** Called by test/fuzz/main.ts. */
export const run = ({ seed, cases }: { seed: number; cases: number }): Promise<void> => {
  const random = seeded(seed);
  const item = new DepthItem();
  const point: Point = (view, start, end) => item.point(view, start, end);
  for (let i = 0; i < cases; i += 1) checkOne(item, point, damaged(goodItem(random), random));
  return Promise.resolve();
};

/** A reader that forgets to check the length beyond the last level must be caught. */
export const canary = (): void => {
  const random = seeded(1);
  const item = new DepthItem();
  const blind: Point = (view, start, end) => {
    const symbolBytes = view.getUint8(start + depthOffset.symbolBytes);
    const levels = view.getUint32(start + depthOffset.bidCount, true);
    const said = start + depthLevelsAt(symbolBytes) + levels * 16;
    return item.point(view, start, said > end || said < start + depthOffset.symbol ? end : said);
  };
  for (let i = 0; i < 5000; i += 1) {
    const good = goodItem(random);
    const longer = new Uint8Array(good.length + 8);
    longer.set(good);
    try {
      checkOne(item, blind, longer);
    } catch {
      return;
    }
  }
  throw new Error("the canary was not caught");
};
