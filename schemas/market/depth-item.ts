// Reads a depth item in place: one view object is pointed at item after item, levels are read by
// index, nothing is allocated. Everything is checked when it is pointed, so a refused item has
// changed nothing. Not a codec of venues: venue-binance.ts fills a DepthMessage from their JSON.
import { decimalScaleMax, decimalValueMax } from "./decimal.ts";
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

/** What an item says: the whole book, changes of it, one trade, or the best bid and offer. */
export const depthKind = { snapshot: 1, delta: 2, trade: 3, ticker: 4 } as const;

/** Why an item was refused; 0 is good. A closed set: `depthCodeText` has the meaning. */
export const depthCode = {
  good: 0,
  tooShort: 1,
  version: 2,
  kind: 3,
  venue: 4,
  scale: 5,
  symbol: 6,
  flags: 7,
  levelCount: 8,
  length: 9,
  id: 10,
  level: 11,
} as const;

const codeTexts: readonly string[] = [
  "good",
  `item is shorter than its header of ${depthOffset.symbol} bytes`,
  `version is not ${depthVersion}`,
  "kind is not 1 (snapshot), 2 (delta), 3 (trade) or 4 (ticker)",
  `venue code is not 1 to ${venueCodeMax}`,
  `price or size scale is above ${decimalScaleMax}`,
  `symbol is not 1 to ${depthSymbolBytesMax} printable ASCII bytes with zero padding`,
  "flags have unknown bits, or prevId does not fit them",
  `levels are more than ${depthLevelsMax}, or not what the kind allows`,
  "item's length is not that of its header, symbol and levels",
  "an id is above 2^53 - 1, firstId is above lastId, or a time is not 0 to 2^64 - 1 ns",
  "a price or size is not an integer from 0 to 2^53 - 1 (sizes that are added: either sign)",
];

/** Meaning of a refusal code, naming the field and the limit. */
export const depthCodeText = (code: number): string => codeTexts[code] ?? `unknown code ${code}`;

// Own constants, because an imported binding is loaded at each use: nanoseconds per level.
const levelBytes: number = depthLevelBytes;
const sizeOffset: number = depthSizeOffset;

const word = 2 ** 32;
const idHighMax = 2 ** 21;
const empty = new DataView(new ArrayBuffer(0));

/**
 * A window on one item. `point` first; the accessors hold for the item that it pointed at with
 * success, until the next `point`, which a refusal is too, and as long as the item's bytes do. One
 * object per thread; allocates nothing.
 */
export class DepthItem {
  #view: DataView = empty;
  #start = 0;
  #levels = 0;
  #bids = 0;
  #asks = 0;
  #priceMax = 0;
  #sizeMax = 0;

