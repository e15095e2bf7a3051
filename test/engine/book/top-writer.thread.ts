// The other side of the tearing test: the one writer of a book's top. Every top it shows obeys a
// rule that a torn read would break: ask = bid + 1 + bid % 7, sizes are functions of the prices.
import { workerData } from "node:worker_threads";

import { bookSlot } from "../../../engine/book/book-layout.ts";
import { OrderBook } from "../../../engine/book/order-book.ts";

// Words of `control`: 0 stop, asked by the reader; 1 publications and 2 window moves, by us.
const { memory, control } = workerData as { memory: SharedArrayBuffer; control: Int32Array };
const book = new OrderBook(bookSlot(memory, 0));
book.fitScales({ priceScale: 2, sizeScale: 3, priceMax: 0, sizeMax: 0 });
const origin = { state: 2, isTrusted: true, updateId: 0, receiveNsLow: 0, receiveNsHigh: 0 };
let bid = 1_000_000;
let state = 1;
while (Atomics.load(control, 0) === 0) {
  for (let i = 0; i < 256; i += 1) {
    const ask = bid + 1 + (bid % 7);
    book.bids.set(bid, 0);
    book.asks.set(ask, 0);
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // Mostly small steps; now and then a jump that moves both windows.
    const isJump = state % 50 === 0;
    bid = 1_000_000 + (isJump ? (state >>> 8) % 900_000 : (bid + ((state >>> 8) % 21)) % 1_000_000);
    book.bids.set(bid, bid * 3);
    const askNow = bid + 1 + (bid % 7);
    book.asks.set(askNow, askNow * 5);
    origin.updateId = bid + askNow;
    book.publish(origin);
  }
  Atomics.add(control, 1, 256);
  Atomics.store(control, 2, book.bids.moves);
}
