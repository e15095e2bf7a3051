// The orders of one symbol by id. Each change of an order becomes changes of its level, sizes that
// are added, which wait here until the feed says that its event is over. No book: the sums of a
// level are in engine/book, and here only when a snapshot is asked for.
import { powerOfTen } from "../../schemas/market/decimal.ts";
import { depthKind } from "../../schemas/market/depth-item.ts";
import { depthLevelsMax } from "../../schemas/market/depth-layout.ts";
import type { DepthMessage } from "../../schemas/market/depth-message.ts";
import { malformed, setIds, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { type OrderCounts, type OrderId, ordersMax, type Price } from "./order-reading.ts";

/** One order as it rests. */
export type Order = Price & { readonly isBid: boolean; readonly size: number };

/** What a message needs besides levels. */
export type MessageOrigin = {
  readonly updateId: number;
  readonly eventNs: bigint;
  readonly receiveNs: bigint;
};

/** One per symbol; the counts are those of the recording. */
export class OrderTable {
  readonly symbol: string;
  readonly #venue: number;
  readonly #counts: OrderCounts;
  #orders = new Map<OrderId, Order>();
  // Orders with signed sizes: what the levels change by.
  #changes: Order[] = [];
  // What the next message has to begin with.
  #start: "empty" | "snapshot" | "none" = "empty";
  #lastId = 0;

  constructor(symbol: string, venue: number, counts: OrderCounts) {
    this.symbol = symbol;
    this.#venue = venue;
    this.#counts = counts;
  }

  /** Whether there is nothing to publish. */
  get isSettled(): boolean {
    return this.#changes.length === 0 && this.#start !== "snapshot";
  }

  /** Whether more changes would not fit one message: publish them, also within an event. */
  get isFull(): boolean {
    return this.#changes.length >= depthLevelsMax;
  }

  find(id: OrderId): Order | undefined {
    return this.#orders.get(id);
  }

  /** Puts the order in, in place of one with the same id. */
  put(id: OrderId, order: Order): void {
    const before = this.#orders.get(id);
    if (before === undefined && this.#counts.orders >= ordersMax) {
      this.#counts.leftOut += 1;
      return;
    }
    if (before === undefined) this.#counts.orders += 1;
    this.#orders.set(id, order);
    const isSameLevel =
      before?.price === order.price &&
      before.priceScale === order.priceScale &&
      before.isBid === order.isBid;
    if (before !== undefined && !isSameLevel) this.#change(before, -before.size);
    this.#change(order, isSameLevel ? order.size - before.size : order.size);
  }

  /**
   * Takes `size` off the order, which leaves when nothing is left. Returns the fault of a size that
   * is more than the order had; it has left then. Unknown orders are counted.
   */
  reduce(id: OrderId, size: number): VenueFault | null {
    const order = this.#known(id);
    if (order === undefined) return null;
    const taken = Math.min(size, order.size);
    const left = order.size - taken;
    this.#change(order, -taken);
    if (left > 0) this.#orders.set(id, { ...order, size: left });
    else this.#forget(id);
    if (taken === size) return null;
    return malformed("size", size, `at most ${taken}, which is what order ${id} had left`);
  }

  /** Takes the whole order out. Unknown ones are counted; false then. */
  remove(id: OrderId): boolean {
    const order = this.#known(id);
    if (order === undefined) return false;
    this.#change(order, -order.size);
    this.#forget(id);
    return true;
  }

  /** Takes all orders of a side out. */
  removeSide(isBid: boolean): void {
    for (const [id, order] of this.#orders) if (order.isBid === isBid) this.remove(id);
  }

  /** Takes all orders out; the next message is a snapshot. */
  clear(): void {
    this.#counts.orders -= this.#orders.size;
    this.#orders = new Map();
    this.#changes = [];
    this.#start = "snapshot";
  }

  /**
   * Yields one message of all changes since the last, or several where they do not fit one. Before
   * the first of all comes an empty snapshot with id 0, after `clear` one of all orders.
   */
  *publish(into: DepthMessage, origin: MessageOrigin): Generator<void> {
    let changes = this.#changes;
    const start = this.#start;
    if (start === "snapshot") changes = this.#levels();
    this.#changes = [];
    this.#start = "none";
    if (start === "empty") yield this.#fillSnapshot(into, { ...origin, updateId: 0 }, []);
    if (start === "snapshot")
      yield this.#fillSnapshot(into, origin, changes.splice(0, depthLevelsMax));
    for (let at = 0; at < changes.length; at += depthLevelsMax)
      yield this.#fill(into, origin, changes.slice(at, at + depthLevelsMax));
  }

  /** Fills a trade; the taker is `isBuy`. */
  fillTrade(
    into: DepthMessage,
    origin: MessageOrigin,
    trade: Price & { readonly size: number; readonly isBuy: boolean },
  ): void {
    const { price, priceScale, size, isBuy } = trade;
    this.#begin(into, origin);
    setIds(into, origin.updateId, origin.updateId);
    into.kind = depthKind.trade;
    into.isAdded = false;
    into.priceScale = priceScale;
    if (isBuy) into.addBid(price, size);
    else into.addAsk(price, size);
  }

  #known(id: OrderId): Order | undefined {
    const order = this.#orders.get(id);
    if (order === undefined) this.#counts.unknown += 1;
    return order;
  }

  #forget(id: OrderId): void {
    this.#orders.delete(id);
    this.#counts.orders -= 1;
  }

  #change(order: Order, size: number): void {
    if (this.#start !== "snapshot") this.#changes.push({ ...order, size });
  }

  // Sums of all orders, one for each level, best first: what does not fit a message is the worst.
  #levels(): Order[] {
    const sums = new Map<string, Order>();
    for (const order of this.#orders.values()) {
      const key = `${order.isBid} ${order.priceScale} ${order.price}`;
      sums.set(key, { ...order, size: order.size + (sums.get(key)?.size ?? 0) });
    }
    const ticks = ({ price, priceScale }: Order): number => price / powerOfTen(priceScale);
    return [...sums.values()].sort((a, b) =>
      a.isBid && b.isBid ? ticks(b) - ticks(a) : ticks(a) - ticks(b),
    );
  }

  #begin(into: DepthMessage, { eventNs, receiveNs }: MessageOrigin): void {
    into.clearLevels();
    into.venue = this.#venue;
    into.symbol = this.symbol;
    into.sizeScale = 0;
    into.eventNs = eventNs;
    into.receiveNs = receiveNs;
  }

  #fillSnapshot(into: DepthMessage, origin: MessageOrigin, levels: readonly Order[]): void {
    this.#fill(into, origin, levels);
    into.kind = depthKind.snapshot;
    into.isAdded = false;
    into.prevId = -1;
  }

  // Each message names the one before it: a feed's own numbers may fall.
  #fill(into: DepthMessage, origin: MessageOrigin, changes: readonly Order[]): void {
    this.#begin(into, origin);
    setIds(into, origin.updateId, origin.updateId);
    into.prevId = this.#lastId;
    this.#lastId = origin.updateId;
    into.kind = depthKind.delta;
    into.isAdded = true;
    into.priceScale = changes.reduce((scale, { priceScale }) => Math.max(scale, priceScale), 0);
    const tick = ({ price, priceScale }: Price): number =>
      price * powerOfTen(into.priceScale - priceScale);
    for (const change of changes) if (change.isBid) into.addBid(tick(change), change.size);
    for (const change of changes) if (!change.isBid) into.addAsk(tick(change), change.size);
  }
}
