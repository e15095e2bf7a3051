// Load for the kill test: transactions and spans appended to the log while the engine dies and
// comes back. Everything is a function of a running number, so that the test can tell afterwards
// what must have come out.
import { FrameWriter } from "../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../schemas/market/transaction-item.ts";
import { blockhashBytes } from "../../schemas/market/transaction-layout.ts";
import { topics } from "../../schemas/topics.ts";
import { signAgain } from "../../engine/feed/sign-again.ts";
import type { FeedTransaction } from "../../engine/feed/transactions.ts";
import type { SpanShape } from "../engine/stream/otlp-messages.ts";
import { traces } from "../engine/stream/otlp-messages.ts";
import type { Random } from "../random.ts";

export type LoadRecord = {
  readonly topic: "weir-transactions" | "otlp_spans";
  readonly partition: number;
  readonly value: Uint8Array;
};

export type Acknowledged = { readonly record: LoadRecord; readonly offset: number };

/** Appends one record and resolves with its offset; rejects when it was not acknowledged. */
export type Append = (record: LoadRecord) => Promise<number>;

const framesItems = 20;
const spanStepMs = 250;

export class KillLoad {
  readonly acknowledged: Acknowledged[] = [];
  refused = 0;
  readonly #pool: readonly FeedTransaction[];
  readonly #random: Random;
  readonly #baseMs = Date.now() - 3_600_000;
  readonly #frame = new FrameWriter();
  #next = 0;
  #isStopped = false;

  constructor(pool: readonly FeedTransaction[], random: Random) {
    this.#pool = pool;
    this.#random = random;
  }

  /** Appends one record after the other until `stop`; a refusal is waited out, never repeated. */
  async run(append: () => Append | null): Promise<void> {
    while (!this.#isStopped) {
      const to = append();
      if (to === null) await pause(5);
      else await this.#one(to, this.#next % 2 === 0 ? this.#transactions() : this.#spans());
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Spans far enough in the future of the load to close every window of it. */
  closing(): readonly LoadRecord[] {
    const startMs = this.#timeMs() + 60_000;
    return Array.from({ length: topics.otlp_spans.partitions }, (_, partition) => ({
      topic: "otlp_spans" as const,
      partition,
      value: traces(new Map([["closing", [spanAt("end", startMs)]]])),
    }));
  }

  async #one(append: Append, record: LoadRecord): Promise<void> {
    this.#next += 1;
    try {
      this.acknowledged.push({ record, offset: await append(record) });
    } catch {
      this.refused += 1;
      await pause(5);
    }
  }

  #transactions(): LoadRecord {
    const frame = this.#frame;
    frame.clear();
    const item = new TransactionItem();
    for (let i = 0; i < framesItems; i += 1) {
      // Signed anew: the same one twice would be a replay, and which of the two counts a race.
      const { wire: first, keys } = this.#random.pick(this.#pool);
      const wire =
        keys.length === 0 ? first : signAgain(first, keys, this.#random.bytes(blockhashBytes));
      item.clear();
      item.setSlot(this.#next);
      item.setIndex(i);
      const at = frame.claim(transactionItemHeaderBytes + wire.length);
      item.encode(frame.view, at);
      frame.bytes.set(wire, at + transactionItemHeaderBytes);
    }
    const partition = this.#random.below(topics["weir-transactions"].partitions);
    return { topic: "weir-transactions", partition, value: frame.frame().slice() };
  }

  // Event times advance with the running number and lag by up to eight seconds: some are late.
  #spans(): LoadRecord {
    const spans = Array.from({ length: 10 }, () => {
      const lagMs = this.#random.below(8_000);
      return spanAt(`op-${this.#random.below(5)}`, this.#timeMs() - lagMs);
    });
    const service = `service-${this.#random.below(3)}`;
    const partition = this.#random.below(topics.otlp_spans.partitions);
    return { topic: "otlp_spans", partition, value: traces(new Map([[service, spans]])) };
  }

  #timeMs(): number {
    return this.#baseMs + this.#next * spanStepMs;
  }
}

const spanAt = (name: string, startMs: number): SpanShape => {
  const startNs = BigInt(startMs) * 1_000_000n;
  return { name, startNs, endNs: startNs + 5_000_000n };
};

export const pause = (ms: number): Promise<unknown> =>
  new Promise((resolve) => setTimeout(resolve, ms));
