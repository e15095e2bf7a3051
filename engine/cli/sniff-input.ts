// The inputs of `weir sniff` as a stream of transactions: wire frames, base64 lines, JSON of
// Solana RPC as one document a file or one a line. The format is known by the first bytes when it
// is not given. What cannot be read is yielded as a problem, and reading goes on where it can.
import { type RpcEntry, rpcEntries, type RpcFormat } from "../sniff/rpc-document.ts";
import { decodeBase64, rebuildWire } from "../sniff/rpc-message.ts";
import { parseJson, RpcShapeError } from "../sniff/rpc-value.ts";
import type { SniffInput } from "../sniff/sniff-line.ts";
import type { Io } from "./command.ts";
import { fileBytes, InputError, LineSplitter } from "./input.ts";

export const sniffFormats = ["wire", "base64", "getTransaction", "getBlock"] as const;
export type SniffFormat = (typeof sniffFormats)[number];

/** A transaction, or a problem in words that name the place, what was found and expected. */
export type SniffItem = SniffInput | { readonly problem: string };

/** Bytes of one wire frame; a larger length means that the file is no such stream. */
const wireFrameBytesMax = 1 << 16;
/** Characters of one JSON document or line. */
const documentCharsMax = 256 << 20;

/** The transactions of one file, in order. `format` null: by the first bytes. */
export async function* sniffItems(
  path: string,
  format: SniffFormat | null,
  io: Io,
): AsyncGenerator<SniffItem> {
  const chunks = fileBytes(path, io);
  const first = await chunks.next();
  if (first.done === true) return;
  const all = rejoined(first.value, chunks);
  switch (format ?? formatOf(first.value)) {
    case "wire":
      yield* wireItems(path, all);
      break;
    case "base64":
      yield* base64Items(path, all);
      break;
    case "getTransaction":
      yield* rpcItems({ path, format: "getTransaction" }, all);
      break;
    case "getBlock":
      yield* rpcItems({ path, format: "getBlock" }, all);
      break;
    case "json":
      yield* rpcItems({ path, format: null }, all);
      break;
    default:
      throw new InputError(`${path}: unknown format; give one of ${sniffFormats.join(", ")}`);
  }
}

// A line of JSON: what a node says of a transaction that it does not know is null.
const jsonStart = /^(?:[{[]|null[ \t\r]*(?:\n|$))/;

// Lengths of wire frames have zero bytes, text has none; JSON starts with a bracket, or is null.
const formatOf = (head: Uint8Array): SniffFormat | "json" => {
  if (head.subarray(0, 4).includes(0)) return "wire";
  const text = new TextDecoder().decode(head.subarray(0, 256)).trimStart();
  return jsonStart.test(text) ? "json" : "base64";
};

async function* rejoined(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

const plain = (wire: Uint8Array): SniffInput => ({
  wire,
  slot: null,
  index: null,
  meta: null,
  rebuilt: "exact",
});

async function* wireItems(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<SniffItem> {
  let rest: Uint8Array = new Uint8Array(0);
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32LE(at);
      if (length > wireFrameBytesMax) {
        const limit = `expected at most wireFrameBytesMax=${wireFrameBytesMax}`;
        yield { problem: `${path}: byte ${offset + at}: frame of ${length} bytes, ${limit}` };
        return;
      }
      if (bytes.length - at - 4 < length) break;
      yield plain(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    rest = bytes.subarray(at);
    offset += at;
  }
  if (rest.length === 0) return;
  yield { problem: `${path}: byte ${offset}: ${rest.length} bytes, expected a whole frame` };
}

async function* base64Items(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<SniffItem> {
  for await (const { text, line } of linesOf(path, chunks)) {
    const trimmed = text.trim();
    if (trimmed === "") continue;
    const wire = decodeBase64(trimmed);
    if (wire === null || wire.length === 0) {
      const found = trimmed.length > 40 ? `${trimmed.slice(0, 40)}...` : trimmed;
      yield { problem: `${path}:${line}: expected base64 of a transaction, found ${found}` };
    } else yield plain(wire);
  }
}

type RpcSource = { readonly path: string; readonly format: RpcFormat };

// When the first line is a document, every line is one; otherwise the file is one document, unless
// it turns out that only its first lines are none.
async function* rpcItems(
  source: RpcSource,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<SniffItem> {
  const { path } = source;
  const whole: TextLine[] = [];
  let chars = 0;
  let byLine: boolean | null = null;
  for await (const one of linesOf(path, chunks)) {
    if (byLine !== false && one.text.trim() === "") continue;
    byLine ??= tryParse(one.text) !== undefined;
    if (byLine) yield* documentItems(source, `${path}:${one.line}`, one.text);
    else {
      whole.push(one);
      chars += one.text.length + 1;
      if (chars > documentCharsMax) {
        throw new InputError(`${path}: document above documentCharsMax=${documentCharsMax}`);
      }
    }
  }
  if (byLine === false) yield* wholeItems(source, whole);
}

function* wholeItems(source: RpcSource, lines: readonly TextLine[]): Generator<SniffItem> {
  const { path } = source;
  const text = lines.map((one) => one.text).join("\n");
  // Most files are ended by the first: they are not parsed twice.
  const isByLine = lines.some((one) => isDocument(one.text)) && tryParse(text) === undefined;
  if (!isByLine) yield* documentItems(source, path, text);
  else {
    for (const one of lines) {
      if (one.text.trim() !== "") yield* documentItems(source, `${path}:${one.line}`, one.text);
    }
  }
}

/** Not one of the short pieces that a printed document has lines of. */
const isDocument = (text: string): boolean => {
  const value = text.startsWith("{") || text.startsWith("[") ? tryParse(text) : undefined;
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
};

const tryParse = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

function* documentItems(source: RpcSource, place: string, text: string): Generator<SniffItem> {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch (error) {
    yield { problem: `${place}: expected JSON: ${error instanceof Error ? error.message : ""}` };
    return;
  }
  yield* problems(place, elementsOf(document, source.format, place));
}

// Each element of an array by itself, so that a bad one does not hide those after it.
function* elementsOf(document: unknown, format: RpcFormat, place: string): Generator<SniffItem> {
  if (!Array.isArray(document)) yield* entryItems(document, format, place);
  else {
    for (const [i, element] of document.entries()) {
      const where = `${place}: [${i}]`;
      yield* problems(where, entryItems(element, format, where));
    }
  }
}

function* entryItems(document: unknown, format: RpcFormat, place: string): Generator<SniffItem> {
  for (const entry of rpcEntries(document, format)) {
    const where = entry.where === "" ? place : `${place}: ${entry.where}`;
    yield* problems(where, entryItem(entry));
  }
}

function* entryItem({ transaction, version, meta, slot, index }: RpcEntry): Generator<SniffItem> {
  const { kind, ...rest } = rebuildWire(transaction, version);
  yield { ...rest, slot, index, meta, rebuilt: kind };
}

/** Turns a wrong shape into a problem. */
function* problems(place: string, items: Iterable<SniffItem>): Generator<SniffItem> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof RpcShapeError)) throw error;
    yield { problem: `${place}: ${error.message}` };
  }
}

type TextLine = { readonly text: string; readonly line: number };

async function* linesOf(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  const splitter = new LineSplitter();
  let line = 0;
  for await (const chunk of chunks) {
    for (const text of splitter.take(chunk)) yield { text, line: (line += 1) };
    if (splitter.chars > documentCharsMax) {
      throw new InputError(`${path}: line ${line + 1} above documentCharsMax=${documentCharsMax}`);
    }
  }
  const text = splitter.end();
  if (text !== "") yield { text, line: line + 1 };
}
