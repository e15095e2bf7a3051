// What the handoff counts, in shared memory: candidates by priority, drops by priority and reason,
// sojourn times in four buckets, the policy in force, and the last samples of wait and confidence. One
// writer, the handoff's thread.
// The law for each priority: offered = sent + dropped + queued + on their way.
import {
  priorityNames,
  type Reason,
  type ReasonName,
  reasonNames,
} from "../events/event-layout.ts";
import type { DropPolicy } from "./handoff-options.ts";
import {
  CorrelationCells,
  correlationCells,
  type CorrelationSample,
  correlationSamplesOf,
  dropRate,
  latencyConfidencePearson,
  meanLatencyUs,
} from "./latency-correlation.ts";

/** Upper ends of the sojourn buckets but the last, us. */
const sojournBucketsUs = [10, 100, 1_000] as const;

const policies: readonly DropPolicy[] = ["drop-oldest", "drop-newest", "block"];

// Cells of one priority.
const at = {
  offered: 0,
  sent: 1,
  queued: 2,
  onTheWay: 3,
  refusals: 4,
  sojournSumUs: 5,
  sojourn: 6,
  dropped: 10,
} as const;

const laneCells = at.dropped + reasonNames.length;
const policyCell = laneCells * priorityNames.length;
const meanCell = policyCell + 1;
const changesCell = policyCell + 2;
const samplesCell = policyCell + 3;
const cells = samplesCell + correlationCells;

/** Memory of one handoff's numbers. */
export const createHandoffMemory = (): SharedArrayBuffer => new SharedArrayBuffer(cells * 8);

const cellsOf = (memory: SharedArrayBuffer): Float64Array => {
  if (memory.byteLength === cells * 8) return new Float64Array(memory);
  throw new TypeError("memory holds no handoff: make it with createHandoffMemory");
};

/** Writer side. */
export class HandoffCells {
  readonly #cells: Float64Array;
  readonly correlation: CorrelationCells;

  /** @throws TypeError for other memory than that of `createHandoffMemory`. */
  constructor(memory: SharedArrayBuffer) {
    this.#cells = cellsOf(memory);
    this.correlation = new CorrelationCells(this.#cells.subarray(samplesCell));
  }

  offered(priority: number): void {
    this.#add(priority, at.offered, 1);
  }

  sent(priority: number, sojournUs: number): void {
    this.#add(priority, at.sent, 1);
    this.#add(priority, at.sojournSumUs, sojournUs);
    let bucket = 0;
    while (bucket < sojournBucketsUs.length && sojournUs >= (sojournBucketsUs[bucket] as number)) {
      bucket += 1;
    }
    this.#add(priority, at.sojourn + bucket, 1);
  }

  refused(priority: number): void {
    this.#add(priority, at.refusals, 1);
  }

  dropped(priority: number, why: Reason): void {
    this.#add(priority, at.dropped + why, 1);
  }

  /** Gauges, once for each turn of work. */
  depth(priority: number, queued: number, onTheWay: number): void {
    this.#cells[priority * laneCells + at.queued] = queued;
    this.#cells[priority * laneCells + at.onTheWay] = onTheWay;
  }

  policy(policy: DropPolicy, meanUs: number, changes: number): void {
    this.#cells[policyCell] = policies.indexOf(policy);
    this.#cells[meanCell] = meanUs;
    this.#cells[changesCell] = changes;
  }

  /** As StageCells.dropInFlight has it: what is neither sent nor dropped was in a dead thread. */
  dropQueued(why: Reason): void {
    const cells = this.#cells;
    for (let priority = 0; priority < priorityNames.length; priority += 1) {
      const first = priority * laneCells;
      let queued = (cells[first + at.offered] as number) - (cells[first + at.sent] as number);
      for (let i = 0; i < reasonNames.length; i += 1)
        queued -= cells[first + at.dropped + i] as number;
      this.#add(priority, at.dropped + why, queued);
      this.depth(priority, 0, 0);
    }
  }

  #add(priority: number, cell: number, by: number): void {
    const index = priority * laneCells + cell;
    this.#cells[index] = (this.#cells[index] as number) + by;
  }
}

export type LaneDiagnostics = {
  readonly offered: number;
  readonly sent: number;
  readonly queued: number;
  readonly onTheWay: number;
  /** Sends of which something was refused, with their repeats. */
  readonly refusals: number;
  readonly dropped: { readonly [name in ReasonName]?: number };
  /** Candidates that waited below 10, 100, 1000 us, and longer. */
  readonly sojourn: readonly [number, number, number, number];
  /** Over all sent; absent when there are none. */
  readonly meanSojournUs?: number;
};

/**
 * Of the last `correlationSamplesMax` candidates of each handoff that were sent or dropped. Each is null
 * where nothing can be said.
 */
type LatencyCorrelation = {
  readonly samples: number;
  /** Pearson's r of wait and confidence, -1 to 1: below 0 the sure ones wait less. */
  readonly pearson: number | null;
  /** Mean wait of those whose confidence is `confidenceHigh` at least. */
  readonly meanLatencyUsHigh: number | null;
  /** Share dropped, 0 to 1, of those that waited `latencyUsSlow` at least. */
  readonly dropRateSlow: number | null;
};

/** Confidence from which a candidate is HIGH. */
const confidenceHigh = 0.5;
/** Where the last bucket of sojourn times begins. */
const latencyUsSlow = sojournBucketsUs[2];

