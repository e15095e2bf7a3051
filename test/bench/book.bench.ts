// The order book: ns per level update on a made-up stream against a C++ control of the same
// algorithm, the prototype and the plain twin; recorded files through the market thread's code;
// reading the top. One stream, one run; figures only.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bookSlot, createBookMemory, headerWord } from "../../engine/book/book-layout.ts";
import { DepthReader } from "../../engine/book/depth-reader.ts";
import { createDepth } from "../../engine/book/depth.ts";
import { MarketBooks } from "../../engine/book/market-books.ts";
import { OrderBook } from "../../engine/book/order-book.ts";
import { readTops, TopReader } from "../../engine/book/top-reader.ts";
import { depthKind } from "../../schemas/market/depth-item.ts";
import { recordedFiles, recordedItems } from "../engine/book/recorded.ts";
import { plainBook } from "../oracles/plain-book.ts";
import { seeded } from "../random.ts";
import {
  compiledPrototype,
  prototypeBook,
  prototypeControl,
  prototypeStream,
} from "./book-prototypes.ts";
import { compileControl } from "./compile-control.ts";
import {
  type BenchOptions,
  figure,
  report,
  roundsOf,
  spread,
  timeNs,
  timePartsNs,
} from "./harness.ts";

const bidTop = 6_000_000;
const askTop = bidTop + 1;
const levels = 768;
const stride = 3;
const bid = 0;
const readersCount = 16;
// The size of the published figures: the stream does not fit the caches.
const streamCount = 1 << 20;
const streamRounds = 15;
/** Updates that are timed together: half a millisecond, between what else the machine does. */
const partUpdates = 1 << 15;
/** Parts before the first that counts: half a second, in which V8 compiles the loops more than once. */
const warmParts = 1024;
/** Levels of a message, where a book is published by messages. */
const messageLevels = 16;

type Stream = { readonly name: string; readonly updates: Float64Array; readonly count: number };

/** Updates of price, size, side: 22 % clear a level that is there, the rest set one. */
const streamOf = (name: string, count: number, exponent: number): Stream => {
  const random = seeded(7);
  const updates = new Float64Array(count * stride);
  const occupied = [new Set<number>(), new Set<number>()];
  for (let i = 0; i < count; i += 1) {
    const side = i < 2 ? i : random.below(2);
    const away = i < 2 ? 0 : Math.floor(random.next() ** exponent * levels);
    const isClear = random.next() < 0.22 / 0.78 && occupied[side]?.has(away) === true && i >= 2;
    if (isClear) occupied[side]?.delete(away);
    else occupied[side]?.add(away);
    const size = isClear ? 0 : 1 + random.below(1_000_000);
    updates.set([side === bid ? bidTop - away : askTop + away, size, side], i * stride);
  }
  return { name, updates, count };
};

const origin = { state: 2, isTrusted: true, updateId: 0, receiveNsLow: 0, receiveNsHigh: 0 };

// The loops are functions over a part of the stream with everything in locals, as code is that walks
// the levels of one message; a loop over the whole stream would be compiled while it runs, and worse.

// The side by index, as the control does: a branch here would be measured instead of the book. What
// comes as an argument counts as an integer only after `| 0`.
const setLevels = ({ sides }: OrderBook, updates: Float64Array, from: number, to: number): void => {
  for (let at = from | 0; at < (to | 0); at += stride)
    sides[((updates[at + 2] as number) & 1) as 0 | 1].set(
      updates[at] as number,
      updates[at + 1] as number,
    );
};

const setAndPublish = (book: OrderBook, updates: Float64Array, from: number, to: number): void => {
  const { sides } = book;
  for (let at = from | 0; at < (to | 0); at += stride) {
    sides[((updates[at + 2] as number) & 1) as 0 | 1].set(
      updates[at] as number,
      updates[at + 1] as number,
    );
    book.publish(origin);
  }
};

const setMessages = (book: OrderBook, updates: Float64Array, from: number, to: number): void => {
  for (let at = from | 0; at < (to | 0); at += messageLevels * stride) {
    setLevels(book, updates, at, at + messageLevels * stride);
    book.publish(origin);
  }
};

const loops = [setAndPublish, setMessages];

// The loop by its number, so that V8 does not compile it into its caller, which its middle compiler
// would then keep for long: in a thread that runs for minutes the loop is compiled by itself.
const applyPart = (loop: number, book: OrderBook, updates: Float64Array, part: number): void => {
  const from = part * partUpdates * stride;
  const to = Math.min(updates.length, from + partUpdates * stride);
  (loops[loop] as typeof setMessages)(book, updates, from, to);
};

