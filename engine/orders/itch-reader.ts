// Reads a NASDAQ TotalView-ITCH 5.0 file chunk by chunk into depth messages: one delta for each
// event of an order, and a trade for each execution. Times are ns after midnight, the id is the
// number of the message in the file. Not exact: hidden orders, and trades that were broken later.
import { decimalValueMax } from "../../schemas/market/decimal.ts";
import { DepthMessage } from "../../schemas/market/depth-message.ts";
import { malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import { HeldBytes } from "./held-bytes.ts";
import {
  itchBytes,
  itchChange as change,
  itchCross as cross,
  itchDirectory as directory,
  itchLengthBytes,
  itchOffset as offset,
  itchOrder as order,
  itchPriceScale,
  itchReplace as replace,
  itchStockBytes,
} from "./itch-layout.ts";
import { OrderTable } from "./order-table.ts";
import {
  faulty,
  type OrderCounts,
  type OrderId,
  orderIdOf,
  type OrderReading,
  type Price,
  priceOf,
  told,
} from "./order-reading.ts";

const word = 2 ** 32;
const stockForm = /^[!-~]{1,8}$/;

/** One per recording; `begin` before each file: a file is a day, orders do not outlive it. */
export class ItchReader {
  readonly message = new DepthMessage();
  readonly #counts: OrderCounts;
  readonly #symbol: string;
  readonly #held = new HeldBytes();
  /** By locate; null for a stock that was not asked for. */
  readonly #tables = new Map<number, OrderTable | null>();
  #number = 0;
  // Where the message stands in the view.
  #at = 0;

  /** `symbol` in upper case; "" for all. */
  constructor(symbol: string, counts: OrderCounts) {
    this.#symbol = symbol;
    this.#counts = counts;
  }

  begin(): void {
    this.#held.clear();
    this.#tables.clear();
    this.#counts.orders = 0;
    this.#number = 0;
  }

  *read(chunk: Uint8Array): Generator<OrderReading> {
    const held = this.#held;
    held.push(chunk);
    while (held.length >= itchLengthBytes) {
      const bytes = held.view.getUint16(held.start);
      if (held.length < itchLengthBytes + bytes) return;
      this.#at = held.start + itchLengthBytes;
      // A length of 0 is the end of a session.
      if (bytes > 0) {
        this.#number += 1;
        if (!this.#passes(bytes)) yield* this.#readMessage(bytes);
      }
      held.take(itchLengthBytes + bytes);
    }
  }

  /** At the end of a file. */
  *finish(): Generator<OrderReading> {
    const { length, offset: at } = this.#held;
    if (length === 0) return;
    const expected = "a message of the length before it: the file is cut short";
    yield faulty(at, malformed("message", `${length} bytes`, expected));
  }

  // What most messages of a day are when one stock was asked for; counts them.
  #passes(bytes: number): boolean {
    const type = this.#type;
    const expected = itchBytes[type];
    if (expected === undefined || ((type === "S" || type === "B") && bytes === expected)) {
      this.#counts.ignored += 1;
      return true;
    }
    if (bytes !== expected || this.#tableOf(type) !== null) return false;
    if (type !== "R") this.#counts.skipped += 1;
    return true;
  }

  *#readMessage(bytes: number): Generator<OrderReading> {
    const type = this.#type;
    const expected = itchBytes[type];
    if (bytes !== expected) {
      yield this.#faulty(malformed(`length of ${type}`, bytes, `${expected}`));
      return;
    }
    const table = this.#tableOf(type);
    if (table === undefined) {
      if (type === "R" || type === "A" || type === "F" || type === "P" || type === "Q")
        yield this.#faulty(malformed("stock", this.#stockOf(type), "1 to 8 printable characters"));
      else if (this.#symbol === "") this.#counts.unknown += 1;
      else this.#counts.skipped += 1;
    } else if (table !== null) yield* this.#apply(type, table);
  }

  *#apply(type: string, table: OrderTable): Generator<OrderReading> {
    switch (type) {
      case "A":
      case "F":
        yield* this.#add(table);
        break;
      case "E":
      case "C":
        yield* this.#execute(type, table);
        break;
      case "X":
        yield* this.#changed(table, table.reduce(this.#id(change.id), this.#u32(change.shares)));
        break;
      case "D":
        table.remove(this.#id(change.id));
        yield* this.#changed(table, null);
        break;
      case "U":
        this.#replace(table);
        yield* this.#changed(table, null);
        break;
      case "P":
        yield* this.#hiddenTrade(table);
        break;
      case "Q":
        yield* this.#crossTrade(table);
        break;
      default:
    }
  }

  *#add(table: OrderTable): Generator<OrderReading> {
    const isBid = this.#isBid();
    if (typeof isBid === "object") {
      yield this.#faulty(isBid);
      return;
    }
    const size = this.#u32(order.shares);
    table.put(this.#id(order.id), { isBid, size, ...this.#price(order.price) });
    yield* this.#changed(table, null);
  }

  // What it was executed at says nothing of the level that it rested on.
  *#execute(type: string, table: OrderTable): Generator<OrderReading> {
    const id = this.#id(change.id);
    const resting = table.find(id);
    const size = this.#u32(change.shares);
    yield* this.#changed(table, table.reduce(id, size));
    if (resting === undefined) return;
    const isSilent = type === "C" && this.#text(change.printable, 1) === "N";
    if (isSilent) return;
    const { price, priceScale } = type === "C" ? this.#price(change.price) : resting;
    yield* this.#trade(table, { price, priceScale, size, isBuy: !resting.isBid });
  }

  // The side is that of the order before, which the message does not have.
  #replace(table: OrderTable): void {
    const id = this.#id(replace.id);
    const before = table.find(id);
    if (!table.remove(id) || before === undefined) return;
    const size = this.#u32(replace.shares);
    const { isBid } = before;
    table.put(this.#id(replace.newId), { isBid, size, ...this.#price(replace.price) });
  }

  *#hiddenTrade(table: OrderTable): Generator<OrderReading> {
    const isBid = this.#isBid();
    if (typeof isBid === "object") yield this.#faulty(isBid);
    else {
      const size = this.#u32(order.shares);
      yield* this.#trade(table, { ...this.#price(order.price), size, isBuy: !isBid });
    }
  }

  // Nobody took: the side of such a trade means nothing.
  *#crossTrade(table: OrderTable): Generator<OrderReading> {
    const shares = this.#held.view.getBigUint64(this.#at + cross.shares);
    if (shares === 0n) return;
    if (shares > BigInt(decimalValueMax)) {
      yield this.#faulty(malformed("shares", shares.toString(), `at most ${decimalValueMax}`));
      return;
    }
    const size = Number(shares);
    yield* this.#trade(table, { ...this.#price(cross.price), size, isBuy: true });
  }

  *#changed(table: OrderTable, fault: VenueFault | null): Generator<OrderReading> {
    if (fault !== null) yield this.#faulty(fault);
    for (const _ of table.publish(this.message, this.#origin())) yield this.#told();
  }

  *#trade(
    table: OrderTable,
    trade: Parameters<OrderTable["fillTrade"]>[2],
  ): Generator<OrderReading> {
    table.fillTrade(this.message, this.#origin(), trade);
    yield this.#told();
  }

  #origin(): Parameters<OrderTable["publish"]>[1] {
    const { view } = this.#held;
    const high = view.getUint16(this.#at + offset.nsHigh);
    const ns = BigInt(high * word + view.getUint32(this.#at + offset.nsLow));
    return { updateId: this.#number, eventNs: ns, receiveNs: ns };
  }

  /** Undefined: its stock was never named, or by no name. */
  #tableOf(type: string): OrderTable | null | undefined {
    const locate = this.#held.view.getUint16(this.#at + offset.locate);
    const known = this.#tables.get(locate);
    const stock = known === undefined ? this.#stockOf(type) : "";
    if (known !== undefined || !stockForm.test(stock)) return known;
    const isWanted = this.#symbol === "" || stock.toUpperCase() === this.#symbol;
    const table = isWanted ? new OrderTable(stock, venueCodes.itch, this.#counts) : null;
    this.#tables.set(locate, table);
    return table;
  }

  #stockOf(type: string): string {
    const places: { readonly [type: string]: number } = stockPlaces;
    const at = places[type];
    return at === undefined ? "" : this.#text(at, itchStockBytes).trimEnd();
  }

  get #type(): string {
    return this.#text(offset.type, 1);
  }

  #isBid(): boolean | VenueFault {
    const side = this.#text(order.side, 1);
    if (side !== "B" && side !== "S") return malformed("side", side, "B or S");
    return side === "B";
  }

  #text(at: number, bytes: number): string {
    let text = "";
    for (let i = 0; i < bytes; i += 1)
      text += String.fromCharCode(this.#held.view.getUint8(this.#at + at + i));
    return text;
  }

  #u32(at: number): number {
    return this.#held.view.getUint32(this.#at + at);
  }

  #id(at: number): OrderId {
    return orderIdOf(this.#held.view.getBigUint64(this.#at + at));
  }

  #price(at: number): Price {
    return priceOf(this.#u32(at), itchPriceScale);
  }

  #told(): OrderReading {
    return told(this.#held.offset, this.message);
  }

  #faulty(fault: VenueFault): OrderReading {
    return faulty(this.#held.offset, fault);
  }
}

const stockPlaces = {
  R: directory.stock,
  A: order.stock,
  F: order.stock,
  P: order.stock,
  Q: cross.stock,
} as const;
