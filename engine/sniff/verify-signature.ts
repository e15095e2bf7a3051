// Ed25519 over a transaction's bytes with Node's own crypto. Not for the hot path: a
// verification takes tens of microseconds.
import { createPublicKey, type KeyObject, verify } from "node:crypto";

import { TransactionView } from "../../schemas/market/transaction.ts";
import { keyBytes, signatureBytes } from "../../schemas/market/transaction-layout.ts";

// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 key bytes.
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Whether signature `index` of a well-formed transaction verifies; false for malformed bytes. */
export const signatureVerifies = (wire: Uint8Array, index = 0): boolean => {
  const parsed = parse(wire);
  return parsed !== null && index < parsed.signatureCount && verifies(wire, parsed, index);
};

/** Whether every signature of a well-formed transaction verifies; false for malformed bytes. */
export const allSignaturesVerify = (wire: Uint8Array): boolean => {
  const parsed = parse(wire);
  if (parsed === null) return false;
  for (let index = 0; index < parsed.signatureCount; index += 1) {
    if (!verifies(wire, parsed, index)) return false;
  }
  return true;
};

const parse = (wire: Uint8Array): TransactionView | null => {
  const parsed = new TransactionView({ v1: true });
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  return parsed.parse(view, 0, wire.length) === 0 ? parsed : null;
};

const verifies = (wire: Uint8Array, parsed: TransactionView, index: number): boolean => {
  const signatureAt = parsed.signaturesAt + index * signatureBytes;
  const key = publicKey(wire.subarray(parsed.keyAt(index), parsed.keyAt(index) + keyBytes));
  if (key === null) return false;
  return verify(
    null,
    wire.subarray(parsed.messageAt, parsed.messageEnd),
    key,
    wire.subarray(signatureAt, signatureAt + signatureBytes),
  );
};

const publicKey = (key: Uint8Array): KeyObject | null => {
  try {
    const der = Buffer.concat([spkiPrefix, key]);
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return null;
  }
};
