// Group commit: one send in flight, everything that arrives meanwhile goes into the next one, in
// order of arrival. Bounded in bytes, records, callers and time. What the log does not take in
// time goes to the spill and counts as acknowledged; the spill is sent before anything newer. Knows
// nothing of Kafka or HTTP.
import { Deadlines } from "../../schemas/kafka/deadlines.ts";
import { fixedLimits } from "../limits.ts";
import { Breaker } from "./breaker.ts";
import { type Caller, Callers, type Share, numberedOf, recordBytes, recordsOf } from "./callers.ts";
import {
  type ForwardOutcome,
  type RefusalCode,
  outcomeOf,
  recordState,
  refusedOutcome,
} from "./forward-outcome.ts";
import { type GroupLimits, spilledSendBytesMax } from "./group-limits.ts";
import type { Sink, SinkRecord, SinkResult } from "./sink.ts";
import { type Numbered, putOffMsMax, type SpillQueue, type SpilledGroup } from "./spill.ts";

/** A spilled record that the log refuses is tried again after this long. */
const refusedPauseMs = putOffMsMax;
/** A spilled record whose send ended in doubt, although the log is there. */
const doubtPauseMs = 500;
/** Part of a caller's patience after which its records are spilled. */
const spillShare = 0.6;

const refusedThen =
  "requests get 503, what was acknowledged before stays in the storage and is tried every " +
  `${refusedPauseMs / 1000} s`;

type LogFault = "" | "unreachable" | "login-refused";

const faultOf = (isDown: boolean, isLoginRefused: boolean): LogFault => {
  if (!isDown) return "";
  return isLoginRefused ? "login-refused" : "unreachable";
};

/** What a group commit works with. */
export type GroupParts = {
  readonly sink: Sink;
  readonly limits: GroupLimits;
  readonly spill: SpillQueue;
  /** Calls `resume` at that time, across restarts; an earlier appointment stands. */
  readonly wakeAt: (atMs: number) => void;
  readonly nowMs: () => number;
  /** Takes a line for people when the log or the storage begins to fail; no secrets. */
  readonly report: (line: string) => void;
};

/** What /status shows; bytes as counted against `queueBytesMax`. */
export type GroupState = {
  readonly callers: number;
  readonly queueBytes: number;
  readonly isSending: boolean;
  readonly sends: number;
  readonly records: number;
  readonly failedSends: number;
  /** Why the latest failed send failed, "" when none has. */
  readonly lastError: string;
  readonly isLogDown: boolean;
  /** Why it is: "unreachable" or "login-refused"; "" when it is not. */
  readonly logFault: string;
  /** Sends that the log refused with our login. */
  readonly loginRefusals: number;
  /** Sends of which the log, though it is there, took no records of some topic. */
  readonly refusedWrites: number;
  /** The latest reason for that, with the topic: no right to write, no such topic; "" for none. */
  readonly writeError: string;
  /** Times that the storage did not take what was to be spilled: a disk that is full or broken. */
  readonly storageFailures: number;
  /** The latest reason for that, "" for none. */
  readonly storageError: string;
  readonly outages: number;
  /** Acknowledged and not in the log yet. */
  readonly spilledRecords: number;
  readonly spilledBytes: number;
  /** Records that went through the spill so far, those of earlier instances not counted. */
  readonly spilledTotal: number;
};

/** One per sink: only so is there one send in flight. */
export class GroupCommit {
  readonly #parts: GroupParts;
  readonly #breaker: Breaker;
  readonly #callers = new Callers();
  readonly #open = new Set<Caller>();
  readonly #deadlines = new Deadlines();
  #next = 0;
  #isSending = false;
  #sends = 0;
  #records = 0;
  #failedSends = 0;
  #spilledTotal = 0;
  #lastError = "";
  #logFault: LogFault = "";
  #loginRefusals = 0;
  #refusedWrites = 0;
  #writeError = "";
  #storageFailures = 0;
  #storageError = "";
  /** Of the latest try to spill: "" when it went well or there was no room. */
  #keepError = "";

