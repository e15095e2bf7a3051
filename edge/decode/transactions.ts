// POST /v1/transactions: Solana transactions as JSON or as a frame of transaction items. Each is
// parsed whole, not only framed, and refused one by one with the parser's reason.
// {"transactions":[{"slot":"123","index":0,"transaction":"<base64>"}]}; slot and index may be
// left out where they are not known.
import { encodeBase58 } from "../../schemas/market/base58.ts";
import {
  TransactionItem,
  transactionItemCode,
  transactionItemCodeNames,
  transactionItemFlag,
  transactionItemHeaderBytes,
} from "../../schemas/market/transaction-item.ts";
import {
  signatureBytes,
  transactionBytesMaxV1,
  transactionCode,
  transactionReasons,
} from "../../schemas/market/transaction-layout.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { type Refusal, isRefusal } from "../errors.ts";
import { Rejections } from "../metrics/rejections.ts";
import { FrameRecords } from "../route/frame-records.ts";
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import { tooLargeJson } from "../route/refused-record.ts";
import type { PathInput, Routed } from "../route/routed.ts";
import { frameItems } from "./frame-body.ts";
import { isJsonObject, itemFault, jsonItems, parseItem } from "./json-items.ts";

const topic = "weir-transactions";
const utf8 = new TextEncoder();
const base64CharsMax = Math.ceil(transactionBytesMaxV1 / 3) * 4;
const slotMax = Number.MAX_SAFE_INTEGER;
const indexMax = 2 ** 32 - 1;

type Reason = {
  readonly reason: string;
  readonly detail: string;
  /** What came, of an item that is too large even to be looked at. */
  readonly json?: Uint8Array;
};

const malformed = (detail: string): Reason => ({ reason: "malformed", detail });

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Decimal text or integer from 0 to `max`; undefined for anything else. */
const integerOf = (value: unknown, max: number): number | undefined => {
  const isText = typeof value === "string" && /^\d{1,16}$/.test(value);
  const number = isText ? Number(value) : value;
  const isInRange = Number.isInteger(number) && Number(number) >= 0 && Number(number) <= max;
  return isInRange ? Number(number) : undefined;
};

/** Strict base64, so that two texts never mean the same bytes silently truncated. */
const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (typeof value !== "string" || value.length > base64CharsMax) return undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value) || value.length % 4 !== 0) return undefined;
  return Buffer.from(value, "base64");
};

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class TransactionPath {
  readonly #header = new TransactionItem();
  readonly #transaction = new TransactionView();

  /** Body to frames of topic weir-transactions, partitioned by first signature. */
  readonly route = (input: PathInput): Routed | Refusal => {
    const items =
      input.mediaType === "application/json" ? this.#jsonItems(input) : this.#frameItems(input);
    if (isRefusal(items)) return items;
    const rejections = new Rejections();
    const records = new FrameRecords(topic);
    const large: OutgoingRecord[] = [];
    items.forEach((item, index) => {
      const refused = item instanceof Uint8Array ? this.#add(item, records) : item;
      if (refused === undefined) return;
      const { reason, detail, json } = refused;
      rejections.add({ index, reason, detail });
      if (json !== undefined) large.push(tooLargeJson(input.tenant.name, topic, { json, detail }));
    });
    const all = [...records.take(), ...large];
    return { items: items.length, records: all, rejections, sampledOut: 0 };
  };

  #jsonItems({
    body,
    itemsMax,
    receivedMs,
  }: PathInput): readonly (Uint8Array | Reason)[] | Refusal {
    const found = jsonItems(body, { list: "transactions", texts: [], itemsMax });
    if (isRefusal(found)) return found;
    const { ranges } = found;
    return Array.from({ length: ranges.length / 2 }, (_, item) => {
      const bytes = body.subarray(ranges[item * 2], ranges[item * 2 + 1]);
      const fault = itemFault(bytes.byteLength);
      if (fault !== null) return { reason: "too-large", detail: fault, json: bytes };
      return this.#jsonItem(parseItem(bytes), receivedMs);
    });
  }

  #jsonItem(entry: unknown, receivedMs: number): Uint8Array | Reason {
    if (!isJsonObject(entry)) return malformed("expected an object");
    const { slot, index, transaction } = entry as {
      slot?: unknown;
      index?: unknown;
      transaction?: unknown;
    };
    const header = this.#header;
    header.clear();
    header.setReceiveTimeMs(receivedMs);
    if (slot !== undefined && slot !== null) {
      const number = integerOf(slot, slotMax);
      if (number === undefined) return malformed("slot: expected an integer from 0 to 2^53 - 1");
      header.setSlot(number);
    }
    if (index !== undefined && index !== null) {
      const number = integerOf(index, indexMax);
      if (number === undefined) return malformed("index: expected an integer from 0 to 2^32 - 1");
      header.setIndex(number);
    }
    const wire = bytesOf(transaction);
    if (wire === undefined)
      return malformed(`transaction: expected base64, at most ${base64CharsMax} characters`);
    const item = new Uint8Array(transactionItemHeaderBytes + wire.byteLength);
    header.encode(viewOf(item), 0);
    item.set(wire, transactionItemHeaderBytes);
    return item;
  }

  #frameItems({ body, itemsMax, receivedMs }: PathInput): readonly Uint8Array[] | Refusal {
    const items = frameItems(body, itemsMax);
    if (isRefusal(items)) return items;
    // The receive time is the edge's to know: a sender may leave it out, and then it is put in.
    for (const item of items) {
      const view = viewOf(item);
      const code = this.#header.decode(view, 0, item.byteLength);
      const isUnknown = (this.#header.flags & transactionItemFlag.receiveTime) === 0;
      if (code !== transactionItemCode.ok || !isUnknown) continue;
      this.#header.setReceiveTimeMs(receivedMs);
      this.#header.encode(view, 0);
    }
    return items;
  }

  #add(item: Uint8Array, records: FrameRecords): Reason | undefined {
    const view = viewOf(item);
    const itemCode = this.#header.decode(view, 0, item.byteLength);
    if (itemCode !== transactionItemCode.ok)
      return malformed(transactionItemCodeNames[itemCode] ?? "unknown item");
    const { wireStart, wireEnd } = this.#header;
    const code = this.#transaction.parse(view, wireStart, wireEnd);
    if (code !== transactionCode.ok)
      return { reason: transactionReasons[code] ?? "malformed", detail: "" };
    const at = this.#transaction.signaturesAt;
    const key = utf8.encode(encodeBase58(item, at, at + signatureBytes));
    return records.tryAdd(key, item) ? undefined : { reason: "too-large", detail: "" };
  }
}
