// The best N levels of a book as any thread but the market thread reads them: the window in shared
// memory and the best levels outside it, 128 at least where there are so many, under the depth
// sequence; `bids.isCut` says that there are more. All of them has the market thread
// (OrderBook.copyDepth), as `onApplied` does.
import { finishLoads } from "../ring/store-order.ts";
import {
  type FarView,
  bookCounter as counter,
  type BookSlot,
  bookSlot,
  bookSlots,
  directoryWord,
  headerWord,
  versionWord,
  windowLevels,
} from "./book-layout.ts";
import type { Depth, DepthSide } from "./depth.ts";
import { TopReader } from "./top-reader.ts";

// Own constants, because an imported binding is loaded at each use.
const depthAt: number = versionWord.depth;
const farBidsAt: number = versionWord.farBids;
const farAsksAt: number = versionWord.farAsks;
const listedBidsAt: number = versionWord.listedBids;
const listedAsksAt: number = versionWord.listedAsks;
const levelUpdatesAt: number = counter.levelUpdates;
const lastIdAt: number = counter.lastId;
const receiveUsAt: number = counter.receiveUs;

// A try fails when an item begins within a copy; the gaps between items are longer than a copy.
const triesMax = 10_000;
const words = windowLevels / 32;

/** One object per reading thread and book; writes nothing to the shared memory. */
export class DepthReader {
  readonly #slot: BookSlot;
  readonly #top: TopReader;
  #tries = 0;

  /** @throws RangeError when the memory has no such book yet, and as `readTops`. */
  constructor(memory: SharedArrayBuffer, index: number) {
    bookSlots(memory);
    const books = Atomics.load(new Int32Array(memory, 0, 2), headerWord.symbols);
    if (!(index >= 0 && index < books)) throw new RangeError(`book=${index} is not below ${books}`);
    this.#slot = bookSlot(memory, index);
    this.#top = new TopReader(memory, index);
  }

  /** The venue code of the book, one of `venueCodes`. */
  get venue(): number {
    return this.#slot.directory[directoryWord.venue] ?? 0;
  }

  /** Copies that were begun again so far, because an item came in between. */
  get retries(): number {
    return this.#tries;
  }

  /**
   * Copies levels of one moment between two items into `into`. Returns false, and `into` is in no
   * usable state, when the writer never paused or died within an item. Allocates nothing.
   */
  read(into: Depth): boolean {
    const { versions } = this.#slot;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const before = Atomics.load(versions, depthAt);
      if ((before & 1) === 0 && this.#copy(into)) {
        finishLoads();
        if (Atomics.load(versions, depthAt) === before) return true;
      }
      this.#tries += 1;
    }
    return false;
  }

  #copy(into: Depth): boolean {
    const top = this.#top;
    const { counters, versions, bidBitmap, bidSizes, askBitmap, askSizes } = this.#slot;
    const { farBids, farAsks } = this.#slot;
    if (!top.readRecord()) return false;
    into.state = top.state;
    into.priceScale = top.priceScale;
    into.sizeScale = top.sizeScale;
    into.updateId = counters[lastIdAt] ?? 0;
    into.levelUpdates = counters[levelUpdatesAt] ?? 0;
    into.receiveUs = counters[receiveUsAt] ?? 0;
    const bids = { bitmap: bidBitmap, sizes: bidSizes, base: top.bidBase };
    const asks = { bitmap: askBitmap, sizes: askSizes, base: top.askBase };
    if (copyWindow(bids, into.bids))
      copyFar(farBids, versions[listedBidsAt] ?? 0, versions[farBidsAt] ?? 0, into.bids);
    if (copyWindow(asks, into.asks))
      copyFar(farAsks, versions[listedAsksAt] ?? 0, versions[farAsksAt] ?? 0, into.asks);
    return true;
  }
}

type Window = {
  readonly bitmap: Int32Array;
  readonly sizes: Float64Array;
  readonly base: number;
};

/** Whether all of the window was copied. */
const copyWindow = ({ bitmap, sizes, base }: Window, into: DepthSide): boolean => {
  const { prices, sign } = into;
  let count = 0;
  into.isCut = false;
  for (let word = words - 1; word >= 0; word -= 1) {
    let bits = bitmap[word] ?? 0;
    while (bits !== 0 && count < prices.length) {
      const bit = 31 - Math.clz32(bits);
      bits &= ~(1 << bit);
      const at = (word << 5) + bit;
      prices[count] = (base + at) * sign + 0;
      into.sizes[count] = sizes[at] ?? 0;
      count += 1;
    }
    if (bits !== 0) {
      into.isCut = true;
      break;
    }
  }
  into.count = count;
  return !into.isCut;
};

// Nothing is trusted that a writer may be changing: the sequence tells only afterwards.
const copyFar = (far: FarView, listed: number, all: number, into: DepthSide): void => {
  const room = Math.min(listed, far.prices.length, into.prices.length - into.count);
  for (let i = 0; i < room; i += 1) {
    into.prices[into.count] = far.prices[i] ?? 0;
    into.sizes[into.count] = far.sizes[i] ?? 0;
    into.count += 1;
  }
  into.isCut = room < all;
};
