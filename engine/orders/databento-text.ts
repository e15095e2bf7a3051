// Databento's market by order as text, line by line: JSON, one object a line, also with a receive
// time before it as in recorded lines; or CSV, whose first line names the columns. The file's first
// line that is not empty tells which.
import { splitRecordedLine } from "../../schemas/market/recorded-line.ts";
import {
  isFault,
  isObject,
  malformed,
  type VenueFault,
} from "../../schemas/market/venue-fields.ts";
import { type FieldValue, kindOf, readTextRecord, textFields } from "./databento-fields.ts";
import { dbnOrderKind } from "./databento-layout.ts";
import type { DatabentoOrders } from "./databento-orders.ts";
import { faulty, type OrderReading } from "./order-reading.ts";

const jsonStart = /^(\d+ +)?\{/;
const anyEncoding = "DBN, JSON lines, or CSV with a line that names its columns";
const left = "the rest of the file is left out";
const quote = '"';
/** One value of a row with quotes, and what ends it; two quotes within stand for one. */
const csvValue = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** The values of one line, and the receive time before it. */
type LineFields = { readonly value: FieldValue; readonly recordedNs: bigint | null };

/** One per recording; `begin` before each file. Places are lines from 1. */
export class DatabentoText {
  readonly #orders: DatabentoOrders;
  // Null until the first line is read.
  #encoding: "json" | "csv" | "lost" | null = null;
  /** Places of the columns by name. */
  #columns = new Map<string, number>();
  #columnCount = 0;
  #line = 0;

  constructor(orders: DatabentoOrders) {
    this.#orders = orders;
  }

  /** Number of the last line. */
  get line(): number {
    return this.#line;
  }

  begin(): void {
    this.#encoding = null;
    this.#line = 0;
  }

  *read(line: string): Generator<OrderReading> {
    this.#line += 1;
    const text = line.trim();
    if (text === "" || this.#encoding === "lost") return;
    if (this.#encoding === null) {
      this.#encoding = jsonStart.test(text) ? "json" : "csv";
      if (this.#encoding === "csv") {
        yield* this.#readHeader(text);
        return;
      }
    }
    const fields = this.#encoding === "json" ? jsonFields(text) : this.#rowFields(text);
    if (isFault(fields)) yield faulty(this.#line, fields);
    else yield* this.#apply(fields);
  }

  /** At the end of a file. */
  *finish(): Generator<OrderReading> {
    if (this.#encoding === null)
      yield faulty(this.#line, malformed("start", undefined, anyEncoding));
  }

  *#apply({ value, recordedNs }: LineFields): Generator<OrderReading> {
    const kind = kindOf(value);
    if (typeof kind === "number" && kind !== dbnOrderKind) {
      this.#orders.counts.ignored += 1;
      return;
    }
    const record = typeof kind === "number" ? readTextRecord(this.#line, value, recordedNs) : kind;
    if (isFault(record)) yield faulty(this.#line, record);
    else yield* this.#orders.apply(record);
  }

  *#readHeader(text: string): Generator<OrderReading> {
    const names = rowOf(text) ?? [];
    const missing = textFields.filter((name) => !names.includes(name));
    const twice = textFields.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
    this.#columns = new Map(names.map((name, at) => [name, at]));
    this.#columnCount = names.length;
    if (missing.length === 0 && twice === undefined) return;
    this.#encoding = "lost";
    if (missing.length === textFields.length)
      yield faulty(this.#line, malformed("start", text, `${anyEncoding}; ${left}`));
    else {
      const expected = twice === undefined ? `also ${missing.join(", ")}` : `${twice} once`;
      yield faulty(this.#line, malformed("columns", text, `${expected}; ${left}`));
    }
  }

  #rowFields(text: string): LineFields | VenueFault {
    const row = rowOf(text);
    if (row === null) return malformed("row", text, "values with commas between, quotes in pairs");
    if (row.length !== this.#columnCount)
      return malformed("columns", row.length, `${this.#columnCount}, as the first line names`);
    return { value: (name) => row[this.#columns.get(name) ?? -1], recordedNs: null };
  }
}

const jsonFields = (text: string): LineFields | VenueFault => {
  const isBare = text.startsWith("{");
  const line = isBare ? { receiveNs: null, json: text } : splitRecordedLine(text);
  if ("expected" in line) return malformed("line", line.found, "JSON, or receive_ns JSON");
  const record = parsed(line.json);
  if (!isObject(record)) return malformed("line", line.json, "one JSON object");
  const header = record["hd"];
  if (!isObject(header)) return malformed("hd", header, "an object");
  return {
    value: (name) => (Object.hasOwn(header, name) ? header[name] : record[name]),
    recordedNs: line.receiveNs,
  };
};

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
};

/** The values of a row of CSV; null where quotes do not fit. */
const rowOf = (text: string): string[] | null => {
  if (!text.includes(quote)) return text.split(",");
  const values: string[] = [];
  csvValue.lastIndex = 0;
  for (;;) {
    const match = csvValue.exec(text);
    if (match === null) return null;
    const [, quoted, plain = "", end] = match;
    values.push(quoted?.replaceAll('""', quote) ?? plain);
    if (end === "") return values;
  }
};
