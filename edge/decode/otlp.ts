// POST /v1/traces, /v1/metrics, /v1/logs: one scan over the protobuf bytes, then slices of them by
// partition. A trace lives in one partition, as a Java client or a Collector would put it there:
// murmur2 of the trace id's 32 hex characters. What has no trace id goes, request by request, to
// one partition after the other.
import { traceIdBytes, traceIdPartition } from "../../schemas/hash/murmur2.ts";
import { scanCode, scanCodeText } from "../../schemas/otlp/limits.ts";
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import {
  type SignalScan,
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../schemas/otlp/signal-scan.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { type Refusal, refuse } from "../errors.ts";
import { Rejections } from "../metrics/rejections.ts";
import { copyItems } from "../route/otlp-copy.ts";
import { type Target, assignTargets } from "../route/otlp-targets.ts";
import { type OutgoingRecord, valueBytesMax } from "../route/outgoing-record.ts";
import type { PathInput, Routed } from "../route/routed.ts";

type OtlpSignal = {
  readonly topic: TopicName;
  readonly scan: SignalScan;
  readonly hasTraceId: boolean;
  /** Column of the record with its number of items, or -1 when a record is one item. */
  readonly itemsWord: number;
};

const utf8 = new TextEncoder();

const hex = (bytes: Uint8Array, at: number): Uint8Array =>
  utf8.encode(Buffer.from(bytes.buffer, bytes.byteOffset + at, traceIdBytes).toString("hex"));

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class OtlpPath {
  readonly #signal: OtlpSignal;
  #rotation = 0;

  constructor(signal: OtlpSignal) {
    this.#signal = signal;
  }

  /** Body to records of the signal's topic. */
  readonly route = ({ body, itemsMax }: PathInput): Routed | Refusal => {
    const { scan, topic } = this.#signal;
    const code = scan.scan(body, 0, body.byteLength);
    if (code !== scanCode.ok)
      return refuse("malformed", `body: ${scanCodeText(code)}, at byte ${scan.errorAt}`);
    const items = this.#itemsOf(0, scan.count);
    if (items > itemsMax)
      return refuse("body-too-large", `body: ${items} items, limit itemsMax=${itemsMax}`);
    const { targets, tooLarge } = assignTargets(scan, this.#partitioner(), valueBytesMax(topic));
    const rejections = new Rejections();
    for (const index of tooLarge) {
      const reason = { index, reason: "too-large", detail: "larger than a record can hold" };
      rejections.add(reason, this.#itemsOf(index, index + 1));
    }
    return { items, rejections, records: targets.map((target) => this.#record(target)) };
  };

  /** Items of the scan's records from `start` to before `end`. */
  #itemsOf(start: number, end: number): number {
    const { scan, itemsWord } = this.#signal;
    if (itemsWord < 0) return end - start;
    let items = 0;
    for (let i = start; i < end; i += 1)
      items += scan.records[i * scan.layout.stride + itemsWord] ?? 0;
    return items;
  }

  #partitioner(): (row: number) => number {
    const { scan, topic, hasTraceId } = this.#signal;
    const { partitions } = topics[topic];
    const rotated = this.#rotation;
    this.#rotation = (rotated + 1) % partitions;
    if (!hasTraceId) return () => rotated;
    return (row) => {
      const at = scan.records[row + recordWord.traceIdAt] ?? 0;
      return at === 0 ? rotated : traceIdPartition(scan.bytes, at, partitions);
    };
  }

  #record({ partition, items }: Target): OutgoingRecord {
    const { scan, topic, hasTraceId } = this.#signal;
    const [first = 0] = items;
    const traceIdAt = scan.records[first * scan.layout.stride + recordWord.traceIdAt] ?? 0;
    const key = hasTraceId && traceIdAt !== 0 ? hex(scan.bytes, traceIdAt) : null;
    let count = 0;
    for (const item of items) count += this.#itemsOf(item, item + 1);
    return { topic, partition, key, value: copyItems(scan, items), items: count };
  }
}

export const tracePath = (): OtlpPath =>
  new OtlpPath({ topic: "otlp_spans", scan: createTraceScan(), hasTraceId: true, itemsWord: -1 });

export const logPath = (): OtlpPath =>
  new OtlpPath({ topic: "otlp_logs", scan: createLogScan(), hasTraceId: true, itemsWord: -1 });

/** Metrics are counted by data points, as OTLP's partial success does. */
export const metricPath = (): OtlpPath =>
  new OtlpPath({
    topic: "otlp_metrics",
    scan: createMetricScan(),
    hasTraceId: false,
    itemsWord: metricWord.points,
  });
