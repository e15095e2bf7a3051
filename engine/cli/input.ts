// The FILE... of every subcommand: `-` is standard input, .gz and .zst are unpacked on the way,
// several files are one stream in the order given. Compression is known by the first bytes, so
// it also works on standard input.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

import { ByteReader } from "./byte-reader.ts";
import type { Io } from "./command.ts";
import type { Progress } from "./progress.ts";
import { isZstd, zstdPieces } from "./zstd-pieces.ts";

/** A file could not be read, unpacked or written: `file`, and where. */
export class InputError extends Error {
  override name = "InputError";
}

/** The bytes of one file, unpacked, in chunks. @throws InputError naming the file. */
export async function* fileBytes(path: string, io: Io): AsyncGenerator<Uint8Array> {
  io.progress?.open(path === "-" ? "standard input" : basename(path), await sizeOf(path));
  let bytes = 0;
  try {
    const source = path === "-" ? io.stdin : createReadStream(path);
    const chunks = unpacked(io.progress === undefined ? source : counted(source, io.progress));
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    // Cut short by the abort, packed bytes end where they must not.
    if (io.signal.aborted) return;
    const where = bytes === 0 ? "" : `after ${bytes} bytes of its content: `;
    const found = error instanceof Error ? error.message : String(error);
    throw new InputError(`${path}: ${where}${found}`);
  } finally {
    io.progress?.close();
  }
}

/** Null: not known, also of what cannot be read. */
const sizeOf = async (path: string): Promise<number | null> => {
  const info = path === "-" ? undefined : await stat(path).catch(() => undefined);
  return info?.isFile() === true ? info.size : null;
};

async function* counted(
  source: AsyncIterable<Uint8Array>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    progress.read(chunk.length);
    yield chunk;
  }
}

/** By the first bytes, however few of them come at once. */
async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteReader(source);
  const head = await input.peek(magicBytes);
  const isGzip = head.byteLength > 1 && head.getUint16(0) === gzipMagic;
  if (!isGzip && !isZstd(head)) {
    yield* input.rest();
    return;
  }
  const unpack = isGzip ? createGunzip() : createZstdDecompress();
  const from = Readable.from(isGzip ? input.rest() : zstdPieces(input));
  from.on("error", (error) => unpack.destroy(error));
  yield* from.pipe(unpack) as AsyncIterable<Uint8Array>;
}

const magicBytes = 4;
const gzipMagic = 0x1f8b;

const byteOrderMark = [0xef, 0xbb, 0xbf];

const wholeBytesMax = 1 << 30;

/** What a file holds up to where it ends, or could not be read on: why, or null. */
export type ReadPart = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fault: InputError | null;
};

/**
 * One whole file as one array, without the byte order mark of a text. `bytesMax` bounds memory; a
 * larger file is an InputError, and so is one that the abort cut short.
 */
export const readWhole = async (
  path: string,
  io: Io,
  bytesMax = wholeBytesMax,
): Promise<Uint8Array<ArrayBuffer>> => {
  const { bytes, fault } = await readPart(path, io, bytesMax);
  if (fault !== null) throw fault;
  return bytes;
};

/** The same, with what stands before the fault. */
export const readPart = async (
  path: string,
  io: Io,
  bytesMax = wholeBytesMax,
): Promise<ReadPart> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let fault: InputError | null = null;
  try {
    for await (const chunk of fileBytes(path, io)) {
      if (bytes + chunk.length > bytesMax)
        throw new InputError(`${path}: larger than bytesMax=${bytesMax}`);
      bytes += chunk.length;
      chunks.push(chunk);
    }
    if (io.signal.aborted) fault = new InputError(`${path}: interrupted after ${bytes} bytes`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    fault = error;
  }
  return { bytes: joined(chunks, bytes), fault };
};

const joined = (chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  const isMarked = byteOrderMark.every((byte, i) => out[i] === byte);
  return isMarked ? out.subarray(byteOrderMark.length) : out;
};

/** Parts text into lines; a line may come in any number of chunks. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  // Joined once, at the end of the line: long ones come in thousands of chunks.
  #begun: string[] = [];
  /** Of the line that has not ended. */
  chars = 0;

  /** The lines that end in this chunk. */
  take(chunk: Uint8Array): string[] {
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const begun = lines.pop() ?? "";
    if (lines.length > 0) {
      lines[0] = this.#whole() + (lines[0] ?? "");
      this.#begun = [];
      this.chars = 0;
    }
    this.#begun.push(begun);
    this.chars += begun.length;
    return lines;
  }

  /** The last line, which no newline ended; "" when there is none. */
  end(): string {
    return this.#whole() + this.#decoder.decode();
  }

  #whole(): string {
    return this.#begun.join("");
  }
}

export type Line = { readonly file: string; readonly line: number; readonly text: string };

const lineCharsMax = 64 << 20;

/** All files' lines; `line` counts from 1 in each file; a last line without newline counts. */
export async function* readLines(paths: readonly string[], io: Io): AsyncGenerator<Line> {
  for (const file of paths) {
    yield* linesOf(file, fileBytes(file, io), io);
    if (io.signal.aborted) return;
  }
}

/** The same of one file that is open already. */
export async function* linesOf(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  io: Io,
): AsyncGenerator<Line> {
  const splitter = new LineSplitter();
  let line = 0;
  for await (const chunk of chunks) {
    if (io.signal.aborted) return;
    for (const text of splitter.take(chunk)) yield { file, line: (line += 1), text };
    if (splitter.chars > lineCharsMax) {
      throw new InputError(`${file}: line ${line + 1} is longer than ${lineCharsMax} characters`);
    }
  }
  const text = splitter.end();
  if (io.signal.aborted) return;
  if (text !== "") yield { file, line: line + 1, text };
}