/** Applies part number `part` of the stream to a book of its own. */
const ours = ({ updates }: Stream, loop: number): ((part: number) => void) => {
  const book = new OrderBook(bookSlot(createBookMemory(1), 0));
  return (part) => {
    applyPart(loop, book, updates, part);
  };
};

const plain = ({ updates, count }: Stream): (() => void) => {
  const book = plainBook();
  return () => {
    for (let at = 0; at < count * stride; at += stride) {
      const price = updates[at] ?? 0;
      const size = updates[at + 1] ?? 0;
      if (updates[at + 2] === bid) book.setBid(price, size);
      else book.setAsk(price, size);
      if (size === 0) book.bestBid();
    }
  };
};

type ControlRun = {
  readonly binary: string;
  readonly file: string;
  readonly count: number;
  readonly publishEvery: number;
};

const partsOf = (count: number): number => Math.ceil(count / partUpdates);

const control = ({ binary, file, count, publishEvery }: ControlRun, form: "same" | "plain") => {
  const [rounds, parts] = [streamRounds + 2, partsOf(count)].map(String);
  const words = [file, String(count), rounds ?? "", String(publishEvery), form, parts ?? ""];
  const lines = execFileSync(binary, words).toString().trim().split("\n");
  return roundsOf(lines.slice(2).map((line) => line.split(" ").slice(0, -2).map(Number)));
};

/** Of C++; null where there is none. */
type Binaries = { readonly own: string | null; readonly prototype: string | null };

const compiled = (folder: string): Binaries => {
  const source = fileURLToPath(new URL("book-control.cpp", import.meta.url));
  const own = join(folder, "book-control");
  return {
    own: compileControl(source, own) === null ? own : null,
    prototype: compiledPrototype(join(folder, "prototype-control")),
  };
};

const runPrototypes = (stream: Stream, publishedNs: number, binary: string | null): void => {
  const { name, count } = stream;
  const converted = prototypeStream(stream.updates, { bidTop, askTop });
  const apply = prototypeBook(converted, Math.min(count, partUpdates));
  if (apply !== null) {
    const timing = { warmups: 3, rounds: streamRounds, operations: Math.min(count, partUpdates) };
    const updateNs = timePartsNs(timing, partsOf(count), apply);
    report({ bench: "book", stream: name, rival: "prototype BookSW", updateNs });
  }
  const native = binary === null ? null : prototypeControl(converted, binary);
  if (native === null) return;
  const ratio = publishedNs / native.minNs;
  report({ bench: "book", stream: name, rival: "C++, the prototypes' control", ...native, ratio });
};

const runStream = (stream: Stream, folder: string, binaries: Binaries): void => {
  const { name, count } = stream;
  const operations = Math.min(count, partUpdates);
  const timing = { warmups: 3, rounds: streamRounds, operations };
  const file = join(folder, `${name}.bin`);
  writeFileSync(file, stream.updates);
  let publishedNs = 0;
  const works = [1, messageLevels].map((publishEvery, loop) => ({
    publishEvery,
    apply: ours(stream, loop),
  }));
  // In turn, so that the place that calls both loops knows both.
  for (let part = 0; part < warmParts; part += 1)
    for (const { apply } of works) apply(part % partsOf(count));
  for (const { publishEvery, apply } of works) {
    const own = timePartsNs(timing, partsOf(count), apply);
    figure(`${name}, publish every ${publishEvery} (ns)`, own.spread);
    report({ bench: "book", stream: name, publishEvery, updateNs: own });
    if (publishEvery === 1) publishedNs = own.quiet;
    if (binaries.own === null) continue;
    const controlRun = { binary: binaries.own, file, count, publishEvery };
    for (const form of ["same", "plain"] as const) {
      const native = control(controlRun, form);
      const ratio = own.quiet / native.quiet;
      const rival = `C++, ${form} algorithm`;
      report({ bench: "book", stream: name, publishEvery, rival, updateNs: native, ratio });
    }
  }
  runPrototypes(stream, publishedNs, binaries.prototype);
  const few = { ...stream, count: Math.min(count, 20_000) };
  const twin = timeNs({ warmups: 2, rounds: 3, operations: few.count }, plain(few));
  report({ bench: "book", stream: name, rival: "plain twin", updateNs: twin });
};

