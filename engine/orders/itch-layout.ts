// Messages of NASDAQ TotalView-ITCH 5.0 as they stand in a file: u16 length, then the message, all
// big-endian. No algorithm. (Nasdaq, TotalView-ITCH 5.0 specification, sections 1.1 to 1.7.)
//
//   all  0 type, 1 locate u16, 3 tracking u16, 5 ns after midnight u48
//   R   11 stock 8 ...
//   A F 11 order u64, 19 side B or S, 20 shares u32, 24 stock 8, 32 price u32 (F: 36 who)
//   E   11 order u64, 19 shares u32, 23 match u64
//   C   as E, 31 printable Y or N, 32 price u32
//   X   11 order u64, 19 shares u32
//   D   11 order u64
//   U   11 order u64, 19 new order u64, 27 shares u32, 31 price u32
//   P   as A, 36 match u64 (hidden order: no book has it)
//   Q   11 shares u64, 19 stock 8, 27 price u32, 31 match u64, 39 kind
//   S   11 code; B 11 match u64: neither says anything about the book
//
// Text is padded with spaces. Prices have four decimals.

/** Bytes of the messages that are looked at, by type. */
export const itchBytes: { readonly [type: string]: number } = {
  S: 12,
  R: 39,
  A: 36,
  F: 40,
  E: 31,
  C: 36,
  X: 23,
  D: 19,
  U: 35,
  P: 44,
  Q: 40,
  B: 19,
};

/** Offsets that all messages have. */
export const itchOffset = { type: 0, locate: 1, nsHigh: 5, nsLow: 7 } as const;

/** Of A, F and P. */
export const itchOrder = { id: 11, side: 19, shares: 20, stock: 24, price: 32 } as const;

/** Of E, C, X and D as far as they go. */
export const itchChange = { id: 11, shares: 19, printable: 31, price: 32 } as const;

export const itchReplace = { id: 11, newId: 19, shares: 27, price: 31 } as const;

export const itchCross = { shares: 11, stock: 19, price: 27 } as const;

export const itchDirectory = { stock: 11 } as const;

export const itchStockBytes = 8;
export const itchPriceScale = 4;
/** Bytes of the length before each message. */
export const itchLengthBytes = 2;
