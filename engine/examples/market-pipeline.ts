// Market data from a venue's JSON to a book that other threads read: a feed thread turns Binance
// messages into depth items in a ring, a book thread applies them by the venue's sequence rule, and
// this thread reads the top of the book from shared memory while both are at work.
import { isMainThread, Worker, workerData } from "node:worker_threads";

import {
  createBookMemory,
  depthItemBytesMax,
  DepthMessage,
  encodeDepthItem,
  isRefusal,
  MarketBooks,
  readTops,
  readVenueText,
  venueFaultText,
} from "weir/book";
import { createMessageRing, MessageRingReader, MessageRingWriter, readRingStats } from "weir/ring";
import { runDutyCycle } from "weir/stage";

type Shared = {
  readonly role: "feed" | "books";
  readonly ring: SharedArrayBuffer;
  readonly books: SharedArrayBuffer;
  readonly stop: SharedArrayBuffer;
};

const updates = 5_000;
const itemType = 1;

/** Messages as the venue sends them: a snapshot over REST, then updates that count on from it. */
function* messages(): Generator<object> {
  let middle = 60_000;
  const level = (price: number, size: number): readonly string[] => [
    price.toFixed(2),
    size.toFixed(4),
  ];
  const side = (sign: 1 | -1): readonly (readonly string[])[] =>
    Array.from({ length: 20 }, (_, i) => level(middle + sign * (0.5 + i), 1 + i));
  yield { lastUpdateId: 100, bids: side(-1), asks: side(1) };
  for (let i = 1; i <= updates; i += 1) {
    // The market moves by one; the side that it leaves behind loses its best level.
    const up = (i * 7) % 13 < 7 ? 1 : -1;
    const gone = level(middle + up * 0.5, 0);
    middle += up;
    const fresh = level(middle - up * 0.5, 1 + (i % 9));
    const far = level(middle + up * 19.5, 2);
    const [bids, asks] = up > 0 ? [[fresh], [gone, far]] : [[gone, far], [fresh]];
    yield { e: "depthUpdate", E: i, s: "BTCUSDT", U: 100 + i, u: 100 + i, b: bids, a: asks };
  }
}

const feed = ({ ring }: Shared): void => {
  const writer = new MessageRingWriter(ring);
  const message = new DepthMessage();
  const scratch = new Uint8Array(depthItemBytesMax);
  const view = new DataView(scratch.buffer);
  for (const json of messages()) {
    const receiveNs = process.hrtime.bigint();
    const context = { venue: "binance-spot", symbol: "BTCUSDT", receiveNs } as const;
    const fault = readVenueText(JSON.stringify(json), context, message);
    if (fault !== null) throw new Error(venueFaultText(fault));
    const bytes = encodeDepthItem(message, view, 0);
    while (!writer.tryWrite(itemType, scratch, bytes)) writer.waitForSpace(bytes, 1000);
    writer.publish();
  }
};

const applyAll = ({ ring, books: memory, stop }: Shared): void => {
  const reader = new MessageRingReader(ring);
  const books = new MarketBooks({ memory });
  const onItem = (_type: number, at: number, length: number): void => {
    const outcome = books.apply(reader.view, at, at + length);
    if (isRefusal(outcome)) throw new Error(`refused with outcome=${outcome}`);
  };
  const stage = {
    name: "books",
    start: () => undefined,
    work: () => reader.drain(onItem, 256),
    stop: () => undefined,
  };
  const flag = new Int32Array(stop);
  runDutyCycle(
    stage,
    (idleMs) => reader.waitForMessages(idleMs),
    () => Atomics.load(flag, 0) === 1,
  );
};

const watch = async (): Promise<void> => {
  const shared = {
    ring: createMessageRing({ capacityBytes: 1 << 20, policy: "block" }),
    books: createBookMemory(1),
    stop: new SharedArrayBuffer(4),
  };
  const start = (role: Shared["role"]) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { role, ...shared } });
    return new Promise<void>((resolve, reject) => {
      worker.once("exit", () => resolve());
      worker.once("error", reject);
    });
  };
  const books = start("books");
  const fed = start("feed");
  const looks = setInterval(() => {
    for (const { bid, ask, updateId } of readTops(shared.books))
      console.log(JSON.stringify({ look: "while it changes", bid, ask, updateId }));
  }, 20);
  await fed;
  Atomics.store(new Int32Array(shared.stop), 0, 1);
  await books;
  clearInterval(looks);
  const [top] = readTops(shared.books);
  if (top === undefined) throw new Error("there is no book");
  const { venue, symbol, state, bid, bidSize, ask, askSize, updateId, counters } = top;
  console.log(JSON.stringify({ venue, symbol, state, bid, bidSize, ask, askSize, updateId }));
  const { applied, gaps, stale, levelUpdates, crossed } = counters;
  const { written, inFlight } = readRingStats(shared.ring);
  console.log(
    JSON.stringify({ items: written, inFlight, applied, gaps, stale, levelUpdates, crossed }),
  );
};

const data = workerData as Shared | null;
if (isMainThread || data === null) await watch();
else if (data.role === "feed") feed(data);
else applyAll(data);
