// The load of the path benchmark: a pool of transactions made beforehand, of which a share trades on
// pump.fun at prices near a touch, 22 % of them with size 0, which clears a level.
import { transactionBytesMax } from "../../../schemas/market/transaction-layout.ts";
import { type Random, seeded } from "../../random.ts";
import { syntheticTransaction, tradeData } from "../transaction-slab.ts";
import { bidPriceMax } from "./path-plan.ts";

const pool = 1_024;
const ticksAway = 256;
const clearShare = 0.22;

/** The pool as text, for another process: base64 of each transaction. */
export type PathPool = { readonly wires: readonly string[]; readonly isWatched: readonly number[] };

export const poolText = ({ wires, isWatched }: PathTransactions): PathPool => ({
  wires: wires.map((wire) => Buffer.from(wire).toString("base64")),
  isWatched: [...isWatched],
});

export type PathTransactions = {
  readonly wires: readonly Uint8Array[];
  /** 1 where the transaction reaches the sink. */
  readonly isWatched: Uint8Array;
  /** Pool size minus 1; the size is a power of two. */
  readonly mask: number;
};

const u64 = (value: number): number[] => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return [...bytes];
};

const trade = (random: Random): number[] => {
  const isSell = random.next() < 0.5;
  const away = random.below(ticksAway);
  const size = random.next() < clearShare ? 0 : 1 + random.below(1_000_000);
  const price = isSell ? bidPriceMax + 1 + away : bidPriceMax - away;
  return [...(isSell ? tradeData.sell : tradeData.buy), ...u64(size), ...u64(price)];
};

export const pathTransactions = (seed: number, share: number): PathTransactions => {
  const random = seeded(seed);
  const wires: Uint8Array[] = [];
  const isWatched = new Uint8Array(pool);
  while (wires.length < pool) {
    const watched = random.next() < share;
    const wire = syntheticTransaction(random, { isWatched: watched, data: trade(random) });
    if (wire.length > transactionBytesMax) continue;
    isWatched[wires.length] = watched ? 1 : 0;
    wires.push(wire);
  }
  return { wires, isWatched, mask: pool - 1 };
};
