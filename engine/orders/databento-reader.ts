// Reads market by order of Databento (DBN files) chunk by chunk into depth messages: one delta for
// each event, which is over with the record that says so; trades where they are told. Books live
// on from file to file, as a day may come in several. Exact from an instrument's first snapshot on.
import { DepthMessage } from "../../schemas/market/depth-message.ts";
import { isFault, malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import {
  dbnFlag as flag,
  dbnHeaderBytes,
  dbnOrderBytes,
  dbnOrderBytesSent,
  dbnOrderKind,
  dbnPriceNone,
  dbnPriceScale,
  dbnRecord as record,
  dbnSizeNone,
  dbnStart,
  dbnTimeNone,
  dbnVersionMax,
} from "./databento-layout.ts";
import { dateOf, dayOf, InstrumentNames, shownStart } from "./databento-names.ts";
import { HeldBytes } from "./held-bytes.ts";
import { type MessageOrigin, OrderTable } from "./order-table.ts";
import {
  faulty,
  type OrderCounts,
  orderIdOf,
  type OrderReading,
  type Price,
  told,
  wholePriceOf,
} from "./order-reading.ts";

/** Larger metadata is refused, and its file with it. */
const metadataBytesMax = 64 << 20;
/** Instruments of one recording, at most; records of more are faults. */
const instrumentsMax = 65_536;
const word = 2 ** 32;
/** Ids of the one order of a side that its venue tells only the best of; no venue gives them. */
const topBidId = -1;
const topAskId = -2;

type Instrument = {
  name: string;
  /** Null: not asked for. */
  table: OrderTable | null;
  day: number;
  /** Of the last record of a snapshot that is not over; else null. */
  snapshot: MessageOrigin | null;
};

/** One per recording; `begin` before each file. */
export class DatabentoReader {
  readonly message = new DepthMessage();
  readonly #counts: OrderCounts;
  readonly #symbol: string;
  readonly #held = new HeldBytes();
  readonly #names = new InstrumentNames();
  /** By publisher and number. */
  readonly #instruments = new Map<number, Instrument>();
  // "head" until the metadata is read, "lost" where no more records can be found.
  #state: "head" | "records" | "lost" = "head";
  #publisher: number | null = null;

  /** `symbol` in upper case; "" for all. */
  constructor(symbol: string, counts: OrderCounts) {
    this.#symbol = symbol;
    this.#counts = counts;
  }

  begin(): void {
    this.#held.clear();
    this.#state = "head";
    // Numbers may mean others from now on.
    for (const instrument of this.#instruments.values()) instrument.day = -1;
  }

  *read(chunk: Uint8Array): Generator<OrderReading> {
    const held = this.#held;
    if (this.#state === "lost") return;
    held.push(chunk);
    if (this.#state === "head") yield* this.#readHead();
    while (this.#state === "records" && held.length > 0) {
      const bytes = held.view.getUint8(held.start) * 4;
      if (bytes < dbnHeaderBytes) yield this.#lose("length", bytes, `at least ${dbnHeaderBytes}`);
      else if (held.length < bytes) return;
      else {
        if (held.view.getUint8(held.start + record.kind) === dbnOrderKind)
          yield* this.#readOrder(bytes);
        else this.#counts.ignored += 1;
        held.take(bytes);
      }
    }
  }

  /** At the end of a file. */
  *finish(): Generator<OrderReading> {
    const { length } = this.#held;
    if (this.#state === "lost" || (this.#state === "records" && length === 0)) return;
    const expected =
      this.#state === "head" ? "DBN and its metadata" : "a whole record: the file is cut short";
    yield this.#faulty(malformed("record", `${length} bytes`, expected));
  }

  /** After the last file. */
  *end(): Generator<OrderReading> {
    for (const { table } of this.#instruments.values()) {
      if (table === null || table.isSettled) continue;
      const expected = "a last record (F_LAST) of the last event, which is left out";
      yield this.#faulty(malformed("flags", `none for ${table.symbol}`, expected));
    }
  }

  *#readHead(): Generator<OrderReading> {
    const { view, start, length } = this.#held;
    if (length < dbnStart.metadata) return;
    const version = view.getUint8(start + dbnStart.version);
    const bytes = view.getUint32(start + dbnStart.metadataBytes, true) + dbnStart.metadata;
    const magic = view.getUint32(start, true) % 2 ** 24;
    if (magic !== dbnMagic) yield this.#lose("start", shownStart(view, start), "DBN");
    else if (version < 1 || version > dbnVersionMax)
      yield this.#lose("version", version, `1 to ${dbnVersionMax}`);
    else if (bytes > metadataBytesMax)
      yield this.#lose("metadata", `${bytes} bytes`, `at most ${metadataBytesMax}`);
    else if (length >= bytes) {
      const fault = this.#names.read(new DataView(view.buffer, start, bytes));
      if (fault !== null) yield this.#faulty(fault);
      this.#held.take(bytes);
      this.#state = "records";
    }
  }

  *#readOrder(bytes: number): Generator<OrderReading> {
    if (bytes !== dbnOrderBytes && bytes !== dbnOrderBytesSent) {
      const expected = `${dbnOrderBytes}, or ${dbnOrderBytesSent} with the time of sending`;
      yield this.#faulty(malformed("length", bytes, expected));
      return;
    }
    const origin = this.#origin();
    const instrument = this.#instrumentOf(origin.receiveNs);
    if (instrument === null) {
      const expected = `at most ${instrumentsMax} of a recording`;
      yield this.#faulty(malformed("instrument", this.#u32(record.instrument), expected));
      return;
    }
    const { table } = instrument;
    if (table === null) {
      this.#counts.skipped += 1;
      return;
    }
    const flags = this.#u8(record.flags);
    const isSnapshot = (flags & flag.snapshot) !== 0;
    // One that was not said to be over ends where the feed goes on.
    if (instrument.snapshot !== null && !isSnapshot)
      yield* this.#publish(table, instrument.snapshot);
    instrument.snapshot = isSnapshot && (flags & flag.last) === 0 ? origin : null;
    const isSized = this.#u32(record.size) !== dbnSizeNone || this.#char(record.action) === "R";
    const fault = isSized ? this.#apply(table, flags) : malformed("size", "none", "a size");
    if (fault !== null) yield this.#faulty(fault);
    else if (this.#char(record.action) === "T") yield* this.#trade(table, origin);
    if ((flags & flag.last) !== 0 || table.isFull) yield* this.#publish(table, origin);
  }

  #apply(table: OrderTable, flags: number): VenueFault | null {
    const action = this.#char(record.action);
    switch (action) {
      case "A":
      case "M":
        return this.#put(table, (flags & flag.top) !== 0);
      case "C":
        return table.reduce(this.#id(), this.#u32(record.size));
      case "R":
        table.clear();
        return null;
      case "T":
      case "F":
      case "N":
        return null;
      default:
        return malformed("action", action, "A, C, F, M, N, R or T");
    }
  }

  // A change of an order that is not known says all that there is to know of it.
  #put(table: OrderTable, isTop: boolean): VenueFault | null {
    const side = this.#char(record.side);
    if (side !== "B" && side !== "A") return malformed("side", side, "A or B");
    const isBid = side === "B";
    const units = this.#i64(record.price);
    const price = isTop && units === dbnPriceNone ? null : this.#price(units);
    if (price !== null && isFault(price)) return price;
    if (isTop) table.removeSide(isBid);
    if (price === null) return null;
    const topId = isBid ? topBidId : topAskId;
    table.put(isTop ? topId : this.#id(), { isBid, size: this.#u32(record.size), ...price });
    return null;
  }

  // Without a side nobody knows who took: such a trade counts as bought.
  *#trade(table: OrderTable, origin: MessageOrigin): Generator<OrderReading> {
    const price = this.#price(this.#i64(record.price));
    if (isFault(price)) {
      yield this.#faulty(price);
      return;
    }
    const isBuy = this.#char(record.side) !== "A";
    table.fillTrade(this.message, origin, { ...price, size: this.#u32(record.size), isBuy });
    yield this.#told();
  }

  *#publish(table: OrderTable, origin: MessageOrigin): Generator<OrderReading> {
    if (table.isSettled) return;
    for (const _ of table.publish(this.message, origin)) yield this.#told();
  }

  #origin(): MessageOrigin {
    const { view, start } = this.#held;
    const receiveNs = view.getBigUint64(start + record.receiveNs, true);
    const eventNs = view.getBigUint64(start + record.eventNs, true);
    const knownNs = eventNs === dbnTimeNone ? 0n : eventNs;
    return {
      updateId: this.#u32(record.sequence),
      eventNs: knownNs,
      receiveNs: receiveNs === dbnTimeNone ? knownNs : receiveNs,
    };
  }

  /** Null where there are too many. */
  #instrumentOf(receiveNs: bigint): Instrument | null {
    const { view, start } = this.#held;
    const publisher = view.getUint16(start + record.publisher, true);
    const number = this.#u32(record.instrument);
    const key = publisher * word + number;
    const known = this.#instruments.get(key);
    const day = dayOf(receiveNs);
    if (known?.day === day) return known;
    this.#publisher ??= publisher;
    // One instrument has a book at each publisher.
    const suffix = publisher === this.#publisher ? "" : `@${publisher}`;
    const name = `${this.#names.nameOf(number, dateOf(day))}${suffix}`;
    if (known?.name === name) {
      known.day = day;
      return known;
    }
    if (known === undefined && this.#instruments.size >= instrumentsMax) return null;
    known?.table?.clear();
    const isWanted = this.#symbol === "" || name.toUpperCase() === this.#symbol;
    const table = isWanted ? new OrderTable(name, venueCodes.databento, this.#counts) : null;
    const instrument = { name, table, day, snapshot: null };
    this.#instruments.set(key, instrument);
    return instrument;
  }

  #price(units: bigint): Price | VenueFault {
    if (units === dbnPriceNone) return malformed("price", "none", "a price");
    return wholePriceOf(units, dbnPriceScale);
  }

  #id(): ReturnType<typeof orderIdOf> {
    const { view, start } = this.#held;
    return orderIdOf(view.getBigUint64(start + record.order, true));
  }

  #i64(at: number): bigint {
    return this.#held.view.getBigInt64(this.#held.start + at, true);
  }

  #u32(at: number): number {
    return this.#held.view.getUint32(this.#held.start + at, true);
  }

  #u8(at: number): number {
    return this.#held.view.getUint8(this.#held.start + at);
  }

  #char(at: number): string {
    return String.fromCharCode(this.#u8(at));
  }

  #lose(field: string, found: unknown, expected: string): OrderReading {
    this.#state = "lost";
    return this.#faulty(malformed(field, found, `${expected}; the rest of the file is left out`));
  }

  #told(): OrderReading {
    return told(this.#held.offset, this.message);
  }

  #faulty(fault: VenueFault): OrderReading {
    return faulty(this.#held.offset, fault);
  }
}

// As the three bytes stand in a little-endian number.
const dbnMagic = 0x4e4244;
