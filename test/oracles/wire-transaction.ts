// The plain twin of the wire parser: builds transactions byte by byte from a description, and
// says with @solana/kit and a literal reading of the rules whether bytes are a valid transaction.
import { getCompiledTransactionMessageCodec, getTransactionCodec } from "@solana/kit";

import type { Random } from "../random.ts";

type WireInstruction = {
  readonly program: number;
  readonly accounts: readonly number[];
  readonly data: readonly number[];
};

export type WireTransaction = {
  readonly version: "legacy" | 0;
  readonly signatures: readonly Uint8Array[];
  readonly header: readonly [number, number, number];
  readonly keys: readonly Uint8Array[];
  readonly blockhash: Uint8Array;
  readonly instructions: readonly WireInstruction[];
  readonly lookups: readonly {
    readonly table: Uint8Array;
    readonly writable: readonly number[];
    readonly readonly: readonly number[];
  }[];
};

const compactU16 = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
};

const list = (bytes: readonly number[]): number[] => [...compactU16(bytes.length), ...bytes];

export const wireBytes = (tx: WireTransaction): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...compactU16(tx.signatures.length),
    ...tx.signatures.flatMap((signature) => [...signature]),
    ...(tx.version === 0 ? [0x80] : []),
    ...tx.header,
    ...compactU16(tx.keys.length),
    ...tx.keys.flatMap((key) => [...key]),
    ...tx.blockhash,
    ...compactU16(tx.instructions.length),
    ...tx.instructions.flatMap(({ program, accounts, data }) => [
      program,
      ...list(accounts),
      ...list(data),
    ]),
    ...(tx.version === 0 ? lookups(tx) : []),
  ]);

const lookups = (tx: WireTransaction): number[] => [
  ...compactU16(tx.lookups.length),
  ...tx.lookups.flatMap(({ table, writable, readonly }) => [
    ...table,
    ...list(writable),
    ...list(readonly),
  ]),
];

/** A valid transaction of random shape below 1232 bytes. */
export const randomTransaction = (random: Random): WireTransaction => {
  const version = random.pick(["legacy", 0] as const);
  const signatures = 1 + random.below(4);
  const keyCount = signatures + 1 + random.below(12);
  const tables = version === 0 ? random.below(3) : 0;
  const some = (below: number, max: number): number[] =>
    Array.from({ length: random.below(max) }, () => random.below(below));
  const lookups = Array.from({ length: tables }, () => ({
    table: random.bytes(32),
    writable: [random.below(256), ...some(256, 6)],
    readonly: some(256, 6),
  }));
  const loaded = lookups.reduce((n, one) => n + one.writable.length + one.readonly.length, 0);
  return {
    version,
    signatures: Array.from({ length: signatures }, () => random.bytes(64)),
    header: [signatures, random.below(signatures), random.below(keyCount - signatures + 1)],
    keys: Array.from({ length: keyCount }, () => random.bytes(32)),
    blockhash: random.bytes(32),
    instructions: Array.from({ length: random.below(6) }, () => ({
      program: 1 + random.below(keyCount - 1),
      accounts: some(keyCount + loaded, 20),
      data: some(256, random.pick([5, 30, 150])),
    })),
    lookups,
  };
};

const transactions = getTransactionCodec();
const messages = getCompiledTransactionMessageCodec();

/**
 * What @solana/kit reads of legacy and v0 bytes; null when it cannot, or when it would write them
 * differently (non-minimal lengths, bytes left over).
 */
export const decodedByKit = (
  wire: Uint8Array,
): {
  readonly transaction: ReturnType<typeof transactions.decode>;
  readonly message: Exclude<ReturnType<typeof messages.decode>, { version: 1 }>;
} | null => {
  try {
    const transaction = transactions.decode(wire);
    const message = messages.decode(transaction.messageBytes);
    const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
      Buffer.from(Uint8Array.from(a)).equals(Uint8Array.from(b));
    if (message.version !== "legacy" && message.version !== 0) return null;
    if (!same(messages.encode(message), transaction.messageBytes)) return null;
    return same(transactions.encode(transaction), wire) ? { transaction, message } : null;
  } catch {
    return null;
  }
};

/** The rules of the format beyond its shape, read literally from the decoded message. */
export const keepsTheRules = (wire: Uint8Array): boolean => {
  const decoded = decodedByKit(wire);
  if (decoded === null || wire.length > 1232 || (wire[0] ?? 0) >= 0x80) return false;
  const { header, staticAccounts: keys, instructions, ...rest } = decoded.message;
  const tables = "addressTableLookups" in rest ? (rest.addressTableLookups ?? []) : [];
  const loaded = tables.map((t) => t.readonlyIndexes.length + t.writableIndexes.length);
  const total = loaded.reduce((sum, n) => sum + n, keys.length);
  const signatures = wire[0] ?? 0;
  return (
    signatures >= 1 &&
    signatures === header.numSignerAccounts &&
    header.numReadonlySignerAccounts < signatures &&
    signatures + header.numReadonlyNonSignerAccounts <= keys.length &&
    total <= 256 &&
    !loaded.includes(0) &&
    new Set(keys).size === keys.length &&
    instructions.every(
      ({ programAddressIndex, accountIndices = [] }) =>
        programAddressIndex > 0 &&
        programAddressIndex < keys.length &&
        accountIndices.every((index) => index < total),
    )
  );
};

/** One to three random edits: bytes changed, cut, inserted, or a piece repeated. */
export const mutated = (wire: Uint8Array, random: Random): Uint8Array<ArrayBuffer> => {
  let bytes = [...wire];
  for (let edits = 1 + random.below(3); edits > 0; edits -= 1) {
    const at = random.below(bytes.length);
    switch (random.below(5)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        bytes.splice(at, random.below(40));
        break;
      case 3:
        bytes.splice(at, 0, ...random.bytes(1 + random.below(3)));
        break;
      default:
        bytes = bytes.slice(0, at + 1);
    }
    if (bytes.length === 0) bytes = [0];
  }
  return Uint8Array.from(bytes);
};
