// The port to whatever holds the log: Kafka over TCP or the REST v3 produce API.
import type { RecordState } from "./forward-outcome.ts";

/** One record to append; bytes are not kept after `append` resolves. */
export type SinkRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: { readonly [name: string]: string };
  readonly timestampMs: number;
};

/** Fate of each record of one append, in the order given; `message` tells why, "" when all is well. */
export type SinkResult = { readonly states: readonly RecordState[]; readonly message: string };

/** Owned by one group commit. */
export type Sink = {
  /**
   * Appends in order per partition and tells the fate of each record. Never rejects, and settles
   * within its own deadline. One call at a time: the caller waits for the result.
   */
  append(records: readonly SinkRecord[]): Promise<SinkResult>;
  /** Releases connections; idempotent. */
  close(): Promise<void>;
};
