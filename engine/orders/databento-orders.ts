// Databento's market by order, record by record, to depth messages: one delta for each event, which
// is over with the record that says so; trades where they are told. How a record is written is the
// concern of who reads it. Exact from an instrument's first snapshot on.
import { DepthMessage } from "../../schemas/market/depth-message.ts";
import { isFault, malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { venueCodes } from "../../schemas/market/venues.ts";
import {
  dbnFlag as flag,
  dbnPriceNone,
  dbnPriceScale,
  dbnSizeNone,
  dbnTimeNone,
} from "./databento-layout.ts";
import { type MessageOrigin, OrderTable } from "./order-table.ts";
import {
  faulty,
  type OrderCounts,
  type OrderId,
  type OrderReading,
  type Price,
  told,
  wholePriceOf,
} from "./order-reading.ts";

/** Instruments of one recording, at most; records of more are faults. */
const instrumentsMax = 65_536;
const word = 2 ** 32;
/** Ids of the one order of a side that its venue tells only the best of; no venue gives them. */
const topBidId = -1;
const topAskId = -2;

/** One record of an order, as it is written: with the values that stand for none. */
export type DatabentoRecord = {
  /** Byte or line of its file. */
  readonly at: number;
  readonly publisher: number;
  readonly instrument: number;
  /** ns since the epoch, or `dbnTimeNone`. */
  readonly eventNs: bigint;
  readonly receiveNs: bigint;
  readonly order: OrderId;
  /** In units of 10^-9, or `dbnPriceNone`. */
  readonly price: bigint;
  /** Or `dbnSizeNone`. */
  readonly size: number;
  readonly flags: number;
  readonly action: string;
  readonly side: string;
  readonly sequence: number;
  /** What the instrument's name goes by: as long as this is the same, so is the name. */
  nameKey(receiveNs: bigint): number | string;
  /** Of the instrument: its number where there is no other. */
  name(receiveNs: bigint): string;
};

type Instrument = {
  name: string;
  /** Null: not asked for. */
  table: OrderTable | null;
  /** Null: numbers may mean others than before. */
  nameKey: number | string | null;
  /** Of the last record of a snapshot that is not over; else null. */
  snapshot: MessageOrigin | null;
};

/** Of one recording: books live on from file to file, as a day may come in several. */
export class DatabentoOrders {
  readonly message = new DepthMessage();
  readonly counts: OrderCounts;
  readonly #symbol: string;
  /** By publisher and number. */
  readonly #instruments = new Map<number, Instrument>();
  #publisher: number | null = null;

  /** `symbol` in upper case; "" for all. */
  constructor(symbol: string, counts: OrderCounts) {
    this.#symbol = symbol;
    this.counts = counts;
  }

  /** Before each file. */
  begin(): void {
    for (const instrument of this.#instruments.values()) instrument.nameKey = null;
  }

  *apply(record: DatabentoRecord): Generator<OrderReading> {
    const origin = originOf(record);
    const instrument = this.#instrumentOf(record, origin.receiveNs);
    if (instrument === null) {
      const expected = `at most ${instrumentsMax} of a recording`;
      yield faulty(record.at, malformed("instrument", record.instrument, expected));
      return;
    }
    const { table } = instrument;
    if (table === null) {
      this.counts.skipped += 1;
      return;
    }
    const { at, flags, action } = record;
    const isSnapshot = (flags & flag.snapshot) !== 0;
    // One that was not said to be over ends where the feed goes on.
    if (instrument.snapshot !== null && !isSnapshot && !table.isSettled)
      for (const _ of table.publish(this.message, instrument.snapshot))
        yield told(at, this.message);
    instrument.snapshot = isSnapshot && (flags & flag.last) === 0 ? origin : null;
    const fault = change(table, action, record);
    if (fault !== null) yield faulty(at, fault);
    else if (action === "T") yield this.#trade(table, origin, record);
    const isOver = (flags & flag.last) !== 0 || table.isFull;
    if (isOver && !table.isSettled)
      for (const _ of table.publish(this.message, origin)) yield told(at, this.message);
  }

  /** After the last file, which ends `at`. */
  *end(at: number): Generator<OrderReading> {
    for (const { table } of this.#instruments.values()) {
      if (table === null || table.isSettled) continue;
      const expected = "a last record (F_LAST) of the last event, which is left out";
      yield faulty(at, malformed("flags", `none for ${table.symbol}`, expected));
    }
  }

  // Without a side nobody knows who took: such a trade counts as bought.
  #trade(table: OrderTable, origin: MessageOrigin, record: DatabentoRecord): OrderReading {
    const price = priceOf(record.price);
    if (isFault(price)) return faulty(record.at, price);
    const isBuy = record.side !== "A";
    table.fillTrade(this.message, origin, { ...price, size: record.size, isBuy });
    return told(record.at, this.message);
  }

  /** Null where there are too many. */
  #instrumentOf(record: DatabentoRecord, receiveNs: bigint): Instrument | null {
    const { publisher } = record;
    const key = publisher * word + record.instrument;
    const known = this.#instruments.get(key);
    const nameKey = record.nameKey(receiveNs);
    if (known?.nameKey === nameKey) return known;
    this.#publisher ??= publisher;
    // One instrument has a book at each publisher.
    const suffix = publisher === this.#publisher ? "" : `@${publisher}`;
    const name = `${record.name(receiveNs)}${suffix}`;
    if (known?.name === name) {
      known.nameKey = nameKey;
      return known;
    }
    if (known === undefined && this.#instruments.size >= instrumentsMax) return null;
    known?.table?.clear();
    const isWanted = this.#symbol === "" || name.toUpperCase() === this.#symbol;
    const table = isWanted ? new OrderTable(name, venueCodes.databento, this.counts) : null;
    const instrument = { name, table, nameKey, snapshot: null };
    this.#instruments.set(key, instrument);
    return instrument;
  }
}

const originOf = ({ eventNs, receiveNs, sequence }: DatabentoRecord): MessageOrigin => {
  const knownNs = eventNs === dbnTimeNone ? 0n : eventNs;
  return {
    updateId: sequence,
    eventNs: knownNs,
    receiveNs: receiveNs === dbnTimeNone ? knownNs : receiveNs,
  };
};

const change = (table: OrderTable, action: string, record: DatabentoRecord): VenueFault | null => {
  if (record.size === dbnSizeNone && action !== "R") return malformed("size", "none", "a size");
  switch (action) {
    case "A":
    case "M":
      return put(table, record);
    case "C":
      return table.reduce(record.order, record.size);
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
};

// A change of an order that is not known says all that there is to know of it.
const put = (table: OrderTable, record: DatabentoRecord): VenueFault | null => {
  const { side, price: units, size } = record;
  if (side !== "B" && side !== "A") return malformed("side", side, "A or B");
  const isBid = side === "B";
  const isTop = (record.flags & flag.top) !== 0;
  const price = isTop && units === dbnPriceNone ? null : priceOf(units);
  if (price !== null && isFault(price)) return price;
  if (isTop) table.removeSide(isBid);
  if (price === null) return null;
  const topId = isBid ? topBidId : topAskId;
  table.put(isTop ? topId : record.order, { isBid, size, ...price });
  return null;
};

const priceOf = (units: bigint): Price | VenueFault => {
  if (units === dbnPriceNone) return malformed("price", "none", "a price");
  return wholePriceOf(units, dbnPriceScale);
};
