// Counts what became of a request's items, record by record, so that the ledger equals the log
// even when a request was written in part and its sender told to try again.
import { type ForwardOutcome, recordState, refusalOf } from "../forward/forward-outcome.ts";
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import type { Rejections } from "./rejections.ts";
import type { SignalCounters } from "./counters.ts";

const isTooLarge = (state: number | undefined): boolean =>
  state === recordState.oversize || state === recordState.unplaced;

/** Items of the records that the log takes at no time; the sender is told in the answer. */
export const rejectOversize = (
  rejections: Rejections,
  records: readonly OutgoingRecord[],
  outcome: ForwardOutcome,
): void => {
  if (outcome.code !== "settled") return;
  for (const [at, { items }] of records.entries())
    if (isTooLarge(outcome.states[at])) rejections.addUnnamed("too-large", items);
};

/** Adds every record's items to one counter; returns the items that are acknowledged. */
export const countOutcome = (
  counters: SignalCounters,
  records: readonly OutgoingRecord[],
  outcome: ForwardOutcome,
): number => {
  let accepted = 0;
  for (const [at, { items }] of records.entries()) {
    const state =
      outcome.code === "acknowledged"
        ? recordState.acknowledged
        : (outcome.states[at] ?? recordState.unknown);
    if (state === recordState.acknowledged) accepted += items;
    else if (state === recordState.repeatable) {
      accepted += items;
      counters.repeatable += items;
    } else if (isTooLarge(state)) counters.reject("too-large", items);
    else if (state === recordState.refused) counters.reject(refusalOf(outcome), items);
    else counters.unconfirmed += items;
  }
  counters.accepted += accepted;
  return accepted;
};
