// POST /v1/depth: venue messages as JSON or finished depth items, checked one by one.
// {"venue":"binance-spot","symbol":"BTCUSDT","messages":[{"receiveNs":"…","message":{…}}]};
// symbol may be left out where the messages name it, receiveNs (or 0, as in items) where the edge's
// time will do.
import { DepthItem, depthCode, depthCodeText } from "../../schemas/market/depth-item.ts";
import { depthOffset } from "../../schemas/market/depth-layout.ts";
import { DepthMessage, depthItemOf } from "../../schemas/market/depth-message.ts";
import { frameLimits } from "../../schemas/market/frame.ts";
import { venueFaultText } from "../../schemas/market/venue-fields.ts";
import { readVenue, venueReviver } from "../../schemas/market/venue-message.ts";
import { faultOfTrade, messagesOfTrades } from "../../schemas/market/venue-trades.ts";
import {
  type MessageVenueName,
  isMessageVenue,
  messageVenueNames,
  venueNameOf,
} from "../../schemas/market/venues.ts";
import { type Refusal, isRefusal, refuse } from "../errors.ts";
import { Rejections } from "../metrics/rejections.ts";
import { FrameRecords } from "../route/frame-records.ts";
import type { OutgoingRecord } from "../route/outgoing-record.ts";
import { tooLargeJson } from "../route/refused-record.ts";
import type { PathInput, Routed } from "../route/routed.ts";
import { frameItems } from "./frame-body.ts";
import { type JsonObject, isJsonObject, itemFault, jsonItems, parseItem } from "./json-items.ts";

const topic = "weir-depth";
const utf8 = new TextEncoder();
const nsPerMs = 1_000_000n;
const nsMax = 2n ** 64n - 1n;
/** Of an item that came at no known time; with it a book would never be fresh. */
const unknownNs = 0n;

/** Decimal text from 0 to 2^64 - 1. */
const nanoseconds = (value: unknown): bigint | undefined => {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value)) return undefined;
  const ns = BigInt(value);
  return ns <= nsMax ? ns : undefined;
};

type Context = {
  readonly venue: MessageVenueName;
  readonly symbol: string;
  readonly receivedMs: number;
};

/** Scratch of one isolate; a request uses it without giving up the thread. */
export class DepthPath {
  readonly #message = new DepthMessage();
  readonly #item = new DepthItem();

  /** Body to frames of topic weir-depth, partitioned by venue:symbol. */
  readonly route = (input: PathInput): Routed | Refusal =>
    input.mediaType === "application/json" ? this.#fromJson(input) : this.#fromFrame(input);

  #fromJson({ body, tenant, itemsMax, receivedMs }: PathInput): Routed | Refusal {
    const found = jsonItems(body, { list: "messages", texts: ["venue", "symbol"], itemsMax });
    if (isRefusal(found)) return found;
    const { venue = "", symbol = "" } = found.texts;
    if (!isMessageVenue(venue))
      return refuse("malformed", `venue: expected one of ${messageVenueNames.join(", ")}`, {
        field: "venue",
      });
    const context = { venue, symbol, receivedMs };
    const rejections = new Rejections();
    const records = new FrameRecords(topic);
    const large: OutgoingRecord[] = [];
    let items = 0;
    for (let at = 0; at < found.ranges.length; at += 2) {
      const json = body.subarray(found.ranges[at], found.ranges[at + 1]);
      for (const refused of this.#addJson(json, context, records)) {
        items += 1;
        if (items > itemsMax) return tooManyTrades(itemsMax);
        if (refused === undefined) continue;
        rejections.add({ index: at / 2, ...refused });
        if (refused.reason === "too-large")
          large.push(tooLargeJson(tenant.name, topic, { json, detail: refused.detail }));
      }
    }
    return { items, records: [...records.take(), ...large], rejections, sampledOut: 0 };
  }

  /** Yields one outcome, or one for each trade of a message that tells of several. */
  *#addJson(
    bytes: Uint8Array,
    context: Context,
    records: FrameRecords,
  ): Generator<Reason | undefined> {
    const entry = entryOf(bytes, context);
    if ("reason" in entry) {
      yield entry;
      return;
    }
    const { receiveNs, message } = entry;
    let trade = 0;
    for (const part of messagesOfTrades(context.venue, message)) {
      yield this.#add(part, { ...context, receiveNs, trade }, records);
      trade += 1;
    }
  }

  #add(
    message: unknown,
    context: Context & { readonly receiveNs: bigint; readonly trade: number },
    records: FrameRecords,
  ): Reason | undefined {
    const fault = readVenue(message, context, this.#message);
    if (fault !== null)
      return { reason: fault.code, detail: venueFaultText(faultOfTrade(fault, context.trade)) };
    const item = depthItemOf(this.#message);
    if (typeof item === "number") return { reason: "malformed", detail: depthCodeText(item) };
    const key = utf8.encode(`${context.venue}:${this.#message.symbol}`);
    return records.tryAdd(key, item) ? undefined : tooLarge;
  }

  #fromFrame({ body, itemsMax, receivedMs }: PathInput): Routed | Refusal {
    const items = frameItems(body, itemsMax);
    if (isRefusal(items)) return items;
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const rejections = new Rejections();
    const records = new FrameRecords(topic);
    items.forEach((item, index) => {
      const start = item.byteOffset - body.byteOffset;
      const code = this.#item.point(view, start, start + item.byteLength);
      const venue = code === depthCode.good ? venueNameOf(this.#item.venue) : undefined;
      if (venue === undefined) {
        rejections.add({ index, reason: "malformed", detail: depthCodeText(code) });
        return;
      }
      if (this.#item.receiveNs() === unknownNs)
        view.setBigUint64(start + depthOffset.receiveNs, BigInt(receivedMs) * nsPerMs, true);
      const key = utf8.encode(`${venue}:${this.#item.symbol()}`);
      if (!records.tryAdd(key, item)) rejections.add({ index, ...tooLarge });
    });
    return { items: items.length, records: records.take(), rejections, sampledOut: 0 };
  }
}

type Reason = { readonly reason: string; readonly detail: string };

const tooLarge: Reason = {
  reason: "too-large",
  detail: `item larger than a frame can hold, itemBytesMax=${frameLimits.itemBytesMax}`,
};

const tooManyTrades = (itemsMax: number): Refusal =>
  refuse(
    "body-too-large",
    `messages: more than REQUEST_ITEMS_MAX=${itemsMax} items, trades counted singly`,
  );

type Entry = { readonly receiveNs: bigint; readonly message: unknown };

const entryOf = (bytes: Uint8Array, { venue, receivedMs }: Context): Entry | Reason => {
  const fault = itemFault(bytes.byteLength);
  if (fault !== null) return { reason: "too-large", detail: fault };
  const entry = parseItem(bytes, venueReviver(venue));
  if (!isJsonObject(entry)) return { reason: "malformed", detail: "expected an object" };
  const receiveNs = receiveNsOf(entry, receivedMs);
  if (receiveNs === undefined)
    return { reason: "malformed", detail: "receiveNs: expected decimal text below 2^64" };
  return { receiveNs, message: entry["message"] };
};

const receiveNsOf = (entry: JsonObject, receivedMs: number): bigint | undefined => {
  const { receiveNs } = entry as { receiveNs?: unknown };
  const given = receiveNs === undefined ? unknownNs : nanoseconds(receiveNs);
  return given === unknownNs ? BigInt(receivedMs) * nsPerMs : given;
};
