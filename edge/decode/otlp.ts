// POST /v1/traces, /v1/metrics, /v1/logs: JSON becomes the same protobuf bytes; one pass over them
// (signal-pass.ts), sampling, then slices by partition. A trace lives in one partition, where a Java
// client or a Collector would put it too. What is refused goes to weir-rejected as it came.
import { traceIdBytes } from "../../schemas/hash/murmur2.ts";
import { JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { type OtlpLimits, defaultLimits } from "../../schemas/otlp/limits.ts";
import { mergeRepeated } from "../../schemas/otlp/merge-repeated.ts";
import { type MessageType, messageType, signals } from "../../schemas/otlp/messages.ts";
import type { RecordEdits } from "../../schemas/otlp/record-edits.ts";
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import { Regroup, type RegroupedMessage } from "../../schemas/otlp/regroup.ts";
import type { ScannedRows } from "../../schemas/otlp/scanned-rows.ts";
import type { PartitionRule } from "../../schemas/otlp/trace-partition.ts";
import { type TopicName, topics } from "../../schemas/topics.ts";
import { type Refusal, isRefusal, refuse } from "../errors.ts";
import { settableLimits } from "../limits.ts";
import { Rejections } from "../metrics/rejections.ts";
import { type OutgoingRecord, valueBytesMax } from "../route/outgoing-record.ts";
import { RefusedRecords } from "../route/refused-records.ts";
import type { PathInput, Routed } from "../route/routed.ts";
import type { SignalPass } from "./signal-pass.ts";

/** What is particular to a signal. */
export type OtlpSignal = {
  /** The request's message. */
  readonly request: MessageType;
  readonly topic: TopicName;
  /** Its records go to their trace's partition; else a request's stay together. */
  readonly isByTrace: boolean;
  /** Column of the record with its number of items, or -1 when a record is one item. */
  readonly itemsWord: number;
  /** Lets records go, with what is changed on the others; undefined lets none go. */
  readonly sample?: SampleRecords | undefined;
};

/** Sets entries of `partitionOf` below 0. */
type SampleRecords = (
  rows: ScannedRows,
  tenant: string,
  partitionOf: Int32Array,
) => { readonly edits: RecordEdits; readonly sampledOut: number; readonly count: () => void };

/** Bounds of one request, and of the records that it becomes. */
export type PathLimits = { readonly otlp: OtlpLimits; readonly recordsBytesMax: number };

/** Those of the settings' defaults. */
const pathLimits: PathLimits = {
  otlp: defaultLimits,
  recordsBytesMax: settableLimits.RECORDS_BYTES_MAX.default,
};

/** A regrouped message, or the request itself, whose bytes are the sender's. */
type Message = Omit<RegroupedMessage, "bytes"> & { readonly bytes: Uint8Array };

const hexDigits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const none = -1;
/** Of a path into JSON, as it is told. */
const pathCharsMax = 300;
const nothing: readonly OutgoingRecord[] = [];
/** All records of a request in one message. */
const together: PartitionRule = { partitions: 1, unkeyed: 0 };

/** The reason stands behind the path, and an answer's message is cut at its end. */
const shortened = (path: string): string =>
  path.length <= pathCharsMax ? path : `${path.slice(0, pathCharsMax)}…`;

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class OtlpPath {
  readonly #signal: OtlpSignal;
  readonly #pass: SignalPass;
  readonly #regroup: Regroup;
  readonly #refused: RefusedRecords;
  readonly #json: JsonEncoder;
  readonly #recordsBytesMax: number;
  readonly #partitions: number;
  // Made once, as V8 forgets the optimised code of what is made for each request.
  readonly #itemsOf = (record: number): number => this.#itemsAt(record);
  #rotation = 0;

  constructor(signal: OtlpSignal, pass: SignalPass, limits: PathLimits = pathLimits) {
    this.#json = new JsonEncoder(limits.otlp.requestBytesMax);
    this.#recordsBytesMax = limits.recordsBytesMax;
    this.#signal = signal;
    this.#pass = pass;
    this.#regroup = new Regroup(valueBytesMax(signal.topic), limits.recordsBytesMax);
    this.#refused = new RefusedRecords(signal.topic, limits.otlp.requestBytesMax);
    this.#partitions = topics[signal.topic].partitions;
  }

  /** Body to records of the signal's topic, and of weir-rejected. */
  readonly route = (input: PathInput): Routed | Refusal => {
    const { body, mediaType } = input;
    const bytes = mediaType === "application/json" ? this.#encoded(body) : body;
    if (isRefusal(bytes)) return bytes;
    const routed = this.#routedMerged(bytes, input);
    this.#rotation = (this.#rotation + 1) % this.#partitions;
    this.#pass.release();
    return routed;
  };

  #encoded(body: Uint8Array): Uint8Array | Refusal {
    const result = this.#json.encodeLent(body, 0, body.byteLength, this.#signal.request);
    if (result.ok) return result.bytes;
    const { path, message, at, isTooLarge } = result;
    const place = path === "" ? "JSON" : shortened(path);
    const code = isTooLarge ? "body-too-large" : "malformed";
    return refuse(code, `body: ${place}: ${message}, at byte ${at}`, {
      field: path === "" ? "body" : path,
    });
  }

  /** Readers want each message once that may appear once; a request with others is rewritten. */
  #routedMerged(bytes: Uint8Array, input: PathInput): Routed | Refusal {
    const routed = this.#routed(bytes, input);
    if (!isRefusal(routed) || !routed.isMergeable) return routed;
    const merged = mergeRepeated(bytes, this.#signal.request);
    return merged === null ? routed : this.#routed(merged, input);
  }

  #routed(bytes: Uint8Array, { tenant, itemsMax, body }: PathInput): Routed | Refusal {
    const pass = this.#pass;
    const rejections = new Rejections();
    const rule = this.#rule();
    const refusal = pass.run(bytes, { tenant, rule, itemsOf: this.#itemsOf, rejections });
    if (refusal !== undefined) return refusal;
    const { rows } = pass;
    let items = 0;
    for (let i = 0; i < rows.count; i += 1) items += this.#itemsAt(i);
    if (items > itemsMax)
      return refuse("body-too-large", `body: ${items} items, limit REQUEST_ITEMS_MAX=${itemsMax}`);
    const { partitionOf } = pass;
    const refused = rejections.isAnyOut ? this.#refused.of(pass, tenant.name) : [];
    const sampled = this.#signal.sample?.(rows, tenant.name, partitionOf);
    const one = sampled === undefined && bytes === body ? this.#onePartition(bytes) : none;
    if (one !== none) {
      pass.count();
      const records = this.#records([{ partition: one, bytes, records: rows.count }]);
      return { items, rejections, sampledOut: 0, records };
    }
    const messages = this.#regroup.build(rows, partitionOf, rule.partitions, sampled?.edits);
    if (this.#regroup.isOverfull) return this.#overfull();
    pass.count();
    sampled?.count();
    const large = this.#oversize(tenant.name, rejections);
    const records = [...this.#records(messages), ...refused, ...large];
    const memory = messages[0]?.bytes.buffer;
    return { items, rejections, sampledOut: sampled?.sampledOut ?? 0, records, memory };
  }

  /** What has no trace id goes, request by request, to one partition after the other. */
  #rule(): PartitionRule {
    if (!this.#signal.isByTrace) return together;
    return { partitions: this.#partitions, unkeyed: this.#rotation };
  }

  /**
   * The partition of a request that goes on as it is and saves its copy: nothing parts its records
   * and none is out. Else none.
   */
  #onePartition(bytes: Uint8Array): number {
    const { rows, partitionOf } = this.#pass;
    const first = partitionOf[0] ?? none;
    if (rows.count === 0 || first < 0) return none;
    if (bytes.byteLength > valueBytesMax(this.#signal.topic)) return none;
    for (let i = 1; i < rows.count; i += 1) if (partitionOf[i] !== first) return none;
    return first;
  }

  #overfull(): Refusal {
    const message = `body: its records would exceed RECORDS_BYTES_MAX=${this.#recordsBytesMax}, as each repeats its resource and scope`;
    return refuse("body-too-large", message, { field: "body" });
  }

  #itemsAt(record: number): number {
    const { itemsWord } = this.#signal;
    const { records, layout } = this.#pass.rows;
    return itemsWord < 0 ? 1 : (records[record * layout.stride + itemsWord] ?? 0);
  }

  /** What no record of its topic can hold goes to weir-rejected; afterwards it has no partition. */
  #oversize(tenant: string, rejections: Rejections): readonly OutgoingRecord[] {
    const { oversize, oversizeCount } = this.#regroup;
    if (oversizeCount === 0) return nothing;
    for (let i = 0; i < oversizeCount; i += 1) {
      const index = oversize[i] ?? 0;
      const detail = `larger than a record can hold, ${valueBytesMax(this.#signal.topic)} bytes`;
      rejections.add({ index, reason: "too-large", detail }, this.#itemsAt(index));
      this.#pass.partitionOf[index] = none;
    }
    return this.#refused.tooLarge(this.#pass, tenant, oversize.slice(0, oversizeCount));
  }

  /** Messages hold their partition's records in order, so a walk finds which are in each. */
  #records(messages: readonly Message[]): readonly OutgoingRecord[] {
    const { partitionOf } = this.#pass;
    const { topic, isByTrace } = this.#signal;
    const outgoing: OutgoingRecord[] = [];
    let partition = none;
    let next = 0;
    for (const message of messages) {
      if (message.partition !== partition) next = 0;
      partition = message.partition;
      let first = none;
      let items = 0;
      for (let left = message.records; left > 0; next += 1) {
        if (partitionOf[next] !== partition) continue;
        if (first === none) first = next;
        items += this.#itemsAt(next);
        left -= 1;
      }
      const to = isByTrace ? partition : this.#rotation;
      const key = isByTrace ? this.#keyOf(first) : null;
      outgoing.push({ topic, partition: to, key, value: message.bytes, items });
    }
    return outgoing;
  }

  /** The trace id's 32 hex characters, which hash to the partition; null without one. */
  #keyOf(record: number): Uint8Array | null {
    const { records, layout, bytes } = this.#pass.rows;
    const at = records[record * layout.stride + recordWord.traceIdAt] ?? 0;
    if (at === 0) return null;
    const key = new Uint8Array(2 * traceIdBytes);
    for (let i = 0; i < traceIdBytes; i += 1) {
      const byte = bytes[at + i] ?? 0;
      key[2 * i] = hexDigits[byte >> 4] ?? 0;
      key[2 * i + 1] = hexDigits[byte & 15] ?? 0;
    }
    return key;
  }
}

/** Spans, by trace id. */
export const traceSignal: OtlpSignal = {
  request: messageType(signals.traces.request),
  topic: "otlp_spans",
  isByTrace: true,
  itemsWord: none,
};

/** Log records, by trace id where they have one. */
export const logSignal: OtlpSignal = {
  request: messageType(signals.logs.request),
  topic: "otlp_logs",
  isByTrace: true,
  itemsWord: none,
};

/** Metrics are counted by data points, as OTLP's partial success does. */
export const metricSignal: OtlpSignal = {
  request: messageType(signals.metrics.request),
  topic: "otlp_metrics",
  isByTrace: false,
  itemsWord: metricWord.points,
};
