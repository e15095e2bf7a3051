// One OTLP request as output lines: a line for each span, log record or data point, in the notation
// of OTLP/JSON, with its resource and scope. The scanner that the edge and the engine run finds the
// records; a bad one is reported and left out, the others are still shown.
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { type RecordFault, scanFaults } from "../../schemas/otlp/hidden-record.ts";
import { scanCode, scanCodeText, takenLimits } from "../../schemas/otlp/limits.ts";
import type { MessageName, Signal } from "../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../schemas/otlp/messages.ts";
import type { JsonObject } from "../../schemas/otlp/read-message.ts";
import { readMessage, textAt } from "../../schemas/otlp/read-message.ts";
import {
  metricWord,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
} from "../../schemas/otlp/record-layout.ts";
import { createSignalScan, type SignalScan } from "../../schemas/otlp/signal-scan.ts";

type Fault = RecordFault & {
  /** The message that was expected, when it is not the record. */
  readonly of?: MessageName;
};

/** A line of output, or what is wrong at an offset of the request. */
export type Decoded = { readonly line: JsonObject } | Fault;

// Fields that a line always has, so that its reader need not know what protobuf leaves out.
const always: { readonly [signal in Signal]: JsonObject } = {
  traces: {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    name: "",
    kind: 0,
    startTimeUnixNano: "0",
    endTimeUnixNano: "0",
    attributes: [],
    events: [],
    links: [],
    status: {},
  },
  logs: {
    timeUnixNano: "0",
    observedTimeUnixNano: "0",
    severityNumber: 0,
    traceId: "",
    spanId: "",
    attributes: [],
  },
  metrics: {},
};

const dataNames = new Map([
  [5, "gauge"],
  [7, "sum"],
  [9, "histogram"],
  [10, "exponentialHistogram"],
  [11, "summary"],
]);

const cell = (rows: Int32Array, index: number): number => rows[index] ?? 0;

/** Decodes requests of one signal; reused. */
export class RequestDecoder {
  readonly #signal: Signal;
  readonly #scan: SignalScan;
  readonly #check = new MessageCheck(takenLimits);
  /** By scope: what its records have in common. */
  #arounds = new Map<number, JsonObject>();
  /** By its start: a resource or scope that was read. */
  #heads = new Map<number, JsonObject>();
  /** Of resources and scopes, not reported yet. */
  readonly #headFaults: Fault[] = [];

  /** @throws RangeError for a signal that is none of `signals`. */
  constructor(signal: Signal) {
    this.#signal = signal;
    this.#scan = createSignalScan(signal, takenLimits);
  }

  /** Decodes a protobuf request. Bad records are overwritten in `bytes`. */
  *decode(bytes: Uint8Array): Generator<Decoded> {
    const scan = this.#scan;
    this.#arounds = new Map();
    this.#heads = new Map();
    let next = 0;
    for (const fault of scanFaults(scan, bytes)) {
      next = yield* this.#records(next);
      yield fault;
    }
    yield* this.#records(next);
  }

  /** Those of the last scan from `next` on; returns where the next ones begin. */
  *#records(next: number): Generator<Decoded, number> {
    const { count } = this.#scan;
    for (let index = next; index < count; index += 1) yield* this.#record(index);
    return count;
  }

  *#record(index: number): Generator<Decoded> {
    const { records, layout } = this.#scan;
    const row = index * layout.stride;
    const name = signals[this.#signal].record;
    const object = this.#message(
      cell(records, row + recordWord.start),
      cell(records, row + recordWord.end),
      name,
    );
    if ("fault" in object) {
      yield object;
      return;
    }
    const around = this.#around(row);
    yield* this.#headFaults.splice(0);
    if (this.#signal !== "metrics") {
      yield { line: { ...always[this.#signal], ...object.line, ...around } };
      return;
    }
    yield* this.#points(row, object.line, around);
  }

  *#points(row: number, metric: JsonObject, around: JsonObject): Generator<Decoded> {
    const type = dataNames.get(cell(this.#scan.records, row + metricWord.type));
    if (type === undefined) return;
    const { name = "", description = "", unit = "", metadata } = metric;
    const { dataPoints = [], ...kind } = metric[type] as JsonObject;
    for (const point of dataPoints as readonly JsonObject[]) {
      const head = { name, description, unit, type, ...kind, ...(metadata && { metadata }) };
      yield { line: { ...head, attributes: [], ...point, ...around } };
    }
  }

  #message(start: number, end: number, name: MessageName): { line: JsonObject } | Fault {
    const { bytes } = this.#scan;
    const type = messageType(name);
    const code = this.#check.check(bytes, start, end, type);
    if (code !== scanCode.ok)
      return { fault: scanCodeText(code, takenLimits), at: this.#check.errorAt };
    return { line: readMessage(bytes, start, end, type) };
  }

  /** Resource, scope and schema URLs of a record; read once for each scope. */
  #around(row: number): JsonObject {
    const scan = this.#scan;
    const scopeIndex = cell(scan.records, row + recordWord.scope);
    const known = this.#arounds.get(scopeIndex);
    if (known !== undefined) return known;
    const resourceRow = cell(scan.records, row + recordWord.resource) * resourceStride;
    const scopeRow = scopeIndex * scopeStride;
    const around = {
      resource: this.#head(scan.resources, resourceRow, "Resource"),
      resourceSchemaUrl: this.#schemaUrl(scan.resources, resourceRow),
      scope: this.#head(scan.scopes, scopeRow, "InstrumentationScope"),
      scopeSchemaUrl: this.#schemaUrl(scan.scopes, scopeRow),
    };
    this.#arounds.set(scopeIndex, around);
    return around;
  }

  #head(rows: Int32Array, row: number, name: MessageName): JsonObject {
    const start = cell(rows, row + resourceWord.headStart);
    if (start === 0) return { attributes: [] };
    const known = this.#heads.get(start);
    const head = known ?? this.#readHead(start, cell(rows, row + resourceWord.headEnd), name);
    this.#heads.set(start, head);
    return head;
  }

  #readHead(start: number, end: number, name: MessageName): JsonObject {
    const read = this.#message(start, end, name);
    if (!("fault" in read)) return { attributes: [], ...read.line };
    // A head that cannot be read must not take its records with it; they say what is wrong as well.
    this.#headFaults.push({ ...read, of: name });
    return { attributes: [], fault: read.fault };
  }

  #schemaUrl(rows: Int32Array, row: number): string {
    const start = cell(rows, row + scopeWord.schemaUrlStart);
    return textAt(this.#scan.bytes, start, cell(rows, row + scopeWord.schemaUrlEnd));
  }
}
