// Amounts of a trade from the change of its user's balances, where a program tells no event. What
// is not the trade's is taken out: the fee, rent of token accounts that the user's transaction
// opened or closed, transfers beside the trade (tips). Native and wrapped SOL count together.
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

// Lamports of the user's own account, without the rent of what it closed, and without fee and rent of
// what was opened when it is the payer.
const nativeChange = (meta: RpcMeta, user: string): bigint | null => {
  const { keys, preBalances, postBalances, preTokens, postTokens } = meta;
  const index = keys.indexOf(user);
  const pre = preBalances[index];
  const post = postBalances[index];
  if (pre === undefined || post === undefined) return null;
  const own = preTokens.filter(({ owner }) => owner === user);
  const kept = post - pre - rentOf(own, preBalances, postBalances);
  return index === 0 ? kept + meta.fee + rentOf(postTokens, postBalances, preBalances) : kept;
};

/** Rent of those token accounts that have lamports in `there` and none in `gone`. */
const rentOf = (
  accounts: readonly TokenBalance[],
  there: readonly bigint[],
  gone: readonly bigint[],
): bigint => {
  let rent = 0n;
  for (const { account, mint, amount } of accounts) {
    if (gone[account] !== 0n) continue;
    const lamports = there[account] ?? 0n;
    // Of a wrapped SOL account only what is not its balance is rent.
    rent += mint === wrappedSolMint && lamports >= amount ? lamports - amount : lamports;
  }
  return rent;
};
