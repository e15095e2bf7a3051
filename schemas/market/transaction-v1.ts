// The v1 form of a transaction (SIMD-0385): message first, fixed-width counts, instruction
// headers apart from their payloads, signatures last. Called by `TransactionView.parse` alone,
// which checks account indexes and duplicate keys afterwards, as for the other versions.
import type { TransactionView } from "./transaction.ts";
import {
  blockhashBytes,
  headerBytes,
  instructionField,
  keyBytes,
  signatureBytes,
  transactionBytesMaxV1,
  transactionCode as codes,
  type TransactionCode,
  transactionVersion,
  v1Config,
  v1Limits,
} from "./transaction-layout.ts";
import { checkHeader } from "./transaction-checks.ts";

const maskAt = 1 + headerBytes;
const lifetimeAt = maskAt + 4;
const countsAt = lifetimeAt + blockhashBytes;
const keysOffset = countsAt + 2;
const instructionHeaderBytes = 4;

/** Parses [into.start, into.end) of `view`, whose first byte is 0x81. */
export const parseV1 = (into: TransactionView, view: DataView): TransactionCode => {
  const { start, end } = into;
  if (end - start > transactionBytesMaxV1) return codes.size;
  if (end - start < keysOffset) return codes.truncated;
  const signatures = view.getUint8(start + 1);
  const instructionCount = view.getUint8(start + countsAt);
  const keyCount = view.getUint8(start + countsAt + 1);
  if (signatures === 0) return codes.signatureCount;
  if (signatures > v1Limits.signatures || keyCount > v1Limits.keys) return codes.limit;
  if (instructionCount > v1Limits.instructions) return codes.limit;
  const mask = view.getUint32(start + maskAt, true);
  const fee = mask & v1Config.priorityFee;
  if (mask > v1Config.known || (fee !== 0 && fee !== v1Config.priorityFee)) return codes.configMask;
  into.version = transactionVersion.v1;
  into.messageAt = start;
  into.signatureCount = signatures;
  into.keyCount = keyCount;
  into.keysAt = start + keysOffset;
  into.blockhashAt = start + lifetimeAt;
  into.instructionCount = instructionCount;
  into.lookupCount = 0;
  into.loadedWritable = 0;
  into.loadedReadonly = 0;
  into.configMask = mask;
  into.configAt = into.keysAt + keyCount * keyBytes;
  const code = checkHeader(into, view, start + 1);
  if (code !== codes.ok) return code;
  return parseInstructionsV1(into, view, into.configAt + bitCount(mask) * v1Config.valueBytes);
};

const parseInstructionsV1 = (
  into: TransactionView,
  view: DataView,
  headersAt: number,
): TransactionCode => {
  const { end, instructionCount, keyCount, instructions } = into;
  let at = headersAt + instructionCount * instructionHeaderBytes;
  if (at > end) return codes.truncated;
  for (let i = 0; i < instructionCount; i += 1) {
    const headerAt = headersAt + i * instructionHeaderBytes;
    const word = i * instructionField.words;
    const program = view.getUint8(headerAt);
    const accounts = view.getUint8(headerAt + 1);
    const bytes = view.getUint16(headerAt + 2, true);
    if (program === 0 || program >= keyCount) return codes.programIndex;
    instructions[word + instructionField.program] = program;
    instructions[word + instructionField.accountsAt] = at;
    instructions[word + instructionField.accountCount] = accounts;
    instructions[word + instructionField.dataAt] = at + accounts;
    instructions[word + instructionField.dataBytes] = bytes;
    at += accounts + bytes;
  }
  into.messageEnd = at;
  into.signaturesAt = at;
  const last = at + into.signatureCount * signatureBytes;
  if (last > end) return codes.truncated;
  return last === end ? codes.ok : codes.trailingBytes;
};

const bitCount = (mask: number): number => {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};
