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
  /** Oversize, and weir-rejected takes nothing of it either: it is nowhere. */
  unplaced: 6,
} as const;

/** One of `recordState`. */
export type RecordState = (typeof recordState)[keyof typeof recordState];

/**
 * Why records were certainly not written, as the sender is told and the counters have it:
 * `login-refused` by the log, `storage-failed` of the forwarder object (its disk is full).
 */
export type RefusalCode = "overloaded" | "unavailable" | "login-refused" | "storage-failed";

/**
 * `acknowledged`: every record is. `settled`: every record is acknowledged, repeatable, oversize
 * or unplaced. Otherwise at least one may be tried again, and `code` is the worst that happened.
 * `states` holds a RecordState per record in the order given.
 */
export type ForwardOutcome =
  | { readonly code: "acknowledged" }
  | {
      readonly code: "settled" | "unconfirmed" | RefusalCode;
      readonly message: string;
      readonly states: Uint8Array;
    };

const acknowledged: ForwardOutcome = { code: "acknowledged" };

/** The outcome for records that were never sent. */
export const refusedOutcome = (
  code: RefusalCode,
  message: string,
  records: number,
): ForwardOutcome => ({
  code,
  message,
  states: new Uint8Array(records).fill(recordState.refused),
});

/** The outcome for records of which nobody can say whether they were written. */
export const unknownOutcome = (
  message: string,
  records: number,
  code: "unconfirmed" | "storage-failed" = "unconfirmed",
): ForwardOutcome => ({
  code,
  message,
  states: new Uint8Array(records).fill(recordState.unknown),
});

/** The code for refused records among those of an outcome. */
export const refusalOf = ({ code }: ForwardOutcome): RefusalCode =>
  code === "acknowledged" || code === "settled" || code === "unconfirmed" ? "unavailable" : code;

const isAcknowledged = (state: number): boolean => state === recordState.acknowledged;

/**
 * What the states add up to; `refusal` is the code for refused records. Storage that failed is the
 * worst: records of the same call may be in the log.
 */
export const outcomeOf = (
  states: Uint8Array,
  message: string,
  refusal: RefusalCode,
): ForwardOutcome => {
  if (states.every(isAcknowledged)) return acknowledged;
  if (states.includes(recordState.unknown) || states.includes(recordState.waiting))
    return { code: refusal === "storage-failed" ? refusal : "unconfirmed", message, states };
  const code = states.includes(recordState.refused) ? refusal : "settled";
  return { code, message, states };
};
