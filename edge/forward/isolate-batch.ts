// Requests of one isolate share calls: one call in flight, what arrives meanwhile goes together in
// the next, and a leader that is nearly alone waits a moment for company. A call to an object costs
// about 80 us and a send to Kafka 200, so small requests gain most. workerd ties every
// promise and timer to the request that made it, hence four rules; breaking one fails under load:
//
//   FB1  a request awaits a promise that it made itself; others only call its resolver
//   FB2  each waiting request holds a timer of its own: without pending work it is ended as hung
//   FB3  the call is given to its request's waitUntil: a client that leaves must not end it
//   FB4  a request past its deadline leaves if it was not sent; when a leader died, another leads
import type { Background } from "./forwarder.ts";

/** Bounds of one batcher; milliseconds. */
export type BatchLimits = {
  /** Bytes and items of one call, a single larger item excepted. */
  readonly callBytesMax: number;
  readonly callItemsMax: number;
  /** A leader waits this long for company before its call, unless it has enough; 0: not at all. */
  readonly lingerMs: number;
  /** Bytes that wait for a call, and items that wait or are in flight; more are refused. */
  readonly waitBytesMax: number;
  readonly itemsMax: number;
  /** An item that was not sent after this long leaves. */
  readonly waitMsMax: number;
  /** A call in flight for longer than this is given up, and its items with it. */
  readonly callMsMax: number;
  /** A leader that has not begun after this long is replaced. */
  readonly leadMsMax: number;
};

/** So many share a call well enough: what more would come is not waited for. */
const companyItems = 8;

/** What becomes of an item without a result of the call. */
export type Unsettled = "full" | "not-sent" | "no-answer";

/** The work that is shared: one result per item, in order. Must not reject. */
export type SharedCall<Item, Result> = (items: readonly Item[]) => Promise<readonly Result[]>;

type Waiter<Item, Result> = {
  readonly item: Item;
  readonly bytes: number;
  /** Since when it waits, or since when its call is in flight. */
  sinceMs: number;
  isSent: boolean;
  isLeader: boolean;
  result: Result | undefined;
  /** Lets it look at the above; every call counts, the state says what for. */
  wake: () => void;
};

// A function of its own, as others of this way: V8 keeps optimised code only while a closure of it
// lives, so that of one made for each request is lost at each full collection, and made anew.
const itemOf = <Item>({ item }: { readonly item: Item }): Item => item;

/** The turn to call: taken by a leader that was woken, or in flight. */
type Turn = { sinceMs: number; hasBegun: boolean };

/** Time since `sinceMs`, which begins anew when the clock was set back. */
const msSince = (of: { sinceMs: number }): number => {
  const nowMs = Date.now();
  of.sinceMs = Math.min(of.sinceMs, nowMs);
  return nowMs - of.sinceMs;
};

/** One per isolate and object. */
export class IsolateBatch<Item, Result> {
  readonly #limits: BatchLimits;
  readonly #call: SharedCall<Item, Result>;
  readonly #unsettled: (why: Unsettled) => Result;
  readonly #waiting: Waiter<Item, Result>[] = [];
  #waitingBytes = 0;
  #items = 0;
  #turn: Turn | undefined;

  constructor(
    limits: BatchLimits,
    call: SharedCall<Item, Result>,
    unsettled: (why: Unsettled) => Result,
  ) {
    this.#limits = limits;
    this.#call = call;
    this.#unsettled = unsettled;
  }

  /** Resolves with the item's result; never rejects, and never later than its deadlines. */
  async submit(item: Item, bytes: number, background: Background): Promise<Result> {
    const { waitBytesMax, itemsMax } = this.#limits;
    if (this.#waitingBytes + bytes > waitBytesMax || this.#items >= itemsMax)
      return this.#unsettled("full");
    this.#items += 1;
    const result = await this.#settled(item, bytes, background);
    this.#items -= 1;
    return result;
  }

  async #settled(item: Item, bytes: number, background: Background): Promise<Result> {
    const waiter: Waiter<Item, Result> = {
      item,
      bytes,
      sinceMs: Date.now(),
      isSent: false,
      isLeader: false,
      result: undefined,
      wake: () => undefined,
    };
    this.#waiting.push(waiter);
    this.#waitingBytes += bytes;
    for (;;) {
      const woken = this.#woken(waiter);
      if (!waiter.isSent && (waiter.isLeader || this.#isTurnFree()))
        background.waitUntil(this.#lead());
      await woken;
      if (waiter.result !== undefined) return waiter.result;
      const why = this.#overdue(waiter);
      if (why !== undefined) return this.#unsettled(why);
    }
  }

  /** A promise and a timer of the request that runs this: FB1 and FB2. */
  #woken(waiter: Waiter<Item, Result>): Promise<void> {
    // Not `new Promise`: once V8 has optimised this, a promise that it makes so no longer carries
    // its request, and what awaits it goes on in the context of whoever resolves it.
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#limits.leadMsMax);
    waiter.wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  /** Nobody has the turn, or who has it is lost: its context ended without a word. */
  #isTurnFree(): boolean {
    if (this.#turn === undefined) return true;
    const { callMsMax, leadMsMax } = this.#limits;
    return msSince(this.#turn) >= (this.#turn.hasBegun ? callMsMax : leadMsMax);
  }

  #overdue(waiter: Waiter<Item, Result>): Unsettled | undefined {
    const { callMsMax, waitMsMax } = this.#limits;
    const ms = msSince(waiter);
    if (waiter.isSent) return ms >= callMsMax ? "no-answer" : undefined;
    if (ms < waitMsMax) return undefined;
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#waitingBytes -= waiter.bytes;
    return "not-sent";
  }

  /** Runs wholly in the context of one of the requests that wait. */
  async #lead(): Promise<void> {
    const { lingerMs } = this.#limits;
    if (lingerMs > 0 && this.#waiting.length < companyItems) {
      const claim: Turn = { sinceMs: Date.now(), hasBegun: false };
      this.#turn = claim;
      const { promise: company, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, lingerMs);
      await company;
      // It was given up meanwhile: another leads.
      if (this.#turn !== claim) return;
    }
    const batch = this.#take();
    // All left meanwhile, this one too.
    if (batch.length === 0) {
      this.#turn = undefined;
      return;
    }
    const turn: Turn = { sinceMs: Date.now(), hasBegun: true };
    this.#turn = turn;
    const results = await this.#call(batch.map<Item>(itemOf));
    // Not when the turn was given up meanwhile: it is another's.
    if (this.#turn === turn) this.#handOver();
    for (const [at, waiter] of batch.entries()) {
      waiter.result = results[at] ?? this.#unsettled("no-answer");
      waiter.wake();
    }
  }

  #take(): readonly Waiter<Item, Result>[] {
    const { callBytesMax, callItemsMax } = this.#limits;
    let bytes = 0;
    let count = 0;
    for (const waiter of this.#waiting) {
      bytes += waiter.bytes;
      if (count > 0 && (count >= callItemsMax || bytes > callBytesMax)) break;
      count += 1;
    }
    const batch = this.#waiting.splice(0, count);
    const nowMs = Date.now();
    for (const waiter of batch) {
      waiter.isSent = true;
      waiter.isLeader = false;
      waiter.sinceMs = nowMs;
      this.#waitingBytes -= waiter.bytes;
    }
    return batch;
  }

  #handOver(): void {
    const [next] = this.#waiting;
    this.#turn = next === undefined ? undefined : { sinceMs: Date.now(), hasBegun: false };
    if (next === undefined) return;
    next.isLeader = true;
    next.wake();
  }
}
