// All order books of one market thread: takes depth items in place, finds the book, lets its
// sequencer judge, applies levels, publishes the top. The command line runs this same code over
// files. Nothing is allocated per item once a symbol is known and in sync.
import { decimalValueMax, powerOfTen } from "../../schemas/market/decimal.ts";
import { depthCode, DepthItem, depthKind } from "../../schemas/market/depth-item.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import { BookDirectory } from "./book-directory.ts";
import {
  bookCounter as counter,
  type BookSlot,
  bookSlot,
  bookSlots,
  directoryWord,
  headerWord,
} from "./book-layout.ts";
import { type BookChecksum, bookChecksums } from "./book-checksum.ts";
import { bookOutcome } from "./book-outcome.ts";
import { BookSequencer, bookState, sequenceRuleOf, verdict } from "./book-sequencer.ts";
import { HeldItems, heldBytesDefault } from "./held-items.ts";
import { OrderBook, type TopOrigin } from "./order-book.ts";
import { SubscribedLevels } from "./subscribed-levels.ts";

/** One symbol's book with what keeps it right. */
export type MarketBook = {
  readonly index: number;
  readonly slot: BookSlot;
  readonly book: OrderBook;
  readonly sequencer: BookSequencer;
  readonly held: HeldItems;
  /** Null where the venue tells of all levels. */
  readonly subscribed: SubscribedLevels | null;
  /** What the checksums of the venue's messages are held to. */
  readonly checksumOf: BookChecksum;
};

/** What a set of books is made of. */
export type MarketBooksOptions = {
  /**
   * Of `createBookMemory`; this object becomes its only writer. One that had a writer before must
   * be forgotten first (`resetBookMemory`): readers would take its books for current ones.
   */
  readonly memory: SharedArrayBuffer;
  /** Per symbol, bytes of deltas kept while there is no snapshot, 1,024 at least. Default 2 MiB. */
  readonly heldBytesMax?: number;
  /**
   * Called after each applied snapshot or delta, those from the buffer included, and after one whose
   * checksum emptied the book, with the item and whether the top changed. For the command line and
   * tests; leave it out on the hot path.
   */
  readonly onApplied?: (book: MarketBook, item: DepthItem, isTopChanged: boolean) => void;
};

const heldBytesMin = 1024;
const usPerHigh = 2 ** 32 / 1000;

