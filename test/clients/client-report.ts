// What a client says of its exports, what the edge counted meanwhile, and whether the two agree.
// Every client prints one JSON line of the first type.
import * as z from "zod/mini";

import { signals } from "./edge-counts.ts";
import type { Counts, Signal } from "./edge-counts.ts";

/** Names of the parts that clients send one after another. */
const parts = ["valid spans", "invalid spans", "over the limit", "logs", "metrics"] as const;

const outcome = z.strictObject({ sent: z.number(), exported: z.number(), failed: z.number() });

const shape = z.strictObject({
  language: z.string(),
  sdk: z.string(),
  signals: z.strictObject({ spans: outcome, logs: outcome, metrics: outcome }),
  /** What the client learnt of the edge's partial_success, one entry an answer. */
  partialSuccess: z.array(
    z.strictObject({ part: z.enum(parts), rejected: z.number(), message: z.string() }),
  ),
  /** Where it learnt it: the SDK's own word, or past an SDK that hides it. */
  toldBy: z.string(),
  /** Lines that the SDK logged besides. */
  sdkLog: z.array(z.string()),
});

/** `sent` were handed to the SDK, `exported` and `failed` are the exporter's results. */
export type ClientReport = z.infer<typeof shape>;

/** The last line of a client's output; throws when it is not a report. */
export const parseReport = (stdout: string): ClientReport =>
  shape.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));

const signalOf = (part: (typeof parts)[number]): Signal =>
  part === "logs" || part === "metrics" ? part : "spans";

/** Items of a signal that the client knows were rejected. */
export const toldRejected = ({ partialSuccess }: ClientReport, signal: Signal): number =>
  partialSuccess
    .filter(({ part }) => signalOf(part) === signal)
    .reduce((sum, { rejected }) => sum + rejected, 0);

const rejectedIn = (report: ClientReport, part: (typeof parts)[number]): number =>
  report.partialSuccess
    .filter((found) => found.part === part)
    .reduce((sum, { rejected }) => sum + rejected, 0);

/** Spans that the driver asked for, besides the one over the limit. */
type Asked = { readonly valid: number; readonly invalid: number };

/** What is wrong, in sentences; none when the client got through and knows what was rejected. */
export const faults = (report: ClientReport, counts: Counts, asked: Asked): readonly string[] => {
  const found: string[] = [];
  for (const signal of signals) {
    const { sent, exported, failed } = report.signals[signal];
    const edge = counts[signal];
    if (exported !== sent || failed !== 0)
      found.push(`${signal}: sent=${sent} exported=${exported} failed=${failed}`);
    if (edge.in !== sent) found.push(`${signal}: sent=${sent}, the edge counted ${edge.in}`);
    const told = toldRejected(report, signal);
    if (told !== edge.rejected)
      found.push(`${signal}: the edge rejected ${edge.rejected}, the client was told ${told}`);
  }
  const { accepted } = counts.spans;
  if (accepted !== asked.valid) found.push(`spans: ${asked.valid} valid, ${accepted} accepted`);
  const expected = { "valid spans": 0, "invalid spans": asked.invalid, "over the limit": 1 };
  for (const part of ["valid spans", "invalid spans", "over the limit"] as const) {
    const rejected = rejectedIn(report, part);
    if (rejected !== expected[part])
      found.push(`${part}: ${rejected} rejected, expected ${expected[part]}`);
  }
  return found;
};
