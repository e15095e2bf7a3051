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
  /** File; "" where the fault says it. */
  readonly path: string;
  /** Line or row from 1, or with `isByte` the offset of a byte. */
  readonly at: number;
  readonly isByte: boolean;
  /** Null where there is a message. */
  readonly fault: string | null;
  /** Null where there is none to go by. */
  readonly message: DepthMessage | null;
  readonly receiveNs: bigint;
};

/** Where the reading stands, for people; null where its fault says it. */
export const placeOf = ({ path, at, isByte }: RecordingReading): string | null => {
  if (path === "") return null;
  return isByte ? `${path}: byte ${at}` : `${path}:${at}`;
};

/** Those of one line or chunk; to be taken one after the other, before the next of them. */
export type RecordingBatch = Iterable<RecordingReading>;

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
  read(): AsyncGenerator<RecordingBatch> {
    const { venue } = this.#plan;
    if (isMessageVenue(venue)) return this.#lines(venue);
    return this.#orders(venue);
  }

  async *#lines(venue: MessageVenueName): AsyncGenerator<RecordingBatch> {
    const reader = new RecordedReader<Line>(venue, this.#plan.symbol);
    const checked = (readings: Iterable<Reading<Line>>) => this.#checked(readings, reader.message);
    for (const file of this.#plan.files) {
      try {
        for await (const line of readLines([file], this.#io))
          yield checked(reader.read(line.text, line));
      } catch (error) {
        yield unread(error);
      }
    }
    if (!this.#io.signal.aborted) yield checked(reader.finish());
  }

  *#checked(readings: Iterable<Reading<Line>>, message: DepthMessage): Generator<RecordingReading> {
    for (const { place, fault, receiveNs } of readings) {
      if (fault?.code === "ignored") this.#counts.ignored += 1;
      yield {
        path: place.file,
        at: place.line,
        isByte: false,
        fault: fault === null || fault.code === "ignored" ? null : venueFaultText(fault),
        message: fault === null ? message : null,
        receiveNs,
      };
    }
  }

  #orders(venue: OrderVenueName): AsyncGenerator<RecordingBatch> {
    if (venue === "lobster") return this.#lobster();
    return venue === "itch" ? this.#itch() : this.#databento();
  }

  async *#itch(): AsyncGenerator<RecordingBatch> {
    const reader = new ItchReader(this.#plan.symbol, this.#counts);
    for (const path of this.#plan.files) {
      const { message } = reader;
      const place = { path, isByte: true, message };
      reader.begin();
      try {
        for await (const chunk of fileBytes(path, this.#io))
          yield placedIn(place, reader.read(chunk));
        if (!this.#io.signal.aborted) yield placedIn(place, reader.finish());
      } catch (error) {
        yield unread(error);
      }
    }
  }

  async *#databento(): AsyncGenerator<RecordingBatch> {
    const reader = new DatabentoReader(this.#plan.symbol, this.#counts);
    const { message } = reader;
    let path = "";
    for (path of this.#plan.files) {
      try {
        for await (const readings of databentoReadings(path, reader, this.#io))
          yield placedIn({ path, isByte: !reader.isText, message }, readings);
      } catch (error) {
        yield unread(error);
      }
    }
    if (!this.#io.signal.aborted)
      yield placedIn({ path, isByte: !reader.isText, message }, reader.end());
  }

  async *#lobster(): AsyncGenerator<RecordingBatch> {
    for (const path of lobsterMessages(this.#plan.files)) {
      try {
        const file = await LobsterFile.open(path, this.#plan.symbol, {
          counts: this.#counts,
          io: this.#io,
        });
        const place = { path, isByte: false, message: file.message };
        for await (const readings of file.read()) yield placedIn(place, readings);
      } catch (error) {
        yield unread(error);
      }
    }
  }
}

const unread = (error: unknown): RecordingBatch => {
  // Missing, or cut short: what could be read counts.
  if (!(error instanceof InputError)) throw error;
  const fault = error.message;
  return [{ path: "", at: 0, isByte: false, fault, message: null, receiveNs: 0n }];
};

function* placedIn(
  place: Pick<RecordingReading, "path" | "isByte"> & { readonly message: DepthMessage },
  readings: Iterable<OrderReading>,
): Generator<RecordingReading> {
  const { path, isByte, message } = place;
  for (const { at, fault, receiveNs } of readings)
    yield {
      path,
      at,
      isByte,
      fault: fault === null ? null : venueFaultText(fault),
      message: fault === null ? message : null,
      receiveNs,
    };
}
