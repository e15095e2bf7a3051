// An OTLP/JSON request as protobuf, less what is wrong in it: each record that cannot be is a fault,
// and the others are still there, as in protobuf.
import type { JsonEncoded, JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { JsonScanner, mark } from "../../schemas/otlp/json-scanner.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../schemas/otlp/messages.ts";

type Fault = { readonly fault: string; readonly at: number };
type Encoded = { readonly bytes: Uint8Array<ArrayBuffer> };
type Range = readonly [start: number, end: number];

/** Of resources, their scopes, and the scopes' records. */
const listNames: { readonly [signal in Signal]: readonly [string, string, string] } = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
};

const recordPath = /^\w+\[\d+\]\.\w+\[\d+\]\.\w+\[\d+\]/;
const space = 0x20;

/**
 * What is wrong with the request in this range, by byte, and the request without it; no request when
 * the fault is in no record. Bad records are overwritten in `bytes`.
 */
export function* encodeRecords(
  encoder: JsonEncoder,
  signal: Signal,
  bytes: Uint8Array,
  [start, end]: Range,
): Generator<Fault | Encoded> {
  const type = messageType(signals[signal].request);
  let encoded = encoder.encode(bytes, start, end, type);
  if (isRecordAtFault(encoded)) {
    yield* hideBadRecords(encoder, signal, bytes, [start, end]);
    encoded = encoder.encode(bytes, start, end, type);
  }
  yield encoded.ok ? encoded : faultOf(encoded, "");
}

const isRecordAtFault = (encoded: JsonEncoded): boolean =>
  !encoded.ok && !encoded.isTooLarge && recordPath.test(encoded.path);

const faultOf = ({ at, path, message }: JsonEncoded & { ok: false }, around: string): Fault => {
  const whole = around !== "" && path !== "" ? `${around}.${path}` : around + path;
  return { fault: `${whole}: ${message}`, at };
};

function* hideBadRecords(
  encoder: JsonEncoder,
  signal: Signal,
  bytes: Uint8Array,
  request: Range,
): Generator<Fault> {
  const type = messageType(signals[signal].record);
  const [resources, scopes, records] = listNames[signal];
  for (const resource of new JsonList(bytes, request, resources)) {
    for (const scope of new JsonList(bytes, resource.range, scopes)) {
      const list = new JsonList(bytes, scope.range, records);
      for (const { range, place } of list) {
        const encoded = encoder.encodeLent(bytes, ...range, type);
        if (encoded.ok) continue;
        yield faultOf(encoded, `${resource.place}.${scope.place}.${place}`);
        list.hide();
      }
    }
  }
}

/** The elements of a list that an object has under a name; a text that is JSON. */
class JsonList {
  readonly #scanner = new JsonScanner();
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #range: Range = [0, 0];
  /** Of the commas between elements that were not hidden, the last before and the one after. */
  #commaBefore = -1;
  #commaAfter = -1;

  constructor(bytes: Uint8Array, [start, end]: Range, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    this.#scanner.open(bytes, start, end);
  }

  *[Symbol.iterator](): Generator<{ readonly range: Range; readonly place: string }> {
    const scanner = this.#scanner;
    if (!scanner.tryTake(mark.openObject)) return;
    while (scanner.string()) {
      const isWanted = scanner.text() === this.#name;
      if (!scanner.take(mark.colon)) return;
      if (isWanted && scanner.tryTake(mark.openList)) yield* this.#elements();
      else if (!scanner.skip()) return;
      if (!scanner.tryTake(mark.comma)) return;
    }
  }

  /** Overwrites the latest element, and the comma that parted it from others. */
  hide(): void {
    this.#bytes.fill(space, ...this.#range);
    const comma = Math.max(this.#commaBefore, this.#commaAfter);
    if (comma >= 0) this.#bytes[comma] = space;
    this.#commaAfter = -1;
  }

  *#elements(): Generator<{ readonly range: Range; readonly place: string }> {
    const scanner = this.#scanner;
    this.#commaBefore = -1;
    if (scanner.tryTake(mark.closeList)) return;
    for (let index = 0; ; index += 1) {
      scanner.peek();
      const start = scanner.at;
      if (!scanner.skip()) return;
      this.#range = [start, scanner.at];
      this.#commaAfter = scanner.tryTake(mark.comma) ? scanner.at - 1 : -1;
      const isLast = this.#commaAfter < 0;
      yield { range: this.#range, place: `${this.#name}[${index}]` };
      this.#commaBefore = Math.max(this.#commaBefore, this.#commaAfter);
      if (isLast) break;
    }
    scanner.take(mark.closeList);
  }
}
