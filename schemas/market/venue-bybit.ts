// Bybit v5 topic orderbook.DEPTH.SYMBOL. A snapshot message begins the book anew whenever it
// comes, and so does u = 1 (the service restarted), whatever the message calls itself; u counts
// the messages of a topic. seq orders books of several depths and is not used.
import type { DepthMessage } from "./depth-message.ts";
import { depthKind } from "./depth-item.ts";
import {
  idForm,
  ignored,
  isId,
  isObject,
  type Json,
  levelsAt,
  malformed,
  pairForm,
  readSides,
  setEventMs,
  setIds,
  type VenueFault,
} from "./venue-fields.ts";

/** Symbols of one connection whose topics are told apart at most. */
const bybitSymbolsMax = 4096;

/**
 * What one connection is subscribed to: of the topics of one symbol only the deepest makes its book,
 * since each numbers its own messages. One per connection or recorded file.
 */
export class BybitConnection {
  readonly #depths = new Map<string, number>();

  /** Whether the message is of the topic that makes the book. A deeper one takes over with its snapshot. */
  isOfBook(symbol: string, topic: string, isSnapshot: boolean): boolean {
    const depth = Number(topic.split(".")[1]);
    const before = this.#depths.get(symbol);
    if (before === depth) return true;
    if (before !== undefined && (before > depth || !isSnapshot)) return false;
    if (before !== undefined || this.#depths.size < bybitSymbolsMax)
      this.#depths.set(symbol, depth);
    return true;
  }
}

/** Fills kind, symbol, ids, time and levels. Without a connection topics are not told apart. */
export const readBybit = (
  json: Json,
  into: DepthMessage,
  connection: BybitConnection | null,
): VenueFault | null => {
  const { topic, type, data } = json as { topic?: unknown; type?: unknown; data?: unknown };
  if (typeof topic !== "string" || !topic.startsWith("orderbook.")) {
    return ignored("topic", topic ?? json["op"]);
  }
  if (!isObject(data)) return malformed("data", data, "an object");
  if (type !== "snapshot" && type !== "delta") {
    return malformed("type", type, "snapshot or delta");
  }
  const { s: symbol, u: id } = data as { s?: unknown; u?: unknown };
  if (typeof symbol !== "string") return malformed("data.s", symbol, "a symbol");
  if (!isId(id)) return malformed("data.u", id, idForm);
  const isSnapshot = type === "snapshot" || id === 1;
  if (connection?.isOfBook(symbol, topic, isSnapshot) === false) return ignored("topic", topic);
  into.symbol = symbol;
  into.kind = isSnapshot ? depthKind.snapshot : depthKind.delta;
  setIds(into, id, id);
  return (
    setEventMs(into, "ts", json["ts"]) ??
    readSides(levelsAt(data, "b"), levelsAt(data, "a"), pairForm, into)
  );
};
