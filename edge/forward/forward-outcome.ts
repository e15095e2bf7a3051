// What became of the records of one request: the contract between group commit, object and Worker.

/** Fate of one record. Numbers, as they cross to the Worker in a byte each. */
export const recordState = {
  waiting: 0,
  /** All replicas in sync have it, or the object's storage, from where it goes to the log. */
  acknowledged: 1,
  /** Certainly not written. */
  refused: 2,
  /** Sent, and no answer came: it may be in the log. */
  unknown: 3,
  /** The log takes no record of this size, whenever it comes. */
  oversize: 4,
  /** Acknowledged, after a send without an answer: it may come twice, with the same header ids. */
  repeatable: 5,
} as const;

/** One of `recordState`. */
export type RecordState = (typeof recordState)[keyof typeof recordState];

/**
 * `acknowledged`: every record is. `settled`: every record is acknowledged, repeatable or
 * oversize. Otherwise at least one may be tried again, and `code` is the worst that happened.
 * `states` holds a RecordState per record in the order given.
 */
export type ForwardOutcome =
  | { readonly code: "acknowledged" }
  | {
      readonly code: "settled" | "overloaded" | "unavailable" | "unconfirmed";
      readonly message: string;
      readonly states: Uint8Array;
    };

const acknowledged: ForwardOutcome = { code: "acknowledged" };

/** The outcome for records that were never sent. */
export const refusedOutcome = (
  code: "overloaded" | "unavailable",
  message: string,
  records: number,
): ForwardOutcome => ({
  code,
  message,
  states: new Uint8Array(records).fill(recordState.refused),
});

/** The outcome for records of which nobody can say whether they were written. */
export const unknownOutcome = (message: string, records: number): ForwardOutcome => ({
  code: "unconfirmed",
  message,
  states: new Uint8Array(records).fill(recordState.unknown),
});

/** What the states add up to; `refusal` is the code for refused records. */
export const outcomeOf = (
  states: Uint8Array,
  message: string,
  refusal: "overloaded" | "unavailable",
): ForwardOutcome => {
  if (states.every((state) => state === recordState.acknowledged)) return acknowledged;
  if (states.includes(recordState.unknown) || states.includes(recordState.waiting))
    return { code: "unconfirmed", message, states };
  const code = states.includes(recordState.refused) ? refusal : "settled";
  return { code, message, states };
};
