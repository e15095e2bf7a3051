// What a reader of zstd needs to know where frames end (RFC 8878, section 3), from headers alone.
// node:zlib decodes the first frame of a piece and forgets what follows; senders may write several.
//
//   frame      u32 0xFD2FB528 · u8 descriptor · [u8 window] · [0-4 dictionary id] · [0-8 content size]
//              · block* · [u32 checksum]
//   block      u24: bit 0 last, bits 1-2 type (0 raw, 1 repeated byte, 2 compressed), bits 3-23 size
//   skippable  u32 0x184D2A50 to 0x184D2A5F · u32 size · bytes

/** First word of a frame with content. */
export const zstdMagic = 0xfd2fb528;
/** Of a block, before its content. */
export const zstdBlockHeadBytes = 3;
/** Of a skippable frame, before what is skipped. */
export const zstdSkippableHeadBytes = 8;

const skippableMagic = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentBytes = [0, 2, 4, 8] as const;
const repeatedByte = 1;
const reservedType = 3;

/** Whether a frame's first word says that it holds no content. */
export const isZstdSkippable = (word: number): boolean => (word & ~15) >>> 0 === skippableMagic;

/** Of a frame, before its first block. */
export const zstdHeadBytes = (descriptor: number): number => {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const size = sizeFlag === 0 && isSingle ? 1 : (contentBytes[sizeFlag] ?? 0);
  return 5 + (isSingle ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + size;
};

/** Of a frame, after its last block. */
export const zstdChecksumBytes = (descriptor: number): number => ((descriptor & 4) === 0 ? 0 : 4);

/** The head of the block at `at`: a number of 24 bits. */
export const zstdBlockHead = (view: DataView, at: number): number =>
  view.getUint16(at, true) | (view.getUint8(at + 2) << 16);

/** Of a block's content, from its head; -1 when there is no such block. */
export const zstdBlockBytes = (head: number): number => {
  const type = (head >> 1) & 3;
  if (type === reservedType) return -1;
  return type === repeatedByte ? 1 : head >> 3;
};

/** Whether a block's head says that it is its frame's last. */
export const isZstdLastBlock = (head: number): boolean => (head & 1) !== 0;
