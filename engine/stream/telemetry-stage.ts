// Telemetry counted in event-time windows: takes the OTLP requests of the telemetry topics one by
// one and feeds the windows of their partitions. It owns no thread, ring or log: its caller gives
// it records and time, takes aggregates, and commits the points that it names. Data points of
// metrics are counted as handled and go into no window.
import type { Position } from "../log/event-log.ts";
import { scanCode, takenLimits } from "../../schemas/otlp/limits.ts";
import { metricWord, recordWord } from "../../schemas/otlp/record-layout.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
  type SignalScan,
} from "../../schemas/otlp/signal-scan.ts";
import type { Aggregate, StreamSignal } from "./aggregate.ts";
import { Observation } from "./observation.ts";
import { observeLog, observeSpan, setService } from "./observe-otlp.ts";
import { newWindowCounters, type WindowCounters } from "./window-counters.ts";
import { checkWindowOptions, windowDefaults, type WindowOptions } from "./window-options.ts";
import { type CommitPoint, PartitionWindows } from "./windows.ts";

const signals = {
  otlp_spans: "spans",
  otlp_logs: "logs",
  otlp_metrics: "metrics",
} as const satisfies { readonly [topic: string]: StreamSignal };

/** The topics that this stage reads. */
export type StreamTopic = keyof typeof signals;
/** True for a topic of telemetry. */
export const isStreamTopic = (topic: string): topic is StreamTopic => Object.hasOwn(signals, topic);

/** One partition of a telemetry topic. */
export type StreamPartition = { readonly topic: StreamTopic; readonly partition: number };

/** One log record's value, an OTLP request at [start, end). The caller may reuse the object. */
export type TelemetryPayload = {
  topic: StreamTopic;
  partition: number;
  offset: number;
  /** When the edge took it (or the log's timestamp), ms since the epoch. */
  receiveMs: number;
  /** May be shared memory; must not change during the call, is not kept after it. */
  bytes: Uint8Array;
  start: number;
  end: number;
};

/** Plain numbers of the stage's thread; a replay after a restart counts again. */
export type TelemetryCounters = {
  /** Items finished: spans, log records, data points. */
  readonly handled: { [signal in StreamSignal]: number };
  /** Log records whose value is no OTLP request; how many items they held nobody knows. */
  malformed: number;
  /** Log records that were handled before. */
  repeated: number;
  /** Resources with items but without service.name. */
  serviceUnknown: number;
  /** Items without any time. */
  untimed: number;
  /** Committed positions with metadata that is not ours; their windows start empty. */
  metadataUnknown: number;
  readonly windows: WindowCounters;
};

/** `windows` replaces single defaults. */
export type TelemetryStageOptions = {
  readonly windows?: Partial<WindowOptions>;
  /** Called during onTelemetry and tick; keeps what it wants. */
  readonly onEmit: (aggregate: Aggregate) => void;
};

/** What `onTelemetry` returns for a value that is no OTLP request. */
export const malformedPayload = -1;