/** What a handoff counted, by priority, and what that recommends. Times in microseconds. */
export type HandoffDiagnostics = {
  readonly high: LaneDiagnostics;
  readonly low: LaneDiagnostics;
  readonly policy: DropPolicy;
  /** Of the last interval; absent before the first. */
  readonly intervalMeanUs?: number;
  readonly policyChanges: number;
  readonly correlation: LatencyCorrelation;
  /** What to do about it, in words; null when nothing is wrong. */
  readonly recommendation: string | null;
};

/**
 * Of one handoff, or of several together: counts are sums, policy and mean those of the slowest. Any
 * thread.
 * @throws TypeError for other memory than that of `createHandoffMemory`.
 */
export const readHandoffDiagnostics = (
  ...memories: readonly SharedArrayBuffer[]
): HandoffDiagnostics => {
  const values = together(memories.map((memory) => cellsOf(memory)));
  const low = laneOf(values, 0);
  const high = laneOf(values, 1);
  const meanUs = values[meanCell] ?? 0;
  const policy = policies[values[policyCell] ?? 0] ?? "drop-newest";
  return {
    high,
    low,
    policy,
    ...(meanUs > 0 && { intervalMeanUs: meanUs }),
    policyChanges: values[changesCell] ?? 0,
    correlation: correlationOf(readCorrelationSamples(...memories)),
    recommendation: recommend({ high, low, policy }, optionNames),
  };
};

/**
 * The last candidates that were sent or dropped, up to `correlationSamplesMax` of each handoff, the oldest
 * first. Any thread.
 * @throws TypeError for other memory than that of `createHandoffMemory`.
 */
export const readCorrelationSamples = (
  ...memories: readonly SharedArrayBuffer[]
): readonly CorrelationSample[] =>
  memories.flatMap((memory) => correlationSamplesOf(cellsOf(memory).subarray(samplesCell)));

const correlationOf = (samples: readonly CorrelationSample[]): LatencyCorrelation => ({
  samples: samples.length,
  pearson: latencyConfidencePearson(samples),
  meanLatencyUsHigh: meanLatencyUs(samples, confidenceHigh),
  dropRateSlow: dropRate(samples, latencyUsSlow),
});

const together = (handoffs: readonly Float64Array[]): Float64Array => {
  const total = new Float64Array(samplesCell);
  for (const values of handoffs) {
    const isSlowest = (values[meanCell] ?? 0) >= (total[meanCell] ?? 0);
    for (let cell = 0; cell < policyCell; cell += 1) {
      total[cell] = (total[cell] ?? 0) + (values[cell] ?? 0);
    }
    if (isSlowest) total.set(values.subarray(policyCell, changesCell), policyCell);
    total[changesCell] = (total[changesCell] ?? 0) + (values[changesCell] ?? 0);
  }
  return total;
};

const laneOf = (values: Float64Array, priority: number): LaneDiagnostics => {
  const cell = (index: number): number => values[priority * laneCells + index] ?? 0;
  const sent = cell(at.sent);
  const dropped = reasonNames
    .map((name, code) => [name, cell(at.dropped + code)] as const)
    .filter(([, count]) => count > 0);
  return {
    offered: cell(at.offered),
    sent,
    queued: cell(at.queued),
    onTheWay: cell(at.onTheWay),
    refusals: cell(at.refusals),
    dropped: Object.fromEntries(dropped),
    sojourn: [cell(at.sojourn), cell(at.sojourn + 1), cell(at.sojourn + 2), cell(at.sojourn + 3)],
    ...(sent > 0 && { meanSojournUs: cell(at.sojournSumUs) / sent }),
  };
};

/** Candidates dropped for want of room: what more of it would save. */
export const noRoom = ({ dropped }: LaneDiagnostics): number =>
  (dropped.full ?? 0) + (dropped.evicted ?? 0) + (dropped.blocked ?? 0);

/** Share of LOW candidates whose loss is named; targets allow 2 %. */
const lowLossMax = 0.02;

/** What the settings that a recommendation speaks of are called where it is read. */
export type SettingNames = {
  readonly [
    name in "capacity" | "batchSize" | "batchTimeout" | "sendMaxRetries" | "initialThreshold"
  ]: string;
};

/** As in HandoffOptions, and in the options of priorities. */
const optionNames: SettingNames = {
  capacity: "capacity",
  batchSize: "batchSize",
  batchTimeout: "batchTimeoutUs",
  sendMaxRetries: "sendMaxRetries",
  initialThreshold: "initialThreshold",
};

/** What to do about it, in words and `names`; null when nothing is wrong. */
export const recommend = (
  { high, low, policy }: Pick<HandoffDiagnostics, "high" | "low" | "policy">,
  names: SettingNames,
): string | null => {
  const { capacity, batchSize, batchTimeout } = names;
  for (const [name, lane, lossMax] of [
    ["HIGH", high, 0],
    ["LOW", low, low.offered * lowLossMax],
  ] as const) {
    if ((lane.dropped.retries ?? 0) > lossMax) {
      return `the receiver refuses ${name} candidates: look at it first, then raise ${names.sendMaxRetries}`;
    }
  }
  if (noRoom(high) > 0) {
    return `HIGH candidates are lost: raise ${capacity}, or send larger batches (${batchSize})`;
  }
  if (noRoom(low) > low.offered * lowLossMax) {
    return `LOW candidates are lost above 2 %: raise ${capacity} or ${batchSize}, or raise ${names.initialThreshold} upstream`;
  }
  if (policy === "drop-newest" && high.sojourn[3] + low.sojourn[3] > (high.sent + low.sent) / 2) {
    return `most candidates wait above 1 ms: lower ${batchTimeout} or ${batchSize}, or speed up the receiver`;
  }
  return null;
};
