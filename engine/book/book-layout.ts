// Where the books lie in one SharedArrayBuffer: a header line, then one slot per symbol. The
// market thread writes every word below; other threads only read. Lines are 128 bytes, so that a
// reader polling a top never shares a line with what the writer changes per level.
//
//   header   +0    symbols in use (Int32, stored with Atomics after the slot's directory)
//            +4    slots
//   slot     +0     top line: packed word (Int32), epoch (Int32)
//            +128   version line: record version, depth sequence, bids and asks outside the window,
//                   bids and asks of those that are listed (Int32 each)
//            +256   four records of 128 bytes: prices and sizes of the top, version v in v mod 4
//            +768   directory line: venue code, symbol bytes, symbol; written once
//            +896   counters line: 16 Float64
//            +1024  bitmaps: 32 words bids, 32 words asks
//            +1280  levels: 1024 Float64 sizes bids, 1024 asks
//            +17664 outside the window, best first: 256 Float64 prices and 256 sizes of bids, of asks
//
// Packed word: bits 0-10 bid index + 1, bits 11-21 ask index + 1 (0: no quote to trust), bits
// 22-31 the low bits of the epoch. The epoch counts window moves and changes of scale: with it an
// index means one price. A record is whole when the version has risen by less than 2 since it was
// looked up: the writer fills the next of the four, then publishes its number. Bitmaps, levels and
// what is said of levels outside are whole when the depth sequence is even and the same before and after.

/** Levels of the window of one side. The bitmap has as many bits in 32 words. */
export const windowLevels = 1024;
const bitmapWords = windowLevels / 32;

/** Index at which a side's best price stands after a move: a quarter of the window is headroom. */
export const windowBestIndex = (windowLevels * 3) / 4;

/** Below it the window is moved between two items, so that readers see levels behind the best one. */
export const windowLowIndex = windowLevels / 4;

/** Most levels of one side outside the window; a delta that needs more breaks the book. */
export const farLevelsMax = 65_536;

/** Of them the best, which other threads see; half as many at least, or all. */
export const farListedMax = 256;

/** Symbols of one memory when nothing else is asked for, and at most. */
export const bookSymbolsDefault = 64;
export const bookSymbolsMax = 4096;

const headerBytes = 128;
/** Records of a slot; a power of two. */
export const recordCount = 4;
const recordBytes = 128;
const slotTop = 0;
const slotVersions = 128;
const slotRecords = 256;
const slotDirectory = slotRecords + recordCount * recordBytes;
const slotCounters = slotDirectory + 128;
const slotBitmaps = slotCounters + 128;
const slotLevels = slotBitmaps + 2 * bitmapWords * 4;
const slotFar = slotLevels + 2 * windowLevels * 8;
const slotBytes = slotFar + 4 * farListedMax * 8;

/** Int32 indexes in the header line. */
export const headerWord = { symbols: 0, slots: 1 } as const;

/** Int32 indexes in the top line. */
export const topWord = { packed: 0, epoch: 1 } as const;

/** Int32 indexes in the version line; all but the first belong to the depth sequence. */
export const versionWord = {
  record: 0,
  depth: 1,
  farBids: 2,
  farAsks: 3,
  listedBids: 4,
  listedAsks: 5,
} as const;

/** Int32 indexes in a record; `sides` has bit 0 for a bid and bit 1 for an ask. */
export const recordWord = {
  state: 0,
  epoch: 1,
  priceScale: 2,
  sizeScale: 3,
  receiveNsLow: 4,
  receiveNsHigh: 5,
  sides: 6,
} as const;

/** Float64 indexes in a record, behind its eight words; the bases are those of the windows. */
export const recordNumber = {
  bidPrice: 4,
  bidSize: 5,
  bidBase: 6,
  askPrice: 7,
  askSize: 8,
  askBase: 9,
  updateId: 10,
} as const;

/** Int32 and Float64 places from one record to the next. */
export const recordWordStride = recordBytes / 4;
export const recordNumberStride = recordBytes / 8;

/** Int32 indexes in the directory line; the symbol starts at byte 8. */
export const directoryWord = { venue: 0, symbolBytes: 1, symbol: 2 } as const;

/** Float64 indexes in the counters line. All only grow, but the last two. */
export const bookCounter = {
  /** Items of this symbol, of any kind. */
  messages: 0,
  /** Deltas applied. */
  applied: 1,
  /** Deltas and snapshots older than the book. */
  stale: 2,
  gaps: 3,
  /** Snapshots taken after the first. */
  resyncs: 4,
  /** Levels of the applied deltas. */
  levelUpdates: 5,
  trades: 6,
  tickers: 7,
  /** Items that the symbol's book refused: a price range, or too many levels. */
  refused: 8,
  /** Deltas dropped from the buffer because it was full. */
  heldDropped: 9,
  windowMoves: 10,
  snapshots: 11,
  /** Applied items after which the best bid was above the best ask. */
  crossed: 12,
  /** Items after which the book did not have the venue's checksum. */
  checksumFaults: 13,
  /** Now: id of the last applied item. */
  lastId: 14,
  /** Now: receive time of the last item, microseconds since the epoch. */
  receiveUs: 15,
} as const;

