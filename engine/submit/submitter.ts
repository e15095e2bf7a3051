// From taps to an outlet: transactions of the market threads, HIGH before LOW, become records, go
// through the custom stages when there are any, are gathered into bundles, and each bundle is given to
// the outlet when it has taken the one before. A slow outlet fills the few bundles that may wait,
// then nothing is read any more, and the taps drop: the market threads never wait.
import { candidateAt, candidateFlag } from "../../schemas/market/candidate-layout.ts";
import {
  extractedAt,
  receivedAt,
  recordHeaderBytes,
  traceIdAt,
} from "../../schemas/market/stage-message.ts";
import { addOutcome, BundleBuilder } from "../bundle/bundle-builder.ts";
import { bundleAt, transactionAt, transactionRecordBytes } from "../bundle/bundle-layout.ts";
import { copyRecord, u64At } from "../bundle/transaction-record.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { SlotRingReader } from "../ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../ring/slot-ring-writer.ts";
import { TraceReplays } from "../sniff/replays.ts";
import { writeCandidateRecord } from "./candidate-record.ts";
import type { Outgoing, Outlet } from "./outlet.ts";
import { ageUsMax, Pending } from "./pending.ts";
import type { SubmitCounts } from "./submit-counts.ts";
import { tapMessageBytesMax, type TapMemory } from "./tap.ts";

/** Bundles that wait for the outlet: more would only make them old. */
const bundlesMax = 4;
/** Transactions and records of one turn. */
const turnMax = 256;
/** Signatures remembered: a market thread that starts anew reads its last records again. */
const signaturesMax = 65_536;
const idleMs = 20;
const fullMs = 2;
const timerUs = 3000;

/** Memories of the rings before the first custom stage and behind the last one. */
type ChainRings = { readonly input: SharedArrayBuffer; readonly output: SharedArrayBuffer };

export type SubmitterOptions = {
  /** Of all market lanes, by lane. */
  readonly taps: readonly TapMemory[];
  /** Null: there are no custom stages. */
  readonly chain: ChainRings | null;
  readonly outlet: Outlet;
  readonly counts: SubmitCounts;
  readonly bundleTimeoutUs: number;
  /** Monotonic us. */
  readonly nowUs: () => number;
  /** Since 1970, as the edge's times. */
  readonly epochMs: () => number;
  readonly sleepMs: (ms: number) => Promise<void>;
  /** Called once a turn. */
  readonly onTurn?: () => void;
};

type Tap = { readonly high: MessageRingReader; readonly low: MessageRingReader };

/** On the submit thread, which has an event loop. */
export class Submitter {
  readonly #options: SubmitterOptions;
  readonly #taps: Tap[];
  readonly #stages: { readonly to: SlotRingWriter; readonly from: SlotRingReader } | null;
  readonly #builder: BundleBuilder;
  readonly #pending = new Pending();
  readonly #signatures = new TraceReplays(signaturesMax);
  readonly #record = new DataView(new ArrayBuffer(transactionRecordBytes));
  /** The message in hand. */
  readonly #message = new Uint8Array(tapMessageBytesMax);
  readonly #view = new DataView(this.#message.buffer);
  readonly #bundles: Outgoing[][] = [];
  readonly #waits = new Map<object, Promise<unknown>>();
  #lastId = 0;
  #taken = 0;
  #isSending = false;
  #isDraining = false;
  /** Nothing is read from the taps. */
  #isClosed = false;
  readonly #drained = Promise.withResolvers<void>();
  #bundleTimeoutUs: number;
  #isStopping = false;

