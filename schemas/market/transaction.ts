// Reads one Solana transaction from wire bytes into offsets: no copy, no allocation, no
// exception. Every read is bounds-checked against the range given, every invariant of the format
// that bytes alone can show is checked; signatures are not verified and lookup tables are not
// resolved. Runs in workerd and in Node.
import { compactLengthShift, compactValueMask, readCompactU16 } from "./compact-u16.ts";
import { checkAccounts, checkHeader, SeenKeys } from "./transaction-checks.ts";
import {
  blockhashBytes,
  headerBytes,
  instructionField,
  instructionsMax,
  keyBytes,
  lookupField,
  lookupsMax,
  signatureBytes,
  transactionBytesMax,
  transactionCode as codes,
  type TransactionCode,
  transactionVersion,
  versionBit,
  versionByteV0,
  versionByteV1,
} from "./transaction-layout.ts";
import { parseV1 } from "./transaction-v1.ts";

/** `v1: true` accepts v1 transactions too; their activation on mainnet is not confirmed. */
export type TransactionOptions = { readonly v1?: boolean };

/** `accountKeyAt`: the instruction lists fewer accounts. */
export const accountAbsent = -1;
/** `accountKeyAt`: the account comes from a lookup table that is not resolved. */
export const accountLoaded = -2;

/**
 * The offsets of one transaction, reusable. All offsets count in the view given to `parse` and
 * are valid until the next `parse`, and only if it returned 0. One thread.
 */
export class TransactionView {
  /** -1 legacy, 0, 1: `transactionVersion`. */
  version: number = transactionVersion.legacy;
  start = 0;
  end = 0;
  signaturesAt = 0;
  /** Signatures, which are those of the first `signatureCount` keys. */
  signatureCount = 0;
  /** What a signature covers: [messageAt, messageEnd), the version byte included. */
  messageAt = 0;
  messageEnd = 0;
  readonlySigned = 0;
  readonlyUnsigned = 0;
  keysAt = 0;
  /** Static keys. */
  keyCount = 0;
  blockhashAt = 0;
  instructionCount = 0;
  lookupCount = 0;
  /** Accounts that lookup tables add after the static keys: all writable ones, then readonly. */
  loadedWritable = 0;
  loadedReadonly = 0;
  /** v1: config mask and where its values start; 0 otherwise. */
  configMask = 0;
  configAt = 0;
  readonly instructions = new Int32Array(instructionsMax * instructionField.words);
  readonly lookups = new Int32Array(lookupsMax * lookupField.words);
  readonly #v1: boolean;
  readonly #seen = new SeenKeys();

  constructor({ v1 = false }: TransactionOptions = {}) {
    this.#v1 = v1;
  }

  /** Parses the whole range [start, end) of `view` as one transaction. */
  parse(view: DataView, start: number, end: number): TransactionCode {
    this.start = start;
    this.end = end;
    if (end <= start) return codes.truncated;
    const first = view.getUint8(start);
    const code =
      first < versionBit
        ? this.#parseEnvelope(view, first)
        : first !== versionByteV1
          ? codes.version
          : this.#v1
            ? parseV1(this, view)
            : codes.v1Disabled;
    if (code !== codes.ok) return code;
    if (this.#seen.hasDuplicate(view, this.keysAt, this.keyCount)) return codes.duplicateKey;
    return checkAccounts(this, view);
  }

  #parseEnvelope(view: DataView, signatures: number): TransactionCode {
    const { start, end } = this;
    if (end - start > transactionBytesMax) return codes.size;
    if (signatures === 0) return codes.signatureCount;
    const at = start + 1 + signatures * signatureBytes;
    if (at >= end) return codes.truncated;
    const first = view.getUint8(at);
    if (first === versionByteV1) return codes.v1InEnvelope;
    if (first > versionByteV0) return codes.version;
    this.version = first === versionByteV0 ? transactionVersion.v0 : transactionVersion.legacy;
    this.signaturesAt = start + 1;
    this.signatureCount = signatures;
    this.messageAt = at;
    this.messageEnd = end;
    this.configMask = 0;
    this.configAt = 0;
    return this.#parseMessage(view, first === versionByteV0 ? at + 1 : at);
  }

