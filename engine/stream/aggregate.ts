// What a closed window says about one service and name. As JSON it is the value of a record on
// weir-aggregates. The id is made of the input's coordinates only, so that a repeated output is
// recognisable.

/** What is counted: data points for metrics. */
export type StreamSignal = "spans" | "logs" | "metrics";

/** `watermark`: event time passed the end; `idle`: nothing came for so long that it was closed. */
export type CloseReason = "watermark" | "idle";

/** One row of a closed window. Times in ms since the epoch, [windowStartMs, windowEndMs). */
export type Aggregate = {
  readonly id: string;
  readonly topic: string;
  readonly partition: number;
  readonly signal: StreamSignal;
  readonly service: string;
  readonly name: string;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** Items, exact to 2^53. */
  readonly count: number;
  /** Spans with status error, log records of severity ERROR and above. */
  readonly errors: number;
  /** Decimal; exact below 2^85. "0" for logs. */
  readonly durationNsSum: string;
  /** Decimal, below 2^64. */
  readonly durationNsMax: string;
  readonly reason: CloseReason;
};

/** The partition that an aggregate comes from. */
export type AggregateSource = {
  readonly topic: string;
  readonly partition: number;
  readonly signal: StreamSignal;
};

// A slash inside a name must not move the border between service and name.
const escaped = (text: string): string => text.replaceAll("%", "%25").replaceAll("/", "%2F");

/** `topic/partition/windowStartMs/signal/service/name`; `%` and `/` inside names are %-escaped. */
export const aggregateId = (
  { topic, partition, signal }: AggregateSource,
  windowStartMs: number,
  key: { readonly service: string; readonly name: string },
): string =>
  `${topic}/${partition}/${windowStartMs}/${signal}/${escaped(key.service)}/${escaped(key.name)}`;
