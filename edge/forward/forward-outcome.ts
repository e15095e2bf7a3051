// What became of the records of one request: the contract between group commit, object and Worker.

/** Fate of one record. Numbers, as they cross to the Worker in a byte each. */
export const recordState = {
  waiting: 0,
  /** All replicas in sync have it. */
  acknowledged: 1,
  /** Certainly not written. */
  refused: 2,
  /** Sent, and no answer came: it may be in the log. */
  unknown: 3,
} as const;

/** One of `recordState`. */
export type RecordState = (typeof recordState)[keyof typeof recordState];

/**
 * `acknowledged`: every record is. Otherwise `states` holds a RecordState per record in the order
 * given, and `code` is the worst of them: `unconfirmed` when any is unknown.
 */
export type ForwardOutcome =
  | { readonly code: "acknowledged" }
  | {
      readonly code: "overloaded" | "unavailable" | "unconfirmed";
      readonly message: string;
      readonly states: Uint8Array;
    };

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