  constructor(options: SubmitterOptions) {
    this.#options = options;
    this.#taps = options.taps.map(tapOf);
    const { chain } = options;
    this.#bundleTimeoutUs = options.bundleTimeoutUs;
    this.#stages =
      chain === null
        ? null
        : { to: new SlotRingWriter(chain.input), from: new SlotRingReader(chain.output) };
    this.#builder = new BundleBuilder({
      sink: { tryPush: (view, at) => this.#push(view, at) },
      timeoutNs: options.bundleTimeoutUs * 1000,
    });
  }

  /** Another longest wait of a bundle, from the next turn on. */
  configure(bundleTimeoutUs: number): void {
    this.#bundleTimeoutUs = bundleTimeoutUs;
    this.#builder.configure(bundleTimeoutUs * 1000);
  }

  /** Reads these taps too: all that there ever were, in the order of their making. */
  add(taps: readonly TapMemory[]): void {
    this.#taps.push(...taps.slice(this.#taps.length).map(tapOf));
  }

  pause(): void {
    this.#isClosed = true;
  }

  resume(): void {
    this.#isClosed = false;
  }

  /** Resolves when the taps, into which nothing must come any more, are empty. */
  drain(): Promise<void> {
    this.#isDraining = true;
    this.resume();
    return this.#drained.promise;
  }

  /** Reads the taps no more, and ends `run` when the stages, which have stopped, are empty and all bundles are with the outlet. */
  stop(): void {
    this.#isClosed = true;
    this.#isStopping = true;
  }

  /** Drops what the outlet has not been given: the time to stop is over. */
  abandon(): void {
    const waiting = this.#bundles.splice(0).reduce((sum, { length }) => sum + length, 0);
    this.#options.counts.dropped(waiting + this.#pending.clear(), "shutdown");
  }

  async run(): Promise<void> {
    const { counts, onTurn } = this.#options;
    for (;;) {
      onTurn?.();
      const isEnding = this.#isStopping;
      const reads = !this.#isClosed && this.#hasRoom();
      const done = this.#turn();
      counts.publish(this.#builder.bundles);
      if (done > 0) {
        // The outlet's answers come over the event loop.
        await this.#options.sleepMs(0);
        continue;
      }
      if (this.#isDraining && reads) this.#drained.resolve();
      if (isEnding && this.#hasEnded()) break;
      await this.#wait();
    }
    await this.#options.outlet.finish();
    counts.publish(this.#builder.bundles);
  }

  /** One turn of work; how much was done. */
  #turn(): number {
    const { counts, nowUs } = this.#options;
    const us = nowUs();
    const ns = Math.round(us * 1000);
    counts.dropped(this.#pending.expire(us), "stages");
    let done = this.#fromStages(ns);
    if (!this.#isClosed) done += this.#fromTaps(ns);
    if (this.#builder.shouldFlushTimeout(ns) && this.#builder.forceFlush("timeout", ns)) done += 1;
    this.#sendNext();
    return done;
  }

  #fromTaps(ns: number): number {
    let taken = 0;
    for (const priority of ["high", "low"] as const) {
      for (const [lane, tap] of this.#taps.entries()) {
        while (taken < turnMax && this.#hasRoom()) {
          const length = this.#read(tap[priority]);
          if (length === 0) break;
          this.#take(length, lane, ns);
          taken += 1;
        }
      }
    }
    return taken;
  }

  #hasRoom(): boolean {
    if (this.#stages !== null) return this.#stages.to.claim(1) > 0;
    return this.#bundles.length < bundlesMax;
  }

  /**
   * Copies the next message out, its length; 0: there is none. It has left its tap before anything is
   * done with it: a thread that dies on the way leaves it for `restart`, never for a second reading.
   */
  #read(reader: MessageRingReader): number {
    let read = 0;
    const handler = (_type: number, at: number, length: number): void => {
      this.#message.set(reader.bytes.subarray(at, at + length));
      read = length;
    };
    if (reader.drain(handler, 1) > 0) this.#options.counts.received();
    return read;
  }

  // The message in hand, for whose record there is room.
  #take(length: number, lane: number, ns: number): void {
    const { counts } = this.#options;
    const view = this.#view;
    const receivedUs = view.getFloat64(receivedAt, true);
    const first = extractedAt.candidates + recordHeaderBytes;
    // What lay in the log while nobody read it was received here just now.
    const isStale =
      ns - receivedUs * 1000 > ageUsMax * 1000 ||
      this.#options.epochMs() - edgeMsOf(view, first) > ageUsMax / 1000;
    if (isStale) {
      counts.dropped(1, "stale");
      return;
    }
    this.#taken += 1;
    // Numbered here: the same one again is refused, also when its record was read again.
    if (!this.#signatures.add(view, first + candidateAt.signature, this.#taken)) {
      counts.rejected("repeated");
      return;
    }
    const identity = { id: this.#lastId + 1, ingressNs: Math.round(receivedUs * 1000) };
    if (!writeCandidateRecord(view, pricedRecord(view), this.#record, identity)) {
      counts.rejected("no-price");
      return;
    }
    this.#lastId += 1;
    const wireAt = extractedAt.candidates + view.getUint32(extractedAt.bytes, true);
    const traceId = view.getFloat64(traceIdAt, true);
    const bytes = this.#message.slice(wireAt, length);
    const outgoing = { id: identity.id, bytes, traceId, lane, receivedUs };
    counts.dropped(this.#pending.add(outgoing), "stages");
    this.#forward(ns);
  }

  #forward(ns: number): void {
    if (this.#stages === null) {
      this.#builder.add(this.#record, 0, ns);
      return;
    }
    const { to } = this.#stages;
    copyRecord(this.#record, 0, to.view, to.slotBase(0));
    to.publish(1);
  }

  #fromStages(ns: number): number {
    if (this.#stages === null) return 0;
    const { from } = this.#stages;
    const readable = Math.min(from.available(), turnMax);
    let taken = 0;
    for (; taken < readable && this.#bundles.length < bundlesMax; taken += 1) {
      const outcome = this.#builder.add(from.view, from.slotBase(taken), ns);
      if (outcome === addOutcome.refused) break;
      if (outcome === addOutcome.invalid) this.#options.counts.foreignRecord();
    }
    from.release(taken);
    return taken;
  }

  #push(view: DataView, at: number): boolean {
    if (this.#bundles.length >= bundlesMax) return false;
    const { counts } = this.#options;
    const bundle: Outgoing[] = [];
    const count = view.getUint32(at + bundleAt.count, true);
    for (let i = 0; i < count; i += 1) {
      const id = u64At(view, at + i * transactionRecordBytes + transactionAt.id);
      const transaction = this.#pending.take(id);
      if (transaction === null) counts.foreignRecord();
      else bundle.push(transaction);
    }
    if (bundle.length > 0) this.#bundles.push(bundle);
    return true;
  }

  #sendNext(): void {
    if (this.#isSending) return;
    const next = this.#bundles.shift();
    if (next === undefined) return;
    const { outlet, counts, nowUs } = this.#options;
    const oldestUs = nowUs() - ageUsMax;
    const fresh = next.filter(({ receivedUs }) => receivedUs >= oldestUs);
    counts.dropped(next.length - fresh.length, "stale");
    if (fresh.length === 0) return;
    this.#isSending = true;
    void outlet.send(fresh).finally(() => {
      this.#isSending = false;
    });
  }

  // What the stages kept to themselves is dropped, what the builder holds goes out.
  #hasEnded(): boolean {
    if (!this.#builder.forceFlush("shutdown", Math.round(this.#options.nowUs() * 1000))) {
      return false;
    }
    this.#options.counts.dropped(this.#pending.clear(), "stages");
    this.#sendNext();
    return this.#bundles.length === 0 && !this.#isSending;
  }

  // One pending wait for each ring is kept until it resolves, or each turn would leave one behind.
  async #wait(): Promise<void> {
    const { sleepMs } = this.#options;
    const isHeldUp = !this.#hasRoom() || this.#isClosed || this.#bundles.length > 0;
    if (isHeldUp) return sleepMs(fullMs);
    // A timer is late by a millisecond, which is long for a bundle.
    if (this.#builder.held > 0) return sleepMs(this.#bundleTimeoutUs < timerUs ? 0 : 1);
    const waits = this.#taps.flatMap(({ high, low }) => [
      this.#waitOf(high, () => high.waitForMessagesAsync(idleMs)),
      this.#waitOf(low, () => low.waitForMessagesAsync(idleMs)),
    ]);
    const from = this.#stages?.from;
    if (from !== undefined) waits.push(this.#waitOf(from, () => from.waitForSlotsAsync(idleMs)));
    await Promise.race(waits);
  }

  #waitOf(ring: object, begin: () => Promise<unknown>): Promise<unknown> {
    const known = this.#waits.get(ring);
    if (known !== undefined) return known;
    const wait = begin().finally(() => this.#waits.delete(ring));
    this.#waits.set(ring, wait);
    return wait;
  }
}

const tapOf = ({ high, low }: TapMemory): Tap => ({
  high: new MessageRingReader(high),
  low: new MessageRingReader(low),
});

/** When the edge received the record's transaction; infinite when it does not say. */
const edgeMsOf = (view: DataView, record: number): number => {
  const flags = view.getUint16(record + candidateAt.flags, true);
  if ((flags & candidateFlag.receiveTime) === 0) return Number.POSITIVE_INFINITY;
  const at = record + candidateAt.receiveTime;
  return (view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32) / 1e6;
};

/** The first candidate of the message that has a price; the first one when none has. */
const pricedRecord = (view: DataView): number => {
  const count = view.getUint32(extractedAt.count, true);
  const first = extractedAt.candidates + recordHeaderBytes;
  let record = first;
  for (let i = 0; i < count; i += 1) {
    const flags = view.getUint16(record + candidateAt.flags, true);
    if ((flags & candidateFlag.priceHint) !== 0) return record;
    record += view.getUint32(record - recordHeaderBytes, true) + recordHeaderBytes;
  }
  return first;
};
