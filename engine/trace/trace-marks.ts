// The market thread's end of the trace table: when a traced record was taken out of the ring, and
// when its transactions left each stage. Written for traced records alone, integers and times into
// shared memory; while none is under way it costs one comparison an event.
import { type EventCode, eventType, type Reason } from "../events/event-layout.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import {
  isTicketOf,
  ticketSlot,
  traceAt,
  traceItemAt,
  traceItemBytes,
  traceItemsMax,
  traceSlotAt,
  traceSlots,
  traceStages,
} from "./trace-layout.ts";

/** The stage that an event ends; -1 for the event that ends none. By the event's code. */
const stageOf = (code: EventCode): number =>
  code === eventType.bytesReceived ? -1 : (code - 1) >> 1;

const isLast = (code: EventCode): boolean =>
  code === eventType.prefilterRejected ||
  code === eventType.extractionFailed ||
  code === eventType.securityRejected ||
  code === eventType.handoffSent ||
  code === eventType.handoffDropped;

/** One on each market thread, its only writer. */
export class TraceMarks {
  /** Records under way. */
  count = 0;
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #nowUs: () => number;
  // Of each record under way: its slot and use, its first transaction's number, how many are
  // followed (-1 while it is being read), which of them have ended.
  readonly #slots = new Int32Array(traceSlots);
  readonly #uses = new Int32Array(traceSlots);
  readonly #firsts = new Float64Array(traceSlots);
  readonly #followed = new Int32Array(traceSlots);
  readonly #ended = new Int32Array(traceSlots);

  constructor(memory: SharedArrayBuffer, nowUs: () => number = monotonicUs) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#nowUs = nowUs;
  }

  /** A traced record begins here; its transactions are numbered from `first`. */
  begin(ticket: number, first: number): void {
    const slot = ticketSlot(ticket);
    const use = this.#takes(ticket, slot);
    if (use === 0) return;
    // Of an earlier use of the slot, which was given up.
    const stale = this.#indexOf(slot);
    if (stale >= 0) this.#forget(stale);
    for (let item = 0; item < traceItemsMax; item += 1) this.#clear(slot, item);
    this.#slots[this.count] = slot;
    this.#uses[this.count] = use;
    this.#firsts[this.count] = first;
    this.#followed[this.count] = -1;
    this.#ended[this.count] = 0;
    this.count += 1;
  }

  /** All `items` of a record that was begun were given to the stages. */
  counted(ticket: number, items: number): void {
    const slot = ticketSlot(ticket);
    const i = this.#indexOf(slot);
    if (i < 0 || this.#followed[i] !== -1) return;
    this.#followed[i] = Math.min(items, traceItemsMax);
    this.#view.setInt32(traceSlotAt(slot) + traceAt.items, items, true);
    this.#endIfAll(i);
  }

  /** An event of a transaction; `turnUs` is when its stage's turn began. */
  note(code: EventCode, traceId: number, { why, turnUs }: { why: Reason; turnUs: number }): void {
    for (let i = 0; i < this.count; i += 1) {
      const item = traceId - (this.#firsts[i] ?? 0);
      const followed = this.#followed[i] === -1 ? traceItemsMax : (this.#followed[i] ?? 0);
      if (item < 0 || item >= followed) continue;
      this.#write(code, traceSlotAt(this.#slots[i] ?? 0), { item, why, turnUs });
      if (!isLast(code)) return;
      this.#ended[i] = (this.#ended[i] ?? 0) | (1 << item);
      this.#endIfAll(i);
      return;
    }
  }

  /** A traced record that is handled at once is about to be. */
  take(ticket: number): void {
    this.#takes(ticket, ticketSlot(ticket));
  }

  /** It was handled, with all its items. */
  took(ticket: number, items: number): void {
    const slot = ticketSlot(ticket);
    const at = traceSlotAt(slot);
    const use = this.#useOf(ticket, slot);
    if (use === 0) return;
    this.#view.setInt32(at + traceAt.items, items, true);
    this.#done(at, use, 0);
  }

  #indexOf(slot: number): number {
    for (let i = 0; i < this.count; i += 1) if (this.#slots[i] === slot) return i;
    return -1;
  }

  // The use, when the ticket is still of it.
  #takes(ticket: number, slot: number): number {
    const use = this.#useOf(ticket, slot);
    if (use === 0) return use;
    const at = traceSlotAt(slot);
    this.#view.setFloat64(at + traceAt.takenUs, this.#nowUs(), true);
    Atomics.store(this.#words, (at + traceAt.taken) >> 2, use);
    return use;
  }

  #useOf(ticket: number, slot: number): number {
    if (slot < 0 || slot >= traceSlots) return 0;
    const use = Atomics.load(this.#words, (traceSlotAt(slot) + traceAt.claimed) >> 2);
    return isTicketOf(ticket, use) ? use : 0;
  }

  #clear(slot: number, item: number): void {
    const at = traceSlotAt(slot) + traceAt.transactions + item * traceItemBytes;
    for (let i = 0; i < traceItemBytes; i += 4) this.#view.setInt32(at + i, 0, true);
  }

  #write(
    code: EventCode,
    slotAt: number,
    { item, why, turnUs }: { item: number; why: Reason; turnUs: number },
  ): void {
    const stage = stageOf(code);
    if (stage < 0 || stage >= traceStages) return;
    const view = this.#view;
    const at = slotAt + traceAt.transactions + item * traceItemBytes;
    view.setInt32(at + traceItemAt.last, code + 1, true);
    view.setInt32(at + traceItemAt.reason, why, true);
    view.setFloat64(at + traceItemAt.endUs + stage * 8, this.#nowUs(), true);
    view.setFloat64(at + traceItemAt.turnUs + stage * 8, turnUs, true);
    if (code !== eventType.handoffSent) return;
    const handed = (at + traceItemAt.handed) >> 2;
    // Egress looks for it from here on; the candidate is published after this.
    Atomics.store(this.#words, handed, (this.#words[handed] ?? 0) + 1);
  }

  #endIfAll(i: number): void {
    const followed = this.#followed[i] ?? -1;
    if (followed < 0 || this.#ended[i] !== (1 << followed) - 1) return;
    this.#done(traceSlotAt(this.#slots[i] ?? 0), this.#uses[i] ?? 0, followed);
    this.#forget(i);
  }

  #done(at: number, use: number, followed: number): void {
    this.#view.setInt32(at + traceAt.followed, followed, true);
    this.#view.setFloat64(at + traceAt.doneUs, this.#nowUs(), true);
    Atomics.store(this.#words, (at + traceAt.done) >> 2, use);
  }

  #forget(i: number): void {
    this.count -= 1;
    const last = this.count;
    for (const table of [this.#slots, this.#uses, this.#firsts, this.#followed, this.#ended]) {
      table[i] = table[last] ?? 0;
    }
  }
}
