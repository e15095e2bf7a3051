// The conservation law of a run, per signal: in = out + sampledOut + rejected(reason) +
// dropped(reason) + inFlight. The edge counts what came and what it refused, the engine what it
// handled; the ledger holds the two against each other.
import type { Signal } from "../metrics/table.ts";

/** What the edge says of one signal (its GET /status). */
export type EdgeCounts = {
  readonly in: number;
  /** Acknowledged by the log. */
  readonly accepted: number;
  readonly rejected: { readonly [reason: string]: number };
  readonly dropped: { readonly [reason: string]: number };
  readonly sampledOut?: number;
  /** Sent, but the answer never came: the log may hold them or not. */
  readonly unconfirmed: number;
  /** Taken in, its fate not known yet: what the log holds of it the engine may have handled. */
  readonly inFlight?: number;
  /** Further copies of accepted items that the log may hold; may be more than `accepted`. */
  readonly repeatable?: number;
  /** Of the accepted, those that the log refused when they came to it from the edge's storage. */
  readonly rejectedAfterAcknowledge?: { readonly [reason: string]: number };
};

/** Of the items that the engine finished, those that it refused or dropped, by reason. */
export type EngineRefusals = {
  readonly rejected: { readonly [reason: string]: number };
  readonly dropped: { readonly [reason: string]: number };
};

/** Items that the engine finished. */
export type HandledCounts = { readonly [signal in Signal]: number };

export type LedgerEntry = {
  readonly in: number;
  readonly out: number;
  readonly sampledOut: number;
  readonly rejected: { readonly [reason: string]: number };
  readonly dropped: { readonly [reason: string]: number };
  readonly inFlight: number;
};

export type Ledger = {
  readonly balanced: boolean;
  readonly signals: { readonly [signal in Signal]?: LedgerEntry };
};

const sum = (table: { readonly [reason: string]: number }): number =>
  Object.values(table).reduce((total, count) => total + count, 0);

const nothing: EngineRefusals = { rejected: {}, dropped: {} };

/**
 * `handled` counts items of this run that the engine finished, `engine` those of them that it
 * refused or dropped.
 */
export const ledgerEntry = (
  edge: EdgeCounts,
  handled: number,
  engine: EngineRefusals = nothing,
): LedgerEntry => {
  const late = lateReasons(edge.rejectedAfterAcknowledge ?? {});
  const accepted = edge.accepted - sum(late);
  // Of the unconfirmed ones, those that the engine saw were written after all.
  const written = Math.min(Math.max(0, handled - accepted), edge.unconfirmed);
  const refused = edge.unconfirmed - written;
  const beyond = Math.max(0, handled - accepted - written);
  const repeated = Math.min(beyond, edge.repeatable ?? 0);
  const passed = handled - repeated;
  const unconfirmed = refused > 0 ? { unconfirmed: refused } : {};
  return {
    in: edge.in,
    out: passed - sum(engine.rejected) - sum(engine.dropped),
    sampledOut: edge.sampledOut ?? 0,
    rejected: [unconfirmed, late, engine.rejected].reduce(joined, edge.rejected),
    dropped: joined(edge.dropped, engine.dropped),
    inFlight: (edge.inFlight ?? 0) + accepted + written - passed,
  };
};

/** Their senders were told that they are accepted: the ledger says so by the reason. */
const lateReasons = (reasons: Reasons): Reasons =>
  Object.fromEntries(
    Object.entries(reasons).map(([reason, count]) => [`${reason}-after-acknowledge`, count]),
  );

/** Counts of both; only reasons that occurred. */
const joined = (left: Reasons, right: Reasons): Reasons => {
  const all: { [reason: string]: number } = { ...left };
  for (const [reason, count] of Object.entries(right)) {
    if (count > 0) all[reason] = (all[reason] ?? 0) + count;
  }
  return all;
};

type Reasons = { readonly [reason: string]: number };

/** True when everything that came in is accounted for and nothing is left on the way. */
export const isBalanced = (entry: LedgerEntry): boolean =>
  entry.inFlight === 0 &&
  entry.in === entry.out + entry.sampledOut + sum(entry.rejected) + sum(entry.dropped);

export const ledgerOf = (
  edge: { readonly [signal in Signal]?: EdgeCounts },
  handled: HandledCounts,
  refused: { readonly [signal in Signal]?: EngineRefusals } = {},
): Ledger => {
  const signals: { [signal in Signal]?: LedgerEntry } = {};
  for (const [signal, counts] of Object.entries(edge) as [Signal, EdgeCounts][]) {
    if (counts.in > 0 || handled[signal] > 0)
      signals[signal] = ledgerEntry(counts, handled[signal], refused[signal]);
  }
  return { balanced: Object.values(signals).every(isBalanced), signals };
};
