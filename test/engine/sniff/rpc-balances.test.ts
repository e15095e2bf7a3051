import { expect, test } from "vitest";

import { tradeAmounts } from "../../../engine/sniff/rpc-balances.ts";
import { readMeta } from "../../../engine/sniff/rpc-meta.ts";
import { wrappedSolMint } from "../../../schemas/market/programs.ts";

const rent = 2_039_280;
const fee = 5000;
const start = 1_000_000_000;

const balance = (accountIndex: number, mint: string, amount: number) => ({
  accountIndex,
  mint,
  owner: "user",
  uiTokenAmount: { amount: `${amount}` },
});

/** A sale of 40 units by the payer, whose token account is the second. */
const sale = { direction: "sell", user: "user", mint: "coin", quoteMint: wrappedSolMint } as const;
const amountsOf = (meta: Record<string, unknown>) =>
  tradeAmounts(readMeta({ err: null, fee, ...meta }, ["user", "coins", "wrapped"]), {
    ...sale,
    tips: 0n,
  });

test("the rent of a token account that a sale closes is not what it was sold for", () => {
  const sold = amountsOf({
    preBalances: [start, rent, 0],
    postBalances: [start + 777 + rent - fee, 0, 0],
    preTokenBalances: [balance(1, "coin", 40)],
    postTokenBalances: [],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});

test("a wrapped SOL account that is closed gives its rent back, and its balance is no rent", () => {
  const sold = amountsOf({
    preBalances: [start, rent, rent + 1000],
    postBalances: [start + 1000 + 777 + rent - fee, rent, 0],
    preTokenBalances: [balance(1, "coin", 40), balance(2, wrappedSolMint, 1000)],
    postTokenBalances: [balance(1, "coin", 0)],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});

test("a token account that stays open gives nothing back", () => {
  const sold = amountsOf({
    preBalances: [start, rent, 0],
    postBalances: [start + 777 - fee, rent, 0],
    preTokenBalances: [balance(1, "coin", 40)],
    postTokenBalances: [balance(1, "coin", 0)],
  });
  expect(sold).toEqual({ base: 40n, quote: 777n });
});
