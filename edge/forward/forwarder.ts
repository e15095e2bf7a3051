// The Worker's door to the log. What is behind it (an object, its queue, a sink) is not its
// caller's concern; tests put their own behind it.
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import type { FrameHead } from "./append-frame.ts";
import type { ForwardOutcome } from "./forward-outcome.ts";

/** Where work may go on after the client has left. */
export type Background = { waitUntil(work: Promise<unknown>): void };

/** One per isolate; any number of sends at a time. */
export type Forwarder = {
  /**
   * Resolves when the fate of every record is known. Never rejects. `background` is that of the
   * request: its call may carry the records of others, which must not end when its client leaves.
   */
  send(
    head: FrameHead,
    records: readonly OutgoingRecord[],
    background: Background,
  ): Promise<ForwardOutcome>;
  /** The queue and the sink, for /status; undefined when they cannot be asked. */
  state(): Promise<ForwarderState | undefined>;
};

/** Numbers of items; a signal without any may be absent. */
export type ItemsBySignal = { readonly [signal: string]: number };

/** Names and values for people; no secrets. */
export type ForwarderState = {
  /** Of what was acknowledged from the storage, what the log then found too large. */
  readonly rejectedAfterAcknowledge?: ItemsBySignal;
  /** And what it may hold once more: counted for each send that ended in doubt. */
  readonly repeatableAfterAcknowledge?: ItemsBySignal;
  readonly [name: string]: string | number | boolean | ItemsBySignal;
};
