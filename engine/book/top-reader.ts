// The tops of books as any thread but the market thread reads them. TopReader polls one book with
// one plain read; readTops lists all of them as exact text for people.
import { formatDecimal } from "../../schemas/market/decimal.ts";
import { type VenueName, venueNameOf } from "../../schemas/market/venues.ts";
import {
  type BookCounter,
  bookCounter,
  type BookSlot,
  bookSlot,
  bookSlots,
  directoryWord,
  headerWord,
  recordCount,
  recordNumber as number,
  recordNumberStride,
  recordWord as word,
  recordWordStride,
  symbolOf,
  topWord,
  versionWord,
} from "./book-layout.ts";
import { bookStateName, type BookStateName } from "./book-sequencer.ts";

/** A price that is not there: empty side, or a book that is not to be trusted. */
export const noPrice = -1;

/** A spread that is not there: no price on one side. Crossed books have negative spreads. */
export const noSpread = -(2 ** 31);

// A try fails when the writer publishes twice within one copy; a writer that died between two
// words must not hang a reader.
const triesMax = 10_000;
const recordWords = 8;
const recordNumbers = 7;
const firstNumber: number = number.bidPrice;
const indexMask = 2047;
// Own constants, because an imported binding is loaded at each use and costs as much as the read.
const recordAt: number = versionWord.record;
const recordMask: number = recordCount - 1;
const wordStride: number = recordWordStride;
const numberStride: number = recordNumberStride;
const packedAt: number = topWord.packed;
const epochAt: number = topWord.epoch;
const missingPrice: number = noPrice;
const missingSpread: number = noSpread;

/**
 * Reads one book's top. `bidPrice`, `askPrice` and `spread` each cost one plain read of a packed
 * word as long as the window stays where it is; `readRecord` gives prices and sizes of one
 * moment. Plain reads follow the writer within its store buffer; a loop that does nothing else
 * must call `readRecord`, which a compiler may not hoist.
 * One object per reading thread; writes nothing to the shared memory. Allocates nothing.
 */
export class TopReader {
  readonly #top: Int32Array;
  readonly #versions: Int32Array;
  readonly #sharedWords: Int32Array;
  readonly #sharedNumbers: Float64Array;
  readonly #words = new Int32Array(recordWords);
  readonly #numbers = new Float64Array(recordNumbers);
  readonly #fence = new Int32Array(1);
  #epoch = 0;
  // The bits of the epoch that a packed word has.
  #epochBits = 0;
  // Price of packed index 0, which itself means none.
  #bidOrigin = 0;
  #askOrigin = 0;
  // Their difference: small, so it stays an integer for the machine.
  #spreadOrigin = 0;

  /**
   * `index` is that of the book's slot, also before its symbol came.
   * @throws RangeError when the memory has no such slot, and as `readTops`.
   */
  constructor(memory: SharedArrayBuffer, index: number) {
    const slot = bookSlot(memory, index);
    this.#top = slot.top;
    this.#versions = slot.versions;
    this.#sharedWords = slot.recordWords;
    this.#sharedNumbers = slot.recordNumbers;
  }

  /**
   * The packed word as it is: the best prices are unchanged while it is (but for 1024 window moves
   * in between). For polling; one load and nothing else.
   */
  packedWord(): number {
    return this.#top[packedAt] ?? 0;
  }

  /** Best bid in ticks, or `noPrice`. */
  bidPrice(): number {
    const packed = this.#packed();
    const bid = packed & indexMask;
    return bid === 0 ? missingPrice : this.#bidOrigin + bid;
  }

  /** Best ask in ticks, or `noPrice`. */
  askPrice(): number {
    const packed = this.#packed();
    const ask = (packed >>> 11) & indexMask;
    return ask === 0 ? missingPrice : this.#askOrigin - ask;
  }

  /** Best ask minus best bid of one moment, in ticks, or `noSpread`. */
  spread(): number {
    const packed = this.#packed();
    const bid = packed & indexMask;
    const ask = (packed >>> 11) & indexMask;
    return bid === 0 || ask === 0 ? missingSpread : this.#spreadOrigin - ask - bid;
  }

  /**
   * Copies the record of one moment, for the accessors below. Returns false, and the accessors
   * keep what they had, when the writer was always faster. A writer that stopped within a write
   * leaves the record before it.
   */
  readRecord(): boolean {
    const versions = this.#versions;
    const words = this.#sharedWords;
    const numbers = this.#sharedNumbers;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const version = Atomics.load(versions, recordAt);
      const record = version & recordMask;
      const wordAt = record * wordStride;
      const numberAt = record * numberStride + firstNumber;
      for (let i = 0; i < recordWords; i += 1) this.#words[i] = words[wordAt + i] ?? 0;
      for (let i = 0; i < recordNumbers; i += 1) this.#numbers[i] = numbers[numberAt + i] ?? 0;
      // Any store and then a load: the plain loads above are done before the version is loaded.
      Atomics.store(this.#fence, 0, 0);
      if (((Atomics.load(versions, recordAt) - version) | 0) < 2) return this.#rebase();
    }
    return false;
  }

