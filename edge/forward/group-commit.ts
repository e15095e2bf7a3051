// Group commit: one send in flight, everything that arrives meanwhile goes into the next one, in
// order of arrival. Bounded in bytes, records, callers and time; full means refused at once. Knows
// nothing of Kafka or HTTP, and repeats nothing: a failed send is told to its callers.
import type { GroupLimits } from "../config.ts";
import { type ForwardOutcome, recordState, refusedOutcome } from "./forward-outcome.ts";
import type { Sink, SinkRecord } from "./sink.ts";

/** Headers and the fields of a record batch, per record: an upper bound. */
const overheadBytes = 512;

type Caller = {
  readonly records: readonly SinkRecord[];
  readonly states: Uint8Array;
  readonly resolve: (outcome: ForwardOutcome) => void;
  readonly timer: ReturnType<typeof setTimeout>;
  /** Records handed to the sink so far; the next one to send. */
  sent: number;
  /** Records whose fate is known. */
  settled: number;
  message: string;
};

type Sent = { readonly caller: Caller; readonly at: number };

const recordBytes = ({ key, value }: SinkRecord): number =>
  (key?.byteLength ?? 0) + value.byteLength + overheadBytes;

/** What /status shows of the queue; bytes as counted against `queueBytesMax`. */
export type GroupState = {
  readonly callers: number;
  readonly queueBytes: number;
  readonly isSending: boolean;
  readonly sends: number;
  readonly records: number;
  readonly failedSends: number;
  /** Why the latest failed send failed, "" when none has. */
  readonly lastError: string;
};

/** One per sink: only so is there one send in flight. */
export class GroupCommit {
  readonly #sink: Sink;
  readonly #limits: GroupLimits;
  readonly #queue: Caller[] = [];
  readonly #open = new Set<Caller>();
  #queueBytes = 0;
  #isSending = false;
  #sends = 0;
  #records = 0;
  #failedSends = 0;
  #lastError = "";

  constructor(sink: Sink, limits: GroupLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /**
   * Resolves when the fate of every record is known, or after `waitMsMax`: records not sent by
   * then are refused and leave the queue, those in flight are unknown. Never rejects.
   */
  submit(records: readonly SinkRecord[]): Promise<ForwardOutcome> {
    if (records.length === 0) return Promise.resolve({ code: "acknowledged" });
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    const full = this.#fullness(bytes);
    if (full !== undefined)
      return Promise.resolve(refusedOutcome("overloaded", full, records.length));
    this.#queueBytes += bytes;
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    const caller: Caller = {
      records,
      states: new Uint8Array(records.length),
      resolve,
      timer: setTimeout(() => this.#giveUp(caller), this.#limits.waitMsMax),
      sent: 0,
      settled: 0,
      message: "",
    };
    this.#open.add(caller);
    this.#queue.push(caller);
    if (!this.#isSending) void this.#pump();
    return promise;
  }

  state(): GroupState {
    return {
      callers: this.#open.size,
      queueBytes: this.#queueBytes,
      isSending: this.#isSending,
      sends: this.#sends,
      records: this.#records,
      failedSends: this.#failedSends,
      lastError: this.#lastError,
    };
  }

  #fullness(bytes: number): string | undefined {
    const { queueBytesMax, queueCallersMax } = this.#limits;
    if (this.#open.size >= queueCallersMax) return `queue full: queueCallersMax=${queueCallersMax}`;
    if (this.#queueBytes + bytes > queueBytesMax)
      return `queue full: queueBytesMax=${queueBytesMax}, waiting=${this.#queueBytes}`;
    return undefined;
  }

  async #pump(): Promise<void> {
    this.#isSending = true;
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      await this.#send(group);
    }
    this.#isSending = false;
  }

  /** The next group: whole records in order, at least one, within both bounds. */
  #take(): readonly Sent[] {
    const { groupBytesMax, groupRecordsMax } = this.#limits;
    const group: Sent[] = [];
    let bytes = 0;
    let callers = 0;
    for (const caller of this.#queue) {
      for (; caller.sent < caller.records.length; caller.sent += 1) {
        const record = caller.records[caller.sent];
        if (record === undefined) break;
        bytes += recordBytes(record);
        const isFull = group.length >= groupRecordsMax || bytes > groupBytesMax;
        if (isFull && group.length > 0) {
          this.#queue.splice(0, callers);
          return group;
        }
        group.push({ caller, at: caller.sent });
      }
      callers += 1;
    }
    this.#queue.splice(0, callers);
    return group;
  }

  async #send(group: readonly Sent[]): Promise<void> {
    const records = group.flatMap(({ caller, at }) => caller.records[at] ?? []);
    const { states, message } = await this.#sink.append(records);
    this.#sends += 1;
    this.#records += group.length;
    if (message !== "") {
      this.#failedSends += 1;
      this.#lastError = message;
    }
    group.forEach(({ caller, at }, i) => {
      const record = records[i];
      if (record !== undefined) this.#queueBytes -= recordBytes(record);
      caller.states[at] = states[i] ?? recordState.unknown;
      caller.settled += 1;
      if (message !== "") caller.message = message;
      if (caller.settled === caller.records.length) this.#finish(caller);
    });
  }

  /** A caller out of patience: what was not sent leaves, what is in flight is unknown. */
  #giveUp(caller: Caller): void {
    const at = this.#queue.indexOf(caller);
    if (at >= 0) this.#queue.splice(at, 1);
    const unsent = caller.records.slice(caller.sent);
    for (const record of unsent) this.#queueBytes -= recordBytes(record);
    caller.states.fill(recordState.refused, caller.sent);
    caller.settled += unsent.length;
    caller.message = `no acknowledgement within waitMsMax=${this.#limits.waitMsMax}`;
    const states = caller.states.map((state) =>
      state === recordState.waiting ? recordState.unknown : state,
    );
    this.#answer(caller, states);
  }

  #finish(caller: Caller): void {
    clearTimeout(caller.timer);
    this.#answer(caller, caller.states);
  }

  #answer(caller: Caller, states: Uint8Array): void {
    if (!this.#open.delete(caller)) return;
    if (states.every((state) => state === recordState.acknowledged)) {
      caller.resolve({ code: "acknowledged" });
      return;
    }
    const isUnknown = states.includes(recordState.unknown);
    const code = isUnknown ? "unconfirmed" : "unavailable";
    caller.resolve({ code, message: caller.message, states });
  }
}