/** One per market thread. */
export class MarketBooks {
  readonly #memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #directory: BookDirectory;
  readonly #books: MarketBook[] = [];
  readonly #heldBytesMax: number;
  readonly #onApplied: NonNullable<MarketBooksOptions["onApplied"]> | null;
  readonly #item = new DepthItem();
  readonly #heldItem = new DepthItem();
  readonly #checksumOf = bookChecksums();
  #latest: MarketBook | null = null;
  readonly #origin: TopOrigin = {
    state: bookState.buffering,
    isTrusted: false,
    updateId: 0,
    receiveNsLow: 0,
    receiveNsHigh: 0,
  };

  /**
   * @throws TypeError for other memory than that of `createBookMemory`.
   * @throws RangeError for a `heldBytesMax` that is no integer of 1,024 or more.
   */
  constructor(options: MarketBooksOptions) {
    const slots = bookSlots(options.memory);
    const { heldBytesMax = heldBytesDefault } = options;
    if (!Number.isSafeInteger(heldBytesMax) || heldBytesMax < heldBytesMin)
      throw new RangeError(`heldBytesMax=${heldBytesMax}, ${heldBytesMin} at least`);
    this.#memory = options.memory;
    this.#header = new Int32Array(options.memory, 0, 2);
    this.#directory = new BookDirectory(slots);
    this.#heldBytesMax = heldBytesMax;
    this.#onApplied = options.onApplied ?? null;
  }

  /** Books in order of first sight. */
  get books(): readonly MarketBook[] {
    return this.#books;
  }

  /** The book of the last item that was not refused, null before one. */
  get latest(): MarketBook | null {
    return this.#latest;
  }

  /**
   * Takes the item in the bytes [start, end) and returns a `bookOutcome`. The bytes may be reused
   * afterwards. Never throws for what they hold.
   */
  apply(view: DataView, start: number, end: number): number {
    const item = this.#item;
    const code = item.point(view, start, end);
    if (code !== depthCode.good) return bookOutcome.refused + code;
    const found = this.#directory.find(item);
    const entry = found < 0 ? this.#open(item) : this.#books[found];
    if (entry === undefined) return bookOutcome.symbolsFull;
    this.#latest = entry;
    add(entry, counter.messages, 1);
    entry.slot.counters[counter.receiveUs] =
      item.receiveNsHigh * usPerHigh + item.receiveNsLow / 1000;
    if (item.kind === depthKind.delta) return this.#offerDelta(entry, item);
    if (item.kind === depthKind.snapshot) return this.#offerSnapshot(entry, item);
    const isTrade = item.kind === depthKind.trade;
    add(entry, isTrade ? counter.trades : counter.tickers, 1);
    return isTrade ? bookOutcome.trade : bookOutcome.ticker;
  }

  #offerDelta(entry: MarketBook, item: DepthItem): number {
    const { sequencer } = entry;
    const judged = sequencer.offerDelta(item.firstId, item.lastId, prevIdOf(item));
    if (judged === verdict.apply) return this.#applyDelta(entry, item);
    if (judged === verdict.stale) {
      add(entry, counter.stale, 1);
      return bookOutcome.stale;
    }
    entry.held.add(item.view, item.start, item.end);
    entry.slot.counters[counter.heldDropped] = entry.held.dropped;
    if (judged === verdict.hold) return bookOutcome.held;
    this.#breakOff(entry, item);
    return bookOutcome.gap;
  }

  #offerSnapshot(entry: MarketBook, item: DepthItem): number {
    const wasTaken = entry.sequencer.lastId >= 0;
    if (entry.sequencer.offerSnapshot(item.lastId) === verdict.stale) {
      add(entry, counter.stale, 1);
      return bookOutcome.stale;
    }
    add(entry, counter.snapshots, 1);
    entry.book.beginUpdate();
    entry.book.clear();
    entry.book.fitScales(item);
    // Fewer levels than farLevelsMax fit one item, so an empty book takes them all.
    setLevels(entry.book, item);
    entry.subscribed?.begin(entry.book, item);
    if (item.hasChecksum && !this.#isProven(entry, item)) return this.#disprove(entry, item);
    this.#publish(entry, item);
    this.#replay(entry);
    if (wasTaken && entry.sequencer.state !== bookState.gap) add(entry, counter.resyncs, 1);
    return bookOutcome.applied;
  }

  // Ends with an empty buffer, or at the first delta that does not follow, which stays in it.
  #replay(entry: MarketBook): void {
    const { held, sequencer } = entry;
    const item = this.#heldItem;
    while (sequencer.isInStream && !held.isEmpty) {
      add(entry, counter.stale, 1);
      held.shift();
    }
    while (!held.isEmpty) {
      item.point(held.view, held.itemStart, held.itemEnd);
      const judged = sequencer.offerDelta(item.firstId, item.lastId, prevIdOf(item));
      if (judged === verdict.hold) return;
      if (judged === verdict.gap) {
        this.#breakOff(entry, item);
        return;
      }
      if (judged === verdict.stale) add(entry, counter.stale, 1);
      else this.#applyDelta(entry, item);
      held.shift();
    }
  }

  #applyDelta(entry: MarketBook, item: DepthItem): number {
    entry.book.beginUpdate();
    if (!entry.book.fitScales(item)) {
      add(entry, counter.refused, 1);
      this.#breakOff(entry, item);
      return bookOutcome.range;
    }
    if (item.isAdded && !addSizes(entry.book, item)) {
      add(entry, counter.refused, 1);
      this.#breakOff(entry, item);
      return bookOutcome.range;
    }
    if (!item.isAdded && !setLevels(entry.book, item)) {
      add(entry, counter.refused, 1);
      this.#breakOff(entry, item);
      return bookOutcome.levelsFull;
    }
    entry.subscribed?.follow(entry.book, item);
    if (item.hasChecksum && !this.#isProven(entry, item)) return this.#disprove(entry, item);
    add(entry, counter.applied, 1);
    add(entry, counter.levelUpdates, item.bidCount + item.askCount);
    this.#publish(entry, item);
    return bookOutcome.applied;
  }

  #isProven({ book, subscribed, checksumOf }: MarketBook, item: DepthItem): boolean {
    if (checksumOf(book) === item.prevId) return true;
    return subscribed?.widen(book) === true && checksumOf(book) === item.prevId;
  }

  #disprove(entry: MarketBook, item: DepthItem): number {
    add(entry, counter.checksumFaults, 1);
    entry.book.clear();
    const isTopChanged = this.#breakOff(entry, item);
    if (this.#onApplied !== null) this.#onApplied(entry, item, isTopChanged);
    return bookOutcome.checksum;
  }

  #breakOff(entry: MarketBook, item: DepthItem): boolean {
    entry.sequencer.breakOff();
    add(entry, counter.gaps, 1);
    return this.#show(entry, item);
  }

  #publish(entry: MarketBook, item: DepthItem): void {
    const { book, slot, sequencer } = entry;
    slot.counters[counter.lastId] = sequencer.lastId;
    slot.counters[counter.windowMoves] = book.bids.moves + book.asks.moves;
    if (book.isCrossed) add(entry, counter.crossed, 1);
    const isTopChanged = this.#show(entry, item);
    if (this.#onApplied !== null) this.#onApplied(entry, item, isTopChanged);
  }

  #show({ book, sequencer }: MarketBook, item: DepthItem): boolean {
    const origin = this.#origin;
    origin.state = sequencer.state;
    origin.isTrusted = sequencer.state !== bookState.gap;
    origin.updateId = sequencer.lastId;
    origin.receiveNsLow = item.receiveNsLow;
    origin.receiveNsHigh = item.receiveNsHigh;
    return book.publish(origin);
  }

  #open(item: DepthItem): MarketBook | undefined {
    const index = this.#directory.add(item);
    if (index < 0) return undefined;
    const slot = bookSlot(this.#memory, index);
    const entry = {
      index,
      slot,
      book: new OrderBook(slot),
      sequencer: new BookSequencer(sequenceRuleOf(item.venue)),
      held: new HeldItems(this.#heldBytesMax),
      subscribed: item.venue === venueCodes.kraken ? new SubscribedLevels() : null,
      checksumOf: this.#checksumOf(item.venue),
    };
    slot.directory[directoryWord.venue] = item.venue;
    slot.directory[directoryWord.symbolBytes] = item.symbolBytes;
    for (let i = 0; i < item.symbolBytes; i += 1) slot.symbol[i] = item.symbolByte(i);
    this.#books.push(entry);
    // Readers look at a slot only after they have seen the count.
    Atomics.store(this.#header, headerWord.symbols, index + 1);
    return entry;
  }
}

const add = ({ slot: { counters } }: MarketBook, index: number, amount: number): void => {
  counters[index] = (counters[index] ?? 0) + amount;
};

// The book's scales are at least as fine as the item's, and all products were checked.
const setLevels = (book: OrderBook, item: DepthItem): boolean => {
  const priceFactor = powerOfTen(book.priceScale - item.priceScale);
  const sizeFactor = powerOfTen(book.sizeScale - item.sizeScale);
  const bidCount = item.bidCount;
  const count = bidCount + item.askCount;
  let isWhole = true;
  for (let i = 0; i < bidCount; i += 1) {
    if (!book.bids.set(item.price(i) * priceFactor, item.size(i) * sizeFactor)) isWhole = false;
  }
  for (let i = bidCount; i < count; i += 1) {
    if (!book.asks.set(item.price(i) * priceFactor, item.size(i) * sizeFactor)) isWhole = false;
  }
  return isWhole;
};

const prevIdOf = (item: DepthItem): number => (item.hasPrevId ? item.prevId : -1);

// False when a level would fall below 0 or pass the range, or does not fit the far levels.
const addSizes = (book: OrderBook, item: DepthItem): boolean => {
  const priceFactor = powerOfTen(book.priceScale - item.priceScale);
  const sizeFactor = powerOfTen(book.sizeScale - item.sizeScale);
  const count = item.bidCount + item.askCount;
  let isWhole = true;
  for (let i = 0; i < count; i += 1) {
    const side = i < item.bidCount ? book.bids : book.asks;
    const price = item.price(i) * priceFactor;
    const size = side.sizeAt(price) + item.size(i) * sizeFactor;
    if (!(size >= 0 && size <= decimalValueMax) || !side.set(price, size)) isWhole = false;
  }
  return isWhole;
};
