// Checks a Jito bundle before it goes out: what the block engine would refuse, or take and never
// land, is said here with its reason.
import { isDontFront, tipProblem } from "./jito-tip.ts";
import { signedTransaction, type SignedTransaction } from "./signed-transaction.ts";

/** Most transactions of a bundle. */
const transactionsMax = 5;

/** A bundle that can be sent; both lists in order of execution. */
export type JitoBundle = {
  readonly base64: readonly string[];
  readonly signatures: readonly string[];
};

/** The bundle, or why these transactions are none. */
export const jitoBundle = (
  transactions: readonly Uint8Array[],
  tipAccounts: readonly string[],
): JitoBundle | string => {
  if (transactions.length === 0 || transactions.length > transactionsMax)
    return `transactions=${transactions.length}, limits 1 to ${transactionsMax}`;
  const all: SignedTransaction[] = [];
  for (const [index, bytes] of transactions.entries()) {
    const one = signedTransaction(bytes);
    if (typeof one === "string") return `transaction ${index}: ${one}`;
    if (index > 0 && isDontFront(one)) return `transaction ${index}: jitodontfront must be first`;
    all.push(one);
  }
  const signatures = all.map(({ signature }) => signature);
  if (new Set(signatures).size < signatures.length) return "the same transaction is in it twice";
  const last = all.at(-1);
  const problem = last === undefined ? null : tipProblem(last, tipAccounts);
  return problem ?? { base64: all.map(({ base64 }) => base64), signatures };
};
