// Telemetry records of the log through the stream stage: aggregates of closed windows leave
// through the outbox, and a partition is committed as far as its open windows allow.
import { aggregateBytes, encodeAggregate, writeAggregate } from "../egress/aggregate-message.ts";
import type { RecordAt, RecordHandler } from "../consume/record-stage.ts";
import type { Outbox } from "../egress/outbox.ts";
import { outputType } from "../egress/outbox.ts";
import { topicPartitions } from "../ledger/positions.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Aggregate } from "./aggregate.ts";
import type { StreamPartition, TelemetryPayload } from "./telemetry-stage.ts";
import { isStreamTopic, malformedPayload, TelemetryStage } from "./telemetry-stage.ts";
import { windowDefaults, type WindowOptions } from "./window-options.ts";

export type TelemetryHandlerOptions = {
  /** The bytes of the ring in which records arrive. */
  readonly bytes: Uint8Array;
  readonly outbox: Outbox;
  readonly metrics: MetricCells;
  /** Those of window-options.ts without it. */
  readonly windows?: WindowOptions;
};

/** Runs on the stream thread; one handler for all telemetry topics. */
export class TelemetryHandler implements RecordHandler {
  readonly #outbox: Outbox;
  readonly #metrics: MetricCells;
  readonly #latency: Histogram;
  readonly #payload: TelemetryPayload;
  readonly #stage: TelemetryStage;
  #emitted = 0;

  constructor({ bytes, outbox, metrics, windows = windowDefaults }: TelemetryHandlerOptions) {
    this.#outbox = outbox;
    this.#metrics = metrics;
    this.#latency = metrics.histogram("edgeToHandled");
    this.#payload = {
      topic: "otlp_spans",
      partition: 0,
      offset: 0,
      receiveMs: 0,
      bytes,
      start: 0,
      end: 0,
    };
    this.#stage = new TelemetryStage({ windows, onEmit: (aggregate) => this.#emit(aggregate) });
  }

  onAssign(id: number, offset: number, metadata: string): void {
    this.#stage.assign([{ ...placeOf(id), offset, metadata }]);
  }

  onRevoke(id: number): void {
    this.#stage.revoke([placeOf(id)]);
  }

  onRecord(record: RecordAt): number {
    const place = placeOf(record.id);
    const payload = this.#payload;
    payload.topic = place.topic;
    payload.partition = place.partition;
    payload.offset = record.offset;
    payload.receiveMs = record.timestampMs;
    payload.start = record.start;
    payload.end = record.end;
    const found = this.#stage.onTelemetry(payload);
    if (found === malformedPayload) this.#metrics.add(malformedCell, 1);
    const items = Math.max(0, found);
    this.#latency.recordMany((Date.now() - record.timestampMs) * 1_000, items);
    const { late, future, overflow } = this.#stage.counters.windows;
    this.#metrics.set(lateCell, late);
    this.#metrics.set(futureCell, future);
    this.#metrics.set(overflowCell, overflow);
    return items;
  }

  onTick(nowMs: number): boolean {
    const before = this.#emitted;
    this.#stage.tick(nowMs);
    return this.#emitted > before;
  }

  commitPoint(id: number): { readonly offset: number; readonly metadata: string } {
    const { topic, partition } = placeOf(id);
    return this.#stage.commitPoint(topic, partition);
  }

  #emit(aggregate: Aggregate): void {
    const message = encodeAggregate(aggregate.service, aggregate);
    const outbox = this.#outbox;
    const at = outbox.claim(outputType.aggregate, aggregateBytes(message));
    writeAggregate(outbox.bytes, outbox.view, at, message);
    outbox.commit(at);
    this.#emitted += 1;
    this.#metrics.add(aggregatesCell, 1);
  }
}

const places: readonly (StreamPartition | undefined)[] = topicPartitions.map(
  ({ topic, partition }) => (isStreamTopic(topic) ? { topic, partition } : undefined),
);

const placeOf = (id: number): StreamPartition => {
  const place = places[id];
  if (place === undefined) throw new Error(`partition id=${id} is no telemetry`);
  return place;
};

const malformedCell = cellOf("streamMalformed");
const lateCell = cellOf("lateItems");
const futureCell = cellOf("futureItems");
const overflowCell = cellOf("overflowItems");
const aggregatesCell = cellOf("aggregates");
