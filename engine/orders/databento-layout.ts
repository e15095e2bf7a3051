// Databento Binary Encoding (DBN), versions 1 to 3, little-endian: the start of a file, and the
// records of an order and of a name. No algorithm. (Databento, "DBN" and "MBO" of its standards and schemas.)
//
//   file      0 "DBN", 3 version u8, 4 bytes of metadata u32, 8 metadata, then records
//   metadata  as they stand in the file: 8 dataset 16, 24 schema u16, 26 start, end, limit u64;
//             version 1: 50 count u64, 58 symbols are u8, 59 and u8, 60 ts_out u8
//             from 2 on: 50 symbols are u8, 51 and u8, 52 ts_out u8, 53 bytes of a text u16;
//             108 bytes of a schema u32 and those, then texts: asked for, partial, not found, each
//             with a count u32; then a count u32 of mappings: text, count u32 of intervals: first
//             day u32 as 20240131, day after the last u32, text
//   record    0 length u8 in words of 4 bytes, 1 kind u8, 2 publisher u16, 4 instrument u32,
//             8 event ns u64, 16 order u64, 24 price i64 of 10^-9, 32 size u32, 36 flags u8,
//             37 channel u8, 38 action, 39 side, 40 receive ns u64, 48 delay i32, 52 sequence u32;
//             with ts_out another u64
//   name      as of live streams: 0 as above up to 16, then two symbols with their kinds, which is
//             the name last: version 1: 16 asked for, 38 name, 22 bytes each; from 2 on 17 asked
//             for, 89 name, 71 bytes each; then more, 80 or 176 bytes in all

export const dbnStart = { version: 3, metadataBytes: 4, metadata: 8 } as const;

export const dbnVersionMax = 3;

/** Offsets of the metadata, in the file. */
export const dbnMetadata = {
  symbolsIn: 50,
  symbolsInOld: 58,
  textBytes: 53,
  schemaBytes: 108,
} as const;

/** Bytes of a text of version 1. */
export const dbnTextBytesOld = 22;

/** What symbols are: instruments' numbers. */
export const dbnInstrumentSymbols = 0;

export const dbnRecord = {
  words: 0,
  kind: 1,
  publisher: 2,
  instrument: 4,
  eventNs: 8,
  order: 16,
  price: 24,
  size: 32,
  flags: 36,
  action: 38,
  side: 39,
  receiveNs: 40,
  sequence: 52,
} as const;

/** Bytes of any record's header. */
export const dbnHeaderBytes = 16;

/** Kind and bytes of the record of an order; with the send time at its end. */
export const dbnOrderKind = 160;
export const dbnOrderBytes = 56;
export const dbnOrderBytesSent = 64;

/** Kind of the record of a name, and by its bytes where the name stands and how long it may be. */
export const dbnNameKind = 22;
export const dbnNameForms: readonly {
  readonly bytes: number;
  readonly name: number;
  readonly textBytes: number;
}[] = [
  { bytes: 80, name: 38, textBytes: dbnTextBytesOld },
  { bytes: 176, name: 89, textBytes: 71 },
];

/** Bytes of the time of sending, which any record may have at its end. */
export const dbnSentBytes = 8;

export const dbnFlag = {
  /** The last record of an event. */
  last: 0x80,
  /** The best of its side, which replaces the side. */
  top: 0x40,
  snapshot: 0x20,
} as const;

export const dbnPriceScale = 9;
export const dbnPriceNone = 2n ** 63n - 1n;
export const dbnSizeNone = 2 ** 32 - 1;
export const dbnTimeNone = 2n ** 64n - 1n;
