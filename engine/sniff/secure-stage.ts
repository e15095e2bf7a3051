// Third stage: the invariants of the whole format, duplicate keys, replays, mints that are none,
// and signatures, these in verifier threads. It reads messages of type `extracted` and writes one
// of type `candidate` for each record. A transaction counts once, with the reason that it failed at.
import { candidateAt, candidateFlag } from "../../schemas/market/candidate-layout.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { transactionCode } from "../../schemas/market/transaction-layout.ts";
import { eventType, type Reason, reason } from "../events/event-layout.ts";
import { StageCells } from "../events/stage-cells.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import type { Stage } from "../threads/stage.ts";
import { type StageParts, workLimit } from "./prefilter-stage.ts";
import { type Replays, TraceReplays } from "./replays.ts";
import {
  candidateMessageAt,
  extractedAt,
  receivedAt,
  recordHeaderBytes,
  stageMessage,
  traceIdAt,
} from "../../schemas/market/stage-message.ts";
import { isSuspiciousMint, isZeroKey } from "./suspicious-mint.ts";
import type { VerifyPool } from "./verify-pool.ts";
import { verifiedMessage } from "./verify-stage.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** What is remembered, and where signatures are verified. */
export type SecureOptions = {
  /** Accept v1 transactions. */
  readonly v1?: boolean;
  /** Signatures remembered against replays: a power of two; 0 remembers none. */
  readonly replayWindow?: number;
  /** Instead of a window of the stage's own, one that outlives it. */
  readonly replays?: Replays;
  /** Where signatures are verified; without it they are not. */
  readonly pool?: VerifyPool;
  /**
   * Longest wait for room before a verifier; 0, the default, drops at once and counts. Infinity
   * waits for as long as it takes: nothing is lost, and the stream is held up.
   */
  readonly verifyWaitMs?: number;
  /** Let a mint of 32 zero bytes pass, which is suspicious else. */
  readonly zeroMint?: boolean;
  /** Where transactions wait for their lookup tables; without it none does. */
  readonly room?: WaitingRoom;
  /** Given the `extracted` message, `length` bytes at `at`, of each transaction that passes. */
  readonly onPassed?: (view: DataView, at: number, length: number) => void;
  /** Called while it waits, about every millisecond: to wait is no hang. */
  readonly onWait?: () => void;
};

/** Runs on one thread: reader of its input, writer of its output and of the verifiers' rings. */
export class SecureStage implements Stage {
  readonly name = "secure";
  readonly #parts: StageParts;
  readonly #cells: StageCells;
  readonly #nowUs: () => number;
  readonly #pool: VerifyPool | null;
  readonly #replays: Replays | null;
  readonly #transaction: TransactionView;
  #verifyWaitMs: number;
  readonly #onWait: () => void;
  readonly #onPassed: SecureOptions["onPassed"];
  readonly #room: WaitingRoom | null;
  readonly #zeroMint: boolean;
  /** Candidates written and those for which there was no room, of transactions that passed. */
  candidates = 0;
  candidatesDropped = 0;
  #workUs = 0;
  /** The transaction that came back last; all in flight are later ones. */
  #collectedTrace = -1;

  constructor(parts: StageParts, options: SecureOptions = {}) {
    const { v1 = false, pool, verifyWaitMs = 0 } = options;
    this.#verifyWaitMs = verifyWaitMs;
    this.#onWait = options.onWait ?? ((): void => {});
    this.#onPassed = options.onPassed;
    this.#room = options.room ?? null;
    this.#zeroMint = options.zeroMint ?? false;
    this.#parts = parts;
    this.#cells = new StageCells(parts.memory);
    this.#nowUs = parts.nowUs ?? monotonicUs;
    this.#pool = pool ?? null;
    this.#replays = replaysOf(options);
    this.#transaction = new TransactionView({ v1 });
  }

  /** Another wait for room before a verifier, ms, from the next transaction on. */
  configure(verifyWaitMs: number): void {
    this.#verifyWaitMs = verifyWaitMs;
  }

  start(): void {}

