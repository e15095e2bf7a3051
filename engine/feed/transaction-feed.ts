// Posts transactions of a pool to the edge at a steady rate, over and over: each time with the
// next place in a made-up chain, so that an index names one transaction of its slot, and signed
// again where the keys are known.
import type { KeyObject } from "node:crypto";

import { blockhashBytes } from "../../schemas/market/transaction-layout.ts";
import { paced } from "./pace.ts";
import type { FeedClock } from "./feed-clock.ts";
import type { Poster } from "./poster.ts";
import { signAgain } from "./sign-again.ts";

/** One without keys is sent again as it is. */
export type PoolTransaction = { readonly wire: Uint8Array; readonly keys: readonly KeyObject[] };

/** What is sent, how fast and where to. */
export type TransactionFeedOptions = {
  /** At least one; it may grow meanwhile. */
  readonly pool: readonly PoolTransaction[];
  /** Bytes of a new blockhash. */
  readonly random: (count: number) => Uint8Array;
  readonly perSecond: number;
  readonly poster: Poster;
  readonly clock: FeedClock;
  readonly signal: AbortSignal;
};

/** Transactions of one request. */
const batchMax = 256;
/** A slot of Solana is 400 ms. */
const slotMs = 400;
/** Pools are smaller: recorded and generated ones have limits of their own. */
const poolMax = 1 << 17;

const nothing: PoolTransaction = { wire: new Uint8Array(0), keys: [] };

/** Ends when the signal is aborted; what is under way then is the poster's. */
export const feedTransactions = async (options: TransactionFeedOptions): Promise<void> => {
  const { pool, perSecond, poster, clock, signal } = options;
  const sent = new Uint8Array(poolMax);
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
      const { wire, keys } = pool[at] ?? nothing;
      const isNew = sent[at] === 0 || keys.length === 0;
      sent[at] = 1;
      const bytes = isNew ? wire : signAgain(wire, keys, options.random(blockhashBytes));
      batch.push({ slot: String(slot), index, transaction: Buffer.from(bytes).toString("base64") });
    }
    await poster.post(JSON.stringify({ transactions: batch }), batch.length);
  }
};