  #parseMessage(view: DataView, headerAt: number): TransactionCode {
    const { end } = this;
    if (headerAt + headerBytes >= end) return codes.truncated;
    const count = readCompactU16(view, headerAt + headerBytes, end);
    if (count < 0) return -count as TransactionCode;
    this.keyCount = count & compactValueMask;
    this.keysAt = headerAt + headerBytes + (count >> compactLengthShift);
    this.blockhashAt = this.keysAt + this.keyCount * keyBytes;
    const at = this.blockhashAt + blockhashBytes;
    if (at >= end) return codes.truncated;
    if (view.getUint8(headerAt) !== this.signatureCount) return codes.signatureCount;
    const code = checkHeader(this, view, headerAt);
    if (code !== codes.ok) return code;
    const rest = parseInstructions(this, view, at);
    if (rest < 0) return -rest as TransactionCode;
    this.lookupCount = 0;
    this.loadedWritable = 0;
    this.loadedReadonly = 0;
    const last = this.version === transactionVersion.v0 ? parseLookups(this, view, rest) : rest;
    if (last < 0) return -last as TransactionCode;
    return last === end ? codes.ok : codes.trailingBytes;
  }

  /** One word of instruction `index`: `instructionField`. */
  instruction(index: number, field: number): number {
    return this.instructions[index * instructionField.words + field] as number;
  }

  /** One word of lookup `index`: `lookupField`. */
  lookup(index: number, field: number): number {
    return this.lookups[index * lookupField.words + field] as number;
  }

  /** Offset of static key `index`, which must be below `keyCount`. */
  keyAt(index: number): number {
    return this.keysAt + index * keyBytes;
  }

  /** Index among all accounts of place `position` in an instruction's list; -1 when not listed. */
  accountIndex(view: DataView, instruction: number, position: number): number {
    if (position >= this.instruction(instruction, instructionField.accountCount)) return -1;
    return view.getUint8(this.instruction(instruction, instructionField.accountsAt) + position);
  }

  /** Offset of the key at `position` of an instruction's list, or accountAbsent, accountLoaded. */
  accountKeyAt(view: DataView, instruction: number, position: number): number {
    const index = this.accountIndex(view, instruction, position);
    if (index < 0) return accountAbsent;
    return index < this.keyCount ? this.keyAt(index) : accountLoaded;
  }

  /** Whether static key `index` may be written by the transaction. */
  isWritable(index: number): boolean {
    return index < this.signatureCount
      ? index < this.signatureCount - this.readonlySigned
      : index < this.keyCount - this.readonlyUnsigned;
  }
}

// Returns the offset after the last instruction, or the negated code.
const parseInstructions = (into: TransactionView, view: DataView, countAt: number): number => {
  const { end, keyCount, instructions } = into;
  const head = readCompactU16(view, countAt, end);
  if (head < 0) return head;
  const count = head & compactValueMask;
  // Three bytes are the least an instruction takes: a larger count cannot be true.
  if (count > instructionsMax || count * 3 > end - countAt) return -codes.truncated;
  into.instructionCount = count;
  let at = countAt + (head >> compactLengthShift);
  for (let i = 0, word = 0; i < count; i += 1, word += instructionField.words) {
    if (at >= end) return -codes.truncated;
    const program = view.getUint8(at);
    if (program === 0 || program >= keyCount) return -codes.programIndex;
    const accounts = readCompactU16(view, at + 1, end);
    if (accounts < 0) return accounts;
    const accountsAt = at + 1 + (accounts >> compactLengthShift);
    const accountsEnd = accountsAt + (accounts & compactValueMask);
    const data = readCompactU16(view, accountsEnd, end);
    if (data < 0) return data;
    const dataAt = accountsEnd + (data >> compactLengthShift);
    at = dataAt + (data & compactValueMask);
    instructions[word + instructionField.program] = program;
    instructions[word + instructionField.accountsAt] = accountsAt;
    instructions[word + instructionField.accountCount] = accountsEnd - accountsAt;
    instructions[word + instructionField.dataAt] = dataAt;
    instructions[word + instructionField.dataBytes] = at - dataAt;
  }
  return at > end ? -codes.truncated : at;
};

// Returns the offset after the last lookup, or the negated code.
const parseLookups = (into: TransactionView, view: DataView, countAt: number): number => {
  const { end, lookups } = into;
  const head = readCompactU16(view, countAt, end);
  if (head < 0) return head;
  const count = head & compactValueMask;
  let at = countAt + (head >> compactLengthShift);
  for (let i = 0, word = 0; i < count; i += 1, word += lookupField.words) {
    // A table key and two counts at least: this also bounds `count` by lookupsMax.
    if (end - at < keyBytes + 2) return -codes.truncated;
    const writable = readCompactU16(view, at + keyBytes, end);
    if (writable < 0) return writable;
    const writableAt = at + keyBytes + (writable >> compactLengthShift);
    const writableEnd = writableAt + (writable & compactValueMask);
    const readonly = readCompactU16(view, writableEnd, end);
    if (readonly < 0) return readonly;
    const readonlyAt = writableEnd + (readonly >> compactLengthShift);
    lookups[word + lookupField.tableAt] = at;
    at = readonlyAt + (readonly & compactValueMask);
    lookups[word + lookupField.writableAt] = writableAt;
    lookups[word + lookupField.writableCount] = writableEnd - writableAt;
    lookups[word + lookupField.readonlyAt] = readonlyAt;
    lookups[word + lookupField.readonlyCount] = at - readonlyAt;
    if (at - readonlyAt + writableEnd - writableAt === 0) return -codes.emptyLookup;
    into.loadedWritable += writableEnd - writableAt;
    into.loadedReadonly += at - readonlyAt;
  }
  into.lookupCount = count;
  return at > end ? -codes.truncated : at;
};
