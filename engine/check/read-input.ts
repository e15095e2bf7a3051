// What kind of input a file is, and its samples: OTLP in JSON tells itself by its first key, a list
// or an object is samples, well-formed protobuf is OTLP, and any other text is lines of attributes.
// What is none of these is a fault: bytes taken for text would be findings about nothing.
import { JsonEncoder, jsonSignal } from "../../schemas/otlp/json-encode.ts";
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import { checkSignal, type Signal } from "../../schemas/otlp/messages.ts";
import { isUtf8 } from "../../schemas/otlp/utf8.ts";
import { type DamagedRequest, damagedRequest } from "./damaged-request.ts";
import { encodeRecords } from "./json-request.ts";
import { otlpSamples } from "./otlp-samples.ts";
import { isProtobuf, protobufSignals } from "./protobuf-signal.ts";
import { readLine, readSamples, type SampleRead } from "./read-samples.ts";

const newline = 0x0a;
const encoder = new JsonEncoder();

const otlp = (bytes: Uint8Array, signal: Signal, at: string): readonly SampleRead[] => {
  const read = otlpSamples(bytes, signal);
  return "fault" in read
    ? [{ at: at === "" ? `byte ${read.at}` : at, message: read.fault }]
    : read.samples;
};

/** One JSON document at [start, end): a request, or a sample. */
function* document(bytes: Uint8Array, start: number, end: number): Generator<SampleRead> {
  const signal = jsonSignal(bytes, start, end);
  if (signal === null) {
    if (isUtf8(bytes, start, end))
      yield* readSamples(new TextDecoder().decode(bytes.subarray(start, end)));
    else yield { at: `byte ${start}`, message: "a sample in JSON that is no UTF-8" };
    return;
  }
  for (const part of encodeRecords(encoder, signal, bytes, [start, end])) {
    if ("fault" in part) yield { at: `byte ${part.at}`, message: part.fault };
    else yield* otlp(part.bytes, signal, `request at byte ${start}`);
  }
}

/** Documents one after another: one in the file, or one on each line. */
function* documents(bytes: Uint8Array): Generator<SampleRead> {
  const scanner = new JsonScanner();
  let at = 0;
  while (at >= 0) {
    scanner.open(bytes, at, bytes.length);
    if (scanner.peek() < 0) return;
    const start = scanner.at;
    if (scanner.skip()) {
      at = scanner.at;
      yield* document(bytes, start, at);
    } else {
      yield { at: `byte ${scanner.faultAt}`, message: scanner.fault };
      at = bytes.indexOf(newline, Math.max(start, scanner.faultAt));
    }
  }
}

const isJson = (bytes: Uint8Array): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, 0, bytes.length);
  const first = scanner.peek();
  return first === mark.openObject || first === mark.openList;
};

const notKnown = "neither text nor JSON nor OTLP protobuf";

const fault = (message: string): SampleRead => ({ at: "byte 0", message });

/** The text, or null for bytes that are none: no UTF-8, or with control characters. */
const textOf = (bytes: Uint8Array): string | null => {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[^\P{Cc}\t\r\n]/u.test(text) ? null : text;
  } catch {
    return null;
  }
};

const lines = (text: string): readonly SampleRead[] =>
  text.split("\n").flatMap((line) => readLine(line) ?? []);

type Wrong = { readonly message: string };

/** A signal that fits, or what is wrong; null when the bytes are no protobuf of any signal. */
const protobufSignal = (bytes: Uint8Array, asked: Signal | null): Signal | Wrong | null => {
  if (asked !== null && isProtobuf(bytes, asked)) return asked;
  const fitting = protobufSignals(bytes);
  const [only] = fitting;
  if (only === undefined) return null;
  const named = fitting.join(" or ");
  if (asked !== null) return { message: `OTLP protobuf of ${named}, asked for --signal ${asked}` };
  if (fitting.length === 1) return only;
  return {
    message: `OTLP protobuf of ${named}, which its bytes do not tell: name it with --signal`,
  };
};

/** Bad records first, then the samples of the others. */
function* damaged({ faults, bytes, signal }: DamagedRequest): Generator<SampleRead> {
  for (const { fault: message, at } of faults) yield { at: `byte ${at}`, message };
  yield* otlp(bytes, signal, "");
}

/**
 * The samples of one file, or what is wrong in place of one. `signal` is that of protobuf; null looks
 * which one it is.
 * @throws RangeError for another signal, with the first sample.
 */
export function* readInput(bytes: Uint8Array, signal: Signal | null): Generator<SampleRead> {
  if (signal !== null) checkSignal(signal);
  const found = protobufSignal(bytes, signal);
  if (found !== null) {
    yield* typeof found === "string" ? otlp(bytes, found, "") : [fault(found.message)];
    return;
  }
  const request = damagedRequest(bytes, signal);
  if (request !== null) {
    yield* damaged(request);
    return;
  }
  if (isJson(bytes)) {
    yield* documents(bytes);
    return;
  }
  const text = textOf(bytes);
  yield* text === null ? [fault(notKnown)] : lines(text);
}
