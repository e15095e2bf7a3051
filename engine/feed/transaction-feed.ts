// Posts transactions of a pool to the edge at a steady rate, over and over: each time with the
// next place in a made-up chain, so that an index names one transaction of its slot.
import { paced } from "./pace.ts";
import type { FeedClock } from "./feed-clock.ts";
import type { Poster } from "./poster.ts";

/** What is sent, how fast and where to. */
export type TransactionFeedOptions = {
  /** Transactions in wire form, at least one; it may grow meanwhile. */
  readonly pool: readonly Uint8Array[];
  readonly perSecond: number;
  readonly poster: Poster;
  readonly clock: FeedClock;
  readonly signal: AbortSignal;
};

/** Transactions of one request. */
const batchMax = 256;
/** A slot of Solana is 400 ms. */
const slotMs = 400;

/** Ends when the signal is aborted; what is under way then is the poster's. */
export const feedTransactions = async (options: TransactionFeedOptions): Promise<void> => {
  const { pool, perSecond, poster, clock, signal } = options;
  // Encoded once: the pool is sent again and again.
  const texts: string[] = [];
  const startSlot = Math.floor(Number(clock.nowNs() / 1_000_000n) / slotMs);
  const startNs = clock.nowNs();
  let slot = startSlot;
  let index = 0;
  let next = 0;
  for await (const count of paced({ perSecond, batchMax, clock, signal })) {
    const slotNow = startSlot + Math.floor(Number(clock.nowNs() - startNs) / 1e6 / slotMs);
    if (slotNow > slot) {
      slot = slotNow;
      index = 0;
    }
    const batch = [];
    for (let i = 0; i < count; i += 1, next += 1, index += 1) {
      const at = next % pool.length;
      texts[at] ??= Buffer.from(pool[at] ?? []).toString("base64");
      batch.push({ slot: String(slot), index, transaction: texts[at] });
    }
    await poster.post(JSON.stringify({ transactions: batch }), batch.length);
  }
};