const runRecorded = async (rounds: number): Promise<void> => {
  for (const { name, venue, path } of recordedFiles()) {
    const wanted = [depthKind.snapshot, depthKind.delta];
    const { view, ends } = await recordedItems(path, venue, wanted);
    const rates: number[] = [];
    let updates = 0;
    let moves = 0;
    for (let round = 0; round < rounds; round += 1) {
      const memory = createBookMemory(1);
      const books = new MarketBooks({ memory });
      const start = process.hrtime.bigint();
      for (let i = 1; i < ends.length; i += 1) books.apply(view, ends[i - 1] ?? 0, ends[i] ?? 0);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      ({ levelUpdates: updates, windowMoves: moves } = readTops(memory)[0]?.counters ?? {
        levelUpdates: 0,
        windowMoves: 0,
      });
      if (round > 1) rates.push(updates / seconds / 1e6);
    }
    const millionPerSecond = spread(rates);
    figure(`recorded ${name} (M updates/s)`, millionPerSecond, "higher");
    report({ bench: "book", recorded: name, updates, moves, millionPerSecond });
  }
};

// Several readers in turn: the plain read of a single one would be moved out of the loop.
const runReads = (reads: number): void => {
  const memory = createBookMemory(readersCount);
  const readers = Array.from({ length: readersCount }, (_, index) => {
    const book = new OrderBook(bookSlot(memory, index));
    book.fitScales({ priceScale: 2, sizeScale: 5, priceMax: askTop, sizeMax: 10 });
    book.bids.set(bidTop, 5);
    book.asks.set(askTop, 6);
    book.publish(origin);
    return new TopReader(memory, index);
  });
  let sum = 0;
  const timing = { warmups: 2, rounds: 7, operations: reads };
  // Loops written out, so that each read is compiled into its loop.
  const wordNs = timeNs(timing, () => {
    let part = 0;
    for (let i = 0; i < reads; i += 1) part |= readers[i & (readersCount - 1)]?.packedWord() ?? 0;
    sum += part === 0 ? 1 : 0;
  });
  const spreadNs = timeNs(timing, () => {
    let part = 0;
    for (let i = 0; i < reads; i += 1) part += readers[i & (readersCount - 1)]?.spread() ?? 0;
    sum += part;
  });
  const recordNs = timeNs(timing, () => {
    let part = 0;
    for (let i = 0; i < reads; i += 1) {
      part += readers[i & (readersCount - 1)]?.readRecord() === true ? 1 : 0;
    }
    sum += part;
  });
  if (sum !== reads * 18) throw new Error(`reads gave ${sum}, expected ${reads * 18}`);
  const baseNs = timeNs(timing, () => {
    let part = 0;
    for (let i = 0; i < reads; i += 1)
      part += readers[i & (readersCount - 1)] === undefined ? 1 : 0;
    sum += part;
  });
  figure("read of the packed word (ns)", wordNs);
  figure("read of the record (ns)", recordNs);
  report({ bench: "book", packedWordNs: wordNs, spreadNs, recordReadNs: recordNs, loopNs: baseNs });
  runDepthReads(Math.max(1000, reads / 100));
};

const runDepthReads = (reads: number): void => {
  const memory = createBookMemory(1);
  new Int32Array(memory)[headerWord.symbols] = 1;
  const book = new OrderBook(bookSlot(memory, 0));
  for (let i = 0; i < 100; i += 1) {
    book.bids.set(bidTop - 2 * i, i + 1);
    book.asks.set(askTop + 2 * i, i + 1);
  }
  book.publish(origin);
  const reader = new DepthReader(memory, 0);
  for (const levelsMax of [10, 50]) {
    const depth = createDepth(levelsMax);
    let good = 0;
    const depthReadNs = timeNs({ warmups: 2, rounds: 5, operations: reads }, () => {
      for (let i = 0; i < reads; i += 1) good += reader.read(depth) ? 1 : 0;
    });
    if (good !== reads * 7) throw new Error(`${good} of ${reads * 7} depth reads were good`);
    figure(`read of ${levelsMax} levels a side (ns)`, depthReadNs);
    report({ bench: "book", levelsOfASide: levelsMax, depthReadNs });
  }
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const count = smoke ? 4096 : streamCount;
  const folder = mkdtempSync(join(tmpdir(), "weir-book-"));
  try {
    const binaries = compiled(folder);
    runStream(streamOf("uniform", count, 1), folder, binaries);
    runStream(streamOf("near-touch", count, 3), folder, binaries);
  } finally {
    rmSync(folder, { recursive: true });
  }
  await runRecorded(smoke ? 3 : 12);
  runReads(smoke ? 10_000 : 20_000_000);
};
