// The tip of a Jito bundle: a transfer of lamports to one of eight accounts, as the last instruction
// of the last transaction, the account among the static keys. Made before the bytes are signed,
// checked before they are sent.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { instructionField, keyBytes } from "../../schemas/market/transaction-layout.ts";
import type { SignedTransaction } from "./signed-transaction.ts";

/** Least tip that an auction takes part with. */
export const tipLamportsMin = 1000;

/** Mainnet's tip accounts, base58; `getTipAccounts` tells them too. */
export const jitoTipAccounts: readonly string[] = [
  "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5",
  "HFqU5x63VTqvQss8hp11i4wVV8bD44PvwucfZ2bU7gRe",
  "Cw8CFyM9FkoMi7K7Crf6HNQqf4uEMzpKw6QNghXLvLkY",
  "ADaUMid9yfUytqMBgopwjb2DTLSokTSzL1zt6iGPaS49",
  "DfXygSm4jCyNCybVYYK6DwvWqjKee8pbDmJGcLWNDXjh",
  "ADuUkR4vqLUMWXxW9gh6D6L8pMSawimctcNZ5pGwDcEt",
  "DttWaMuVvTiduZRnguLF7jNxTgiMBZ1hyAumKUiL2KRL",
  "3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT",
];

const systemProgram = "11111111111111111111111111111111";
const transferTag = 2;
const transferBytes = 12;

/** An instruction to be put last into the last transaction, before it is signed. */
export type TipInstruction = {
  readonly program: string;
  /** Payer (signer, writable), tip account (writable). */
  readonly accounts: readonly [string, string];
  readonly data: Uint8Array<ArrayBuffer>;
};

/** Who pays how many lamports; `accounts` are the receivers, mainnet's when left out. */
export type TipOptions = {
  readonly payer: string;
  readonly lamports: bigint;
  /** In [0, 1): picks the account, so that bundles do not all lock the same one. */
  readonly random: number;
  readonly accounts?: readonly string[];
};

/**
 * The transfer that a bundle pays its place with.
 * @throws RangeError for a tip that is no bigint from `tipLamportsMin` to 2^64 - 1, or no account.
 */
export const tipInstruction = (options: TipOptions): TipInstruction => {
  const { payer, lamports, random, accounts = jitoTipAccounts } = options;
  if (typeof lamports !== "bigint" || lamports < tipLamportsMin || lamports >= 1n << 64n)
    throw new RangeError(`lamports=${lamports}, a bigint from ${tipLamportsMin} to 2^64 - 1`);
  const account = accounts[Math.floor(random * accounts.length)];
  if (account === undefined) throw new RangeError(`random=${random}, accounts=${accounts.length}`);
  const data = new Uint8Array(transferBytes);
  const view = new DataView(data.buffer);
  view.setUint32(0, transferTag, true);
  view.setBigUint64(4, lamports, true);
  return { program: systemProgram, accounts: [payer, account], data };
};

const keyText = ({ view, parsed }: SignedTransaction, index: number): string => {
  const at = parsed.keyAt(index);
  return encodeBase58(new Uint8Array(view.buffer, at, keyBytes));
};

/** Why the last instruction of `transaction` is no tip; null when it is one. */
export const tipProblem = (
  transaction: SignedTransaction,
  accounts: readonly string[],
): string | null => {
  const { parsed, view } = transaction;
  const last = parsed.instructionCount - 1;
  if (last < 0) return "tip: the last transaction has no instruction";
  const dataAt = parsed.instruction(last, instructionField.dataAt);
  const isTransfer =
    keyText(transaction, parsed.instruction(last, instructionField.program)) === systemProgram &&
    parsed.instruction(last, instructionField.dataBytes) === transferBytes &&
    view.getUint32(dataAt, true) === transferTag;
  if (!isTransfer) return "tip: the last instruction is no transfer of the System program";
  const to = parsed.accountIndex(view, last, 1);
  if (to < 0 || to >= parsed.keyCount) return "tip: its account must be a static key";
  if (!accounts.includes(keyText(transaction, to))) return "tip: its receiver is no tip account";
  if (!parsed.isWritable(to)) return "tip: its account must be writable";
  const lamports = view.getBigUint64(dataAt + 4, true);
  return lamports < tipLamportsMin ? `tip: ${lamports} lamports, ${tipLamportsMin} at least` : null;
};

/** Whether the transaction names a read-only key that asks not to be put behind another one. */
export const isDontFront = (transaction: SignedTransaction): boolean => {
  const { parsed } = transaction;
  for (let i = 0; i < parsed.keyCount; i += 1) {
    if (!parsed.isWritable(i) && keyText(transaction, i).startsWith("jitodontfront")) return true;
  }
  return false;
};
