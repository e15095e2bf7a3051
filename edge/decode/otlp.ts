// POST /v1/traces, /v1/metrics, /v1/logs: JSON becomes the same protobuf bytes; one scan over them,
// then slices by partition. A trace lives in one partition, where a Java client or a Collector would put it too.
// What has no trace id goes, request by request, to one partition after the other.
import { traceIdBytes } from "../../schemas/hash/murmur2.ts";
import { JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { type OtlpLimits, defaultLimits, scanCode } from "../../schemas/otlp/limits.ts";
import {
  type MessageName,
  type MessageType,
  messageType,
  signals,
} from "../../schemas/otlp/messages.ts";
import {
  type RecordLayout,
  logLayout,
  metricLayout,
  metricWord,
  recordWord,
  spanLayout,
} from "../../schemas/otlp/record-layout.ts";
import { Regroup, type RegroupedMessage } from "../../schemas/otlp/regroup.ts";
import { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../schemas/otlp/trace-partition.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { type Refusal, isRefusal, refuse } from "../errors.ts";
import { settableLimits } from "../limits.ts";
import { Rejections } from "../metrics/rejections.ts";
import { type OutgoingRecord, valueBytesMax } from "../route/outgoing-record.ts";
import type { PathInput, Routed } from "../route/routed.ts";
import { OtlpCheck, scanRefusal } from "./otlp-check.ts";

type OtlpSignal = {
  /** The request's message, for JSON. */
  readonly request: MessageType;
  readonly record: MessageName;
  readonly topic: TopicName;
  readonly layout: RecordLayout;
  readonly hasTraceId: boolean;
  /** Column of the record with its number of items, or -1 when a record is one item. */
  readonly itemsWord: number;
};

/** Bounds of one request, and of the records that it becomes. */
export type PathLimits = { readonly otlp: OtlpLimits; readonly recordsBytesMax: number };

/** Those of the settings' defaults. */
export const pathLimits: PathLimits = {
  otlp: defaultLimits,
  recordsBytesMax: settableLimits.RECORDS_BYTES_MAX.default,
};

const utf8 = new TextEncoder();
const rowsAtFirst = 1024;
const none = -1;

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class OtlpPath {
  readonly #signal: OtlpSignal;
  readonly #scan: SignalScan;
  readonly #check: OtlpCheck;
  readonly #regroup: Regroup;
  readonly #json: JsonEncoder;
  readonly #recordsBytesMax: number;
  readonly #partitions: number;
  #partitionOf = new Int32Array(rowsAtFirst);
  #rotation = 0;

  constructor(signal: OtlpSignal, { otlp: limits, recordsBytesMax }: PathLimits = pathLimits) {
    const { record, layout } = signal;
    this.#json = new JsonEncoder(limits.requestBytesMax);
    this.#recordsBytesMax = recordsBytesMax;
    this.#signal = signal;
    // What bounds one record is the check's part: it rejects the record, not the request.
    this.#scan = new SignalScan({ ...layout, bounds: [] }, limits);
    this.#check = new OtlpCheck(record, layout, limits);
    this.#regroup = new Regroup(valueBytesMax(signal.topic), recordsBytesMax);
    this.#partitions = topics[signal.topic].partitions;
  }

  /** Body to records of the signal's topic. */
  readonly route = ({ body, mediaType, itemsMax }: PathInput): Routed | Refusal => {
    const bytes = mediaType === "application/json" ? this.#encoded(body) : body;
    if (isRefusal(bytes)) return bytes;
    const routed = this.#routed(bytes, itemsMax);
    this.#scan.release();
    return routed;
  };

  #encoded(body: Uint8Array): Uint8Array | Refusal {
    const result = this.#json.encode(body, 0, body.byteLength, this.#signal.request);
    if (result.ok) return result.bytes;
    const { path, message, at, isTooLarge } = result;
    const place = path === "" ? "JSON" : path;
    const code = isTooLarge ? "body-too-large" : "malformed";
    return refuse(code, `body: ${place}: ${message}, at byte ${at}`, { field: path });
  }

  #routed(bytes: Uint8Array, itemsMax: number): Routed | Refusal {
    const scan = this.#scan;
    const code = scan.scan(bytes, 0, bytes.byteLength);
    if (code !== scanCode.ok) return scanRefusal(code, scan.errorAt);
    let items = 0;
    for (let i = 0; i < scan.count; i += 1) items += this.#itemsAt(i);
    if (items > itemsMax)
      return refuse("body-too-large", `body: ${items} items, limit itemsMax=${itemsMax}`);
    this.#assignPartitions();
    const rejections = new Rejections();
    const refusal = this.#check.run(scan, (index, reason, detail) => {
      rejections.add({ index, reason, detail }, this.#itemsAt(index));
      this.#partitionOf[index] = none;
    });
    if (refusal !== undefined) return refusal;
    const messages = this.#regroup.build(scan, this.#partitionOf, this.#partitions);
    if (this.#regroup.isOverfull) return this.#overfull();
    this.#refuseOversize(rejections);
    return { items, rejections, records: this.#records(messages) };
  }

  #overfull(): Refusal {
    const message = `body: its records would exceed recordsBytesMax=${this.#recordsBytesMax}, as each repeats its resource and scope`;
    return refuse("body-too-large", message, { field: "body" });
  }

  #itemsAt(record: number): number {
    const { itemsWord } = this.#signal;
    const scan = this.#scan;
    return itemsWord < 0 ? 1 : (scan.records[record * scan.layout.stride + itemsWord] ?? 0);
  }

  #assignPartitions(): void {
    const { hasTraceId } = this.#signal;
    const scan = this.#scan;
    const unkeyed = this.#rotation;
    this.#rotation = (unkeyed + 1) % this.#partitions;
    if (this.#partitionOf.length < scan.count) this.#partitionOf = new Int32Array(scan.count * 2);
    const rule = { partitions: this.#partitions, unkeyed };
    if (hasTraceId) partitionByTraceId(scan, rule, this.#partitionOf);
    else this.#partitionOf.fill(unkeyed, 0, scan.count);
  }

  /** What no record of the log can hold; afterwards it has no partition. */
  #refuseOversize(rejections: Rejections): void {
    const { oversize, oversizeCount } = this.#regroup;
    for (let i = 0; i < oversizeCount; i += 1) {
      const index = oversize[i] ?? 0;
      const detail = `larger than a record can hold, ${valueBytesMax(this.#signal.topic)} bytes`;
      rejections.add({ index, reason: "too-large", detail }, this.#itemsAt(index));
      this.#partitionOf[index] = none;
    }
  }

  /** Messages hold their partition's records in order, so a walk finds which are in each. */
  #records(messages: readonly RegroupedMessage[]): readonly OutgoingRecord[] {
    let partition = none;
    let next = 0;
    return messages.map((message) => {
      if (message.partition !== partition) next = 0;
      partition = message.partition;
      let first = none;
      let items = 0;
      for (let left = message.records; left > 0; next += 1) {
        if (this.#partitionOf[next] !== partition) continue;
        if (first === none) first = next;
        items += this.#itemsAt(next);
        left -= 1;
      }
      const { topic } = this.#signal;
      return { topic, partition, key: this.#keyOf(first), value: message.bytes, items };
    });
  }

  /** The trace id's 32 hex characters, which hash to the partition; null without one. */
  #keyOf(record: number): Uint8Array | null {
    const { hasTraceId } = this.#signal;
    const scan = this.#scan;
    const at = scan.records[record * scan.layout.stride + recordWord.traceIdAt] ?? 0;
    if (!hasTraceId || at === 0) return null;
    const { buffer, byteOffset } = scan.bytes;
    return utf8.encode(Buffer.from(buffer, byteOffset + at, traceIdBytes).toString("hex"));
  }
}

/** Spans, by trace id. */
export const tracePath = (limits?: PathLimits): OtlpPath =>
  new OtlpPath(
    {
      request: messageType(signals.traces.request),
      record: "Span",
      topic: "otlp_spans",
      layout: spanLayout,
      hasTraceId: true,
      itemsWord: none,
    },
    limits,
  );

/** Log records, by trace id where they have one. */
export const logPath = (limits?: PathLimits): OtlpPath =>
  new OtlpPath(
    {
      request: messageType(signals.logs.request),
      record: "LogRecord",
      topic: "otlp_logs",
      layout: logLayout,
      hasTraceId: true,
      itemsWord: none,
    },
    limits,
  );

/** Metrics are counted by data points, as OTLP's partial success does. */
export const metricPath = (limits?: PathLimits): OtlpPath =>
  new OtlpPath(
    {
      request: messageType(signals.metrics.request),
      record: "Metric",
      topic: "otlp_metrics",
      layout: metricLayout,
      hasTraceId: false,
      itemsWord: metricWord.points,
    },
    limits,
  );
