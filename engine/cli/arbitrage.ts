// weir arbitrage: replays recorded depth of several venues side by side, in order of receive
// time, and prints what could have been earned between them.
import { formatDecimal, parseDecimal } from "../../schemas/market/decimal.ts";
import { depthCodeText, DepthItem } from "../../schemas/market/depth-item.ts";
import { depthItemBytesMax } from "../../schemas/market/depth-layout.ts";
import { encodeDepthItem } from "../../schemas/market/depth-message.ts";
import { isInDollars } from "../../schemas/market/venue-deribit.ts";
import {
  isVenueName,
  typedSymbol,
  type VenueName,
  venueNames,
} from "../../schemas/market/venues.ts";
import { Arbitrage, type Leg, type Opportunity } from "../arbitrage/arbitrage.ts";
import { createBookMemory, symbolOf } from "../book/book-layout.ts";
import { bookOutcome, bookOutcomeText, isReplayFault } from "../book/book-outcome.ts";
import { bookState } from "../book/book-sequencer.ts";
import { MarketBooks } from "../book/market-books.ts";
import { readCounters } from "../book/top-reader.ts";
import { checkStandardInput } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { placeOf, Recording, type RecordingBatch, type RecordingReading } from "./recording.ts";
import { ReplayFaults } from "./replay-faults.ts";

const legsMax = 16;
const levelsWalked = 1000;
const ageMsDefault = 1000;
const skewMsDefault = 1000;
const millisecondsMax = 86_400_000;
const feeBpsMax = 10_000;
/** Fees have two decimals of a basis point: a millionth. */
const feeDecimals = 2;

type LegPlan = { readonly venue: VenueName; readonly symbol: string; readonly file: string };

/** Why sizes of the symbol ("" when it is not known yet) cannot stand beside those of others, or null. */
const sizeFault = (venue: VenueName, symbol: string): string | null => {
  if (venue === "binance-coinm") return "its sizes are contracts, which no other venue has";
  return venue === "deribit" && isInDollars(symbol)
    ? `sizes of ${symbol} are US dollars, of other legs the coin`
    : null;
};

const legOf = (word: string): LegPlan => {
  const equals = word.indexOf("=");
  // Bitfinex has a colon in some symbols.
  const [venue = "", ...parts] = word.slice(0, Math.max(equals, 0)).split(":");
  const file = word.slice(equals + 1);
  if (equals < 0 || file === "") {
    throw new UsageError(`--leg ${word}: expected VENUE=FILE or VENUE:SYMBOL=FILE`);
  }
  if (!isVenueName(venue)) {
    throw new UsageError(`--leg ${word}: venue is not known; known: ${venueNames.join(", ")}`);
  }
  const symbol = typedSymbol(venue, parts.join(":"));
  const wrong = sizeFault(venue, symbol);
  if (wrong !== null) throw new UsageError(`--leg ${word}: ${wrong}`);
  return { venue, symbol, file };
};

const feesOf = (text: unknown, legs: number): number[] => {
  if (typeof text !== "string") return Array.from({ length: legs }, () => 0);
  const fees = text.split(",").map((word) => parseDecimal(word, feeDecimals));
  const areGood = fees.every((fee) => fee >= 0 && fee <= feeBpsMax * 10 ** feeDecimals);
  if (!areGood || (fees.length !== legs && fees.length !== 1)) {
    throw new UsageError(
      `--fee-bps ${text}: expected one fee, or one for each of ${legs} legs, 0 to ${feeBpsMax} with at most ${feeDecimals} decimals`,
    );
  }
  return Array.from({ length: legs }, (_, i) => fees[i] ?? fees[0] ?? 0);
};

const millisecondsOf = (name: string, text: unknown, otherwise: number): number => {
  if (typeof text !== "string") return otherwise;
  const value = Number(text);
  if (/^\d{1,8}$/.test(text) && value <= millisecondsMax) return value;
  throw new UsageError(`--${name} ${text}: expected milliseconds, 0 to ${millisecondsMax}`);
};

const nsPerUs = 1000n;
const numberOf = (ns: bigint): number => Number(ns / nsPerUs);

/** One leg's file: reads ahead by one message, so that legs can be merged by time. */
class LegReplay {
  readonly plan: LegPlan;
  readonly leg: Leg;
  /** The message that is next; null at the end. */
  head: RecordingReading | null = null;
  /** Whether the last `apply` changed levels or state of the book. */
  isChanged = false;
  /** Messages of other symbols than the leg's. */
  skipped = 0;
  /** The file was found to hold sizes that are not those of other legs: none of it counts. */
  isRefused = false;
  readonly recording: Recording;
  readonly #readings: AsyncGenerator<RecordingReading>;
  readonly #books: MarketBooks;
  readonly #view = new DataView(new ArrayBuffer(depthItemBytesMax));
  readonly #item = new DepthItem();

