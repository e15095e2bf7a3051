// Byte layout of a transaction record and of a bundle of them: slots of the rings around the bundle
// stage. Little-endian on every machine; no field crosses its natural alignment.
//
//   transaction, 32 bytes                     bundle, 528 bytes
//    0  u64  id                                 0  16 x transaction, the first `count` in use
//    8  i64  price, in 1/10,000, above 0      512  u32  count, 1 to 16
//   16  u32  size, above 0                    516  4 B  zero
//   20  u8   side: 0 bid, 1 ask               520  u64  when the first record came, ns
//   21  3 B  zero
//   24  u64  ingress time, ns
//
// Times count from one monotonic origin; ids, prices and times are safe integers (2^53 - 1 at most:
// 104 days of nanoseconds). Unused places of a bundle may hold the records of an earlier one.

/** Bytes of a transaction record; slots of the ring in front of the bundle stage. */
export const transactionRecordBytes = 32;

/** Byte offsets in a transaction record. */
export const transactionAt = {
  id: 0,
  price: 8,
  size: 16,
  side: 20,
  padding: 21,
  ingressNs: 24,
} as const;

/** Values of `side`. */
export const transactionSide = { bid: 0, ask: 1 } as const;

/** Most records of a bundle. */
export const bundleRecordsMax = 16;

/** Bytes of a bundle; slots of the ring behind the bundle stage. */
export const bundleBytes = 528;

/** Byte offsets in a bundle. */
export const bundleAt = { records: 0, count: 512, padding: 516, firstNs: 520 } as const;

/** Longest wait of a bundle for its next record, from the arrival of its first. */
export const bundleTimeoutNs = 100_000;
