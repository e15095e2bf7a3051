// The other side of the depth race test: the one writer of a book. Each item moves all ten levels
// of both sides, so that a copy of two items together would show two sizes.
import { workerData } from "node:worker_threads";

import { bookSlot } from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";

// Words of `control`: 0 stop, asked by the reader; 1 items, by us.
const { memory, control } = workerData as { memory: SharedArrayBuffer; control: Int32Array };
const book = new OrderBook(bookSlot(memory, 0));
const origin = { state: 2, isTrusted: true, updateId: 0, receiveNsLow: 0, receiveNsHigh: 0 };
const levels = 10;
const gapLoads = 200;
let bid = 1_000_000;
for (let item = 1; Atomics.load(control, 0) === 0; item += 1) {
  book.beginUpdate();
  for (let i = 0; i < levels; i += 1) {
    book.bids.set(bid - i, 0);
    book.asks.set(bid + 1 + i, 0);
  }
  // Now and then a jump that moves both windows.
  bid = 1_000_000 + (item % 64 === 0 ? (item * 7919) % 900_000 : (bid + (item % 7)) % 1000);
  for (let i = 0; i < levels; i += 1) {
    book.bids.set(bid - i, item);
    book.asks.set(bid + 1 + i, item);
  }
  origin.updateId = item;
  book.publish(origin);
  Atomics.store(control, 1, item);
  // Items come with gaps, as long as reading the next one takes.
  for (let i = 0; i < gapLoads; i += 1) Atomics.load(control, 0);
}
