// Amounts of a trade from the change of its user's balances, where a program tells no event. What
// is not the trade's is taken out: the fee, and what moved beside it (rpc-flows.ts). Native and wrapped
// SOL count together.
import { wrappedSolMint } from "../../schemas/market/programs.ts";
import { type Flows, holding, nativeChange } from "./rpc-flows.ts";
import type { RpcMeta, TokenBalance } from "./rpc-meta.ts";

export type Trade = {
  readonly direction: "buy" | "sell";
  readonly user: string;
  readonly mint: string;
  readonly quoteMint: string;
};

/** Amounts moved in the trade's direction; null where the balances contradict it or lack. */
export const tradeAmounts = (
  meta: RpcMeta,
  { direction, user, mint, quoteMint }: Trade,
  flows: Flows,
): { readonly base: bigint | null; readonly quote: bigint | null } => {
  const sign = direction === "buy" ? 1n : -1n;
  const base = sign * tokenChange(meta, flows, { owner: user, mint });
  const native = quoteMint === wrappedSolMint ? tradedLamports(meta, flows, user) : 0n;
  const moved =
    native === null || tradedMore(meta, flows, { user, mint, quoteMint })
      ? 0n
      : -sign * (tokenChange(meta, flows, { owner: user, mint: quoteMint }) + native);
  return { base: base > 0n ? base : null, quote: moved > 0n ? moved : null };
};

type Holding = { readonly owner: string; readonly mint: string };

const tokenChange = (meta: RpcMeta, { tokens }: Flows, { owner, mint }: Holding): bigint => {
  const sum = (balances: readonly TokenBalance[]): bigint =>
    balances.reduce(
      (total, one) => (one.owner === owner && one.mint === mint ? total + one.amount : total),
      0n,
    );
  return sum(meta.postTokens) - sum(meta.preTokens) - (tokens.get(holding(owner, mint)) ?? 0n);
};

// Whether other coins of the user moved too: then the quote went into, or came from, more than this trade.
const tradedMore = (
  meta: RpcMeta,
  flows: Flows,
  { user, mint, quoteMint }: Omit<Trade, "direction">,
): boolean =>
  [...meta.preTokens, ...meta.postTokens].some(
    (one) =>
      one.owner === user &&
      one.mint !== mint &&
      one.mint !== quoteMint &&
      tokenChange(meta, flows, { owner: user, mint: one.mint }) !== 0n,
  );

const tradedLamports = (meta: RpcMeta, { lamports, rents }: Flows, user: string): bigint | null => {
  const change = nativeChange(meta, rents, user);
  return change === null ? null : change - (lamports.get(user) ?? 0n);
};
