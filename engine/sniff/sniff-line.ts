// One line of `weir sniff`: the sniffer's verdict on wire bytes, completed by what a meta tells.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { signatureBytes } from "../../schemas/market/transaction-layout.ts";
import { hasUnresolvedProgram, type MatchLine, matchLines } from "./rpc-matches.ts";
import { readMeta, type RpcMeta } from "./rpc-meta.ts";
import type { JsonObject } from "./rpc-value.ts";
import type { Sniffer } from "./sniffer.ts";
import { verdict, type Verdict, verdictName, verdictReason } from "./verdict.ts";

/** What is known about a transaction beside its bytes. */
export type SniffInput = {
  readonly wire: Uint8Array;
  readonly slot: string | null;
  readonly index: number | null;
  readonly meta: JsonObject | null;
  /** Of `Rebuilt`. */
  readonly loaded?: readonly string[];
  /** "partial": parts of the bytes could not be rebuilt, the signature will not verify. */
  readonly rebuilt: "exact" | "partial";
};

/** Keys are the contract of the command line (cli.md §3). */
export type SniffLine = {
  readonly signature: string | null;
  readonly slot: string | null;
  readonly index: number | null;
  readonly verdict: "candidate" | "needs-resolve" | "rejected";
  readonly reason?: string;
  readonly failed: boolean | null;
  readonly matches: readonly MatchLine[];
  readonly rebuilt?: "partial";
};

/** @throws RpcShapeError when the meta holds something else than a meta. */
export const sniffLine = (sniffer: Sniffer, input: SniffInput): SniffLine => {
  const { wire } = input;
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  const code = sniffer.inspect(view, 0, wire.length);
  const isParsed = code <= verdict.notWatched;
  const keys = isParsed ? staticKeys(sniffer, wire) : [];
  const meta = isParsed && input.meta !== null ? readMeta(input.meta, keys, input.loaded) : null;
  const matches = isParsed ? matchLines(sniffer, view, meta) : [];
  const isOpen = matches.length === 0 && meta !== null && hasUnresolvedProgram(sniffer, meta);
  const reason = matches.length > 0 || isOpen ? null : verdictReason(code, sniffer.code);
  return {
    signature: signatureOf(sniffer, wire, isParsed),
    slot: input.slot,
    index: input.index,
    verdict: isOpen ? "needs-resolve" : verdictOf(code, matches),
    ...(reason !== null && { reason }),
    failed: failedOf(meta, input.meta),
    matches,
    ...(input.rebuilt === "partial" && { rebuilt: "partial" as const }),
  };
};

const verdictOf = (code: Verdict, matches: readonly MatchLine[]): SniffLine["verdict"] => {
  if (matches.length === 0) return verdictName(code);
  return matches.some(({ mint }) => mint !== null) ? "candidate" : "needs-resolve";
};

const failedOf = (meta: RpcMeta | null, json: JsonObject | null): boolean | null => {
  if (meta !== null) return meta.failed;
  return json === null || json["err"] === undefined ? null : json["err"] !== null;
};

const staticKeys = ({ transaction }: Sniffer, wire: Uint8Array): readonly string[] =>
  Array.from({ length: transaction.keyCount }, (_, i) => {
    const at = transaction.keyAt(i);
    return encodeBase58(wire, at, at + 32);
  });

// A malformed transaction may still show its first signature, where the envelope puts it.
const signatureOf = ({ transaction }: Sniffer, wire: Uint8Array, isParsed: boolean) => {
  const first = wire[0] ?? 0;
  if (!isParsed && (first === 0 || first >= 0x80 || wire.length < 1 + signatureBytes)) return null;
  const at = isParsed ? transaction.signaturesAt : 1;
  return encodeBase58(wire, at, at + signatureBytes);
};
