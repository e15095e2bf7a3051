// Whether a transaction lives by a durable nonce instead of a recent blockhash: its first instruction
// then advances the nonce. No block height ends it, and what stands for its blockhash is of no use to
// any other transaction.
import { instructionField, keyBytes } from "../../schemas/market/transaction-layout.ts";
import type { TransactionView } from "../../schemas/market/transaction.ts";

const advanceNonceTag = 4;
const tagBytes = 4;

/** `parsed` is that of the transaction in `view`. */
export const hasDurableNonce = (parsed: TransactionView, view: DataView): boolean => {
  if (parsed.instructionCount === 0) return false;
  const programAt = parsed.keyAt(parsed.instruction(0, instructionField.program));
  // The System program's key is 32 zero bytes.
  for (let i = 0; i < keyBytes; i += 1) if (view.getUint8(programAt + i) !== 0) return false;
  // The runtime reads the tag and lets bytes follow it.
  return (
    parsed.instruction(0, instructionField.dataBytes) >= tagBytes &&
    view.getUint32(parsed.instruction(0, instructionField.dataAt), true) === advanceNonceTag
  );
};
