// Reads a recorded file line by line into depth messages, and finds the symbol of REST answers,
// which name none: it is the one given, or else the only one that the file's other messages name.
// Answers before the first of those wait for it.
import { DepthMessage } from "./depth-message.ts";
import type { VenueFault } from "./venue-fields.ts";
import { connectionOf, readVenueText, type VenueConnection } from "./venue-message.ts";
import { splitRecordedLine } from "./recorded-line.ts";
import { faultOfTrade, linesOfTrades } from "./venue-trades.ts";
import { checkMessageVenue, type MessageVenueName } from "./venues.ts";

/** Lines that wait for a symbol, at most; more are faults. */
export const recordedWaitingMax = 16;

/** One line's outcome; `message` is filled and valid until the next one when `fault` is null. */
export type Reading<Place> = {
  readonly place: Place;
  readonly fault: VenueFault | null;
  readonly receiveNs: bigint;
  /** The JSON as recorded; of a line of several trades that of one. */
  readonly json: string;
};

type Waiting<Place> = { readonly place: Place; readonly text: string };

/** One per file. `Place` is whatever tells the caller where a line stands. */
export class RecordedReader<Place> {
  readonly message = new DepthMessage();
  readonly #venue: MessageVenueName;
  // A file is taken for one connection.
  readonly #connection: VenueConnection | null;
  #symbol: string;
  readonly #isSymbolSure: boolean;
  #isAmbiguous = false;
  #waiting: Waiting<Place>[] = [];

  /**
   * `symbol` is "" when unknown.
   * @throws RangeError for a venue that is none of `messageVenueNames`.
   */
  constructor(venue: MessageVenueName, symbol: string) {
    checkMessageVenue(venue);
    this.#venue = venue;
    this.#connection = connectionOf(venue);
    this.#symbol = symbol;
    this.#isSymbolSure = symbol !== "";
  }

  /**
   * Yields one reading, or one for each trade of a line; none while it waits; those that waited first.
   * Empty lines yield none.
   */
  *read(text: string, place: Place): Generator<Reading<Place>> {
    if (text.trim() === "") return;
    const lines = linesOfTrades(this.#venue, text);
    for (const [trade, line] of lines.entries()) {
      for (const reading of this.#readLine(line, place)) {
        const { fault } = reading;
        yield fault === null ? reading : { ...reading, fault: faultOfTrade(fault, trade) };
      }
    }
  }

  *#readLine(text: string, place: Place): Generator<Reading<Place>> {
    const reading = this.#readOne(text, place);
    const waits = reading.fault?.code === "symbol" && !this.#isAmbiguous;
    if (waits && this.#waiting.length < recordedWaitingMax) {
      this.#waiting.push({ place, text });
      return;
    }
    if (reading.fault === null) this.#learn(this.message.symbol);
    if (this.#waiting.length === 0 || this.#symbol === "") {
      yield reading;
      return;
    }
    yield* this.finish();
    yield this.#readOne(text, place);
  }

  /** Yields what still waits; as faults when no symbol ever came. */
  *finish(): Generator<Reading<Place>> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { text, place } of waiting) yield this.#readOne(text, place);
  }

  #learn(symbol: string): void {
    if (this.#isSymbolSure || this.#isAmbiguous || symbol === this.#symbol) return;
    this.#isAmbiguous = this.#symbol !== "";
    this.#symbol = this.#isAmbiguous ? "" : symbol;
  }

  #readOne(text: string, place: Place): Reading<Place> {
    const line = splitRecordedLine(text);
    if ("expected" in line) {
      const fault = { code: "malformed", field: "line", ...line } as const;
      return { place, fault, receiveNs: 0n, json: "" };
    }
    const context = { venue: this.#venue, symbol: this.#symbol, receiveNs: line.receiveNs };
    const fault = readVenueText(line.json, context, this.message, this.#connection);
    return { place, fault, ...line };
  }
}
