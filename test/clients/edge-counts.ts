// The edge's own counts of what clients send, out of its /status.
import { setTimeout as delay } from "node:timers/promises";

/** Signals of OTLP, under the edge's names. */
export const signals = ["spans", "logs", "metrics"] as const;
export type Signal = (typeof signals)[number];

/** Items of one signal. */
type SignalCounts = {
  readonly in: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly sampledOut: number;
};
export type Counts = { readonly [signal in Signal]: SignalCounts };

type Table = { readonly [name: string]: unknown };

const pollMs = 50;
const settleMsMax = 5000;

const total = (value: unknown): number => {
  if (typeof value === "number") return value;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + total(part), 0);
};

const countsOf = (table: Table): SignalCounts => ({
  in: total(table["in"]),
  accepted: total(table["accepted"]),
  rejected: total(table["rejected"]),
  sampledOut: total(table["sampledOut"]),
});

/** Counts since the edge started, once nothing is in flight. */
export const edgeCounts = async (edgeUrl: string): Promise<Counts> => {
  const untilMs = performance.now() + settleMsMax;
  for (;;) {
    const answer = await fetch(`${edgeUrl}/status`);
    const status = (await answer.json()) as { readonly signals: { readonly [s in Signal]: Table } };
    const inFlight = signals.map((signal) => total(status.signals[signal]["inFlight"]));
    if (total(inFlight) === 0 || performance.now() > untilMs) {
      const { spans, logs, metrics } = status.signals;
      return { spans: countsOf(spans), logs: countsOf(logs), metrics: countsOf(metrics) };
    }
    await delay(pollMs);
  }
};

const less = (after: SignalCounts, before: SignalCounts): SignalCounts => ({
  in: after.in - before.in,
  accepted: after.accepted - before.accepted,
  rejected: after.rejected - before.rejected,
  sampledOut: after.sampledOut - before.sampledOut,
});

/** What came between two readings. */
export const between = (before: Counts, after: Counts): Counts => ({
  spans: less(after.spans, before.spans),
  logs: less(after.logs, before.logs),
  metrics: less(after.metrics, before.metrics),
});
