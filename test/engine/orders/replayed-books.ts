// Where the messages of a reader go: through depth items into the books, as the command line does.
import { formatDecimal } from "../../../schemas/market/decimal.ts";
import { DepthItem } from "../../../schemas/market/depth-item.ts";
import { depthItemBytesMax } from "../../../schemas/market/depth-layout.ts";
import { type DepthMessage, encodeDepthItem } from "../../../schemas/market/depth-message.ts";
import { venueFaultText } from "../../../schemas/market/venue-fields.ts";
import { createBookMemory, symbolOf } from "../../../engine/book/book-layout.ts";
import { bookOutcome, bookOutcomeText, isReplayFault } from "../../../engine/book/book-outcome.ts";
import type { BookSide } from "../../../engine/book/book-side.ts";
import { type MarketBook, MarketBooks } from "../../../engine/book/market-books.ts";
import type { OrderReading } from "../../../engine/orders/order-reading.ts";

type Side = [number, number][];

const units = 4;

export class ReplayedBooks {
  /** `at: text` of each. */
  readonly faults: string[] = [];
  /** Update ids in order, as `symbol id`, of what was applied. */
  readonly applied: string[] = [];
  /** As `symbol buy|sell size at price`. */
  readonly trades: string[] = [];
  readonly #view = new DataView(new ArrayBuffer(depthItemBytesMax));
  readonly #item = new DepthItem();
  readonly #books = new MarketBooks({
    memory: createBookMemory(8),
    onApplied: (book, item) => this.applied.push(`${symbolOf(book.slot)} ${item.lastId}`),
  });

  take(readings: Iterable<OrderReading>, message: DepthMessage): void {
    for (const { at, fault } of readings) {
      if (fault !== null) {
        this.faults.push(`${at}: ${venueFaultText(fault)}`);
        continue;
      }
      const bytes = encodeDepthItem(message, this.#view, 0);
      const outcome = this.#books.apply(this.#view, 0, bytes);
      if (isReplayFault(outcome)) this.faults.push(`${at}: ${bookOutcomeText(outcome)}`);
      if (outcome === bookOutcome.trade) this.#addTrade(message.symbol, bytes);
    }
  }

  /** Levels in units of 10^-4, best first. */
  levels(symbol: string): { bids: Side; asks: Side } {
    const { book } = this.#bookOf(symbol);
    const scaled = (side: BookSide): Side =>
      side.levels().map(([price, size]) => [price * 10 ** (units - book.priceScale), size]);
    const bids = scaled(book.bids).sort(([a], [b]) => b - a);
    return { bids, asks: scaled(book.asks).sort(([a], [b]) => a - b) };
  }

  /** Best bid and ask as text: `size at price / size at price`. */
  top(symbol: string): string {
    const { book } = this.#bookOf(symbol);
    return [book.bids, book.asks]
      .map((side) =>
        side.bestPrice < 0
          ? "nothing"
          : `${side.bestSize} at ${formatDecimal(side.bestPrice, book.priceScale)}`,
      )
      .join(" / ");
  }

  get symbols(): string[] {
    return this.#books.books.map(({ slot }) => symbolOf(slot));
  }

  #bookOf(symbol: string): MarketBook {
    const found = this.#books.books.find(({ slot }) => symbolOf(slot) === symbol);
    if (found === undefined) throw new Error(`no book of ${symbol}`);
    return found;
  }

  #addTrade(symbol: string, bytes: number): void {
    this.#item.point(this.#view, 0, bytes);
    const { bidCount, priceScale } = this.#item;
    const price = formatDecimal(this.#item.price(0), priceScale);
    this.trades.push(
      `${symbol} ${bidCount === 1 ? "buy" : "sell"} ${this.#item.size(0)} at ${price}`,
    );
  }
}

/** Bytes in chunks of the sizes that `next` gives. */
export function* chunked(bytes: Uint8Array, next: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = at + next();
    yield bytes.subarray(at, end);
    at = end;
  }
}
