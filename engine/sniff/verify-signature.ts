// Ed25519 over a transaction's bytes with Node's own crypto. Not for the hot path: a
// verification takes tens of microseconds.
import { createPublicKey, verify } from "node:crypto";

import { TransactionView } from "../../schemas/market/transaction.ts";
import { keyBytes, signatureBytes } from "../../schemas/market/transaction-layout.ts";

// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 key bytes.
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Whether signature `index` of a well-formed transaction verifies; false for malformed bytes. */
export const signatureVerifies = (wire: Uint8Array, index = 0): boolean => {
  const parsed = new TransactionView({ v1: true });
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  if (parsed.parse(view, 0, wire.length) !== 0 || index >= parsed.signatureCount) return false;
  const keyAt = parsed.keyAt(index);
  const signatureAt = parsed.signaturesAt + index * signatureBytes;
  const key = createPublicKey({
    key: Buffer.concat([spkiPrefix, wire.subarray(keyAt, keyAt + keyBytes)]),
    format: "der",
    type: "spki",
  });
  return verify(
    null,
    wire.subarray(parsed.messageAt, parsed.messageEnd),
    key,
    wire.subarray(signatureAt, signatureAt + signatureBytes),
  );
};
