// Coinbase Advanced Trade, channel level2 (l2_data). sequence_num counts the messages of a
// connection, of all its channels and products: only who sees them all can tell a hole. A
// connection does, and names each delta's predecessor; without one, prevId stays absent and holes
// cannot be seen.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isId,
  isObject,
  type Json,
  type LevelForm,
  malformed,
  readLevels,
  rfc3339Ns,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

const levelForm: LevelForm = { price: "price_level", size: "new_quantity" };

/** Products of one connection whose ids are kept at most; of more, holes are not seen. */
const coinbaseProductsMax = 4096;

/** The last message of a product, and the holes of the connection before it. */
type Seen = { sequence: number; readonly holes: number };

/** What one connection has seen; one per connection or recorded file. */
export class CoinbaseConnection {
  #last = -1;
  // Times that a number did not follow the one before: lost messages, or a connection made anew.
  #holes = 0;
  readonly #products = new Map<string, Seen>();

  /** Call with each message's number, whatever its channel. */
  see(sequence: number): void {
    const step = sequence - this.#last;
    if (this.#last >= 0 && step !== 1 && step !== 0) this.#holes += 1;
    this.#last = sequence;
  }

  /** A snapshot of the product, which ends its holes. */
  begin(product: string, sequence: number): void {
    if (!this.#products.has(product) && this.#products.size >= coinbaseProductsMax) return;
    this.#products.set(product, { sequence, holes: this.#holes });
  }

  /**
   * The number of the product's message before this one; after a hole in between, one that is not
   * that number. -1 when there was none.
   */
  link(product: string, sequence: number): number {
    const seen = this.#products.get(product);
    if (seen === undefined) {
      this.begin(product, sequence);
      return -1;
    }
    const before = seen.sequence;
    if (seen.holes === this.#holes) {
      seen.sequence = sequence;
      return before;
    }
    // The books take it for a repetition: the hole is for the next one to tell.
    if (sequence === before) return sequence + 1;
    this.begin(product, sequence);
    return sequence;
  }
}

/** Fills kind, symbol, ids, time and levels. A message of several events is refused. */
export const readCoinbase = (
  json: Json,
  into: DepthMessage,
  connection: CoinbaseConnection | null,
): VenueFault | null => {
  const { channel, sequence_num: sequence, events } = json;
  if (isId(sequence)) connection?.see(sequence);
  if (channel !== "l2_data") return ignored("channel", channel);
  if (!isId(sequence)) return malformed("sequence_num", sequence, idForm);
  const [event] = Array.isArray(events) ? (events as unknown[]) : [];
  if (!Array.isArray(events) || events.length !== 1 || !isObject(event)) {
    return malformed("events", events, "an array of one object");
  }
  setIds(into, sequence, sequence);
  into.eventNs = rfc3339Ns(json["timestamp"]) ?? 0n;
  return readEvent(event, into, connection);
};

const readEvent = (
  { type, product_id: product, updates }: Json,
  into: DepthMessage,
  connection: CoinbaseConnection | null,
): VenueFault | null => {
  if (type !== "snapshot" && type !== "update") {
    return malformed("events[0].type", type, "snapshot or update");
  }
  if (typeof product !== "string") return malformed("events[0].product_id", product, "a product");
  if (!Array.isArray(updates)) return malformed("events[0].updates", updates, "an array");
  into.symbol = product;
  into.kind = type === "snapshot" ? depthKind.snapshot : depthKind.delta;
  if (type === "snapshot") connection?.begin(product, into.lastId);
  else into.prevId = connection?.link(product, into.lastId) ?? -1;
  return readUpdates(updates as unknown[], into);
};

const readUpdates = (updates: readonly unknown[], into: DepthMessage): VenueFault | null => {
  const bids: unknown[] = [];
  const asks: unknown[] = [];
  for (const update of updates) {
    const side = isObject(update) ? update["side"] : undefined;
    if (side !== "bid" && side !== "offer") {
      return malformed("events[0].updates.side", side, "bid or offer");
    }
    (side === "bid" ? bids : asks).push(update);
  }
  const field = "events[0].updates";
  return readLevels({ field, levels: bids }, { field, levels: asks }, levelForm, into);
};
