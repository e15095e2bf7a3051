// The OTLP requests of one file, as protobuf: a protobuf request, or JSON requests one after another
// (one in the file, or one on each line). Faults are values; what can be read is read.
import { JsonEncoder, jsonSignal } from "../../schemas/otlp/json-encode.ts";
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { signals } from "../../schemas/otlp/messages.ts";
import { encodeRecords } from "../check/json-request.ts";
import { isProtobuf } from "../check/protobuf-signal.ts";
import type { Option, Values } from "./command.ts";
import { UsageError } from "./command.ts";

const signalNames = Object.keys(signals) as Signal[];
const newline = 0x0a;
/** Bytes of a text that is no request. */
const textShown = 40;

/** The option that every reader of OTLP files has. */
export const signalOption: Option = {
  value: "SIGNAL",
  help: "traces, metrics or logs; JSON tells itself, protobuf without it is read as traces",
};

/** The signal that was asked for, or null. @throws UsageError naming the choices. */
export const askedSignal = (values: Values): Signal | null => {
  const text = values["signal"];
  if (text === undefined) return null;
  const signal = signalNames.find((name) => name === text);
  if (signal !== undefined) return signal;
  throw new UsageError(`--signal must be one of ${signalNames.join(", ")}, found ${String(text)}`);
};

/** A request, and where it was for messages, "" when it is the whole file; or what is wrong. */
export type OtlpRequest =
  | { readonly signal: Signal; readonly bytes: Uint8Array; readonly within: string }
  | { readonly fault: string };

/** Reads one file; reused. */
export class OtlpRequests {
  readonly #asked: Signal | null;
  readonly #encoder = new JsonEncoder();

  /** With a signal, requests of another one are faults. */
  constructor(asked: Signal | null) {
    this.#asked = asked;
  }

  /** The requests in the file's bytes. */
  *read(bytes: Uint8Array): Generator<OtlpRequest> {
    const signal = this.#asked ?? "traces";
    if (isJson(bytes, signal)) yield* this.#documents(bytes);
    else if (isOtherText(bytes, signal)) {
      const found = new TextDecoder().decode(bytes.subarray(0, textShown)).split("\n")[0];
      yield { fault: `byte 0: found ${found}, expected an object of OTLP/JSON, or OTLP protobuf` };
    } else yield { signal, bytes, within: "" };
  }

  *#documents(bytes: Uint8Array): Generator<OtlpRequest> {
    const scanner = new JsonScanner();
    let at = 0;
    for (;;) {
      scanner.open(bytes, at, bytes.length);
      if (scanner.peek() < 0) return;
      const start = scanner.at;
      if (scanner.skip()) {
        at = scanner.at;
        yield* this.#document(bytes, start, at);
      } else {
        yield { fault: `byte ${scanner.faultAt}: ${scanner.fault}` };
        at = bytes.indexOf(newline, Math.max(start, scanner.faultAt));
        if (at < 0) return;
      }
    }
  }

  *#document(bytes: Uint8Array, start: number, end: number): Generator<OtlpRequest> {
    const found = jsonSignal(bytes, start, end);
    if (found === null && isEmptyObject(bytes, start, end)) return;
    if (found === null || (this.#asked !== null && found !== this.#asked)) {
      const keys = signalNames.map((name) => signals[name].key);
      const expected = this.#asked === null ? keys.join(", ") : signals[this.#asked].key;
      const what = found === null ? "no known key" : signals[found].key;
      yield { fault: `byte ${start}: found ${what}, expected ${expected}` };
      return;
    }
    for (const part of encodeRecords(this.#encoder, found, bytes, [start, end])) {
      yield "fault" in part
        ? { fault: `byte ${part.at}: ${part.fault}` }
        : { signal: found, bytes: part.bytes, within: `request at byte ${start}` };
    }
  }
}

/** JSON begins with a brace; but protobuf's first byte, 0x0a, is white space to JSON. */
const isJson = (bytes: Uint8Array, signal: Signal): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, 0, bytes.length);
  if (scanner.peek() !== mark.openObject) return false;
  if (bytes[0] !== newline) return true;
  return !isProtobuf(bytes, signal);
};

/** A request of ours begins with a newline in protobuf; printable is what something else begins with. */
const isOtherText = (bytes: Uint8Array, signal: Signal): boolean => {
  const [first = 0] = bytes;
  return first > 0x20 && first < 0x7f && !isProtobuf(bytes, signal);
};

const isEmptyObject = (bytes: Uint8Array, start: number, end: number): boolean => {
  const scanner = new JsonScanner();
  scanner.open(bytes, start, end);
  return scanner.tryTake(mark.openObject) && scanner.tryTake(mark.closeObject);
};
