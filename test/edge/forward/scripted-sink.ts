// A sink that answers when the test says so, and remembers what it was given.
import { type RecordState, recordState } from "../../../edge/forward/forward-outcome.ts";
import {
  type Sink,
  type SinkRecord,
  type SinkResult,
  failedAppend,
} from "../../../edge/forward/sink.ts";

type Append = {
  readonly records: readonly SinkRecord[];
  readonly msMin: number | undefined;
  readonly answer: (result: SinkResult) => void;
};

export class ScriptedSink implements Sink {
  /** Appends without an answer yet, oldest first. */
  readonly pending: Append[] = [];
  /** All records in the order in which they were given. */
  readonly given: SinkRecord[] = [];
  /** Most appends that were ever pending at the same time. */
  pendingMax = 0;

  append(records: readonly SinkRecord[], msMin?: number): Promise<SinkResult> {
    const { promise, resolve } = Promise.withResolvers<SinkResult>();
    this.given.push(...records);
    this.pending.push({ records, msMin, answer: resolve });
    this.pendingMax = Math.max(this.pendingMax, this.pending.length);
    return promise;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Answers the oldest pending append with one state for all its records. */
  answer(state: RecordState = recordState.acknowledged, message = "", isDown = false): void {
    const append = this.pending.shift();
    append?.answer(failedAppend(append.records.length, state, { message, isDown }));
  }

  /** The oldest pending append fails as when the log is out of reach. */
  fail(state: RecordState = recordState.refused): void {
    this.answer(state, "down", true);
  }
}

/** A record whose value is `bytes` long and whose partition marks it. */
export const sinkRecord = (partition: number, bytes: number): SinkRecord => ({
  topic: "otlp_spans",
  partition,
  key: null,
  value: new Uint8Array(bytes),
  headers: {},
  timestampMs: 0,
});