  /** Checks the bytes [start, end) and points at them. Returns a `depthCode`; 0 is good. */
  point(view: DataView, start: number, end: number): number {
    if (end > view.byteLength || end - start < depthOffset.symbol) return depthCode.tooShort;
    this.#view = view;
    this.#start = start;
    const code = this.#checkHeader();
    if (code !== depthCode.good) return code;
    const symbolBytes = view.getUint8(start + depthOffset.symbolBytes);
    const bids = view.getUint32(start + depthOffset.bidCount, true);
    const asks = view.getUint32(start + depthOffset.askCount, true);
    if (!levelCountFits(this.kind, bids, asks)) return depthCode.levelCount;
    const levels = start + depthLevelsAt(symbolBytes);
    if (levels + (bids + asks) * levelBytes !== end) return depthCode.length;
    if (!this.#symbolIsGood(symbolBytes, levels)) return depthCode.symbol;
    this.#levels = levels;
    this.#bids = bids;
    this.#asks = asks;
    return this.#checkLevels(levels, end);
  }

  /** The bytes pointed at: [start, end) of view. */
  get view(): DataView {
    return this.#view;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#levels + (this.#bids + this.#asks) * levelBytes;
  }

  get kind(): number {
    return this.#view.getUint8(this.#start + depthOffset.kind);
  }

  get venue(): number {
    return this.#view.getUint8(this.#start + depthOffset.venue);
  }

  /** Decimals of the prices. */
  get priceScale(): number {
    return this.#view.getUint8(this.#start + depthOffset.priceScale);
  }

  /** Decimals of the sizes. */
  get sizeScale(): number {
    return this.#view.getUint8(this.#start + depthOffset.sizeScale);
  }

  get bidCount(): number {
    return this.#bids;
  }

  get askCount(): number {
    return this.#asks;
  }

  get firstId(): number {
    return this.#id(depthOffset.firstId);
  }

  get lastId(): number {
    return this.#id(depthOffset.lastId);
  }

  get hasPrevId(): boolean {
    return (this.#flags & depthFlag.prevId) !== 0;
  }

  /** Whether `prevId` is the CRC-32 that the book must have after this item. */
  get hasChecksum(): boolean {
    return (this.#flags & depthFlag.checksum) !== 0;
  }

  /** Whether sizes are to be added to those of the book, and may be negative. */
  get isAdded(): boolean {
    return (this.#flags & depthFlag.added) !== 0;
  }

  get prevId(): number {
    return this.#id(depthOffset.prevId);
  }

  /** Times in ns as words, for code that must not allocate. */
  get eventNsLow(): number {
    return this.#view.getUint32(this.#start + depthOffset.eventNs, true);
  }

  get eventNsHigh(): number {
    return this.#view.getUint32(this.#start + depthOffset.eventNs + 4, true);
  }

  get receiveNsLow(): number {
    return this.#view.getUint32(this.#start + depthOffset.receiveNs, true);
  }

  get receiveNsHigh(): number {
    return this.#view.getUint32(this.#start + depthOffset.receiveNs + 4, true);
  }

  /** Receive time, ns since the epoch. Allocates; for borders only. */
  receiveNs(): bigint {
    return this.#view.getBigUint64(this.#start + depthOffset.receiveNs, true);
  }

  /** Venue's time of the event, ns since the epoch, 0 when unknown. Allocates. */
  eventNs(): bigint {
    return this.#view.getBigUint64(this.#start + depthOffset.eventNs, true);
  }

  /** Price of level `index`, 0 to bidCount + askCount - 1, bids first. Unchecked. */
  price(index: number): number {
    return this.#view.getFloat64(this.#levels + index * levelBytes, true);
  }

  /** Size of level `index`, as `price`. */
  size(index: number): number {
    const at = this.#levels + index * levelBytes + sizeOffset;
    return this.#view.getFloat64(at, true);
  }

  /** Largest price of the item, 0 without levels. */
  get priceMax(): number {
    return this.#priceMax;
  }

  /** Largest size of the item, 0 without levels. */
  get sizeMax(): number {
    return this.#sizeMax;
  }

  get symbolBytes(): number {
    return this.#view.getUint8(this.#start + depthOffset.symbolBytes);
  }

  /** Byte `index` of the symbol. */
  symbolByte(index: number): number {
    return this.#view.getUint8(this.#start + depthOffset.symbol + index);
  }

  /** 32-bit words of the symbol with its padding, for hashing and comparing. */
  get symbolWords(): number {
    return ((this.symbolBytes + 7) >> 3) << 1;
  }

  /** Word `index` of the padded symbol, unsigned. */
  symbolWord(index: number): number {
    return this.#view.getUint32(this.#start + depthOffset.symbol + index * 4, true);
  }

  /** The symbol as text. Allocates. */
  symbol(): string {
    let text = "";
    for (let i = 0; i < this.symbolBytes; i += 1) text += String.fromCharCode(this.symbolByte(i));
    return text;
  }

  get #flags(): number {
    return this.#view.getUint8(this.#start + depthOffset.flags);
  }

  // Callers have checked that the high word is below 2^21.
  #id(offset: number): number {
    const at = this.#start + offset;
    return this.#view.getUint32(at + 4, true) * word + this.#view.getUint32(at, true);
  }

  #checkHeader(): number {
    const view = this.#view;
    const at = this.#start;
    if (view.getUint8(at) !== depthVersion) return depthCode.version;
    if (this.kind < depthKind.snapshot || this.kind > depthKind.ticker) return depthCode.kind;
    if (this.venue < 1 || this.venue > venueCodeMax) return depthCode.venue;
    if (this.priceScale > decimalScaleMax || this.sizeScale > decimalScaleMax) {
      return depthCode.scale;
    }
    if (this.symbolBytes < 1 || this.symbolBytes > depthSymbolBytesMax) return depthCode.symbol;
    return this.#checkIds();
  }

  #checkIds(): number {
    const view = this.#view;
    const at = this.#start;
    const flags = this.#flags;
    if (!flagsFit(flags, this.kind) || view.getUint8(at + depthOffset.zero) !== 0) {
      return depthCode.flags;
    }
    for (let offset: number = depthOffset.firstId; offset <= depthOffset.prevId; offset += 8) {
      if (view.getUint32(at + offset + 4, true) >= idHighMax) return depthCode.id;
    }
    if (this.firstId > this.lastId) return depthCode.id;
    if (this.kind !== depthKind.delta && this.firstId !== this.lastId) return depthCode.id;
    return this.#prevIdFits(flags) ? depthCode.good : depthCode.flags;
  }

  #prevIdFits(flags: number): boolean {
    if ((flags & depthFlag.checksum) !== 0) return this.prevId < word;
    return (flags & depthFlag.prevId) !== 0 || this.prevId === 0;
  }

  #symbolIsGood(symbolBytes: number, levels: number): boolean {
    const first = this.#start + depthOffset.symbol;
    for (let at = first; at < levels; at += 1) {
      const byte = this.#view.getUint8(at);
      if (at < first + symbolBytes ? byte <= 0x20 || byte >= 0x7f : byte !== 0) return false;
    }
    return true;
  }

  // One pass for both columns; comparisons are written so that NaN fails them.
  #checkLevels(levels: number, end: number): number {
    const view = this.#view;
    const isAdded = this.isAdded;
    let priceMax = 0;
    let sizeMax = 0;
    for (let at = levels; at < end; at += levelBytes) {
      const price = view.getFloat64(at, true);
      const given = view.getFloat64(at + sizeOffset, true);
      const size = isAdded ? Math.abs(given) : given;
      if (!(price >= 0 && size >= 0)) return depthCode.level;
      if (Math.floor(price) !== price || Math.floor(size) !== size) return depthCode.level;
      if (price > priceMax) priceMax = price;
      if (size > sizeMax) sizeMax = size;
    }
    if (priceMax > decimalValueMax || sizeMax > decimalValueMax) return depthCode.level;
    this.#priceMax = priceMax;
    this.#sizeMax = sizeMax;
    return depthCode.good;
  }
}

/** Whether a kind may have these flags: sizes are only added by a delta. */
export const flagsFit = (flags: number, kind: number): boolean =>
  flags <= (depthFlag.added | depthFlag.checksum) &&
  (flags & 3) !== 3 &&
  ((flags & depthFlag.added) === 0 || kind === depthKind.delta);

/** Whether a kind may have these levels: limits, one level for a trade, one a side for a ticker. */
export const levelCountFits = (kind: number, bids: number, asks: number): boolean => {
  if (bids + asks > depthLevelsMax) return false;
  if (kind === depthKind.trade) return bids + asks === 1;
  return kind !== depthKind.ticker || (bids <= 1 && asks <= 1);
};