  constructor(plan: LegPlan, feePpm: number, io: Io) {
    this.plan = plan;
    const name = plan.venue;
    this.leg = {
      name,
      feePpm,
      book: null,
      isLive: false,
      updateId: 0,
      receiveUs: 0,
      eventUs: 0,
    };
    this.recording = new Recording({ ...plan, files: [plan.file] }, io);
    this.#readings = oneByOne(this.recording.read());
    this.#books = new MarketBooks({ memory: createBookMemory(1) });
  }

  get symbol(): string {
    const [book] = this.#books.books;
    return book === undefined ? this.plan.symbol : symbolOf(book.slot);
  }

  /** No message made a book. */
  get isEmpty(): boolean {
    return this.#books.books.length === 0;
  }

  get gaps(): number {
    const [entry] = this.#books.books;
    return entry === undefined ? 0 : readCounters(entry.slot).gaps;
  }

  /** Moves on to the next message, which stays as it is until the one after. */
  async advance(): Promise<void> {
    const next = await this.#readings.next();
    this.head = next.done === true ? null : next.value;
  }

  /**
   * Applies the head to the leg's book. A file of several symbols is taken for the first, or the
   * one asked for. Returns what is wrong with it, or null; then `isChanged` tells about the book.
   */
  apply(): string | null {
    this.isChanged = false;
    const reading = this.head;
    if (reading === null) return null;
    const { message, fault } = reading;
    if (message === null) return fault;
    if (this.isRefused) return null;
    if (!this.#isWanted(message.symbol)) {
      this.skipped += 1;
      return null;
    }
    const wrong = this.isEmpty ? sizeFault(this.plan.venue, message.symbol) : null;
    if (wrong !== null) {
      this.isRefused = true;
      return wrong;
    }
    const bytes = encodeDepthItem(message, this.#view, 0);
    if (bytes < 0) return depthCodeText(-bytes);
    const outcome = this.#books.apply(this.#view, 0, bytes);
    this.isChanged = outcome !== bookOutcome.trade && outcome !== bookOutcome.ticker;
    this.#show(outcome === bookOutcome.applied ? bytes : 0);
    return isReplayFault(outcome) ? bookOutcomeText(outcome) : null;
  }

  #isWanted(symbol: string): boolean {
    const [entry] = this.#books.books;
    if (entry !== undefined) return symbol === symbolOf(entry.slot);
    return this.plan.symbol === "" || typedSymbol(this.plan.venue, symbol) === this.plan.symbol;
  }