  constructor(parts: GroupParts) {
    this.#parts = parts;
    this.#breaker = new Breaker(parts.nowMs);
    if (!parts.spill.isEmpty) parts.wakeAt(parts.nowMs());
  }

  /**
   * Resolves when the fate of every record is known, or after `waitMsMax`: what was not sent by
   * then is refused, what is in flight is unknown. Never rejects.
   */
  submit(records: readonly SinkRecord[]): Promise<ForwardOutcome> {
    if (records.length === 0) return Promise.resolve({ code: "acknowledged" });
    const { queueCallersMax, queueBytesMax } = this.#parts.limits;
    if (this.#open.size >= queueCallersMax) {
      const full = `queue full: QUEUE_CALLERS_MAX=${queueCallersMax}`;
      return Promise.resolve(refusedOutcome("overloaded", full, records.length));
    }
    const first = this.#next;
    this.#next += records.length;
    if (this.#isHopeless()) return Promise.resolve(this.#spillNow(first, records));
    let bytes = 0;
    for (const record of records) bytes += recordBytes(record);
    // A single one is always taken, or it would be refused however often it came.
    if (this.#callers.bytes > 0 && this.#callers.bytes + bytes > queueBytesMax) {
      // In order: what has waited longer is spilled first. Where it finds no room it goes on waiting.
      if (this.#parts.spill.bytesMax > 0 && this.#tryKeepWaiting())
        return Promise.resolve(this.#spillNow(first, records));
      const full = `queue full: QUEUE_BYTES_MAX=${queueBytesMax}`;
      return Promise.resolve(refusedOutcome("overloaded", full, records.length));
    }
    return this.#wait(first, records);
  }

  /** Tries what is due; for the appointment made with `wakeAt`. Resolves when there is no more. */
  async resume(): Promise<void> {
    if (!this.#isSending) await this.#pump();
    this.#appoint();
  }

  state(): GroupState {
    const { spill } = this.#parts;
    return {
      callers: this.#open.size,
      queueBytes: this.#callers.bytes,
      isSending: this.#isSending,
      sends: this.#sends,
      records: this.#records,
      failedSends: this.#failedSends,
      lastError: this.#lastError,
      isLogDown: this.#breaker.isTripped,
      logFault: this.#logFault,
      loginRefusals: this.#loginRefusals,
      refusedWrites: this.#refusedWrites,
      writeError: this.#writeError,
      storageFailures: this.#storageFailures,
      storageError: this.#storageError,
      outages: this.#breaker.trips,
      spilledRecords: spill.records,
      spilledBytes: spill.bytes,
      spilledTotal: this.#spilledTotal,
    };
  }

  /** The log is out of reach, and somebody else's turn to find out whether it still is. */
  #isHopeless(): boolean {
    if (!this.#breaker.isTripped) return false;
    return this.#breaker.isOpen || this.#isSending || !this.#parts.spill.isEmpty;
  }

  #wait(first: number, records: readonly SinkRecord[]): Promise<ForwardOutcome> {
    const { promise, resolve } = Promise.withResolvers<ForwardOutcome>();
    const { waitMsMax } = this.#parts.limits;
    const settle = (outcome: ForwardOutcome): void => {
      cancel();
      if (this.#open.delete(caller)) resolve(outcome);
    };
    const caller: Caller = {
      first,
      records,
      states: new Uint8Array(records.length),
      onSettled: () => settle(outcomeOf(caller.states, caller.message, caller.refusal)),
      sent: 0,
      settled: 0,
      message: "",
      refusal: "unavailable",
    };
    const late = (): void => {
      caller.message = `no acknowledgement within WAIT_MS_MAX=${waitMsMax}`;
      const states = caller.states.map((state) => state || recordState.unknown);
      settle(outcomeOf(states, caller.message, caller.refusal));
    };
    const impatient = (): void => {
      if (caller.sent < records.length) this.#spillShares(this.#callers.takeThrough(caller));
      if (this.#open.has(caller))
        cancel = this.#deadlines.start(waitMsMax * (1 - spillShare), late);
    };
    let cancel = this.#deadlines.start(waitMsMax * spillShare, impatient);
    this.#open.add(caller);
    this.#callers.push(caller);
    if (!this.#isSending) void this.#pump();
    return promise;
  }

  async #pump(): Promise<void> {
    const { spill, limits, nowMs } = this.#parts;
    const bytesMax = spilledSendBytesMax(limits);
    this.#isSending = true;
    while (!this.#breaker.isOpen) {
      const spilled = spill.peek(nowMs(), bytesMax);
      if (spilled !== undefined) {
        await this.#replay(spilled);
        continue;
      }
      const group = this.#callers.take(limits);
      if (group.length === 0) break;
      await this.#send(group);
    }
    this.#isSending = false;
    if (this.#breaker.isTripped) this.#spillShares(this.#callers.takeThrough());
    this.#appoint();
  }

  async #append(records: readonly SinkRecord[], msMin?: number): Promise<SinkResult> {
    const result = await this.#parts.sink.append(records, msMin);
    this.#sends += 1;
    this.#records += records.length;
    if (result.isDown) this.#breaker.failed();
    else this.#breaker.succeeded();
    this.#noteFault(result);
    this.#noteRefusal(result);
    if (result.message !== "") {
      this.#failedSends += 1;
      this.#lastError = result.message;
    }
    return result;
  }

  /** One line for each outage and kind of it. */
  #noteFault({ isDown, isLoginRefused = false, message }: SinkResult): void {
    const before = this.#logFault;
    this.#logFault = faultOf(isDown, isLoginRefused);
    if (isLoginRefused) this.#loginRefusals += 1;
    if (this.#logFault === "" || this.#logFault === before) return;
    const what = isLoginRefused ? "the log refuses the login" : "the log is out of reach";
    const then =
      this.#parts.spill.bytesMax > 0 ? "records are kept in the storage" : "requests get 503";
    this.#parts.report(`error: ${what}: ${message}; ${then}`);
  }

  /** Lacking rights, or a topic: a line for each distinct reason in a row, a count for each time. */
  #noteRefusal({ writeFault, message }: SinkResult): void {
    if (writeFault === undefined) return;
    if (message !== this.#writeError)
      this.#parts.report(`error: the log takes no such records: ${message}; ${refusedThen}`);
    this.#refusedWrites += 1;
    this.#writeError = message;
  }

  async #send(group: readonly Share[]): Promise<void> {
    const records = group.flatMap(recordsOf);
    const { states, message, isDown, isLoginRefused = false } = await this.#append(records);
    let at = 0;
    for (const share of group) {
      const end = at + share.to - share.from;
      if (message !== "") {
        share.caller.message = message;
        if (isLoginRefused) share.caller.refusal = "login-refused";
        this.#rescue(share, states.subarray(at, end), isDown);
      }
      this.#callers.settle(share, states, at);
      at = end;
    }
  }

  /** Keeps what the log did not take and may take later; changes `states` where it could. */
  #rescue(share: Share, states: Uint8Array, isDown: boolean): void {
    const { caller, from } = share;
    const isKept = (state: number | undefined): boolean =>
      state === recordState.unknown || (isDown && state === recordState.refused);
    // A caller that was answered meanwhile was told that its records are in doubt: they stay so.
    if (!this.#open.has(caller)) return;
    for (let start = 0; start < states.length; start += 1) {
      if (!isKept(states[start])) continue;
      let end = start + 1;
      while (end < states.length && states[end] === states[start]) end += 1;
      const records = caller.records.slice(from + start, from + end);
      if (this.#tryKeep([{ first: caller.first + from + start, records }])) {
        const isInDoubt = states[start] === recordState.unknown;
        const state = isInDoubt ? recordState.repeatable : recordState.acknowledged;
        states.fill(state, start, end);
      } else if (this.#keepError !== "") [caller.refusal, caller.message] = this.#spillRefusal();
      start = end - 1;
    }
  }

  async #replay(spilled: SpilledGroup): Promise<void> {
    // Nobody waits for them: what is given up before its answer comes would be there once more.
    const { replayMsMin } = fixedLimits;
    const { states, message, isDown } = await this.#append(spilled.records, replayMsMin);
    const { spill, nowMs, report } = this.#parts;
    const isUnplaced = states.includes(recordState.unplaced);
    if (isUnplaced)
      report(`error: neither topic nor weir-rejected takes a kept record: ${message}`);
    const isRefused = isUnplaced || states.includes(recordState.refused);
    const pauseMs = isRefused ? refusedPauseMs : doubtPauseMs;
    // When the log is down they stay where they are, at the front.
    spill.settle(spilled, states, isDown ? 0 : nowMs() + pauseMs);
  }

  #spillNow(first: number, records: readonly SinkRecord[]): ForwardOutcome {
    if (this.#tryKeep([{ first, records }])) return { code: "acknowledged" };
    return refusedOutcome(...this.#spillRefusal(), records.length);
  }

  /** Shares that were never sent: all of them or, when the spill is full, none. */
  #spillShares(shares: readonly Share[]): void {
    if (shares.length === 0) return;
    const isKept = this.#tryKeep(shares.map(numberedOf));
    const state = isKept ? recordState.acknowledged : recordState.refused;
    for (const share of shares) {
      if (!isKept) [share.caller.refusal, share.caller.message] = this.#spillRefusal();
      const states = new Uint8Array(share.to - share.from).fill(state);
      this.#callers.settle(share, states, 0);
    }
  }

  /** Spills what waits; false, and nothing changed, when it does not fit. */
  #tryKeepWaiting(): boolean {
    if (!this.#tryKeep(this.#callers.waiting().map(numberedOf))) return false;
    for (const share of this.#callers.takeThrough()) {
      const states = new Uint8Array(share.to - share.from).fill(recordState.acknowledged);
      this.#callers.settle(share, states, 0);
    }
    return true;
  }

  #tryKeep(all: readonly Numbered[]): boolean {
    this.#keepError = "";
    try {
      if (!this.#parts.spill.tryPut(all)) return false;
    } catch (error) {
      this.#noteStorage(error instanceof Error ? error.message : String(error));
      return false;
    }
    this.#spilledTotal += all.reduce((sum, { records }) => sum + records.length, 0);
    this.#appoint();
    return true;
  }

  /** The disk is full or broken: a line for each distinct reason, a count for each time. */
  #noteStorage(error: string): void {
    if (error !== this.#storageError)
      this.#parts.report(`error: the forwarder's storage failed: ${error}; requests get 503`);
    this.#storageFailures += 1;
    this.#storageError = error;
    this.#keepError = error;
  }

  #spillRefusal(): [RefusalCode, string] {
    const { bytes, bytesMax } = this.#parts.spill;
    if (this.#keepError !== "")
      return ["storage-failed", `the forwarder's storage failed: ${this.#keepError}`];
    if (bytesMax > 0)
      return ["overloaded", `spill full: SPILL_BYTES_MAX=${bytesMax}, held=${bytes}`];
    const code = this.#logFault === "login-refused" ? this.#logFault : "unavailable";
    return [code, `the log is out of reach: ${this.#lastError}`];
  }

  /** Sees to it that what is spilled is tried again, whatever becomes of this process. */
  #appoint(): void {
    const dueMs = this.#parts.spill.nextDueMs();
    if (dueMs === undefined) return;
    const nowMs = this.#parts.nowMs();
    const retryMs = this.#breaker.isTripped ? this.#breaker.retryAtMs : nowMs;
    this.#parts.wakeAt(Math.max(Math.min(dueMs, nowMs + putOffMsMax), retryMs));
  }
}
