// A depth message being put together, and its encoding as a depth item. One scratch object is
// filled again and again: levels go into typed arrays, there is no object per level.
import { decimalScaleMax, decimalValueMax } from "./decimal.ts";
import { depthCode, depthKind, flagsFit, levelCountFits } from "./depth-item.ts";
import {
  depthFlag,
  depthLevelBytes,
  depthLevelsAt,
  depthLevelsMax,
  depthOffset,
  depthSizeOffset,
  depthSymbolBytesMax,
  depthVersion,
} from "./depth-layout.ts";
import { venueCodeMax } from "./venues.ts";

const levelsAtFirst = 1024;

/**
 * Field meanings, ranges and limits are those of depth-layout.ts. Bids must be added before asks.
 * Single-threaded scratch; reuse it.
 */
export class DepthMessage {
  kind: number = depthKind.delta;
  venue = 0;
  symbol = "";
  priceScale = 0;
  sizeScale = 0;
  firstId = 0;
  lastId = 0;
  /** -1 when the venue gives none; must be -1 when there is a checksum. */
  prevId = -1;
  /** CRC-32 of the book after this message, -1 when the venue gives none. */
  checksum = -1;
  /** Whether sizes are added to those of the book; they may be negative then. Deltas only. */
  isAdded = false;
  eventNs = 0n;
  receiveNs = 0n;
  bidCount = 0;
  askCount = 0;
  #prices = new Float64Array(levelsAtFirst);
  #sizes = new Float64Array(levelsAtFirst);

  /** Forgets the levels; the other fields stay until they are set. */
  clearLevels(): void {
    this.bidCount = 0;
    this.askCount = 0;
  }

