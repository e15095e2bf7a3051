// The pool of `--transactions FILE…`: recorded transactions in wire form, from frames, base64
// lines, or RPC answers. The form is known by the first bytes; what cannot be read is said and left
// out. How RPC answers are read is engine/sniff's concern.
import type { Io } from "../cli/command.ts";
import { InputError, readWhole } from "../cli/input.ts";
import { rpcEntries } from "../sniff/rpc-document.ts";
import { rebuildWire } from "../sniff/rpc-message.ts";

/** Largest pool; further transactions of the files are left out, with a note. */
const recordedPoolMax = 100_000;

const fileBytesMax = 256 << 20;
const lengthBytes = 4;
const notesMax = 10;

/**
 * All transactions of the files, in order.
 * @throws InputError for a file that cannot be read, and when there is no transaction at all.
 */
export const readTransactionPool = async (
  paths: readonly string[],
  io: Io,
): Promise<readonly Uint8Array[]> => {
  const pool: Uint8Array[] = [];
  let notes = 0;
  const fault = (text: string): void => {
    notes += 1;
    if (notes <= notesMax) io.note(text);
  };
  for (const path of paths) {
    const bytes = await readWhole(path, io, fileBytesMax);
    for (const wire of transactionsOf(bytes, (text) => fault(`${path}: ${text}`))) {
      if (pool.length < recordedPoolMax) pool.push(wire);
      else fault(`${path}: more than recordedPoolMax=${recordedPoolMax} transactions`);
    }
  }
  if (notes > notesMax) io.note(`${notes - notesMax} more such notes`);
  if (pool.length > 0) return pool;
  throw new InputError(`${paths.join(", ")}: no transaction found`);
};

/** Wire bytes in a file's content; `fault` is told what could not be read. */
export function* transactionsOf(
  bytes: Uint8Array,
  fault: (text: string) => void,
): Generator<Uint8Array> {
  // Text has no zero byte; the upper half of a frame's length always has one.
  const isFrames = bytes.subarray(0, lengthBytes).includes(0);
  if (isFrames) {
    yield* framesOf(bytes, fault);
    return;
  }
  const text = new TextDecoder().decode(bytes).trim();
  if (text.startsWith("{") || text.startsWith("[")) yield* documentsOf(text, fault);
  else yield* base64Lines(text, fault);
}

function* framesOf(bytes: Uint8Array, fault: (text: string) => void): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + lengthBytes <= bytes.length) {
    const end = at + lengthBytes + view.getUint32(at, true);
    if (end > bytes.length) break;
    yield bytes.subarray(at + lengthBytes, end);
    at = end;
  }
  if (at < bytes.length)
    fault(`frame at byte ${at}: reaches past the end of ${bytes.length} bytes`);
}

function* documentsOf(text: string, fault: (text: string) => void): Generator<Uint8Array> {
  const whole = parsed(text);
  if (whole !== undefined) {
    yield* entriesOf(whole, "", fault);
    return;
  }
  for (const [index, line] of text.split("\n").entries()) {
    const document = line.trim() === "" ? null : parsed(line);
    if (document === undefined) fault(`line ${index + 1}: found no JSON`);
    else if (document !== null) yield* entriesOf(document, `line ${index + 1}: `, fault);
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

function* entriesOf(
  document: unknown,
  place: string,
  fault: (text: string) => void,
): Generator<Uint8Array> {
  // Each element of a list by itself, so that a bad one does not hide those after it.
  if (Array.isArray(document)) {
    for (const [i, element] of document.entries()) {
      yield* entriesOf(element, `${place}[${i}]: `, fault);
    }
    return;
  }
  const say = (error: unknown): void =>
    fault(place + (error instanceof Error ? error.message : String(error)));
  try {
    for (const { transaction, version } of rpcEntries(document, null)) {
      try {
        yield rebuildWire(transaction, version).wire;
      } catch (error) {
        say(error);
      }
    }
  } catch (error) {
    say(error);
  }
}

function* base64Lines(text: string, fault: (text: string) => void): Generator<Uint8Array> {
  for (const [index, line] of text.split("\n").entries()) {
    const word = line.trim();
    if (/^[A-Za-z0-9+/]+={0,2}$/.test(word)) yield Buffer.from(word, "base64");
    else if (word !== "") fault(`line ${index + 1}: expected base64, found ${word.slice(0, 40)}`);
  }
}
