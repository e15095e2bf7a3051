// Several market makers write quotes into one compact book at once, each from a thread of its own
// and without a lock; a monitor watches the spread. Every maker takes back what it quoted but for its
// last quotes, so that at the end the book must hold exactly those of all makers together.
import { setImmediate as turn } from "node:timers/promises";
import { isMainThread, Worker, workerData } from "node:worker_threads";

import { CompactBook, compactBookBytes, compactOutcome } from "weir/book";

const makers = 3;
const rounds = 5_000;
const size = 10;
/** Cents; within 1024 ticks the compact book is exact. */
const middle = 500;

type Maker = {
  readonly memory: SharedArrayBuffer;
  /** Updates that did not come through, of all makers: Int32. */
  readonly failed: SharedArrayBuffer;
  readonly number: number;
};

/** Half of the spread of a maker's quotes in a round: wider and narrower in turns. */
const halfSpread = (number: number, round: number): number => 2 + number + (round % 7);

const quote = ({ memory, failed, number }: Maker): void => {
  const book = new CompactBook({ memory, tickShift: 0 });
  const failures = new Int32Array(failed);
  const check = (outcome: number): void => {
    if (outcome !== compactOutcome.good) Atomics.add(failures, 0, 1);
  };
  for (let round = 0; round < rounds; round += 1) {
    const half = halfSpread(number, round);
    check(book.updateBid(middle - half, size, round));
    check(book.updateAsk(middle + half, size, round));
    if (round === rounds - 1) return;
    check(book.updateBid(middle - half, -size, round));
    check(book.updateAsk(middle + half, -size, round));
  }
};

const monitor = async (): Promise<void> => {
  const memory = new SharedArrayBuffer(compactBookBytes);
  const failed = new SharedArrayBuffer(4);
  let running = makers;
  for (let number = 0; number < makers; number += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { memory, failed, number } });
    worker.once("exit", () => {
      running -= 1;
    });
  }
  const book = new CompactBook({ memory, tickShift: 0 });
  const seen = { looks: 0, quoted: 0, spreadMin: Infinity, spreadMax: 0 };
  for (let isLast = false; !isLast;) {
    // Makers that are through have left their last quotes: these at least are seen.
    isLast = running === 0;
    for (let look = 0; look < 1000; look += 1) {
      // One load: bid and ask are of one moment, so the spread is never torn or negative.
      const spread = book.spread();
      seen.looks += 1;
      if (spread === null) continue;
      seen.quoted += 1;
      seen.spreadMin = Math.min(seen.spreadMin, spread);
      seen.spreadMax = Math.max(seen.spreadMax, spread);
    }
    await turn();
  }
  console.log(JSON.stringify(seen));
  let bidTotal = 0;
  let askTotal = 0;
  for (let price = 0; price < 2 * middle; price += 1) {
    bidTotal += book.bidQuantity(price);
    askTotal += book.askQuantity(price);
  }
  const [bid, ask, spread] = [book.bestBid(), book.bestAsk(), book.spread()];
  const updates = makers * (rounds * 4 - 2);
  const failures = Atomics.load(new Int32Array(failed), 0);
  console.log(JSON.stringify({ updates, failures, bid, ask, spread, bidTotal, askTotal }));
};

if (isMainThread) await monitor();
else quote(workerData as Maker);
