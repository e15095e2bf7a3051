// Zstd as node:zlib has to be given it: it forgets what follows the end of a frame within a piece.
// Files of several frames are what pzstd writes, or `cat a.zst b.zst`.
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
import type { ByteReader } from "./byte-reader.ts";

/** Whether a file that begins with these bytes is zstd. */
export const isZstd = (head: DataView): boolean => {
  const word = head.byteLength < 4 ? 0 : head.getUint32(0, true);
  return word === zstdMagic || isZstdSkippable(word);
};

/**
 * The input in pieces, none of which reaches past the end of its frame; without skippable frames.
 * What is no frame ends them: the decoder says what is wrong with it.
 */
export async function* zstdPieces(input: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const head = await input.peek(zstdSkippableHeadBytes);
    if (head.byteLength < zstdSkippableHeadBytes || !isZstd(head)) break;
    if (isZstdSkippable(head.getUint32(0, true))) {
      await skip(input, zstdSkippableHeadBytes + head.getUint32(4, true));
    } else yield* frame(input, head.getUint8(4));
  }
  yield* input.rest();
}

const skip = async (input: ByteReader, bytes: number): Promise<void> => {
  let left = bytes;
  for await (const part of input.take(bytes)) left -= part.length;
  if (left > 0) throw new Error("unexpected end of file");
};

async function* frame(input: ByteReader, descriptor: number): AsyncGenerator<Uint8Array> {
  yield* input.take(zstdHeadBytes(descriptor));
  for (;;) {
    const view = await input.peek(zstdBlockHeadBytes);
    if (view.byteLength < zstdBlockHeadBytes) return;
    const head = zstdBlockHead(view, 0);
    const bytes = zstdBlockBytes(head);
    if (bytes < 0) return;
    yield* input.take(zstdBlockHeadBytes + bytes);
    if (isZstdLastBlock(head)) break;
  }
  yield* input.take(zstdChecksumBytes(descriptor));
}
