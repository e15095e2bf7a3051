// Hands the records of some partitions to a member's handler, from given offsets on, until it is
// stopped. A partition whose batch is in hand is left alone; the others go on.
import type { ConsumerHandlers } from "../event-log.ts";
import type { Partition, PartitionTable } from "./partition-table.ts";
import { readRecords } from "./record-rows.ts";
import type { Wake } from "./wake.ts";

export type DeliveryOptions = {
  readonly partitions: PartitionTable;
  readonly wake: Wake;
  readonly handlers: Pick<ConsumerHandlers, "onBatch">;
  readonly from: readonly { readonly partition: Partition; readonly next: number }[];
  readonly onFailed: (error: Error) => void;
};

export type Delivery = {
  /** Resolves when no batch is in hand any more. Idempotent. */
  readonly stop: () => Promise<void>;
};

/** One batch: small enough that many partitions at once do not fill the memory. */
const batchLimits = { recordsMax: 1_000, bytesMax: 1 << 20 };

type Place = { readonly partition: Partition; next: number; inHand: Promise<void> | undefined };

export const createDelivery = (options: DeliveryOptions): Delivery => {
  const delivery = new RunningDelivery(options);
  const ended = delivery.run();
  return {
    stop: async () => {
      delivery.halt();
      await ended;
    },
  };
};

class RunningDelivery {
  readonly #options: DeliveryOptions;
  readonly #places: readonly Place[];
  #isHalted = false;
  #kick = Promise.withResolvers<void>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#places = options.from.map((at) => ({ ...at, inHand: undefined }));
  }

  halt(): void {
    this.#isHalted = true;
    this.#kick.resolve();
  }

  async run(): Promise<void> {
    const { wake } = this.#options;
    while (!this.#isHalted) {
      this.#kick = Promise.withResolvers();
      const seen = wake.seen();
      if (!(await this.#round())) await wake.wait(seen, this.#kick.promise);
    }
    for (const { inHand } of this.#places) await inHand;
  }

  /** Starts a batch for each partition that has news; true when there was one. */
  async #round(): Promise<boolean> {
    try {
      const ranges = this.#options.partitions.ranges();
      let any = false;
      for (const place of this.#places) {
        const end = ranges.get(place.partition.id)?.end ?? 0;
        if (this.#isHalted || place.inHand !== undefined || place.next >= end) continue;
        any = this.#start(place, end) || any;
        // Handlers and other work of this thread come in between two reads.
        await new Promise(setImmediate);
      }
      return any;
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  #start(place: Place, endOffset: number): boolean {
    const { topic, partition } = place.partition;
    const records = readRecords(place.partition, place.next, batchLimits);
    const last = records.at(-1);
    // Deleted by retention since the range was read.
    if (last === undefined) return false;
    const work = this.#options.handlers.onBatch({ topic, partition, records, endOffset });
    place.inHand = this.#finish(place, work, last.offset + 1);
    return true;
  }

  async #finish(place: Place, work: Promise<void>, next: number): Promise<void> {
    try {
      await work;
      place.next = next;
    } catch (error) {
      this.#fail(error);
    }
    place.inHand = undefined;
    this.#kick.resolve();
  }

  #fail(error: unknown): void {
    if (this.#isHalted) return;
    this.halt();
    this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
  }
}
