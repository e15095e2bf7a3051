// What leaves the process waits here: a bounded queue in front of something that may be slow or
// dead. One send in flight; what arrives meanwhile goes into the next. Nobody ever waits for it:
// what finds no room is dropped, what cannot be sent after some tries is dropped, and each is
// counted by its reason. offered = sent + dropped + waiting, at every moment.

/** Why something did not leave. */
type ExportDropReason = "full" | "failed" | "shutdown";

/** What became of what was offered; `waiting` includes what is in flight. */
export type ExportCounts = {
  sent: number;
  readonly dropped: { [reason in ExportDropReason]: number };
  /** Sends that failed, each try counted. */
  failures: number;
};

export type ExportQueueOptions<T> = {
  /** Rejects when it could not: tried again, then given up. */
  readonly send: (items: readonly T[]) => Promise<void>;
  /** Items that wait, those in flight included; more are dropped. */
  readonly itemsMax: number;
  /** Items of one send. */
  readonly batchItemsMax: number;
  /** Tries of one batch before it is dropped. */
  readonly triesMax: number;
  /** Wait before the second try; doubles with each. */
  readonly retryMs: number;
  readonly sleep: (ms: number) => Promise<void>;
};

export class ExportQueue<T> {
  readonly counts: ExportCounts = {
    sent: 0,
    dropped: { full: 0, failed: 0, shutdown: 0 },
    failures: 0,
  };
  readonly #options: ExportQueueOptions<T>;
  #waiting: T[] = [];
  #inFlight = 0;
  #isClosed = false;
  #sending: Promise<void> | null = null;

  constructor(options: ExportQueueOptions<T>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length + this.#inFlight;
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
    this.flush();
    await Promise.race([this.#sending, deadline]);
    this.counts.dropped.shutdown += this.#waiting.length;
    this.#waiting = [];
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.batchItemsMax);
      this.#inFlight = batch.length;
      const isSent = await this.#sendBatch(batch);
      this.#inFlight = 0;
      if (isSent) this.counts.sent += batch.length;
      else this.counts.dropped[this.#isClosed ? "shutdown" : "failed"] += batch.length;
    }
  }

  async #sendBatch(batch: readonly T[]): Promise<boolean> {
    const { send, sleep, triesMax, retryMs } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        await send(batch);
        return true;
      } catch {
        this.counts.failures += 1;
      }
      if (tries >= triesMax || this.#isClosed) return false;
      await sleep(retryMs * 2 ** (tries - 1));
    }
  }
}
