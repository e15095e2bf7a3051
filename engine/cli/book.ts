// weir book: replays recorded depth and prints the top of the book. It takes the way of the
// running system: messages to depth items to the market thread's books.
import { depthCodeText, DepthItem } from "../../schemas/market/depth-item.ts";
import { depthItemBytesMax } from "../../schemas/market/depth-layout.ts";
import { encodeDepthItem } from "../../schemas/market/depth-message.ts";
import { recordedWaitingMax } from "../../schemas/market/recorded-reader.ts";
import {
  isVenueName,
  typedSymbol,
  orderVenueNames,
  type VenueName,
  venueNames,
} from "../../schemas/market/venues.ts";
import { bookSymbolsDefault, createBookMemory, symbolOf } from "../book/book-layout.ts";
import { bookLine, summaryLine } from "../book/book-lines.ts";
import { bookOutcome, bookOutcomeText, isReplayFault } from "../book/book-outcome.ts";
import { type MarketBook, MarketBooks } from "../book/market-books.ts";
import { Vwap } from "../book/vwap.ts";
import { checkStandardInput } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { readLines } from "./input.ts";
import { placeOf, Recording, type RecordingReading } from "./recording.ts";
import { ReplayFaults } from "./replay-faults.ts";

const updateIdForm = /^\d{1,16}$/;

type Plan = {
  readonly venue: VenueName;
  readonly symbol: string;
  readonly at: string | undefined;
  readonly isStrict: boolean;
  readonly files: readonly string[];
};

const planOf = ({ values, positionals }: Arguments): Plan => {
  const { venue, symbol, at, strict } = values;
  if (typeof venue !== "string") throw new UsageError("--venue VENUE is missing");
  if (!isVenueName(venue)) {
    throw new UsageError(`--venue ${venue} is not known; known: ${venueNames.join(", ")}`);
  }
  if (positionals.length === 0) throw new UsageError("FILE is missing; - is standard input");
  checkStandardInput("--at - and FILE -", [
    typeof at === "string" ? at : undefined,
    ...positionals,
  ]);
  return {
    venue,
    symbol: typeof symbol === "string" ? typedSymbol(venue, symbol) : "",
    at: typeof at === "string" ? at : undefined,
    isStrict: strict === true,
    files: positionals,
  };
};

const readUpdateIds = async (file: string, io: Io, faults: ReplayFaults): Promise<Set<number>> => {
  const ids = new Set<number>();
  for await (const line of readLines([file], io)) {
    const text = line.text.trim();
    if (text === "") continue;
    if (updateIdForm.test(text)) ids.add(Number(text));
    else
      faults.addAt(
        `${line.file}:${line.line}`,
        `found ${text.slice(0, 40)}, expected one update id`,
      );
    if (faults.isOver) break;
  }
  return ids;
};

/** Books over recorded messages, with the lines to print. */
class Replay {
  readonly #books: MarketBooks;
  readonly #venue: VenueName;
  readonly #symbol: string;
  readonly #vwaps = new Map<string, Vwap>();
  readonly #view = new DataView(new ArrayBuffer(depthItemBytesMax));
  readonly #trade = new DepthItem();
  readonly #ids: ReadonlySet<number> | null;
  skipped = 0;
  gaps = 0;
  /** Lines made by the latest message. */
  lines: string[] = [];

