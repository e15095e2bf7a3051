// Gives a signed transaction a new blockhash and new signatures: what a wallet does that sends the
// same order once more. A copy with the old signature would be a replay, which the engine refuses.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";

import { signatureBytes } from "../../schemas/market/transaction-layout.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";

// PrivateKeyInfo of an Ed25519 key (RFC 8410) up to the 32 bytes of its seed.
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** The signing key of 32 seed bytes. */
export const signingKey = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });

/**
 * A copy of `wire` with `blockhash`, signed by `keys`: those of the transaction's signatures, in
 * their order. Costs tens of microseconds a key.
 * @throws RangeError for a malformed transaction or another number of keys.
 */
export const signAgain = (
  wire: Uint8Array,
  keys: readonly KeyObject[],
  blockhash: Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(wire);
  const parsed = new TransactionView();
  if (parsed.parse(new DataView(copy.buffer), 0, copy.length) !== 0) {
    throw new RangeError(`a malformed transaction of ${wire.length} bytes cannot be signed`);
  }
  if (keys.length !== parsed.signatureCount) {
    throw new RangeError(`${keys.length} keys for ${parsed.signatureCount} signatures`);
  }
  copy.set(blockhash, parsed.blockhashAt);
  const message = copy.subarray(parsed.messageAt, parsed.messageEnd);
  for (const [index, key] of keys.entries()) {
    copy.set(sign(null, message, key), parsed.signaturesAt + index * signatureBytes);
  }
  return copy;
};
