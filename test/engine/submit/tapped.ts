// Messages of a tap, by hand: one candidate in front of the bytes of its transaction.
import {
  candidateAt,
  candidateBytes,
  candidateFlag,
} from "../../../schemas/market/candidate-layout.ts";
import {
  extractedAt,
  receivedAt,
  recordHeaderBytes,
} from "../../../schemas/market/stage-message.ts";

export type Tapped = {
  readonly wire: Uint8Array;
  readonly isHigh?: boolean;
  /** Quote by base in raw units; null: not known. */
  readonly price?: number | null;
  readonly receivedUs?: number;
  /** When the edge received it, ms since 1970; null: not told. */
  readonly edgeMs?: number | null;
};

/** The message; its signature is that of the wire bytes, behind their count. */
export const tapped = ({
  wire,
  isHigh = false,
  price = 0.001,
  receivedUs = 0,
  edgeMs = null,
}: Tapped): DataView => {
  const recordAt = extractedAt.candidates + recordHeaderBytes;
  const wireAt = recordAt + candidateBytes;
  const view = new DataView(new ArrayBuffer(wireAt + wire.length));
  view.setFloat64(receivedAt, receivedUs, true);
  view.setUint32(extractedAt.count, 1, true);
  view.setUint32(extractedAt.bytes, recordHeaderBytes + candidateBytes, true);
  view.setUint32(extractedAt.priority, isHigh ? 1 : 0, true);
  view.setUint32(extractedAt.candidates, candidateBytes, true);
  if (price !== null) {
    view.setUint16(recordAt + candidateAt.flags, candidateFlag.priceHint, true);
    view.setFloat64(recordAt + candidateAt.priceHint, price, true);
  }
  if (edgeMs !== null) {
    const flags = view.getUint16(recordAt + candidateAt.flags, true) | candidateFlag.receiveTime;
    view.setUint16(recordAt + candidateAt.flags, flags, true);
    view.setBigUint64(recordAt + candidateAt.receiveTime, BigInt(edgeMs) * 1_000_000n, true);
  }
  view.setBigUint64(recordAt + candidateAt.baseAmount, 5_000_000n, true);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(wire.subarray(1, 65), recordAt + candidateAt.signature);
  bytes.set(wire, wireAt);
  return view;
};