/** One thread owns it. Nothing is allocated per item; a row of a closed window is an object. */
export class TelemetryStage {
  readonly counters: TelemetryCounters = {
    handled: { spans: 0, logs: 0, metrics: 0 },
    malformed: 0,
    repeated: 0,
    serviceUnknown: 0,
    untimed: 0,
    metadataUnknown: 0,
    windows: newWindowCounters(),
  };
  readonly #options: WindowOptions;
  readonly #onEmit: (aggregate: Aggregate) => void;
  readonly #scans: { readonly [signal in StreamSignal]: SignalScan } = {
    spans: createTraceScan(takenLimits),
    logs: createLogScan(takenLimits),
    metrics: createMetricScan(takenLimits),
  };
  readonly #partitions: { readonly [topic in StreamTopic]: (PartitionWindows | undefined)[] } = {
    otlp_spans: [],
    otlp_logs: [],
    otlp_metrics: [],
  };
  readonly #item = new Observation();

  /** @throws RangeError naming the option out of range. */
  constructor({ windows = {}, onEmit }: TelemetryStageOptions) {
    this.#options = { ...windowDefaults, ...windows };
    checkWindowOptions(this.#options);
    this.#onEmit = onEmit;
  }

  /** Takes over partitions at their committed positions; other topics' positions are ignored. */
  assign(positions: readonly Position[]): void {
    for (const { topic, partition, offset, metadata } of positions) {
      if (!isStreamTopic(topic)) continue;
      const windows = new PartitionWindows(
        { topic, partition, signal: signals[topic] },
        this.#options,
        this.#onEmit,
        this.counters.windows,
      );
      if (!windows.restore({ offset, metadata })) this.counters.metadataUnknown += 1;
      this.#partitions[topic][partition] = windows;
    }
  }

  /** Forgets partitions with their open windows: the next owner rebuilds them. */
  revoke(partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    for (const { topic, partition } of partitions) {
      if (isStreamTopic(topic)) this.#partitions[topic][partition] = undefined;
    }
  }

  /**
   * Handles one record of an assigned partition, offsets ascending. Returns its number of items,
   * 0 for one delivered again, `malformedPayload` for no OTLP request (handled: nothing is in it).
   * @throws Error for a partition that was not assigned.
   */
  onTelemetry(payload: TelemetryPayload): number {
    const { topic, partition, offset, receiveMs } = payload;
    const windows = this.#windowsOf(topic, partition);
    if (!windows.beginRecord(offset, receiveMs)) {
      this.counters.repeated += 1;
      return 0;
    }
    const signal = signals[topic];
    const scan = this.#scans[signal];
    // The whole request is read before anything is counted: half a request is no result.
    const code = scan.scan(payload.bytes, payload.start, payload.end);
    const items = code === scanCode.ok ? this.#observe(windows, signal, receiveMs) : 0;
    windows.endRecord();
    if (code !== scanCode.ok) {
      this.counters.malformed += 1;
      return malformedPayload;
    }
    this.counters.handled[signal] += items;
    return items;
  }

  /** Closes windows of idle partitions; call about every 100 ms with ms since the epoch. */
  tick(nowMs: number): void {
    for (const topic of Object.keys(signals) as StreamTopic[]) {
      for (const windows of this.#partitions[topic]) windows?.tick(nowMs);
    }
  }

  /**
   * Where a restart begins, once all that was emitted so far is acknowledged.
   * @throws Error for a partition that was not assigned.
   */
  commitPoint(topic: StreamTopic, partition: number): CommitPoint {
    return this.#windowsOf(topic, partition).commitPoint();
  }

  #windowsOf(topic: StreamTopic, partition: number): PartitionWindows {
    const windows = this.#partitions[topic][partition];
    if (windows === undefined) {
      throw new Error(`partition topic=${topic} partition=${partition} was not assigned`);
    }
    return windows;
  }

  #observe(windows: PartitionWindows, signal: StreamSignal, receiveMs: number): number {
    if (signal === "metrics") return pointsOf(this.#scans.metrics);
    const scan = this.#scans[signal];
    const { stride } = scan.layout;
    const fill = signal === "spans" ? observeSpan : observeLog;
    const item = this.#item;
    let resource = -1;
    for (let row = 0; row < scan.count * stride; row += stride) {
      const own = scan.records[row + recordWord.resource] as number;
      if (own !== resource) {
        resource = own;
        if (!setService(item, scan, resource)) this.counters.serviceUnknown += 1;
      }
      if (!fill(item, scan, row, receiveMs)) this.counters.untimed += 1;
      windows.observe(item);
    }
    return scan.count;
  }
}

const pointsOf = (scan: SignalScan): number => {
  const { stride } = scan.layout;
  let points = 0;
  for (let row = 0; row < scan.count * stride; row += stride) {
    points += scan.records[row + metricWord.points] as number;
  }
  return points;
};
