// Rows of LOBSTER's two files to numbers. A message: time in seconds after midnight, type, order,
// size, price times 10,000, direction of the order (1 buy, -1 sell), and maybe who. A row of the
// book: ask price, ask size, bid price, bid size, level by level, with dummies where there is none.
import { decimalRefusalText, parseDecimal } from "../../schemas/market/decimal.ts";
import { malformed, type VenueFault } from "../../schemas/market/venue-fields.ts";
import { type OrderId, orderIdOf } from "./order-reading.ts";

export const lobsterType = {
  add: 1,
  reduce: 2,
  remove: 3,
  execute: 4,
  executeHidden: 5,
  cross: 6,
  halt: 7,
} as const;

export const lobsterPriceScale = 4;

/** One row of the file of messages. */
export type LobsterMessage = {
  readonly ns: bigint;
  readonly type: number;
  readonly id: OrderId;
  readonly size: number;
  /** In units of 10^-4; 0 for a halt. */
  readonly price: number;
  readonly isBid: boolean;
};

/** Prices in units of 10^-4. */
export type LobsterLevel = { readonly price: number; readonly size: number };

/** Best first. */
export type LobsterBook = {
  readonly asks: readonly LobsterLevel[];
  readonly bids: readonly LobsterLevel[];
  /** Levels that a side of the file has room for. */
  readonly levelsMax: number;
};

const columnsMin = 6;
const columnsMax = 7;
const nsScale = 9;
const dummyPrice = /^-?9999999999$/;
const columnsOfLevel = 4;
const amountForm = /^\d{1,15}$/;
const typeAt = 1;
const idAt = 2;
const sizeAt = 3;
const priceAt = 4;
const directionAt = 5;

type Column = {
  readonly at: number;
  readonly name: string;
  readonly form: RegExp;
  readonly expected: string;
};

const columnForms: readonly Column[] = [
  { at: typeAt, name: "type", form: /^[1-7]$/, expected: "1 to 7" },
  { at: idAt, name: "order", form: /^-?\d{1,19}$/, expected: "an integer of at most 19 digits" },
  { at: directionAt, name: "direction", form: /^-?1$/, expected: "1 or -1" },
];

// In a halt they stand for what it is.
const amountForms: readonly Column[] = [
  { at: sizeAt, name: "size", form: amountForm, expected: "an integer of at most 15 digits" },
  {
    at: priceAt,
    name: "price",
    form: amountForm,
    expected: "price times 10,000, an integer of at most 15 digits",
  },
];

const columnFault = (
  columns: readonly string[],
  forms: readonly Column[],
): VenueFault | undefined => {
  const bad = forms.find(({ at, form }) => !form.test(columns[at] ?? ""));
  return bad && malformed(bad.name, columns[bad.at], bad.expected);
};

/** A row, or the fault that names the column. */
export const readLobsterMessage = (text: string): LobsterMessage | VenueFault => {
  const columns = text.trim().split(",");
  if (columns.length < columnsMin || columns.length > columnsMax)
    return malformed("row", text, "time,type,order,size,price,direction");
  const [time = ""] = columns;
  const ns = parseDecimal(time, nsScale);
  if (ns < 0) return malformed("time", time, `seconds, ${decimalRefusalText(ns)}`);
  const isHalt = columns[typeAt] === String(lobsterType.halt);
  const fault =
    columnFault(columns, columnForms) ?? (isHalt ? undefined : columnFault(columns, amountForms));
  if (fault !== undefined) return fault;
  return {
    ns: BigInt(ns),
    type: Number(columns[typeAt]),
    id: orderIdOf(BigInt(columns[idAt] ?? 0)),
    size: isHalt ? 0 : Number(columns[sizeAt]),
    price: isHalt ? 0 : Number(columns[priceAt]),
    isBid: columns[directionAt] === "1",
  };
};

/** A row, or the fault that names the column. `levelsMax` is 0 for the first row of a file. */
export const readLobsterBook = (text: string, levelsMax: number): LobsterBook | VenueFault => {
  const columns = text.trim().split(",");
  const levels = columns.length / columnsOfLevel;
  if (!Number.isInteger(levels) || (levelsMax > 0 && levels !== levelsMax)) {
    const expected = levelsMax > 0 ? `${levelsMax * columnsOfLevel}` : "four for each level";
    return malformed("columns of the book", columns.length, expected);
  }
  const asks = readSide(columns, 0);
  if (!Array.isArray(asks)) return asks;
  const bids = readSide(columns, 2);
  return Array.isArray(bids) ? { asks, bids, levelsMax: levels } : bids;
};

const readSide = (columns: readonly string[], first: number): LobsterLevel[] | VenueFault => {
  const levels: LobsterLevel[] = [];
  for (let at = first; at < columns.length; at += columnsOfLevel) {
    const [price = "", size = ""] = [columns[at], columns[at + 1]];
    if (dummyPrice.test(price)) continue;
    if (!amountForm.test(price) || !amountForm.test(size)) {
      const field = `columns ${at + 1} and ${at + 2} of the book`;
      return malformed(field, `${price},${size}`, "price times 10,000 and size, integers");
    }
    if (size !== "0") levels.push({ price: Number(price), size: Number(size) });
  }
  return levels;
};
