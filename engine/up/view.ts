// The picture of a running system as lines of text: one line a stage, then candidates, tops of
// book, and the ledger. Pure: two snapshots in, lines out; live-view.ts draws them.
import type { Snapshot } from "../control/snapshot.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MetricKey, Signal } from "../metrics/table.ts";
import type { EdgeStatus } from "./edge-status.ts";

export type ViewInput = {
  readonly before: Snapshot;
  readonly now: Snapshot;
  /** Time between the two, in seconds. */
  readonly seconds: number;
  readonly edgeBefore: EdgeStatus | null;
  readonly edge: EdgeStatus | null;
  readonly ledger: Ledger | null;
  /** What the feed said last. */
  readonly feed: string;
};

const topsShown = 8;

export const viewLines = (input: ViewInput): readonly string[] => [
  row("stage", ["rate/s", "ring", "p50 us", "p99 us", "drops"]),
  ...edgeRows(input),
  ...stageRows(input),
  `candidates ${input.now.counts.candidates}  needs-resolve ${input.now.counts.needsResolve}` +
    `  not watched ${input.now.counts.rejectedNotWatched}  votes ${input.now.counts.rejectedVote}` +
    `  aggregates ${input.now.counts.aggregates}`,
  ...input.now.tops
    .slice(0, topsShown)
    .map(({ venue, symbol, bid, bidSize, ask, askSize, state }) => {
      const side = (price: string | null, size: string | null): string =>
        price === null ? "-" : `${price} x ${size}`;
      return `${venue} ${symbol}  ${side(bid, bidSize)} | ${side(ask, askSize)}  ${state}`;
    }),
  ...(input.ledger === null ? [] : [ledgerLine(input.ledger)]),
  ...(input.feed === "" ? [] : [`feed ${input.feed}`]),
];

const row = (name: string, columns: readonly string[]): string =>
  name.padEnd(22) + columns.map((text) => text.padStart(11)).join("");

const rate = (before: number, now: number, seconds: number): string =>
  Math.max(0, Math.round((now - before) / seconds)).toLocaleString("en");

const reasons = (table: { readonly [reason: string]: number }): string =>
  Object.entries(table)
    .map(([reason, count]) => `${reason}:${count}`)
    .join(" ") || "0";

const edgeRows = ({ edge, edgeBefore, seconds }: ViewInput): readonly string[] =>
  edge === null
    ? [row("edge", ["no answer"])]
    : Object.entries(edge.signals).map(([signal, counts]) => {
        const before = edgeBefore?.signals[signal as Signal]?.in ?? 0;
        const speed = rate(before, counts.in, seconds);
        return `${row(`edge ${signal}`, [speed, "", "", ""])}    ${reasons(counts.rejected)}`;
      });

type StageRow = {
  readonly name: string;
  readonly counts: readonly MetricKey[];
  readonly ring: keyof Snapshot["rings"] | null;
};

const stages: readonly StageRow[] = [
  { name: "ingest (records)", counts: ["consumeRecords"], ring: null },
  { name: "market transactions", counts: ["handledTransactions"], ring: "ingestMarket" },
  { name: "market depth", counts: ["handledDepth"], ring: "ingestMarket" },
  { name: "stream spans", counts: ["handledSpans"], ring: "ingestStream" },
  { name: "stream logs+metrics", counts: ["handledLogs", "handledMetrics"], ring: "ingestStream" },
  { name: "egress market", counts: ["candidates"], ring: "marketEgress" },
  { name: "egress stream", counts: ["aggregates"], ring: "streamEgress" },
];

const stageRows = ({ before, now, seconds }: ViewInput): readonly string[] =>
  stages.map(({ name, counts, ring }) => {
    const total = (snapshot: Snapshot): number =>
      counts.reduce((sum, key) => sum + snapshot.counts[key], 0);
    const speed = rate(total(before), total(now), seconds);
    if (ring === null) return row(name, [speed, "", "", "", String(now.counts.consumeOversize)]);
    const { usedBytes, capacityBytes, dropped } = now.rings[ring];
    const { p50, p99 } = now.latencyUs[ring];
    const used = `${((usedBytes / capacityBytes) * 100).toFixed(1)} %`;
    const drops = Object.values(dropped).reduce((sum, { high, low }) => sum + high + low, 0);
    return row(name, [speed, used, String(p50 ?? "-"), String(p99 ?? "-"), String(drops)]);
  });

const ledgerLine = ({ signals }: Ledger): string =>
  `ledger ${Object.entries(signals)
    .map(([signal, { in: received, out, inFlight }]) => {
      return `${signal} in ${received} out ${out} in flight ${inFlight}`;
    })
    .join(" · ")}`;
