// Recordings of any venue as one stream of depth messages: lines of JSON, or files of single
// orders. What reads them need not know which. A file that cannot be read on is a fault like any
// other, and the next one follows.
import type { DepthMessage } from "../../schemas/market/depth-message.ts";
import { type Reading, RecordedReader } from "../../schemas/market/recorded-reader.ts";
import { venueFaultText } from "../../schemas/market/venue-fields.ts";
import {
  isMessageVenue,
  type MessageVenueName,
  type OrderVenueName,
  type VenueName,
} from "../../schemas/market/venues.ts";
import { DatabentoReader } from "../orders/databento-reader.ts";
import { ItchReader } from "../orders/itch-reader.ts";
import {
  noOrderCounts,
  type OrderCounts,
  type OrderReading,
  ordersMax,
} from "../orders/order-reading.ts";
import type { Io } from "./command.ts";
import { databentoReadings } from "./databento-file.ts";
import { fileBytes, InputError, type Line, readLines } from "./input.ts";
import { LobsterFile, lobsterMessages } from "./lobster-file.ts";

/** One message, or what is wrong; `message` is valid until the next one. */
export type RecordingReading = {
  /** File, and line, row or byte offset; null where the fault says it. */
  readonly place: string | null;
  /** Null where there is a message. */
  readonly fault: string | null;
  /** Null where there is none to go by. */
  readonly message: DepthMessage | null;
  readonly receiveNs: bigint;
};

/** What is asked for; `symbol` in upper case, "" for all. */
export type RecordingPlan = {
  readonly venue: VenueName;
  readonly symbol: string;
  readonly files: readonly string[];
};

/** Counts of records without a message, which the end of a run tells. */
export type RecordingCounts = Readonly<OrderCounts>;

/** A run over the files of one venue. */
export class Recording {
  readonly #plan: RecordingPlan;
  readonly #io: Io;
  readonly #counts = noOrderCounts();

  constructor(plan: RecordingPlan, io: Io) {
    this.#plan = plan;
    this.#io = io;
  }

  get counts(): RecordingCounts {
    return this.#counts;
  }

  /** What the book lacks, for people. */
  notes(): string[] {
    const { unknown, leftOut } = this.#counts;
    const notes: string[] = [];
    if (leftOut > 0)
      notes.push(`${leftOut} orders above ordersMax=${ordersMax} left out: the book lacks them`);
    if (unknown > 0)
      notes.push(
        `${unknown} changes of orders placed before the recording skipped: the book lacks them`,
      );
    return notes;
  }

  /** Ends with the files, or quietly when the run is aborted. Call it once. */
  async *read(): AsyncGenerator<RecordingReading> {
    const { venue } = this.#plan;
    const readings = isMessageVenue(venue) ? this.#lines(venue) : this.#orders(venue);
    for await (const reading of readings) {
      if (this.#io.signal.aborted) return;
      yield reading;
    }
  }

  async *#lines(venue: MessageVenueName): AsyncGenerator<RecordingReading> {
    const reader = new RecordedReader<Line>(venue, this.#plan.symbol);
    const checked = (readings: Iterable<Reading<Line>>) => this.#checked(readings, reader.message);
    for (const file of this.#plan.files) {
      try {
        for await (const line of readLines([file], this.#io))
          yield* checked(reader.read(line.text, line));
      } catch (error) {
        yield unread(error);
      }
    }
    yield* checked(reader.finish());
  }

  *#checked(readings: Iterable<Reading<Line>>, message: DepthMessage): Generator<RecordingReading> {
    for (const { place, fault, receiveNs } of readings) {
      if (fault?.code === "ignored") this.#counts.ignored += 1;
      const text = fault === null || fault.code === "ignored" ? null : venueFaultText(fault);
      const placed = { place: `${place.file}:${place.line}`, receiveNs };
      yield { ...placed, fault: text, message: fault === null ? message : null };
    }
  }

  async *#orders(venue: OrderVenueName): AsyncGenerator<RecordingReading> {
    if (venue === "lobster") yield* this.#lobster();
    else if (venue === "itch") yield* this.#itch();
    else yield* this.#databento();
  }

  async *#itch(): AsyncGenerator<RecordingReading> {
    const reader = new ItchReader(this.#plan.symbol, this.#counts);
    for (const path of this.#plan.files) {
      const placed = (readings: Iterable<OrderReading>) =>
        placedIn((at) => `${path}: byte ${at}`, readings, reader.message);
      reader.begin();
      try {
        for await (const chunk of fileBytes(path, this.#io)) yield* placed(reader.read(chunk));
        if (!this.#io.signal.aborted) yield* placed(reader.finish());
      } catch (error) {
        yield unread(error);
      }
    }
  }

  async *#databento(): AsyncGenerator<RecordingReading> {
    const reader = new DatabentoReader(this.#plan.symbol, this.#counts);
    let path = "";
    const placeOf = (at: number) => (reader.isText ? `${path}:${at}` : `${path}: byte ${at}`);
    for (path of this.#plan.files) {
      try {
        for await (const readings of databentoReadings(path, reader, this.#io))
          yield* placedIn(placeOf, readings, reader.message);
      } catch (error) {
        yield unread(error);
      }
    }
    yield* placedIn(placeOf, reader.end(), reader.message);
  }

  async *#lobster(): AsyncGenerator<RecordingReading> {
    for (const path of lobsterMessages(this.#plan.files)) {
      try {
        const file = await LobsterFile.open(path, this.#plan.symbol, {
          counts: this.#counts,
          io: this.#io,
        });
        for await (const readings of file.read())
          yield* placedIn((row) => `${path}:${row}`, readings, file.message);
      } catch (error) {
        yield unread(error);
      }
    }
  }
}

const unread = (error: unknown): RecordingReading => {
  // Missing, or cut short: what could be read counts.
  if (!(error instanceof InputError)) throw error;
  return { place: null, fault: error.message, message: null, receiveNs: 0n };
};

function* placedIn(
  placeOf: (at: number) => string,
  readings: Iterable<OrderReading>,
  message: DepthMessage,
): Generator<RecordingReading> {
  for (const { at, fault, receiveNs } of readings)
    yield {
      place: placeOf(at),
      fault: fault === null ? null : venueFaultText(fault),
      message: fault === null ? message : null,
      receiveNs,
    };
}
