// The port to whatever holds the log: Kafka over TCP or the REST v3 produce API.
import type { HeaderBlock, RecordHeaders } from "../../schemas/kafka/header-block.ts";
import { type RecordState, recordState } from "./forward-outcome.ts";

/** One record to append; bytes are not kept after `append` resolves. */
export type SinkRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** Headers that are the same for many records; none of `headers` has a name of these. */
  readonly common?: HeaderBlock;
  readonly headers: RecordHeaders;
  readonly timestampMs: number;
};

/** Fate of each record of one append, in the order given. */
export type SinkResult = {
  readonly states: Uint8Array;
  /** Why not all are acknowledged, "" when all are. */
  readonly message: string;
  /** The log is out of reach: others would fare no better now, and these may later. */
  readonly isDown: boolean;
  /** It is, because it does not take our login. */
  readonly isLoginRefused?: boolean;
  /** The log is there and takes no such records: no right to write to the topic, or another reason. */
  readonly writeFault?: "unauthorized" | "refused" | undefined;
};

/** Owned by one group commit. */
export type Sink = {
  /**
   * Appends in order per partition and tells the fate of each record. Never rejects, and settles
   * within its own deadline, or `msMin` where that is longer. One call at a time: the caller waits
   * for the result.
   */
  append(records: readonly SinkRecord[], msMin?: number): Promise<SinkResult>;
  /** Releases connections; idempotent. */
  close(): Promise<void>;
};

/** The result of an append that went well. */
export const appended = (records: number): SinkResult => ({
  states: new Uint8Array(records).fill(recordState.acknowledged),
  message: "",
  isDown: false,
});

/** The result of an append whose records all have one fate. */
export const failedAppend = (
  records: number,
  state: RecordState,
  why: Omit<SinkResult, "states">,
): SinkResult => ({ states: new Uint8Array(records).fill(state), ...why });
