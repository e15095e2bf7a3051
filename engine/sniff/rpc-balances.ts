// Amounts of a trade from the change of its user's balances, where a program tells no event. What
// is not the trade's is taken out: the fee, rent of token accounts that the user's transaction
// opened, transfers beside the trade (tips). Native and wrapped SOL count together.
import { wrappedSolMint } from "../../schemas/market/programs.ts";
import type { RpcMeta, TokenBalance } from "./rpc-meta.ts";

export type Trade = {
  readonly direction: "buy" | "sell";
  readonly user: string;
  readonly mint: string;
  readonly quoteMint: string;
  /** Lamports that outer system transfers took from the user to accounts that kept them. */
  readonly tips: bigint;
};

/** Amounts moved in the trade's direction; null where the balances contradict it or lack. */
export const tradeAmounts = (
  meta: RpcMeta,
  { direction, user, mint, quoteMint, tips }: Trade,
): { readonly base: bigint | null; readonly quote: bigint | null } => {
  const sign = direction === "buy" ? 1n : -1n;
  const base = sign * tokenChange(meta, user, mint);
  let quote = tokenChange(meta, user, quoteMint);
  if (quoteMint === wrappedSolMint) {
    const native = nativeChange(meta, user);
    if (native === null) return { base: base > 0n ? base : null, quote: null };
    quote += native + tips;
  }
  const moved = -sign * quote;
  return { base: base > 0n ? base : null, quote: moved > 0n ? moved : null };
};

const tokenChange = (meta: RpcMeta, owner: string, mint: string): bigint => {
  const sum = (balances: readonly TokenBalance[]): bigint =>
    balances.reduce(
      (total, one) => (one.owner === owner && one.mint === mint ? total + one.amount : total),
      0n,
    );
  return sum(meta.postTokens) - sum(meta.preTokens);
};

// Lamports of the user's own account, without fee and rent when it is the payer.
const nativeChange = (meta: RpcMeta, user: string): bigint | null => {
  const index = meta.keys.indexOf(user);
  const pre = meta.preBalances[index];
  const post = meta.postBalances[index];
  if (pre === undefined || post === undefined) return null;
  return index === 0 ? post - pre + meta.fee + rentOfOpened(meta) : post - pre;
};

const rentOfOpened = (meta: RpcMeta): bigint => {
  let rent = 0n;
  for (const { account, mint, amount } of meta.postTokens) {
    if (meta.preBalances[account] !== 0n) continue;
    const lamports = meta.postBalances[account] ?? 0n;
    // Of a wrapped SOL account only what is not its balance is rent.
    rent += mint === wrappedSolMint && lamports >= amount ? lamports - amount : lamports;
  }
  return rent;
};
