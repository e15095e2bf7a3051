// The value of a record of weir-transactions, as the edge makes it.
import { FrameWriter } from "../schemas/market/frame.ts";
import { TransactionItem, transactionItemHeaderBytes } from "../schemas/market/transaction-item.ts";

/** A frame of these transactions in wire form, without slot, index and time; bytes of its own. */
export const transactionFrame = (wires: readonly Uint8Array[]): Uint8Array => {
  const frame = new FrameWriter();
  const item = new TransactionItem();
  for (const wire of wires) {
    const at = frame.claim(transactionItemHeaderBytes + wire.length);
    item.encode(frame.view, at);
    frame.bytes.set(wire, at + transactionItemHeaderBytes);
  }
  return frame.frame().slice();
};