  /** Returns false when `depthLevelsMax` are there already. Integers at the message's scales. */
  addBid(price: number, size: number): boolean {
    if (!this.#put(price, size)) return false;
    this.bidCount += 1;
    return true;
  }

  /** As `addBid`. */
  addAsk(price: number, size: number): boolean {
    if (!this.#put(price, size)) return false;
    this.askCount += 1;
    return true;
  }

  /** Price of level `index`, bids first. */
  price(index: number): number {
    return this.#prices[index] ?? Number.NaN;
  }

  size(index: number): number {
    return this.#sizes[index] ?? Number.NaN;
  }

  /** Bytes of the encoded item. */
  get itemBytes(): number {
    const levels = this.bidCount + this.askCount;
    return depthLevelsAt(this.symbol.length) + levels * depthLevelBytes;
  }

  #put(price: number, size: number): boolean {
    const at = this.bidCount + this.askCount;
    if (at === depthLevelsMax) return false;
    if (at === this.#prices.length) this.#grow();
    this.#prices[at] = price;
    this.#sizes[at] = size;
    return true;
  }

  #grow(): void {
    const length = Math.min(this.#prices.length * 2, depthLevelsMax);
    const prices = new Float64Array(length);
    const sizes = new Float64Array(length);
    prices.set(this.#prices);
    sizes.set(this.#sizes);
    this.#prices = prices;
    this.#sizes = sizes;
  }
}

const word = 2 ** 32;
const nsMax = 2n ** 64n - 1n;
const isSafe = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= decimalValueMax;
// A number in place of a bigint would be found only when half of the item is written.
const isNs = (value: bigint): boolean => typeof value === "bigint" && value >= 0n && value <= nsMax;
const isScale = (value: number): boolean => isSafe(value) && value <= decimalScaleMax;
const symbolForm = /^[!-~]+$/;

/** The `depthCode` that the encoded message would be refused with; 0 is good. */
export const checkDepthMessage = (message: DepthMessage): number => {
  const { kind, symbol, bidCount, askCount } = message;
  if (!Object.values<number>(depthKind).includes(kind)) return depthCode.kind;
  if (!(isSafe(message.venue) && message.venue >= 1 && message.venue <= venueCodeMax))
    return depthCode.venue;
  if (!isScale(message.priceScale) || !isScale(message.sizeScale)) return depthCode.scale;
  if (symbol.length > depthSymbolBytesMax || !symbolForm.test(symbol)) return depthCode.symbol;
  if (!levelCountFits(kind, bidCount, askCount)) return depthCode.levelCount;
  if (!idsFit(message)) return depthCode.id;
  if (!messageFlagsFit(message)) return depthCode.flags;
  return levelsFit(message) ? depthCode.good : depthCode.level;
};

const messageFlagsFit = (message: DepthMessage): boolean => {
  const { kind, checksum } = message;
  if (!flagsFit(flagsOf(message), kind)) return false;
  return checksum === -1 || (isSafe(checksum) && checksum < word);
};

const levelsFit = (message: DepthMessage): boolean => {
  for (let i = 0; i < message.bidCount + message.askCount; i += 1) {
    const size = message.isAdded ? Math.abs(message.size(i)) : message.size(i);
    if (!isSafe(message.price(i)) || !isSafe(size)) return false;
  }
  return true;
};

const flagsOf = ({ prevId, checksum, isAdded }: DepthMessage): number =>
  (prevId < 0 ? 0 : depthFlag.prevId) |
  (checksum < 0 ? 0 : depthFlag.checksum) |
  (isAdded ? depthFlag.added : 0);

const idsFit = ({ kind, firstId, lastId, prevId, eventNs, receiveNs }: DepthMessage): boolean => {
  if (!isSafe(firstId) || !isSafe(lastId) || (prevId !== -1 && !isSafe(prevId))) return false;
  if (!isNs(eventNs) || !isNs(receiveNs)) return false;
  return kind === depthKind.delta ? firstId <= lastId : firstId === lastId;
};

const setId = (view: DataView, at: number, id: number): void => {
  view.setUint32(at, id % word, true);
  view.setUint32(at + 4, Math.floor(id / word), true);
};

/**
 * Writes the item at `start` and returns its bytes, or minus a `depthCode` when the message is not
 * good or the view has no room (`length`). Nothing is written then.
 */
export const encodeDepthItem = (message: DepthMessage, view: DataView, start: number): number => {
  const code = checkDepthMessage(message);
  if (code !== depthCode.good) return -code;
  const bytes = message.itemBytes;
  // No number is the start of the view to a DataView.
  if (!(start >= 0 && start + bytes <= view.byteLength)) return -depthCode.length;
  const { symbol } = message;
  view.setUint8(start + depthOffset.version, depthVersion);
  view.setUint8(start + depthOffset.kind, message.kind);
  view.setUint8(start + depthOffset.venue, message.venue);
  view.setUint8(start + depthOffset.priceScale, message.priceScale);
  view.setUint8(start + depthOffset.sizeScale, message.sizeScale);
  view.setUint8(start + depthOffset.symbolBytes, symbol.length);
  view.setUint8(start + depthOffset.flags, flagsOf(message));
  view.setUint8(start + depthOffset.zero, 0);
  view.setUint32(start + depthOffset.bidCount, message.bidCount, true);
  view.setUint32(start + depthOffset.askCount, message.askCount, true);
  setId(view, start + depthOffset.firstId, message.firstId);
  setId(view, start + depthOffset.lastId, message.lastId);
  setId(view, start + depthOffset.prevId, Math.max(message.prevId, message.checksum, 0));
  view.setBigUint64(start + depthOffset.eventNs, message.eventNs, true);
  view.setBigUint64(start + depthOffset.receiveNs, message.receiveNs, true);
  const levels = start + depthLevelsAt(symbol.length);
  for (let at = start + depthOffset.symbol, i = 0; at < levels; at += 1, i += 1) {
    view.setUint8(at, i < symbol.length ? symbol.charCodeAt(i) : 0);
  }
  for (let i = 0, at = levels; at < start + bytes; i += 1, at += depthLevelBytes) {
    view.setFloat64(at, message.price(i), true);
    view.setFloat64(at + depthSizeOffset, message.size(i), true);
  }
  return bytes;
};

/** The item in an array of its own, or a `depthCode` other than 0. */
export const depthItemOf = (message: DepthMessage): Uint8Array<ArrayBuffer> | number => {
  const code = checkDepthMessage(message);
  if (code !== depthCode.good) return code;
  const bytes = new Uint8Array(message.itemBytes);
  encodeDepthItem(message, new DataView(bytes.buffer), 0);
  return bytes;
};
