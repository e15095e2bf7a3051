// Ed25519 over a transaction's bytes with Node's own crypto. Not for the hot path: a
// verification takes tens of microseconds. To make a key ready takes half as long again, and wallets
// come back, so keys are remembered.
import { createPublicKey, type KeyObject, verify } from "node:crypto";

import { TransactionView } from "../../schemas/market/transaction.ts";
import { keyBytes, signatureBytes } from "../../schemas/market/transaction-layout.ts";

// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 key bytes.
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Keys remembered; the one that was added first goes. */
const keysMax = 4096;

/** One thread. */
export class SignatureVerifier {
  readonly #parsed = new TransactionView({ v1: true });
  readonly #keys = new Map<string, KeyObject | null>();

  /** Whether every signature of a well-formed transaction verifies; false for malformed bytes. */
  allVerify(wire: Uint8Array): boolean {
    if (!this.#parse(wire)) return false;
    const { signatureCount } = this.#parsed;
    for (let index = 0; index < signatureCount; index += 1) {
      if (!this.#verifies(wire, index)) return false;
    }
    return true;
  }

  /** Whether signature `index` verifies; false for malformed bytes too. */
  verifies(wire: Uint8Array, index: number): boolean {
    return this.#parse(wire) && index < this.#parsed.signatureCount && this.#verifies(wire, index);
  }

  #parse(wire: Uint8Array): boolean {
    const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
    return this.#parsed.parse(view, 0, wire.length) === 0;
  }

  #verifies(wire: Uint8Array, index: number): boolean {
    const parsed = this.#parsed;
    const signatureAt = parsed.signaturesAt + index * signatureBytes;
    const keyAt = parsed.keyAt(index);
    const key = this.#keyOf(wire.subarray(keyAt, keyAt + keyBytes));
    if (key === null) return false;
    return verify(
      null,
      wire.subarray(parsed.messageAt, parsed.messageEnd),
      key,
      wire.subarray(signatureAt, signatureAt + signatureBytes),
    );
  }

  #keyOf(bytes: Uint8Array): KeyObject | null {
    const text = Buffer.from(bytes).toString("latin1");
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    if (this.#keys.size === keysMax) {
      for (const oldest of this.#keys.keys()) {
        this.#keys.delete(oldest);
        break;
      }
    }
    const key = publicKey(bytes);
    this.#keys.set(text, key);
    return key;
  }
}

/** Whether signature `index` of a well-formed transaction verifies; false for malformed bytes. */
export const signatureVerifies = (wire: Uint8Array, index = 0): boolean =>
  new SignatureVerifier().verifies(wire, index);

/** Whether every signature of a well-formed transaction verifies; false for malformed bytes. */
export const allSignaturesVerify = (wire: Uint8Array): boolean =>
  new SignatureVerifier().allVerify(wire);

// Null for bytes that are no key.
const publicKey = (key: Uint8Array): KeyObject | null => {
  try {
    const der = Buffer.concat([spkiPrefix, key]);
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return null;
  }
};