  #rebase(): true {
    this.#epoch = this.#word(word.epoch);
    this.#epochBits = this.#epoch & 1023;
    this.#bidOrigin = this.#number(number.bidBase) - 1;
    this.#askOrigin = 1 - this.#number(number.askBase);
    const wide = this.#askOrigin - this.#bidOrigin;
    this.#spreadOrigin = wide === (wide | 0) ? wide | 0 : wide;
    return true;
  }

  /** The following are of the last `readRecord`. A `bookState`. */
  get state(): number {
    return this.#word(word.state);
  }

  get priceScale(): number {
    return this.#word(word.priceScale);
  }

  get sizeScale(): number {
    return this.#word(word.sizeScale);
  }

  get hasBid(): boolean {
    return (this.#word(word.sides) & 1) !== 0;
  }

  get hasAsk(): boolean {
    return (this.#word(word.sides) & 2) !== 0;
  }

  /** Price times sign of index 0 of the window of bids. */
  get bidBase(): number {
    return this.#number(number.bidBase);
  }

  get askBase(): number {
    return this.#number(number.askBase);
  }

  get recordBidPrice(): number {
    return this.#number(number.bidPrice);
  }

  get recordBidSize(): number {
    return this.#number(number.bidSize);
  }

  get recordAskPrice(): number {
    return this.#number(number.askPrice);
  }

  get recordAskSize(): number {
    return this.#number(number.askSize);
  }

  /** Update id with which the top became what it is. */
  get updateId(): number {
    return this.#number(number.updateId);
  }

  /** Receive time of that update, ns since the epoch. Allocates. */
  receiveNs(): bigint {
    const high = BigInt(this.#word(word.receiveNsHigh) >>> 0);
    return (high << 32n) | BigInt(this.#word(word.receiveNsLow) >>> 0);
  }

  // The packed word, with the bases that belong to it. The whole epoch is compared too, as its
  // low ten bits repeat. The writer stores the packed word last, so a mismatch lasts only as long
  // as its write; a writer that died within one leaves 0, no quote.
  #packed(): number {
    const top = this.#top;
    const packed = top[packedAt] ?? 0;
    const isCurrent = packed >>> 22 === this.#epochBits && top[epochAt] === this.#epoch;
    return isCurrent ? packed : this.#catchUp();
  }

  #catchUp(): number {
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (!this.readRecord()) return 0;
      const packed = Atomics.load(this.#top, packedAt);
      const epoch = Atomics.load(this.#top, epochAt);
      if (packed >>> 22 === this.#epochBits && epoch === this.#epoch) return packed;
    }
    return 0;
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }

  #number(index: number): number {
    return this.#numbers[index - firstNumber] ?? 0;
  }
}

/** One line of the live view. Prices and sizes are exact decimals, null for an empty side. */
export type TopOfBook = {
  readonly venue: VenueName | "unknown";
  readonly symbol: string;
  readonly state: BookStateName;
  /** As of the last change of the top; not to be trusted in state `gap`. */
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
  /** Levels of each side. */
  readonly bidLevels: number;
  readonly askLevels: number;
  readonly updateId: number;
  /** ns since the epoch. */
  readonly receiveNs: bigint;
  readonly counters: BookCounters;
};

/**
 * The tops of all symbols in order of first sight. Any thread; allocates.
 * @throws TypeError for other memory than that of `createBookMemory`.
 */
export const readTops = (memory: SharedArrayBuffer): readonly TopOfBook[] => {
  bookSlots(memory);
  const count = Atomics.load(new Int32Array(memory, 0, 2), headerWord.symbols);
  return Array.from({ length: count }, (_, index) => readTop(memory, index));
};

const readTop = (memory: SharedArrayBuffer, index: number): TopOfBook => {
  const slot = bookSlot(memory, index);
  const reader = new TopReader(memory, index);
  reader.readRecord();
  const price = (has: boolean, value: number) =>
    has ? formatDecimal(value, reader.priceScale) : null;
  const size = (has: boolean, value: number) =>
    has ? formatDecimal(value, reader.sizeScale) : null;
  return {
    venue: venueNameOf(slot.directory[directoryWord.venue] ?? 0) ?? "unknown",
    symbol: symbolOf(slot),
    state: bookStateName(reader.state),
    bid: price(reader.hasBid, reader.recordBidPrice),
    bidSize: size(reader.hasBid, reader.recordBidSize),
    ask: price(reader.hasAsk, reader.recordAskPrice),
    askSize: size(reader.hasAsk, reader.recordAskSize),
    bidLevels: setBits(slot.bidBitmap) + (slot.versions[versionWord.farBids] ?? 0),
    askLevels: setBits(slot.askBitmap) + (slot.versions[versionWord.farAsks] ?? 0),
    updateId: reader.updateId,
    receiveNs: reader.receiveNs(),
    counters: readCounters(slot),
  };
};

/** Of a bitmap, one for each level in the window. */
const setBits = (words: Int32Array): number => {
  let count = 0;
  for (const word of words) for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};

/** Counters by name. */
export type BookCounters = { readonly [name in BookCounter]: number };

/** What a book that never was has counted. */
export const noCounters = Object.fromEntries(
  Object.keys(bookCounter).map((name) => [name, 0]),
) as BookCounters;

/** A symbol's counters by name; each is exact, together they may be of different moments. */
export const readCounters = (slot: BookSlot): BookCounters => {
  const values = Object.entries(bookCounter).map(([name, at]) => [name, slot.counters[at] ?? 0]);
  return Object.fromEntries(values) as BookCounters;
};
