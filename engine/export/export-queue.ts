// What leaves the process waits here: a bounded queue in front of something that may be slow or
// dead. One send in flight; what arrives meanwhile goes into the next. Nobody ever waits for it:
// what finds no room is dropped, what cannot be sent after some tries is dropped, and each is
// counted by its reason. A receiver that asks for a wait is given it, and the batch is kept.
// offered = sent + rejected + dropped + waiting, at every moment.

/** Why something did not leave. */
type ExportDropReason = "full" | "failed" | "shutdown";

/** What became of what was offered; `waiting` includes what is in flight. */
export type ExportCounts = {
  sent: number;
  /** Told by the receiver, of a batch that it took otherwise. */
  rejected: number;
  readonly dropped: { [reason in ExportDropReason]: number };
  /** Sends that failed, each try counted. */
  failures: number;
};

/** What a receiver says of a batch that it took. */
export type SendResult = {
  /** Of its items. */
  readonly rejected: number;
  /** Before the one that was taken. */
  readonly failedTries: number;
  /** Why it rejected some, or a warning; "" when it says nothing. */
  readonly message: string;
};

/** A send that tried more than once, or whose receiver asked for a wait. */
export class SendError extends Error {
  override name = "SendError";
  /** 0: nothing was sent. */
  readonly tries: number;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, told: Pick<SendError, "tries" | "retryAfterMs">) {
    super(message);
    this.tries = told.tries;
    this.retryAfterMs = told.retryAfterMs;
  }
}

/** What went wrong last. */
export type ExportFault = { readonly unixMs: number; readonly message: string };

export type ExportQueueOptions<T> = {
  /** Rejects when it could not: tried again, then given up. Without a result all are taken. */
  readonly send: (items: readonly T[]) => Promise<SendResult | void>;
  /** Items that wait, those in flight included; more are dropped. */
  readonly itemsMax: number;
  /** Items of one send. */
  readonly batchItemsMax: number;
  /** Tries of one batch before it is dropped. */
  readonly triesMax: number;
  /** Wait before the second try; doubles with each. */
  readonly retryMs: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
};

/** Longest wait that a receiver is given. */
const retryAfterMsMax = 300_000;

export class ExportQueue<T> {
  readonly counts: ExportCounts = {
    sent: 0,
    rejected: 0,
    dropped: { full: 0, failed: 0, shutdown: 0 },
    failures: 0,
  };
  readonly #options: ExportQueueOptions<T>;
  #waiting: T[] = [];
  #inFlight = 0;
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;
  #fault: ExportFault | null = null;
  #sending: Promise<void> | null = null;

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /** Null: nothing so far. */
  get fault(): ExportFault | null {
    return this.#fault;
  }

  /** False: there was no room, and it is dropped. */
  offer(item: T): boolean {
    if (this.#isClosed || this.waiting >= this.#options.itemsMax) {
      this.counts.dropped[this.#isClosed ? "shutdown" : "full"] += 1;
      return false;
    }
    this.#waiting.push(item);
    return true;
  }

  /** Begins to send what waits, unless a send is in flight already. Never throws. */
  flush(): void {
    if (this.#sending !== null || this.#waiting.length === 0) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null;
    });
  }

  /** Takes nothing more; what is not sent when `deadline` resolves is dropped. */
  async close(deadline: Promise<unknown>): Promise<void> {
    this.#isClosed = true;
    this.#closing.resolve();
    this.flush();
    await Promise.race([this.#sending, deadline]);
    this.counts.dropped.shutdown += this.#waiting.length;
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.batchItemsMax);
      this.#inFlight = batch.length;
      const result = await this.#sendBatch(batch);
      this.#inFlight = 0;
      if (result === null) {
        this.counts.dropped[this.#isClosed ? "shutdown" : "failed"] += batch.length;
        continue;
      }
      const rejected = Math.min(batch.length, result.rejected);
      this.counts.rejected += rejected;
      this.counts.sent += batch.length - rejected;
    }
  }

  /** Null: given up. */
  async #sendBatch(batch: readonly T[]): Promise<SendResult | null> {
    const { triesMax, retryMs } = this.#options;
    for (let tries = 1; ;) {
      const result = await this.#try(batch);
      if (!(result instanceof SendError)) return result;
      const isAsked = result.retryAfterMs !== undefined;
      if (this.#isClosed || (!isAsked && tries >= triesMax)) return null;
      const waitMs = result.retryAfterMs ?? retryMs * 2 ** (tries - 1);
      await this.#wait(Math.min(retryAfterMsMax, waitMs));
      // One that is asked to wait has not failed.
      if (!isAsked) tries += 1;
    }
  }

  async #try(batch: readonly T[]): Promise<SendResult | SendError> {
    try {
      const result = await this.#options.send(batch);
      const { rejected, failedTries, message } = result ?? takenWhole;
      this.counts.failures += failedTries;
      if (message !== "" || rejected > 0) this.#note(`rejected=${rejected}: ${message}`);
      return { rejected, failedTries, message };
    } catch (error) {
      const failure = error instanceof SendError ? error : unexpected(error);
      this.counts.failures += Math.max(1, failure.tries);
      this.#note(failure.message);
      return failure;
    }
  }

  /** Ends early when the queue is closed: the batch has one more try. */
  async #wait(ms: number): Promise<void> {
    await Promise.race([this.#options.sleep(ms), this.#closing.promise]);
  }

  #note(message: string): void {
    this.#fault = { unixMs: this.#options.nowMs(), message };
  }
}

const takenWhole: SendResult = { rejected: 0, failedTries: 0, message: "" };

const unexpected = (error: unknown): SendError =>
  new SendError(error instanceof Error ? error.message : String(error), {
    tries: 1,
    retryAfterMs: undefined,
  });