  /** Transactions taken in, those that came back from the verifiers, and those that waited. */
  work(): number {
    const { input, output, events } = this.#parts;
    this.#workUs = this.#nowUs();
    events.stamp(this.#workUs);
    output.stamp(this.#workUs);
    const drained = input.drain(this.#onMessage, workLimit);
    const pool = this.#pool;
    if (drained > 0) pool?.publish();
    const collected = pool === null ? 0 : pool.collect(this.#onVerified, workLimit);
    const released = this.#room?.release(this.#onReleased) ?? 0;
    const worked = drained + collected + released;
    if (worked > 0) output.publish();
    return worked;
  }

  /**
   * All transactions before this trace id have left the stage, given that those before `next` were
   * taken in.
   */
  settledBelow(next: number): number {
    const pool = this.#pool;
    const collected = pool === null || pool.inFlight === 0 ? next : this.#collectedTrace + 1;
    return Math.min(collected, this.#room?.oldestTraceId() ?? collected);
  }

  stop(): void {
    this.#parts.output.publish();
  }

  readonly #onMessage = (_type: number, at: number, length: number): void => {
    const { view } = this.#parts.input;
    const traceId = view.getFloat64(at + traceIdAt, true);
    this.#cells.received();
    const why = this.#judge(view, at, length);
    if (why !== reason.none) this.#reject(traceId, why);
    else if (this.#pool === null) this.#passOnce(view, at, length);
    else this.#give(this.#pool, at, length);
  };

  #judge(view: DataView, at: number, length: number): Reason {
    const wireAt = at + extractedAt.candidates + view.getUint32(at + extractedAt.bytes, true);
    const code = this.#transaction.parse(view, wireAt, at + length);
    if (code === transactionCode.duplicateKey) return reason.duplicateKey;
    if (code === transactionCode.size) return reason.size;
    if (code !== transactionCode.ok) return reason.malformed;
    // Known already, so there is nothing to verify; what is new is remembered in `#passOnce`.
    const traceId = view.getFloat64(at + traceIdAt, true);
    const { signaturesAt } = this.#transaction;
    if (this.#replays?.isReplay(view, signaturesAt, traceId) === true) return reason.replay;
    return this.#hasSuspiciousMint(view, at) ? reason.suspiciousMint : reason.none;
  }

  // A signature is remembered only when nothing else is wrong: a forged copy that came first must
  // not make the real transaction look like its replay. `#transaction` is the one at `at`.
  #passOnce(view: DataView, at: number, length: number): void {
    const traceId = view.getFloat64(at + traceIdAt, true);
    const { signaturesAt } = this.#transaction;
    if (this.#replays?.add(view, signaturesAt, traceId) === false) {
      this.#reject(traceId, reason.replay);
      return;
    }
    const hasTables = this.#transaction.lookupCount > 0;
    if (hasTables && this.#room?.take(view, at, length, this.#transaction) === true) return;
    this.#onPassed?.(view, at, length);
    this.#pass(view, at, traceId);
  }

  // Its mint may have come since `#judge`.
  readonly #onReleased = (at: number, length: number): void => {
    const view = this.#room?.view ?? this.#parts.input.view;
    const traceId = view.getFloat64(at + traceIdAt, true);
    if (this.#hasSuspiciousMint(view, at)) {
      this.#reject(traceId, reason.suspiciousMint);
      return;
    }
    this.#onPassed?.(view, at, length);
    this.#pass(view, at, traceId);
  };

  #hasSuspiciousMint(view: DataView, at: number): boolean {
    const count = view.getUint32(at + extractedAt.count, true);
    let record = at + extractedAt.candidates + recordHeaderBytes;
    for (let i = 0; i < count; i += 1) {
      const flags = view.getUint16(record + candidateAt.flags, true);
      const isKnown = (flags & candidateFlag.mint) !== 0;
      if (isKnown && this.#isSuspicious(view, record + candidateAt.mint)) return true;
      record += view.getUint32(record - recordHeaderBytes, true) + recordHeaderBytes;
    }
    return false;
  }

  #isSuspicious(view: DataView, at: number): boolean {
    return isSuspiciousMint(view, at) && !(this.#zeroMint && isZeroKey(view, at));
  }

  #give(pool: VerifyPool, at: number, length: number): void {
    const { view } = this.#parts.input;
    const ring = pool.writer;
    let to = ring.claim(stageMessage.extracted, length);
    if (to < 0) to = this.#claimWaiting(pool, length);
    if (to < 0) {
      this.#drop(view.getFloat64(at + traceIdAt, true));
      return;
    }
    pool.target.copy(view, at, length, to);
    ring.commit(to);
    pool.gave();
  }

  // What is verified is collected meanwhile: a verifier whose output is full takes nothing.
  #claimWaiting(pool: VerifyPool, length: number): number {
    const ring = pool.writer;
    if (length > ring.messageBytesMax) return -1;
    for (let leftMs = this.#verifyWaitMs; leftMs > 0; leftMs -= waitStepMs) {
      this.#onWait();
      pool.publish();
      if (pool.collect(this.#onVerified, workLimit) === 0) {
        ring.waitForSpace(length, Math.min(leftMs, waitStepMs));
      }
      const to = ring.claim(stageMessage.extracted, length);
      if (to >= 0) return to;
    }
    return -1;
  }

  readonly #onVerified = (type: number, at: number, length: number): void => {
    const view = this.#pool?.view ?? this.#parts.input.view;
    const traceId = view.getFloat64(at + traceIdAt, true);
    this.#collectedTrace = traceId;
    if (type !== verifiedMessage.verified) {
      this.#reject(traceId, reason.signature);
      return;
    }
    const wireAt = at + extractedAt.candidates + view.getUint32(at + extractedAt.bytes, true);
    this.#transaction.parse(view, wireAt, at + length);
    this.#passOnce(view, at, length);
  };

  #pass(view: DataView, at: number, traceId: number): void {
    const { events } = this.#parts;
    const count = view.getUint32(at + extractedAt.count, true);
    let record = at + extractedAt.candidates + recordHeaderBytes;
    for (let i = 0; i < count; i += 1) {
      const bytes = view.getUint32(record - recordHeaderBytes, true);
      this.#writeCandidate(view, at, record, bytes);
      record += bytes + recordHeaderBytes;
    }
    const latencyUs = this.#workUs - view.getFloat64(at + receivedAt, true);
    this.#cells.latency.record(latencyUs);
    this.#cells.passed();
    events.detail.value = latencyUs;
    events.record(eventType.securityPassed, traceId);
  }

  #writeCandidate(view: DataView, at: number, record: number, bytes: number): void {
    const { output } = this.#parts;
    const priority = view.getUint32(at + extractedAt.priority, true);
    const to = output.claim(stageMessage.candidate, candidateMessageAt.record + bytes, priority);
    if (to < 0) {
      this.candidatesDropped += 1;
      return;
    }
    const out = output.view;
    output.copy(view, at, candidateMessageAt.priority, to);
    out.setUint32(to + candidateMessageAt.priority, priority, true);
    const confidence = view.getFloat32(at + extractedAt.confidence, true);
    out.setFloat32(to + candidateMessageAt.confidence, confidence, true);
    output.copy(view, record, bytes, to + candidateMessageAt.record);
    output.commit(to);
    this.candidates += 1;
  }

  #reject(traceId: number, why: Reason): void {
    const { events } = this.#parts;
    this.#cells.rejected(why);
    this.#parts.onRefused?.(traceId, why);
    events.detail.reason = why;
    events.record(eventType.securityRejected, traceId);
  }

  #drop(traceId: number): void {
    const { events } = this.#parts;
    this.#cells.dropped(reason.full);
    this.#parts.onRefused?.(traceId, reason.full);
    events.detail.reason = reason.full;
    events.record(eventType.securityRejected, traceId);
  }
}

const replaysOf = ({ replays, replayWindow }: SecureOptions): Replays | null => {
  if (replays !== undefined) return replays;
  return replayWindow === 0 ? null : new TraceReplays(replayWindow);
};

/** A wait for a verifier is cut into steps: what it has verified must be collected between. */
const waitStepMs = 1;
