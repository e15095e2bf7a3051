// Reads LOBSTER's messages row by row into depth messages. With the file of books beside them its
// first row is the beginning and each further one the check of what the message made of it; the
// book is as deep as that file then. Without it the book begins empty, and lacks what rested before.
import { DepthMessage } from "../../schemas/market/depth-message.ts";
import { isFault, malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import { differenceOf, expectedBook } from "./lobster-levels.ts";
import {
  type LobsterBook,
  type LobsterMessage,
  lobsterPriceScale,
  lobsterType,
  readLobsterBook,
  readLobsterMessage,
} from "./lobster-row.ts";
import { OrderTable } from "./order-table.ts";
import { faulty, type OrderCounts, type OrderReading, priceOf, told } from "./order-reading.ts";

/** Of one file of messages. Places are its rows. */
export class LobsterReader {
  readonly message = new DepthMessage();
  readonly #counts: OrderCounts;
  /** Of orders, or where there are rows of the book of their levels. */
  readonly #table: OrderTable;
  readonly #hasBook: boolean;
  // As the last row showed it; null before the first.
  #book: LobsterBook | null = null;
  #isBookOver = false;
  #row = 0;
  #ns = 0n;

  constructor(symbol: string, counts: OrderCounts, hasBook: boolean) {
    this.#table = new OrderTable(symbol, venueCodes.lobster, counts);
    this.#counts = counts;
    this.#hasBook = hasBook;
  }

  /** `bookRow` is null without a book, or when it has ended. */
  *read(row: string, bookRow: string | null): Generator<OrderReading> {
    this.#row += 1;
    const found = readLobsterMessage(row);
    const message = isFault(found) ? null : found;
    if (isFault(found)) yield faulty(this.#row, found);
    else this.#ns = found.ns;
    if (this.#hasBook) yield* this.#follow(message, bookRow);
    else if (message !== null) yield* this.#applyOrder(message);
    if (message !== null) yield* this.#trade(message);
  }

  /** `bookRow` is what the file of books has beyond the last message, or null. */
  *finish(bookRow: string | null): Generator<OrderReading> {
    if (bookRow === null) return;
    yield faulty(this.#row + 1, malformed("row", "nothing", "a message for each row of the book"));
  }

  *#applyOrder({ type, id, size, price, isBid }: LobsterMessage): Generator<OrderReading> {
    const table = this.#table;
    let fault: VenueFault | null = null;
    if (type === lobsterType.add)
      table.put(id, { isBid, size, ...priceOf(price, lobsterPriceScale) });
    else if (type === lobsterType.remove) table.remove(id);
    else if (type === lobsterType.reduce || type === lobsterType.execute)
      fault = table.reduce(id, size);
    else return;
    if (fault !== null) yield faulty(this.#row, fault);
    yield* this.#publish();
  }

  // The row is right where it differs, so that each difference is told once.
  *#follow(message: LobsterMessage | null, bookRow: string | null): Generator<OrderReading> {
    const row = this.#readRow(bookRow);
    if (row !== null && isFault(row)) yield faulty(this.#row, row);
    const shown = row === null || isFault(row) ? null : row;
    const before = this.#book;
    if (before === null) {
      if (shown === null) return;
      this.#table.clear();
      this.#show({ ...shown, asks: [], bids: [] }, shown);
    } else {
      const { book, fault } = expected(before, message);
      if (fault !== null) yield faulty(this.#row, fault);
      const isChecked = shown !== null && message !== null && fault === null;
      const difference = isChecked ? differenceOf(before, book, shown) : null;
      if (difference !== null) yield faulty(this.#row, difference);
      this.#show(before, shown ?? book);
    }
    yield* this.#publish();
  }

  #readRow(bookRow: string | null): LobsterBook | VenueFault | null {
    if (bookRow !== null) return readLobsterBook(bookRow, this.#book?.levelsMax ?? 0);
    if (this.#isBookOver) return null;
    this.#isBookOver = true;
    return malformed("row of the book", "nothing", "one for each message: the rest is not checked");
  }

  // Levels are in the table as if each were one order.
  #show(before: LobsterBook, after: LobsterBook): void {
    this.#book = after;
    for (const isBid of [false, true]) {
      const [old, now] = isBid ? [before.bids, after.bids] : [before.asks, after.asks];
      const sizes = new Map(now.map(({ price, size }) => [price, size]));
      for (const { price, size } of old) {
        if (!sizes.has(price)) this.#table.remove(levelId(price, isBid));
        else if (sizes.get(price) === size) sizes.delete(price);
      }
      for (const [price, size] of sizes) {
        const level = { isBid, size, ...priceOf(price, lobsterPriceScale) };
        this.#table.put(levelId(price, isBid), level);
      }
    }
  }

  *#publish(): Generator<OrderReading> {
    for (const _ of this.#table.publish(this.message, this.#origin()))
      yield told(this.#row, this.message);
  }

  *#trade({ type, size, price, isBid }: LobsterMessage): Generator<OrderReading> {
    if (type === lobsterType.halt) this.#counts.ignored += 1;
    const isTrade =
      type === lobsterType.execute ||
      type === lobsterType.executeHidden ||
      type === lobsterType.cross;
    if (!isTrade) return;
    const trade = { size, isBuy: !isBid, ...priceOf(price, lobsterPriceScale) };
    this.#table.fillTrade(this.message, this.#origin(), trade);
    yield told(this.#row, this.message);
  }

  #origin(): Parameters<OrderTable["publish"]>[1] {
    return { updateId: this.#row, eventNs: this.#ns, receiveNs: this.#ns };
  }
}

const levelId = (price: number, isBid: boolean): number => (isBid ? price : -1 - price);

const expected = (before: LobsterBook, message: LobsterMessage | null) => {
  const sign = message === null ? 0 : signOf(message.type);
  if (message === null || sign === 0) return { book: before, fault: null };
  const { isBid, price, size } = message;
  return expectedBook(before, { isBid, price, added: sign * size });
};

/** What the type does to the size of its order's level; 0 for nothing. */
const signOf = (type: number): number => {
  if (type === lobsterType.add) return 1;
  const isLess =
    type === lobsterType.reduce || type === lobsterType.remove || type === lobsterType.execute;
  return isLess ? -1 : 0;
};