  constructor({ venue, symbol }: Plan, ids: ReadonlySet<number> | null) {
    this.#venue = venue;
    this.#symbol = symbol;
    this.#ids = ids;
    this.#books = new MarketBooks({
      memory: createBookMemory(bookSymbolsDefault),
      onApplied: (book, item, isTopChanged) => this.#onApplied(book, item, isTopChanged),
    });
  }

  /** Returns what is wrong with the reading, or null. */
  take({ message, fault }: RecordingReading): string | null {
    this.lines = [];
    if (message === null) return fault;
    if (this.#symbol !== "" && typedSymbol(this.#venue, message.symbol) !== this.#symbol) {
      this.skipped += 1;
      return null;
    }
    const bytes = encodeDepthItem(message, this.#view, 0);
    if (bytes < 0) return depthCodeText(-bytes);
    const outcome = this.#books.apply(this.#view, 0, bytes);
    if (outcome === bookOutcome.trade) this.#addTrade(message.symbol, bytes);
    if (outcome === bookOutcome.gap) this.gaps += 1;
    return isReplayFault(outcome) ? bookOutcomeText(outcome) : null;
  }

  summaries(): string[] {
    const { books } = this.#books;
    if (books.length === 0) return [summaryLine(this.#symbol, null, null)];
    return books.map((book) => {
      const symbol = symbolOf(book.slot);
      return summaryLine(symbol, book, this.#vwaps.get(symbol)?.value() ?? null);
    });
  }

  #onApplied(book: MarketBook, item: DepthItem, isTopChanged: boolean): void {
    const isWanted = this.#ids === null ? isTopChanged : this.#ids.has(item.lastId);
    if (isWanted) this.lines.push(bookLine(symbolOf(book.slot), book, item));
  }

  #addTrade(symbol: string, bytes: number): void {
    const item = this.#trade;
    item.point(this.#view, 0, bytes);
    const vwap = this.#vwaps.get(symbol) ?? new Vwap();
    this.#vwaps.set(symbol, vwap);
    const { priceScale, sizeScale } = item;
    vwap.add({ price: item.price(0), size: item.size(0), priceScale, sizeScale });
  }
}

type Run = {
  readonly recording: Recording;
  readonly replay: Replay;
  readonly faults: ReplayFaults;
};

const replayFiles = async (run: Run, io: Io): Promise<void> => {
  const { recording, replay, faults } = run;
  for await (const readings of recording.read()) {
    for (const reading of readings) {
      const wrong = replay.take(reading);
      for (const line of replay.lines) await io.line(line);
      if (wrong !== null) faults.addAt(placeOf(reading), wrong);
      if (faults.isOver) return;
    }
    if (io.signal.aborted) return;
  }
};

const run = async (args: Arguments, io: Io): Promise<number> => {
  const plan = planOf(args);
  const faults = new ReplayFaults("weir book", io, plan.isStrict);
  const ids = plan.at === undefined ? null : await readUpdateIds(plan.at, io, faults);
  const replay = new Replay(plan, ids);
  const recording = new Recording(plan, io);
  if (!faults.isOver) await replayFiles({ recording, replay, faults }, io);
  for (const line of replay.summaries()) await io.line(line);
  faults.finish();
  const { ignored, skipped } = recording.counts;
  const notes: readonly [number, string][] = [
    [replay.gaps, "gaps: the book is not exact until the next snapshot"],
    [replay.skipped + skipped, `messages of other symbols than ${plan.symbol} skipped`],
    [ignored, "messages that say nothing about the book ignored"],
  ];
  for (const [count, text] of notes) if (count > 0) io.note(`weir book: ${count} ${text}`);
  for (const text of recording.notes()) io.note(`weir book: ${text}`);
  return faults.count > 0 ? exitCode.failed : exitCode.good;
};

export const book: Command = {
  name: "book",
  purpose: "Replays recorded depth through the order book and prints the top of the book",
  usage: "--venue VENUE [options] FILE...",
  options: {
    venue: {
      value: "VENUE",
      help: `whose format and sequence rule: ${venueNames.join(", ")}; files of single orders: ${orderVenueNames.join(", ")} (files of messages; its file of books beside one is the check)`,
    },
    symbol: {
      value: "SYMBOL",
      help: `only this symbol; also that of messages that name none, as REST snapshots and Bitfinex's without its "subscribed" (else the only one of the file; up to ${recordedWaitingMax} lines wait for it)`,
    },
    at: { value: "FILE", help: "one update id per line: print only the state right after each" },
    strict: { help: "stop at the first bad line" },
  },
  examples: [
    "weir book --venue binance-spot btcusdt.gz",
    "weir book --venue binance-usdm --symbol BTCUSDT --at ids.txt monday.gz tuesday.gz",
  ],
  run,
};
