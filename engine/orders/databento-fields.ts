// The record of an order from fields of text, which Databento writes in two ways: integers, or with
// pretty prices and times decimals and RFC 3339. Where the fields stand in a line is not known here.
import {
  integerOf,
  malformed,
  rfc3339Ns,
  type VenueFault,
} from "../../schemas/market/venue-fields.ts";
import { dbnPriceNone, dbnPriceScale, dbnTimeNone } from "./databento-layout.ts";
import { symbolOfName } from "./databento-names.ts";
import type { DatabentoRecord } from "./databento-orders.ts";
import { orderIdOf } from "./order-reading.ts";

/** What each line has to have, by Databento's names. */
export const textFields = [
  "ts_recv",
  "ts_event",
  "rtype",
  "publisher_id",
  "instrument_id",
  "action",
  "side",
  "price",
  "size",
  "order_id",
  "flags",
  "sequence",
] as const;

/** Of a line that has been told apart; undefined where there is no such field. */
export type FieldValue = (name: (typeof textFields)[number] | "symbol") => unknown;

const u8Max = 2 ** 8 - 1;
const u16Max = 2 ** 16 - 1;
const u32Max = 2 ** 32 - 1;
const u64Max = 2n ** 64n - 1n;
const i64Min = -(2n ** 63n);
const u64Form = /^\d{1,20}$/;
const unitsForm = /^-?\d{1,19}$/;
const prettyForm = /^(-?\d{1,10})\.(\d{1,9})$/;
const sideForm = /^[ABN]?$/;

/** Reads fields and keeps the first fault; what is read after one is of no use. */
class Fields {
  fault: VenueFault | null = null;
  readonly #value: FieldValue;

  constructor(value: FieldValue) {
    this.#value = value;
  }

  integer(name: (typeof textFields)[number], max: number): number {
    const value = this.#value(name);
    const integer = integerOf(value);
    if (Number.isInteger(integer) && integer >= 0 && integer <= max) return integer;
    this.#refuse(name, value, `an integer from 0 to ${max}`);
    return 0;
  }

  order(): bigint {
    const value = this.#value("order_id");
    const id = u64Of(value);
    if (id === null) this.#refuse("order_id", value, "an integer from 0 to 2^64 - 1");
    return id ?? 0n;
  }

  time(name: "ts_recv" | "ts_event"): bigint {
    const value = this.#value(name);
    if (isNone(value)) return dbnTimeNone;
    const ns = u64Of(value) ?? rfc3339Ns(value);
    if (ns !== null && ns <= u64Max) return ns;
    this.#refuse(name, value, "ns since the epoch, or RFC 3339 in UTC");
    return 0n;
  }

  /** Pretty ones are text and always have a point. */
  price(): bigint {
    const value = this.#value("price");
    if (isNone(value)) return dbnPriceNone;
    const units = typeof value === "string" ? unitsOf(value) : safeOf(value);
    if (units !== null && units >= i64Min && units <= dbnPriceNone) return units;
    const expected = `units of 10^-${dbnPriceScale}, or a decimal of 1 to ${dbnPriceScale} places as text`;
    this.#refuse("price", value, expected);
    return 0n;
  }

  action(): string {
    const value = this.#value("action");
    if (typeof value === "string") return value;
    this.#refuse("action", value, "A, C, F, M, N, R or T");
    return "";
  }

  side(): string {
    const value = this.#value("side");
    if (value === null) return "";
    if (typeof value === "string" && sideForm.test(value)) return value;
    this.#refuse("side", value, "A, B or N");
    return "";
  }

  /** "" where there is none. */
  symbol(): string {
    const value = this.#value("symbol") ?? "";
    if (typeof value === "string") return value;
    this.#refuse("symbol", value, "text");
    return "";
  }

  #refuse(name: string, value: unknown, expected: string): void {
    this.fault ??= malformed(name, value, expected);
  }
}

/** null in JSON, nothing between two commas; a field that is missing is neither. */
const isNone = (value: unknown): boolean => value === null || value === "";

/** Databento writes 64 bits as text; what another tool wrote as a number is taken where it is exact. */
const safeOf = (value: unknown): bigint | null =>
  Number.isSafeInteger(value) ? BigInt(value as number) : null;

const u64Of = (value: unknown): bigint | null => {
  const isText = typeof value === "string" && u64Form.test(value);
  const integer = isText ? BigInt(value) : safeOf(value);
  return integer !== null && integer >= 0n && integer <= u64Max ? integer : null;
};

const unitsOf = (text: string): bigint | null => {
  if (unitsForm.test(text)) return BigInt(text);
  const [, whole, places = ""] = prettyForm.exec(text) ?? [];
  return whole === undefined ? null : BigInt(whole + places.padEnd(dbnPriceScale, "0"));
};

/** The kind of the record, by which others than orders are told, or a fault. */
export const kindOf = (value: FieldValue): number | VenueFault => {
  const fields = new Fields(value);
  const kind = fields.integer("rtype", u8Max);
  return fields.fault ?? kind;
};

/** `recordedNs` is the receive time of a recorded line, which stands before its JSON, or null. */
export const readTextRecord = (
  at: number,
  value: FieldValue,
  recordedNs: bigint | null,
): DatabentoRecord | VenueFault => {
  const fields = new Fields(value);
  const receiveNs = fields.time("ts_recv");
  const told = {
    at,
    receiveNs: recordedNs ?? receiveNs,
    eventNs: fields.time("ts_event"),
    publisher: fields.integer("publisher_id", u16Max),
    instrument: fields.integer("instrument_id", u32Max),
    action: fields.action(),
    side: fields.side(),
    price: fields.price(),
    size: fields.integer("size", u32Max),
    order: orderIdOf(fields.order()),
    flags: fields.integer("flags", u8Max),
    sequence: fields.integer("sequence", u32Max),
  };
  const symbol = fields.symbol();
  const name = (): string => symbolOfName(symbol) ?? told.instrument.toString();
  return fields.fault ?? { ...told, nameKey: () => symbol, name };
};
