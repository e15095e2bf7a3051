// The secure stage's checks for `weir sniff --secure`: signatures, replays within the input, mints
// that are none. A candidate that fails is rejected with the reason, and keeps no match.
import { decodeKey } from "../../schemas/market/base58.ts";
import { firstSignatureAt } from "../../schemas/market/transaction-layout.ts";
import { reason, reasonNames } from "../events/event-layout.ts";
import { TraceReplays } from "./replays.ts";
import type { SniffInput, SniffLine } from "./sniff-line.ts";
import { isSuspiciousMint } from "./suspicious-mint.ts";
import { allSignaturesVerify } from "./verify-signature.ts";

/** One for all inputs of a run: they are one stream. */
export class SecureLines {
  readonly #replays = new TraceReplays();
  #checked = 0;

  /** `line` is that of `input`; returned as it is unless something is wrong with it. */
  check(line: SniffLine, input: SniffInput): SniffLine {
    if (line.verdict === "rejected") return line;
    const why = this.#reasonOf(line, input);
    if (why === reason.none) return line;
    return { ...line, verdict: "rejected", reason: reasonNames[why], matches: [] };
  }

  #reasonOf({ matches }: SniffLine, { wire, rebuilt }: SniffInput) {
    if (matches.some(({ mint }) => mint !== null && isSuspicious(mint))) {
      return reason.suspiciousMint;
    }
    // Bytes that could only be rebuilt in part are not those that were signed.
    if (rebuilt === "exact" && !allSignaturesVerify(wire)) return reason.signature;
    const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
    this.#checked += 1;
    return this.#replays.add(view, firstSignatureAt(wire), this.#checked)
      ? reason.none
      : reason.replay;
  }
}

const isSuspicious = (mint: string): boolean => {
  const key = decodeKey(mint);
  return key === null || isSuspiciousMint(new DataView(key.buffer), 0);
};
