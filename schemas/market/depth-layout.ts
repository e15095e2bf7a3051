// Byte layout of one depth item (topic weir-depth), little-endian. No algorithm: depth-item.ts
// reads and writes it. Items have no alignment inside a frame, so all access is by DataView.
//
//   offset size field
//    0     1    version, 1
//    1     1    kind: 1 snapshot, 2 delta, 3 trade, 4 ticker
//    2     1    venue code (venues.ts)
//    3     1    price scale: decimals of the price integers, 0..18
//    4     1    size scale: decimals of the size integers, 0..18
//    5     1    symbol bytes, 1..32, printable ASCII without space
//    6     1    flags: bit 0 = prevId is present; bit 1 = prevId is a checksum instead;
//               bit 2 = sizes of this delta are added; other bits 0
//    7     1    0
//    8     4    bid levels
//   12     4    ask levels (both together at most depthLevelsMax)
//   16     8    firstId: first update id of a delta (Binance U); else equal to lastId
//   24     8    lastId: last update id (u, lastUpdateId), or trade id
//   32     8    prevId: last id of the delta before (pu), or the CRC-32 of the book after this
//               item in the venue's form (Kraken, Bitfinex; unsigned), 0 when absent
//   40     8    event time at the venue, ns since the epoch, 0 when unknown
//   48     8    receive time, ns since the epoch; for 0 the edge puts in its own
//   56     n    symbol, padded with zero bytes to a multiple of 8
//    .   16*k   levels, bids first, best or worst first as sent: price f64, size f64
//
// Ids are integers up to 2^53 - 1 in a u64. Prices (ticks of 10^-scale) and sizes (lots) are
// integers from 0 to 2^53 - 1 in a double; sizes that are added go from -(2^53 - 1). A size of 0
// in a delta removes the level, or with bit 2 changes nothing. A trade has
// one level: a bid when the buyer was the taker, an ask when the seller was. A ticker has at most
// one level a side.

/** Field offsets from the start of an item, bytes. */
export const depthOffset = {
  version: 0,
  kind: 1,
  venue: 2,
  priceScale: 3,
  sizeScale: 4,
  symbolBytes: 5,
  flags: 6,
  zero: 7,
  bidCount: 8,
  askCount: 12,
  firstId: 16,
  lastId: 24,
  prevId: 32,
  eventNs: 40,
  receiveNs: 48,
  symbol: 56,
} as const;

export const depthVersion = 1;

/** Bytes of one level; the size stands `depthSizeOffset` bytes after the price. */
export const depthLevelBytes = 16;
export const depthSizeOffset = 8;

/** Bits of the flags; the first two exclude each other. */
export const depthFlag = { prevId: 1, checksum: 2, added: 4 } as const;

/** Longest symbol, bytes. */
export const depthSymbolBytesMax = 32;

/** Most levels of both sides of one item; Binance's largest snapshot has 10,000. */
export const depthLevelsMax = 20_000;

/** Offset of the first level from the start of an item. */
export const depthLevelsAt = (symbolBytes: number): number =>
  depthOffset.symbol + ((symbolBytes + 7) & ~7);

/** Largest item, bytes; a frame and a ring must hold at least one. */
export const depthItemBytesMax =
  depthOffset.symbol + depthSymbolBytesMax + depthLevelsMax * depthLevelBytes;
