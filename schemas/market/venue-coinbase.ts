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

/** What one connection has seen; one per connection or recorded file. */
export class CoinbaseConnection {
  #last = -1;
  // Where the numbering was last without a predecessor.
  #holeAt = -1;
  readonly #products = new Map<string, number>();

  /** Call with each message's number, whatever its channel. */
  see(sequence: number): void {
    if (this.#last >= 0 && sequence !== this.#last + 1) this.#holeAt = sequence;
    this.#last = sequence;
  }

  /**
   * The number of the product's message before this one; when one was lost in between, a number
   * that no book has: this one's.
   */
  link(product: string, sequence: number): number {
    const before = this.#products.get(product) ?? -1;
    if (before >= 0 || this.#products.size < coinbaseProductsMax) {
      this.#products.set(product, sequence);
    }
    return before >= 0 && this.#holeAt > before ? sequence : before;
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
  const before = connection?.link(product, into.lastId) ?? -1;
  if (type === "update") into.prevId = before;
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
