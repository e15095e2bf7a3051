// POST /v1/traces, /v1/metrics, /v1/logs: JSON becomes the same protobuf bytes; one scan over them,
// then slices by partition. A trace lives in one partition, where a Java client or a Collector would put it too.
// What has no trace id goes, request by request, to one partition after the other.
import { traceIdBytes } from "../../schemas/hash/murmur2.ts";
import { JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { type MessageType, messageType, signals } from "../../schemas/otlp/messages.ts";
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import { Regroup, type RegroupedMessage } from "../../schemas/otlp/regroup.ts";
import {
  type SignalScan,
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../schemas/otlp/trace-partition.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { type Refusal, refuse } from "../errors.ts";
import { Rejections } from "../metrics/rejections.ts";
import { type OutgoingRecord, valueBytesMax } from "../route/outgoing-record.ts";
import type { PathInput, Routed } from "../route/routed.ts";

type OtlpSignal = {
  /** The request's message, for JSON. */
  readonly request: MessageType;
  readonly topic: TopicName;
  readonly scan: SignalScan;
  readonly hasTraceId: boolean;
  /** Column of the record with its number of items, or -1 when a record is one item. */
  readonly itemsWord: number;
};

const utf8 = new TextEncoder();
const rowsAtFirst = 1024;
const none = -1;

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class OtlpPath {
  readonly #signal: OtlpSignal;
  readonly #regroup: Regroup;
  readonly #json = new JsonEncoder();
  readonly #partitions: number;
  #partitionOf = new Int32Array(rowsAtFirst);
  #rotation = 0;

  constructor(signal: OtlpSignal) {
    this.#signal = signal;
    this.#regroup = new Regroup(valueBytesMax(signal.topic));
    this.#partitions = topics[signal.topic].partitions;
  }

  /** Body to records of the signal's topic. */
  readonly route = ({ body, mediaType, itemsMax }: PathInput): Routed | Refusal => {
    const bytes = mediaType === "application/json" ? this.#encoded(body) : body;
    return "code" in bytes ? bytes : this.#routed(bytes, itemsMax);
  };

  #encoded(body: Uint8Array): Uint8Array | Refusal {
    const result = this.#json.encode(body, 0, body.byteLength, this.#signal.request);
    if (result.ok) return result.bytes;
    const { path, message, at } = result;
    return refuse("malformed", `body: ${path === "" ? "JSON" : path}: ${message}, at byte ${at}`);
  }

  #routed(bytes: Uint8Array, itemsMax: number): Routed | Refusal {
    const { scan } = this.#signal;
    const code = scan.scan(bytes, 0, bytes.byteLength);
    if (code !== scanCode.ok)
      return refuse("malformed", `body: ${scanCodeText(code)}, at byte ${scan.errorAt}`);
    let items = 0;
    for (let i = 0; i < scan.count; i += 1) items += this.#itemsAt(i);
    if (items > itemsMax)
      return refuse("body-too-large", `body: ${items} items, limit itemsMax=${itemsMax}`);
    this.#assignPartitions();
    const messages = this.#regroup.build(scan, this.#partitionOf, this.#partitions);
    const rejections = this.#refuseOversize();
    return { items, rejections, records: this.#records(messages) };
  }

  #itemsAt(record: number): number {
    const { scan, itemsWord } = this.#signal;
    return itemsWord < 0 ? 1 : (scan.records[record * scan.layout.stride + itemsWord] ?? 0);
  }

  #assignPartitions(): void {
    const { scan, hasTraceId } = this.#signal;
    const unkeyed = this.#rotation;
    this.#rotation = (unkeyed + 1) % this.#partitions;
    if (this.#partitionOf.length < scan.count) this.#partitionOf = new Int32Array(scan.count * 2);
    const rule = { partitions: this.#partitions, unkeyed };
    if (hasTraceId) partitionByTraceId(scan, rule, this.#partitionOf);
    else this.#partitionOf.fill(unkeyed, 0, scan.count);
  }

  /** What no record of the log can hold; afterwards it has no partition. */
  #refuseOversize(): Rejections {
    const rejections = new Rejections();
    const { oversize, oversizeCount } = this.#regroup;
    for (let i = 0; i < oversizeCount; i += 1) {
      const index = oversize[i] ?? 0;
      const detail = `larger than a record can hold, ${valueBytesMax(this.#signal.topic)} bytes`;
      rejections.add({ index, reason: "too-large", detail }, this.#itemsAt(index));
      this.#partitionOf[index] = none;
    }
    return rejections;
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
    const { scan, hasTraceId } = this.#signal;
    const at = scan.records[record * scan.layout.stride + recordWord.traceIdAt] ?? 0;
    if (!hasTraceId || at === 0) return null;
    const { buffer, byteOffset } = scan.bytes;
    return utf8.encode(Buffer.from(buffer, byteOffset + at, traceIdBytes).toString("hex"));
  }
}

/** Spans, by trace id. */
export const tracePath = (): OtlpPath =>
  new OtlpPath({
    request: messageType(signals.traces.request),
    topic: "otlp_spans",
    scan: createTraceScan(),
    hasTraceId: true,
    itemsWord: none,
  });

/** Log records, by trace id where they have one. */
export const logPath = (): OtlpPath =>
  new OtlpPath({
    request: messageType(signals.logs.request),
    topic: "otlp_logs",
    scan: createLogScan(),
    hasTraceId: true,
    itemsWord: none,
  });

/** Metrics are counted by data points, as OTLP's partial success does. */
export const metricPath = (): OtlpPath =>
  new OtlpPath({
    request: messageType(signals.metrics.request),
    topic: "otlp_metrics",
    scan: createMetricScan(),
    hasTraceId: false,
    itemsWord: metricWord.points,
  });
