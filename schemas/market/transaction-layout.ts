// The numbers of Solana's transaction wire format: sizes, limits, version bytes and the closed
// table of reasons for refusing bytes. The algorithm is in transaction.ts and transaction-v1.ts.
//
//   legacy, v0                                  v1 (SIMD-0385)
//   ┌ compact-u16 n ┬ n x 64 signature ┐        ┌ 0x81 ┬ 3 x u8 header ┬ u32 config mask ┐
//   ├ 0x80 (v0 only) ┬ 3 x u8 header ──┤        ├ 32 lifetime ┬ u8 nix ┬ u8 nkeys ───────┤
//   ├ compact-u16 n ┬ n x 32 key ──────┤        ├ nkeys x 32 key ┬ config values ────────┤
//   ├ 32 blockhash ────────────────────┤        ├ nix x {u8 program, u8 n, u16 bytes} ───┤
//   ├ compact-u16 n ┬ n x instruction ─┤        ├ nix x {n x u8 account, data} ──────────┤
//   └ (v0) compact-u16 n ┬ n x lookup ─┘        └ required signatures x 64 ──────────────┘
//
//   instruction  u8 program · compact-u16 n · n x u8 account · compact-u16 n · n bytes
//   lookup       32 table · compact-u16 n · n x u8 writable · compact-u16 n · n x u8 readonly

export const keyBytes = 32;
export const signatureBytes = 64;
export const blockhashBytes = 32;
export const headerBytes = 3;

/** First byte of a message with a version; below it is a legacy header. */
export const versionBit = 0x80;
export const versionByteV0 = 0x80;
export const versionByteV1 = 0x81;

/** Where the first signature of a transaction stands, whether or not it is there: v1 has them last. */
export const firstSignatureAt = (wire: Uint8Array): number =>
  wire[0] === versionByteV1 ? wire.length - (wire[1] ?? 0) * signatureBytes : 1;

/** Largest whole transaction of legacy and v0: one packet. */
export const transactionBytesMax = 1232;
/** Largest whole transaction of v1 (SIMD-0296). */
export const transactionBytesMaxV1 = 4096;

/** Static and loaded keys together; an account index is one byte. */
export const accountsMax = 256;

/** Instructions of three bytes that fit behind one signature, header, key and blockhash: 366. */
export const instructionsMax = 384;
/** Lookups of 35 bytes or more that fit into a transaction: 31. */
export const lookupsMax = 40;

/** Limits of v1. */
export const v1Limits = { instructions: 64, keys: 64, signatures: 12 } as const;

/** Bits of v1's config mask and the bytes of their values, in order; bits 0 and 1 are one u64. */
export const v1Config = { priorityFee: 0b11, known: 0b1_1111, valueBytes: 4 } as const;

/** Value of `version` in a view: legacy has none on the wire. */
export const transactionVersion = { legacy: -1, v0: 0, v1: 1 } as const;

/** Words of one instruction in `TransactionView.instructions`. */
export const instructionField = {
  program: 0,
  accountsAt: 1,
  accountCount: 2,
  dataAt: 3,
  dataBytes: 4,
  words: 5,
} as const;

/** Words of one lookup in `TransactionView.lookups`. */
export const lookupField = {
  tableAt: 0,
  writableAt: 1,
  writableCount: 2,
  readonlyAt: 3,
  readonlyCount: 4,
  words: 5,
} as const;

/** Outcome of `TransactionView.parse`. */
export const transactionCode = {
  ok: 0,
  truncated: 1,
  trailingBytes: 2,
  size: 3,
  compactU16: 4,
  version: 5,
  v1InEnvelope: 6,
  v1Disabled: 7,
  signatureCount: 8,
  header: 9,
  programIndex: 10,
  accountIndex: 11,
  accountCount: 12,
  duplicateKey: 13,
  limit: 14,
  configMask: 15,
  emptyLookup: 16,
} as const;

/** A code of `transactionCode`. */
export type TransactionCode = (typeof transactionCode)[keyof typeof transactionCode];

/** Reasons for people and for `reason` of `weir sniff`, by code; "" for ok. */
export const transactionReasons: readonly string[] = [
  "",
  "malformed: truncated",
  "malformed: trailing bytes",
  "size",
  "malformed: compact-u16 not minimal or above 65535",
  "malformed: unknown version",
  "malformed: v1 message inside a legacy envelope",
  "malformed: v1 is not enabled",
  "malformed: signature count differs from the header or is zero",
  "malformed: header asks for more keys than there are",
  "malformed: program index is the payer or no static key",
  "malformed: account index beyond the keys",
  "malformed: more than 256 accounts",
  "duplicate-key",
  "malformed: more instructions, keys or signatures than v1 allows",
  "malformed: v1 config mask",
  "malformed: lookup of no account",
];
