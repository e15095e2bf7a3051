// What the sniffer says about one transaction: a closed table of codes, and the words that
// `weir sniff` prints for them.
import {
  type TransactionCode,
  transactionReasons,
} from "../../schemas/market/transaction-layout.ts";

/**
 * Outcome of `Sniffer.inspect`; also the index of its counter.
 *
 * - `candidate`: at least one watched instruction whose mint is known.
 * - `needsResolve`: watched instructions, but every mint is behind a lookup table.
 * - `vote`: nothing watched, and an instruction of the vote program.
 * - `notWatched`: a valid transaction without any of this.
 * - `size`: outside 64 to 1232 bytes (4096 for v1).
 */
export const verdict = {
  candidate: 0,
  needsResolve: 1,
  vote: 2,
  notWatched: 3,
  size: 4,
  duplicateKey: 5,
  malformed: 6,
} as const;

/** A code of `verdict`. */
export type Verdict = (typeof verdict)[keyof typeof verdict];

const reasons: { readonly [code in Verdict]: string | null } = {
  [verdict.candidate]: null,
  [verdict.needsResolve]: null,
  [verdict.vote]: "vote",
  [verdict.notWatched]: "not-watched",
  [verdict.size]: "size",
  [verdict.duplicateKey]: "duplicate-key",
  [verdict.malformed]: "malformed",
};

/** `verdict` of a line of `weir sniff`. */
export const verdictName = (code: Verdict): "candidate" | "needs-resolve" | "rejected" => {
  if (code === verdict.candidate) return "candidate";
  return code === verdict.needsResolve ? "needs-resolve" : "rejected";
};

/** `reason` of a line of `weir sniff`; null when nothing was rejected. */
export const verdictReason = (code: Verdict, parsed: TransactionCode): string | null =>
  code === verdict.malformed ? (transactionReasons[parsed] ?? null) : reasons[code];
