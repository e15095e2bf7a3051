// Reads candidate records for people and tests. The market thread writes them in place
// (engine/sniff/write-candidate.ts); nothing on the hot path makes the objects of this file.
import { encodeBase58 } from "./base58.ts";
import {
  candidateAccountsMax,
  candidateAt as at,
  candidateBytes,
  candidateDirections,
  candidateFlag as flag,
  candidatePriorities,
  candidateTopics,
  candidateVersion,
} from "./candidate-layout.ts";
import { keyBytes } from "./transaction-layout.ts";
import { instructionRules, programIds } from "./programs.ts";

/** Absent fields are absent keys. 64-bit integers are decimal strings, keys are base58. */
export type Candidate = {
  /** topic/partition/offset/index/match: equal for a repeated output. */
  readonly id: string;
  readonly signature: string;
  readonly slot?: string;
  readonly index?: number;
  readonly receiveTime?: string;
  readonly program: string;
  readonly programName?: string;
  readonly instruction?: string;
  readonly discriminator: string;
  readonly path: string;
  readonly direction: string | null;
  /** HIGH or LOW as the engine saw it when it came; a repeated output may differ in it. */
  readonly priority?: string;
  readonly mint?: string;
  readonly quoteMint?: string;
  readonly user?: string;
  readonly pool?: string;
  /** From the arguments: what the sender asked for. */
  readonly baseAmount?: string;
  readonly quoteAmount?: string;
  readonly baseIsLimit?: true;
  readonly quoteIsLimit?: true;
  /** Quote by base amount in raw units, of what the sender asked for. */
  readonly priceHint?: number;
  /** The instruction's first accounts, null for one behind a lookup table. */
  readonly accounts?: readonly (string | null)[];
};

/** Decodes the record at [start, end) of `view`; null for another length or format version. */
export const decodeCandidate = (view: DataView, start: number, end: number): Candidate | null => {
  if (end - start < candidateBytes) return null;
  if (view.getUint8(start + at.version) !== candidateVersion) return null;
  const accountCount = view.getUint8(start + at.accountCount);
  if (accountCount > candidateAccountsMax) return null;
  if (end - start !== candidateBytes + accountCount * keyBytes) return null;
  const flags = view.getUint16(start + at.flags, true);
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const u64 = (offset: number): string => view.getBigUint64(start + offset, true).toString();
  const program = encodeBase58(bytesAt(view, start + at.program, keyBytes));
  const discriminator = hex(bytesAt(view, start + at.discriminator, 8));
  return {
    id: identity(view, start),
    signature: encodeBase58(bytesAt(view, start + at.signature, 64)),
    ...(has(flag.slot) && { slot: u64(at.slot) }),
    ...(has(flag.index) && { index: view.getUint32(start + at.index, true) }),
    ...(has(flag.receiveTime) && { receiveTime: u64(at.receiveTime) }),
    program,
    ...names(program, discriminator),
    discriminator,
    path: String(view.getUint16(start + at.instruction, true)),
    direction: (candidateDirections[view.getUint8(start + at.direction)] ?? "") || null,
    ...priorityOf(view, start),
    ...keys(view, start, flags),
    ...amounts(view, start, flags),
    ...(has(flag.priceHint) && { priceHint: view.getFloat64(start + at.priceHint, true) }),
    ...(accountCount > 0 && { accounts: accountsOf(view, start, accountCount) }),
  };
};

const priorityOf = (view: DataView, start: number): { readonly priority?: string } => {
  const priority = candidatePriorities[view.getUint8(start + at.priority)] ?? "";
  return priority === "" ? {} : { priority };
};

const keys = (
  view: DataView,
  start: number,
  flags: number,
): Pick<Candidate, "mint" | "quoteMint" | "user" | "pool"> => {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const key = (offset: number): string => encodeBase58(bytesAt(view, start + offset, keyBytes));
  return {
    ...(has(flag.mint) && { mint: key(at.mint) }),
    ...(has(flag.quoteMint) && { quoteMint: key(at.quoteMint) }),
    ...(has(flag.user) && { user: key(at.user) }),
    ...(has(flag.pool) && { pool: key(at.pool) }),
  };
};

const accountsOf = (view: DataView, start: number, count: number): readonly (string | null)[] => {
  const known = view.getUint8(start + at.accountsKnown);
  return Array.from({ length: count }, (_, i) => {
    if ((known & (1 << i)) === 0) return null;
    return encodeBase58(bytesAt(view, start + candidateBytes + i * keyBytes, keyBytes));
  });
};

const amounts = (
  view: DataView,
  start: number,
  flags: number,
): Pick<Candidate, "baseAmount" | "quoteAmount" | "baseIsLimit" | "quoteIsLimit"> => {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const u64 = (offset: number): string => view.getBigUint64(start + offset, true).toString();
  return {
    ...(has(flag.baseAmount) && { baseAmount: u64(at.baseAmount) }),
    ...(has(flag.quoteAmount) && { quoteAmount: u64(at.quoteAmount) }),
    ...(has(flag.baseIsLimit) && { baseIsLimit: true as const }),
    ...(has(flag.quoteIsLimit) && { quoteIsLimit: true as const }),
  };
};

const identity = (view: DataView, start: number): string =>
  [
    candidateTopics[view.getUint8(start + at.topic)] ?? "",
    view.getUint32(start + at.partition, true),
    view.getBigUint64(start + at.offset, true),
    view.getUint32(start + at.frameIndex, true),
    view.getUint16(start + at.match, true),
  ].join("/");

const names = (
  program: string,
  discriminator: string,
): { programName?: string; instruction?: string } => {
  const known = Object.entries(programIds).find(([, id]) => id === program)?.[0];
  if (known === undefined) return {};
  const rule = instructionRules.find(
    (rule) => rule.program === known && rule.discriminator === discriminator,
  );
  return { programName: known, ...(rule !== undefined && { instruction: rule.instruction }) };
};

const bytesAt = (view: DataView, offset: number, length: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, length);

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