  // Only what changes the book makes it young again, so `bytes` is 0 for trades and tickers.
  #show(bytes: number): void {
    const [entry] = this.#books.books;
    if (entry === undefined) return;
    const { leg } = this;
    const { state, lastId } = entry.sequencer;
    leg.book = entry.book;
    leg.isLive = state === bookState.snapshot || state === bookState.synced;
    leg.updateId = lastId;
    if (bytes === 0) return;
    this.#item.point(this.#view, 0, bytes);
    leg.receiveUs = numberOf(this.#item.receiveNs());
    leg.eventUs = numberOf(this.#item.eventNs()) || leg.receiveUs;
  }
}

/** Decimal text without trailing zeros behind the point. */
const trimmed = (value: bigint, scale: number): string => {
  const text = formatDecimal(value, scale);
  return scale === 0 ? text : text.replace(/\.?0+$/, "");
};

const feeScale = 6;

const lineOf = (
  { buy, sell, walk }: Opportunity,
  ts: bigint,
  replays: readonly LegReplay[],
): string => {
  const legText = (leg: Leg, best: bigint, worst: bigint) => ({
    venue: leg.name,
    symbol: replays.find((replay) => replay.leg === leg)?.symbol ?? "",
    updateId: leg.updateId.toString(),
    price: trimmed(best, walk.priceScale),
    worstPrice: trimmed(worst, walk.priceScale),
  });
  return JSON.stringify({
    ts: ts.toString(),
    buy: legText(buy, walk.buyBest, walk.buyWorst),
    sell: legText(sell, walk.sellBest, walk.sellWorst),
    size: trimmed(walk.size, walk.sizeScale),
    net: trimmed(walk.net, walk.priceScale + walk.sizeScale + feeScale),
    skewUs: Math.abs(buy.eventUs - sell.eventUs),
  });
};

async function* oneByOne(
  batches: AsyncGenerator<RecordingBatch>,
): AsyncGenerator<RecordingReading> {
  for await (const batch of batches) yield* batch;
}

// Legs are few, so the earliest head is found by looking at all.
const earliestOf = (replays: readonly LegReplay[]): LegReplay | undefined => {
  let earliest: LegReplay | undefined;
  for (const replay of replays) {
    const ns = replay.head?.receiveNs;
    if (ns === undefined) continue;
    if (earliest?.head == null || ns < earliest.head.receiveNs) earliest = replay;
  }
  return earliest;
};

const planOf = ({ values, positionals }: Arguments) => {
  const words = Array.isArray(values["leg"]) ? values["leg"] : [];
  if (positionals.length > 0) throw new UsageError(`${positionals[0]}: files are given by --leg`);
  if (words.length < 2 || words.length > legsMax) {
    throw new UsageError(`--leg VENUE=FILE: expected 2 to ${legsMax} legs, found ${words.length}`);
  }
  const legs = words.map(legOf);
  checkStandardInput(
    "--leg",
    legs.map(({ file }) => file),
  );
  return {
    legs,
    fees: feesOf(values["fee-bps"], legs.length),
    ageMs: millisecondsOf("age-ms", values["age-ms"], ageMsDefault),
    skewMs: millisecondsOf("skew-ms", values["skew-ms"], skewMsDefault),
    isStrict: values["strict"] === true,
  };
};

const run = async (args: Arguments, io: Io): Promise<number> => {
  const plan = planOf(args);
  const replays = plan.legs.map((leg, i) => new LegReplay(leg, plan.fees[i] ?? 0, io));
  let lines: string[] = [];
  let nowNs = 0n;
  const arbitrage = new Arbitrage({
    legs: replays.map(({ leg }) => leg),
    ageUsMax: plan.ageMs * 1000,
    skewUsMax: plan.skewMs * 1000,
    levelsMax: levelsWalked,
    onOpportunity: (opportunity) => lines.push(lineOf(opportunity, nowNs, replays)),
  });
  const faults = new ReplayFaults("weir arbitrage", io, plan.isStrict);
  for (const replay of replays) await replay.advance();
  while (!faults.isOver && !io.signal.aborted) {
    const replay = earliestOf(replays);
    if (replay?.head == null) break;
    const { head } = replay;
    nowNs = head.receiveNs;
    const wrong = replay.apply();
    if (replay.isChanged) arbitrage.onUpdate(replay.leg, numberOf(nowNs));
    if (wrong !== null) faults.addAt(placeOf(head), wrong);
    for (const line of lines) await io.line(line);
    lines = [];
    await replay.advance();
  }
  noteCounts(arbitrage, replays, io);
  faults.finish();
  return faults.count > 0 ? exitCode.failed : exitCode.good;
};

const noteCounts = (arbitrage: Arbitrage, replays: readonly LegReplay[], io: Io): void => {
  const { found, looks, stale, skewed } = arbitrage.counts;
  io.note(
    `weir arbitrage: ${found} opportunities in ${looks} looks; ${stale} looks too old, ${skewed} too far apart`,
  );
  for (const replay of replays) {
    const { plan, symbol, gaps, recording, isEmpty, isRefused } = replay;
    const skipped = replay.skipped + recording.counts.skipped;
    const named = plan.symbol === "" ? "" : ` of ${plan.symbol}`;
    if (isEmpty && !isRefused) io.note(`weir arbitrage: ${plan.file}: no depth${named} in it`);
    if (skipped > 0)
      io.note(
        `weir arbitrage: ${plan.file}: ${skipped} messages of other symbols than ${symbol} skipped`,
      );
    if (gaps > 0)
      io.note(`weir arbitrage: ${plan.file}: ${gaps} gaps: out until the next snapshot`);
    for (const text of recording.notes()) io.note(`weir arbitrage: ${plan.file}: ${text}`);
  }
};

export const arbitrage: Command = {
  name: "arbitrage",
  purpose: "Replays depth of several venues side by side and prints what they would have earned",
  usage: "--leg VENUE=FILE --leg VENUE=FILE [options]",
  options: {
    leg: {
      value: "VENUE=FILE",
      repeatable: true,
      help: `a recorded file as a leg, VENUE:SYMBOL=FILE when it has several symbols; 2 to ${legsMax} legs; venues: ${venueNames.join(", ")}`,
    },
    "fee-bps": {
      value: "A,B",
      help: "fee of a taker on each leg, or one for all, in hundredths of a percent of the value (default 0)",
    },
    "age-ms": {
      value: "MS",
      help: `oldest message of a leg that still counts, milliseconds (default ${ageMsDefault})`,
    },
    "skew-ms": {
      value: "MS",
      help: `largest difference of both venues' times, milliseconds (default ${skewMsDefault})`,
    },
    strict: { help: "stop at the first bad line" },
  },
  examples: [
    "weir arbitrage --leg binance-spot=spot.gz --leg binance-usdm=usdm.gz --fee-bps 1,2",
    "weir arbitrage --leg kraken:BTC/USD=kraken.gz --leg coinbase:BTC-USD=coinbase.gz --age-ms 250",
  ],
  run,
};
