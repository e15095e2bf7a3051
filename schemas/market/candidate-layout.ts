// Byte layout of a candidate record, the item of topic weir-candidates and the slot of the ring
// that carries it: five cache lines. Little-endian; fields whose flag is clear are zero.
//
//    0  u8   format version, 1             64  64 B  first signature
//    1  u8   origin: topic id             128  32 B  mint (base mint)
//    2  u16  flags                        160  32 B  quote mint
//    4  u32  origin: partition            192  32 B  user
//    8  u64  origin: offset               224  32 B  bonding curve or pool
//   16  u32  origin: index in the frame   256  32 B  program
//   20  u32  index in the block           288   8 B  discriminator
//   24  u64  slot                         296   u16  match within the transaction
//   32  u64  receive time, ns (edge)      298   u16  instruction (outer index)
//   40  u64  base amount, raw units       300   u8   direction
//   48  u64  quote amount, raw units      301   u8   accounts behind the record, 0 to 8
//   56  f64  price hint                   302   u8   which of them are known, bit by bit
//                                         303   u8   priority: 0 not told, 1 LOW, 2 HIGH
//                                         304   16 B reserved, 0
//  320  32 B each: the first accounts of the instruction, zero for one behind a lookup table;
//       records of the log carry none, those handed over in the process do
//
// The price hint is quote amount by base amount in raw units, of what the sender asked for; who sets no
// limit (a quote of 0, or the largest u64) names no price.
// Identity is (topic, partition, offset, index in the frame, match): derived from the input, so a
// candidate that is produced again after a restart is recognised.

/** Bytes of a record without accounts. */
export const candidateBytes = 320;

/** Accounts that may stand behind a record, 32 bytes each. */
export const candidateAccountsMax = 8;

export const candidateVersion = 1;

export const candidateAt = {
  version: 0,
  topic: 1,
  flags: 2,
  partition: 4,
  offset: 8,
  frameIndex: 16,
  index: 20,
  slot: 24,
  receiveTime: 32,
  baseAmount: 40,
  quoteAmount: 48,
  priceHint: 56,
  signature: 64,
  mint: 128,
  quoteMint: 160,
  user: 192,
  pool: 224,
  program: 256,
  discriminator: 288,
  match: 296,
  instruction: 298,
  direction: 300,
  accountCount: 301,
  accountsKnown: 302,
  priority: 303,
  reservedTail: 304,
} as const;

/** Bits of `flags`: which fields are known, and what the amounts mean. */
export const candidateFlag = {
  slot: 1,
  index: 2,
  receiveTime: 4,
  mint: 8,
  quoteMint: 16,
  user: 32,
  pool: 64,
  baseAmount: 128,
  quoteAmount: 256,
  /** The amount is the worst that the sender accepts, not what will be traded. */
  baseIsLimit: 512,
  quoteIsLimit: 1024,
  priceHint: 2048,
} as const;

/** Value of `direction`. */
export const candidateDirections = ["", "buy", "sell", "create", "migrate"] as const;

/** Value of `priority`: what the engine thought of its volume at the time, no identity. */
export const candidatePriorities = ["", "LOW", "HIGH"] as const;

/** Topic ids of `origin`; 0 is no topic (a file). Never renumbered. */
export const candidateTopics = ["", "weir-transactions"] as const;
