// Bytes that are ready to be sent: a whole transaction in which no signature is missing. Encoded
// once, so that every repetition is of identical bytes. It may be of any version: the sniffer has said
// what comes.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import {
  signatureBytes,
  transactionCode,
  transactionReasons,
} from "../../schemas/market/transaction-layout.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";

/** A transaction as it goes over the wire. */
export type SignedTransaction = {
  /** Base58 of the first signature: the transaction's name. */
  readonly signature: string;
  readonly base64: string;
  /** Offsets into `view`, for checks of the contents. */
  readonly parsed: TransactionView;
  readonly view: DataView;
};

/** The transaction, or the reason why the bytes are none that can be sent. The bytes are copied. */
export const signedTransaction = (bytes: Uint8Array): SignedTransaction | string => {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const parsed = new TransactionView({ v1: true });
  const code = parsed.parse(view, 0, copy.length);
  if (code !== transactionCode.ok) return transactionReasons[code] ?? `code ${code}`;
  const { signaturesAt, signatureCount } = parsed;
  for (let i = 0; i < signatureCount; i += 1) {
    const at = signaturesAt + i * signatureBytes;
    if (copy.subarray(at, at + signatureBytes).every((byte) => byte === 0))
      return `signature ${i} is missing`;
  }
  const signature = encodeBase58(copy, signaturesAt, signaturesAt + signatureBytes);
  return { signature, base64: Buffer.from(copy).toString("base64"), parsed, view };
};
