// The items of market frames as people read them: 64-bit integers and decimals as strings, keys
// in base58, wire bytes in base64.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import { decodeCandidate } from "../../schemas/market/candidate.ts";
import { formatDecimal } from "../../schemas/market/decimal.ts";
import { depthCode, depthCodeText, DepthItem, depthKind } from "../../schemas/market/depth-item.ts";
import { frameFault, frameFaultNames, FrameReader } from "../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemCode,
  transactionItemCodeNames,
  transactionItemFlag as flag,
} from "../../schemas/market/transaction-item.ts";
import {
  firstSignatureAt,
  signatureBytes,
  versionByteV1,
} from "../../schemas/market/transaction-layout.ts";
import { venueNameOf } from "../../schemas/market/venues.ts";

type Readable = { readonly [key: string]: unknown };
type Decode = (view: DataView, start: number, end: number) => Readable;

const word = 2n ** 32n;

const u64 = (low: number, high: number): string =>
  (BigInt(high >>> 0) * word + BigInt(low >>> 0)).toString();

/** The first signature, base58; null where there is none. */
const signatureOf = (wire: Uint8Array): string | null => {
  const [first = 0, required = 0] = wire;
  const at = firstSignatureAt(wire);
  const count = first === versionByteV1 ? required : first;
  if (at < 1 || count === 0 || at + signatureBytes > wire.length) return null;
  return encodeBase58(wire, at, at + signatureBytes);
};

const transaction: Decode = (view, start, end) => {
  const item = new TransactionItem();
  const code = item.decode(view, start, end);
  if (code !== transactionItemCode.ok) return { error: transactionItemCodeNames[code] };
  const has = (bit: number): boolean => (item.flags & bit) !== 0;
  const wire = new Uint8Array(
    view.buffer,
    view.byteOffset + item.wireStart,
    item.wireEnd - item.wireStart,
  );
  return {
    signature: signatureOf(wire),
    slot: has(flag.slot) ? u64(item.slotLow, item.slotHigh) : null,
    index: has(flag.index) ? item.index : null,
    receiveTime: has(flag.receiveTime) ? u64(item.receiveTimeLow, item.receiveTimeHigh) : null,
    transaction: Buffer.from(wire).toString("base64"),
  };
};

const kindNames: { readonly [code: number]: string } = Object.fromEntries(
  Object.entries(depthKind).map(([name, code]) => [code, name]),
);

const depth: Decode = (view, start, end) => {
  const item = new DepthItem();
  const code = item.point(view, start, end);
  if (code !== depthCode.good) return { error: depthCodeText(code) };
  const levels = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => [
      formatDecimal(item.price(from + i), item.priceScale),
      formatDecimal(item.size(from + i), item.sizeScale),
    ]);
  return {
    venue: venueNameOf(item.venue) ?? null,
    symbol: item.symbol(),
    kind: kindNames[item.kind] ?? null,
    firstId: item.firstId.toString(),
    lastId: item.lastId.toString(),
    prevId: item.hasPrevId ? item.prevId.toString() : null,
    eventTime: item.eventNs().toString(),
    receiveTime: item.receiveNs().toString(),
    bids: levels(0, item.bidCount),
    asks: levels(item.bidCount, item.askCount),
  };
};

const candidate: Decode = (view, start, end) =>
  decodeCandidate(view, start, end) ?? { error: `no candidate record: ${end - start} bytes` };

const decoders = {
  weir_frame_transaction: transaction,
  weir_frame_depth: depth,
  weir_frame_candidate: candidate,
} as const;

export type FrameEncoding = keyof typeof decoders;

export const isFrameEncoding = (encoding: string): encoding is FrameEncoding =>
  Object.hasOwn(decoders, encoding);

/** Items of one frame; a fault of the frame stands behind the items before it, as `error`. */
export const readFrame = (encoding: FrameEncoding, value: Uint8Array): readonly Readable[] => {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const frame = new FrameReader();
  const items: Readable[] = [];
  frame.open(view, 0, value.length);
  while (frame.next()) items.push(decoders[encoding](view, frame.itemStart, frame.itemEnd));
  if (frame.fault !== frameFault.none) {
    items.push({ error: `${frameFaultNames[frame.fault]} at byte ${frame.faultAt}` });
  }
  return items;
};
