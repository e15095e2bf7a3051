// Whether the first signature of a wire transaction is by a key, over its message: by WebCrypto's form
// of the key, apart from the code that signs.
import { createPublicKey, verify } from "node:crypto";

const signatureBytes = 64;

/** For transactions with one signature. */
export const verifiesWire = (wire: Uint8Array, publicKey: Uint8Array): boolean => {
  const x = Buffer.from(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const message = wire.subarray(1 + signatureBytes);
  return wire[0] === 1 && verify(null, message, key, wire.subarray(1, 1 + signatureBytes));
};
