// What kind of input a file is, and its samples: OTLP in JSON tells itself by its first key, a list
// or an object is samples, well-formed protobuf is OTLP, and anything else is lines of attributes.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { JsonEncoder, jsonSignal } from "../../schemas/otlp/json-encode.ts";
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import { messageType, type Signal, signals } from "../../schemas/otlp/messages.ts";
import { otlpSamples } from "./otlp-samples.ts";
import { readLine, readSamples, type SampleRead } from "./read-samples.ts";

const firstTag = 0x0a;
const newline = 0x0a;
const encoder = new JsonEncoder();

const otlp = (bytes: Uint8Array, signal: Signal, at: string): readonly SampleRead[] => {
  const read = otlpSamples(bytes, signal);
  return "fault" in read
    ? [{ at: at === "" ? `byte ${read.at}` : at, message: read.fault }]
    : read.samples;
};

/** One JSON document at [start, end): a request, or a sample. */
const document = (bytes: Uint8Array, start: number, end: number): readonly SampleRead[] => {
  const signal = jsonSignal(bytes, start, end);
  if (signal === null) return readSamples(new TextDecoder().decode(bytes.subarray(start, end)));
  const encoded = encoder.encode(bytes, start, end, messageType(signals[signal].request));
  if (encoded.ok) return otlp(encoded.bytes, signal, `request at byte ${start}`);
  return [{ at: `byte ${encoded.at}`, message: `${encoded.path}: ${encoded.message}` }];
};

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

const isProtobuf = (bytes: Uint8Array, signal: Signal): boolean => {
  const type = messageType(signals[signal].request);
  return (
    bytes[0] === firstTag && new MessageCheck().check(bytes, 0, bytes.length, type) === scanCode.ok
  );
};

const isJson = (bytes: Uint8Array): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, 0, bytes.length);
  const first = scanner.peek();
  return first === mark.openObject || first === mark.openList;
};

/** The samples of one file, or what is wrong in place of one. `signal` is for protobuf only. */
export function* readInput(bytes: Uint8Array, signal: Signal): Generator<SampleRead> {
  if (isProtobuf(bytes, signal)) {
    yield* otlp(bytes, signal, "");
    return;
  }
  if (isJson(bytes)) {
    yield* documents(bytes);
    return;
  }
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const sample = readLine(line);
    if (sample !== null) yield sample;
  }
}
