// Where each frame of a zstd body ends (RFC 8878, section 3), from the headers of its blocks alone.
// node:zlib of workerd decodes the first frame and forgets what follows; senders may write several.
//
//   frame      u32 0xFD2FB528 · u8 descriptor · [u8 window] · [0-4 dictionary id] · [0-8 content size]
//              · block* · [u32 checksum]
//   block      u24: bit 0 last, bits 1-2 type (0 raw, 1 repeated byte, 2 compressed), bits 3-23 size
//   skippable  u32 0x184D2A50 to 0x184D2A5F · u32 size · bytes

const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4] as const;
const contentBytes = [0, 2, 4, 8] as const;
const blockHeadBytes = 3;
const repeatedByte = 1;
const reservedType = 3;

const headerBytes = (descriptor: number): number => {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const size = sizeFlag === 0 && isSingle ? 1 : (contentBytes[sizeFlag] ?? 0);
  return 5 + (isSingle ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + size;
};

const frameEnd = (view: DataView, start: number): number => {
  const descriptor = view.getUint8(start + 4);
  let at = start + headerBytes(descriptor);
  for (;;) {
    if (at + blockHeadBytes > view.byteLength) return -1;
    const head = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (head >> 1) & 3;
    if (type === reservedType) return -1;
    at += blockHeadBytes + (type === repeatedByte ? 1 : head >> 3);
    if ((head & 1) === 0) continue;
    at += (descriptor & 4) === 0 ? 0 : 4;
    return at > view.byteLength ? -1 : at;
  }
};

const skippableEnd = (view: DataView, start: number): number => {
  const end = start + 8 + view.getUint32(start + 4, true);
  return end > view.byteLength ? -1 : end;
};

/**
 * The frames that hold content, as views; undefined when the bytes are no sequence of whole frames
 * or are more than `framesMax`, skippable ones counted.
 */
export const zstdFrames = (
  bytes: Uint8Array,
  framesMax: number,
): readonly Uint8Array[] | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  for (let count = 0; at < bytes.byteLength; count += 1) {
    if (count === framesMax || at + 8 > bytes.byteLength) return undefined;
    const word = view.getUint32(at, true);
    const isContent = word === magic;
    if (!isContent && (word & ~15) >>> 0 !== skippableMagic) return undefined;
    const end = isContent ? frameEnd(view, at) : skippableEnd(view, at);
    if (end < 0) return undefined;
    if (isContent) frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
};
