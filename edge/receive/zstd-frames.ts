// Where each frame of a zstd body ends; senders may write several.
import {
  isZstdLastBlock,
  isZstdSkippable,
  zstdBlockBytes,
  zstdBlockHead,
  zstdBlockHeadBytes,
  zstdChecksumBytes,
  zstdHeadBytes,
  zstdMagic,
  zstdSkippableHeadBytes,
} from "../../schemas/zstd-frame.ts";

const frameEnd = (view: DataView, start: number): number => {
  const descriptor = view.getUint8(start + 4);
  let at = start + zstdHeadBytes(descriptor);
  for (;;) {
    if (at + zstdBlockHeadBytes > view.byteLength) return -1;
    const head = zstdBlockHead(view, at);
    const bytes = zstdBlockBytes(head);
    if (bytes < 0) return -1;
    at += zstdBlockHeadBytes + bytes;
    if (!isZstdLastBlock(head)) continue;
    at += zstdChecksumBytes(descriptor);
    return at > view.byteLength ? -1 : at;
  }
};

const skippableEnd = (view: DataView, start: number): number => {
  const end = start + zstdSkippableHeadBytes + view.getUint32(start + 4, true);
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
    const isContent = word === zstdMagic;
    if (!isContent && !isZstdSkippable(word)) return undefined;
    const end = isContent ? frameEnd(view, at) : skippableEnd(view, at);
    if (end < 0) return undefined;
    if (isContent) frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
};
