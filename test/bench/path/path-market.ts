// The market role of the path benchmark: sniffer and book between two rings, put together from the
// library's parts as a user would. Trades become levels: the quote amount is the price in ticks, the
// base amount the size, a buy a bid and a sell an ask.
import { bookSlot } from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { Extractor } from "../../../engine/sniff/extractor.ts";
import { matchField as matchFieldShared } from "../../../engine/sniff/match-table.ts";
import { verdict as verdictShared } from "../../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../../engine/sniff/watch-list.ts";
import type { Stage } from "../../../engine/threads/stage.ts";
import { candidateDirections } from "../../../schemas/market/candidate-layout.ts";
import { instructionRules } from "../../../schemas/market/programs.ts";
import {
  bidPriceMax,
  inputAt as inputAtShared,
  outputAt as outputAtShared,
  outputSlotBytes as outputSlotBytesShared,
  type PathMemory,
} from "./path-plan.ts";

// Own constants, because an imported binding is loaded at each use.
const matchField = matchFieldShared;
const verdict = verdictShared;
const inputAt = inputAtShared;
const outputAt = outputAtShared;
const outputSlotBytes: number = outputSlotBytesShared;

const batchMax = 64;
const sell = candidateDirections.indexOf("sell");
const origin = { state: 2, isTrusted: true, updateId: 0, receiveNsLow: 0, receiveNsHigh: 0 };
const range = { priceScale: 2, sizeScale: 0, priceMax: 2 * bidPriceMax, sizeMax: 2 ** 32 };

/** One thread. */
export class PathMarket implements Stage {
  readonly name = "path market";
  readonly input: MessageRingReader;
  received = 0;
  candidates = 0;
  readonly #output: SlotRingWriter;
  readonly #extractor = new Extractor({ watch: new WatchList(watchedPrograms(instructionRules)) });
  readonly #book: OrderBook;
  #slot = 0;
  #filled = 0;
  readonly #take = (_type: number, index: number, length: number): void => {
    const { view } = this.input;
    const at = index + inputAt.transaction;
    this.received += 1;
    if (this.#extractor.extract(view, at, index + length) === verdict.candidate) this.#trade(index);
  };

  constructor({ input, output, book }: PathMemory) {
    this.input = new MessageRingReader(input);
    this.#output = new SlotRingWriter(output);
    this.#book = new OrderBook(bookSlot(book, 0));
    this.#book.fitScales(range);
  }

  start(): void {
    // All is set up at construction.
  }

  /** Takes what is there, up to a batch and to the room in the output ring. */
  work(): number {
    const output = this.#output;
    const room = output.claim(batchMax);
    if (room === 0) return 0;
    this.#slot = output.slotBase(0);
    this.#filled = 0;
    const taken = this.input.drain(this.#take, room);
    if (this.#filled > 0) {
      this.#book.publish(origin);
      output.publish(this.#filled);
    }
    return taken;
  }

  stop(): void {
    // Each turn of work leaves nothing behind.
  }

  #trade(index: number): void {
    const { view } = this.input;
    const { table } = this.#extractor;
    const { bids, asks } = this.#book;
    const price = view.getUint32(table.match(0, matchField.quoteAt), true);
    const size = view.getUint32(table.match(0, matchField.baseAt), true);
    const side = table.match(0, matchField.direction) === sell ? asks : bids;
    side.set(price, size);
    const to = this.#output.f64;
    const at = this.#slot >> 3;
    to[at + (outputAt.dueMs >> 3)] = view.getFloat64(index + inputAt.dueMs, true);
    to[at + (outputAt.number >> 3)] = view.getFloat64(index + inputAt.number, true);
    to[at + (outputAt.price >> 3)] = price;
    to[at + (outputAt.size >> 3)] = size;
    to[at + (outputAt.bid >> 3)] = bids.bestIndex;
    to[at + (outputAt.ask >> 3)] = asks.bestIndex;
    this.#slot += outputSlotBytes;
    this.#filled += 1;
    this.candidates += 1;
  }
}