export type BookCounter = keyof typeof bookCounter;

/** One slot's views. The same bytes in every thread. */
export type BookSlot = {
  readonly top: Int32Array;
  readonly versions: Int32Array;
  /** Of all records. */
  readonly recordWords: Int32Array;
  readonly recordNumbers: Float64Array;
  readonly directory: Int32Array;
  readonly symbol: Uint8Array;
  readonly counters: Float64Array;
  readonly bidBitmap: Int32Array;
  readonly askBitmap: Int32Array;
  readonly bidSizes: Float64Array;
  readonly askSizes: Float64Array;
  readonly farBids: FarView;
  readonly farAsks: FarView;
};

/** Levels outside a window, best first. */
export type FarView = { readonly prices: Float64Array; readonly sizes: Float64Array };

/**
 * Zeroed memory for the books of this many symbols, 64 when left out: for one writer, `MarketBooks`,
 * and readers in any thread.
 * @throws RangeError when `symbols` is not 1 to 4,096.
 */
export const createBookMemory = (symbols: number = bookSymbolsDefault): SharedArrayBuffer => {
  if (!Number.isInteger(symbols) || symbols < 1 || symbols > bookSymbolsMax) {
    throw new RangeError(`symbols=${symbols} is not 1 to bookSymbolsMax=${bookSymbolsMax}`);
  }
  const memory = new SharedArrayBuffer(headerBytes + symbols * slotBytes);
  new Int32Array(memory)[headerWord.slots] = symbols;
  return memory;
};

/** Slots of a memory. @throws TypeError for other memory than that of `createBookMemory`. */
export const bookSlots = (memory: SharedArrayBuffer): number => {
  const isLarge = memory.byteLength >= headerBytes + slotBytes;
  const slots = isLarge ? Atomics.load(new Int32Array(memory, 0, 2), headerWord.slots) : 0;
  if (isLarge && memory.byteLength === headerBytes + slots * slotBytes) return slots;
  throw new TypeError("memory holds no books: make it with createBookMemory");
};

/** Views of slot `index`. @throws RangeError when the memory has no such slot. */
export const bookSlot = (memory: SharedArrayBuffer, index: number): BookSlot => {
  const slots = bookSlots(memory);
  if (!Number.isInteger(index) || index < 0 || index >= slots)
    throw new RangeError(`book=${index} is not 0 to ${slots - 1}`);
  const at = headerBytes + index * slotBytes;
  const bitmaps = at + slotBitmaps;
  const levels = at + slotLevels;
  return {
    top: new Int32Array(memory, at + slotTop, 2),
    versions: new Int32Array(memory, at + slotVersions, 6),
    recordWords: new Int32Array(memory, at + slotRecords, recordCount * recordWordStride),
    recordNumbers: new Float64Array(memory, at + slotRecords, recordCount * recordNumberStride),
    directory: new Int32Array(memory, at + slotDirectory, 2),
    symbol: new Uint8Array(memory, at + slotDirectory + 8, 32),
    counters: new Float64Array(memory, at + slotCounters, 16),
    bidBitmap: new Int32Array(memory, bitmaps, bitmapWords),
    askBitmap: new Int32Array(memory, bitmaps + bitmapWords * 4, bitmapWords),
    bidSizes: new Float64Array(memory, levels, windowLevels),
    askSizes: new Float64Array(memory, levels + windowLevels * 8, windowLevels),
    farBids: farView(memory, at + slotFar),
    farAsks: farView(memory, at + slotFar + 2 * farListedMax * 8),
  };
};

const farView = (memory: SharedArrayBuffer, at: number): FarView => ({
  prices: new Float64Array(memory, at, farListedMax),
  sizes: new Float64Array(memory, at + farListedMax * 8, farListedMax),
});

/** The symbol of a book that has one. */
export const symbolOf = ({ symbol, directory }: BookSlot): string =>
  String.fromCharCode(...symbol.subarray(0, directory[directoryWord.symbolBytes] ?? 0));

/**
 * Forgets all books, while no thread writes them: readers see none until they are rebuilt.
 * @throws TypeError for other memory than that of `createBookMemory`, which is left as it is.
 */
export const resetBookMemory = (memory: SharedArrayBuffer): void => {
  const slots = bookSlots(memory);
  // First of all nobody shall look at a slot any more.
  Atomics.store(new Int32Array(memory), headerWord.symbols, 0);
  new Uint8Array(memory, headerBytes, slots * slotBytes).fill(0);
};
