// Writes files of orders for tests in Databento's three encodings, field by field after its
// description.
import type { OrderEvent } from "./random-orders.ts";

/** The name of an instrument from one day on, as 20240131, to the day before another. */
export type Named = {
  readonly name: string;
  readonly instrument: number;
  readonly from?: number;
  readonly to?: number;
};

export type DbnRecord = {
  readonly action: string;
  readonly side?: string;
  readonly id?: number | bigint;
  /** In units of 10^-9; a number of 10^-4. */
  readonly price?: bigint | number;
  readonly size?: number;
  /** 0x80 last, 0x40 top, 0x20 snapshot. Default last. */
  readonly flags?: number;
  readonly instrument?: number;
  readonly publisher?: number;
  readonly sequence?: number;
  readonly receiveNs?: bigint;
  readonly eventNs?: bigint;
  /** A time of sending at the end. */
  readonly isSent?: boolean;
};

/** A new order. */
export const bid = (id: number, price: number, size: number): DbnRecord => ({
  action: "A",
  side: "B",
  id,
  price,
  size,
});

export const noPrice = 2n ** 63n - 1n;
export const noTime = 2n ** 64n - 1n;
/** 2024-01-31, noon. */
export const noonNs = 1_706_702_400_000_000_000n;
const dayNs = 86_400_000_000_000n;
export const nextNoonNs = noonNs + dayNs;

const little = (value: number | bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n));

const text = (value: string, bytes: number): number[] =>
  Array.from(Buffer.from(value.padEnd(bytes, "\0"), "latin1"));

/** The start of a file. `isNamed`: mappings go from names to numbers, else the other way. */
export const dbnStart = (version: number, names: readonly Named[], isNamed = true): number[] => {
  const textBytes = version === 1 ? 22 : 71;
  const mapping = ({ name, instrument, from = 20_000_101, to = 21_000_101 }: Named): number[] => {
    const [first, second] = isNamed ? [name, `${instrument}`] : [`${instrument}`, name];
    const days = [...little(from, 4), ...little(to, 4)];
    return [...text(first, textBytes), ...little(1, 4), ...days, ...text(second, textBytes)];
  };
  const symbols = isNamed ? [1, 0] : [0, 1];
  const fixed = [
    ...text("XNAS.ITCH", 16),
    ...little(0, 2),
    ...little(noonNs, 8),
    ...little(nextNoonNs, 8),
    ...little(0, 8),
    ...(version === 1 ? little(-1n, 8) : []),
    ...symbols,
    0,
    ...(version === 1 ? [] : little(textBytes, 2)),
  ];
  const lists = [
    ...little(0, 4),
    ...little(1, 4),
    ...text("ALL_SYMBOLS", textBytes),
    ...little(0, 4),
    ...little(0, 4),
    ...little(names.length, 4),
    ...names.flatMap(mapping),
  ];
  const body = [...fixed, ...text("", 100 - fixed.length), ...lists];
  const padding = version === 3 ? (8 - (body.length % 8)) % 8 : 0;
  body.push(...text("", padding));
  return [...text("DBN", 3), version, ...little(body.length, 4), ...body];
};

/** One record of an order. */
export const dbnOrder = (record: DbnRecord): number[] => {
  const { price = 0n, receiveNs = noonNs, isSent = false } = record;
  return [
    isSent ? 16 : 14,
    160,
    ...little(record.publisher ?? 2, 2),
    ...little(record.instrument ?? 38, 4),
    ...little(record.eventNs ?? receiveNs - 5n, 8),
    ...little(record.id ?? 0, 8),
    ...little(typeof price === "number" ? BigInt(price) * 100_000n : price, 8),
    ...little(record.size ?? 0, 4),
    record.flags ?? 0x80,
    0,
    ...text(record.action, 1),
    ...text(record.side ?? "N", 1),
    ...little(receiveNs, 8),
    ...little(0, 4),
    ...little(record.sequence ?? 0, 4),
    ...(isSent ? little(receiveNs, 8) : []),
  ];
};

/** One record that tells a name, of version 1 or later. */
export const dbnName = (
  version: number,
  { name, instrument, isSent = false }: Named & { readonly isSent?: boolean },
): number[] => {
  const textBytes = version === 1 ? 22 : 71;
  const kind = version === 1 ? [] : [1];
  const record = [
    22,
    ...little(2, 2),
    ...little(instrument, 4),
    ...little(noonNs, 8),
    ...kind,
    ...text("ASKED", textBytes),
    ...kind,
    ...text(name, textBytes),
    ...little(0, version === 1 ? 4 : 0),
    ...little(noonNs, 8),
    ...little(nextNoonNs, 8),
    ...(isSent ? little(noonNs, 8) : []),
  ];
  return [(record.length + 1) / 4, ...record];
};

/** What the record says, as Databento names and orders it. */
const fieldsOf = (record: DbnRecord, isPretty: boolean) => {
  const { price = 0n, receiveNs = noonNs } = record;
  const units = typeof price === "number" ? BigInt(price) * 100_000n : price;
  const ns = (value: bigint): string | null => {
    if (!isPretty) return `${value}`;
    const seconds = new Date(Number(value / 1_000_000n)).toISOString().slice(0, 20);
    return value === noTime ? null : `${seconds}${`${value % 1_000_000_000n}`.padStart(9, "0")}Z`;
  };
  const pretty = `${units / 1_000_000_000n}.${`${units % 1_000_000_000n}`.padStart(9, "0")}`;
  return {
    ts_recv: ns(receiveNs),
    ts_event: ns(record.eventNs ?? receiveNs - 5n),
    rtype: 160,
    publisher_id: record.publisher ?? 2,
    instrument_id: record.instrument ?? 38,
    action: record.action,
    side: record.side ?? "N",
    price: !isPretty ? `${units}` : units === noPrice ? null : pretty,
    size: record.size ?? 0,
    channel_id: 0,
    order_id: `${record.id ?? 0}`,
    flags: record.flags ?? 0x80,
    ts_in_delta: 0,
    sequence: record.sequence ?? 0,
  };
};

type TextFields = ReturnType<typeof fieldsOf> & { readonly symbol?: string };

/** Fields in place of those of the record, for lines that are wrong; undefined takes one out. */
export type Changed = { readonly [field: string]: unknown };

/** One line of JSON; a symbol of "" is none. */
export const dbnJson = (
  record: DbnRecord,
  symbol = "",
  isPretty = false,
  changed: Changed = {},
): string => {
  const { ts_recv, ts_event, rtype, publisher_id, instrument_id, ...rest } = fieldsOf(
    record,
    isPretty,
  );
  const header = { ts_event, rtype, publisher_id, instrument_id };
  const named = symbol === "" ? {} : { symbol };
  const line: { [field: string]: unknown } = { ts_recv, hd: header, ...rest, ...named };
  for (const [field, value] of Object.entries(changed))
    if (field in header) line["hd"] = { ...header, [field]: value };
    else line[field] = value;
  return JSON.stringify(line);
};

/** The line that names the columns. */
export const dbnColumns = [...Object.keys(fieldsOf({ action: "R" }, false)), "symbol"].join(",");

/** One row of CSV, the symbol last. */
export const dbnRow = (
  record: DbnRecord,
  symbol = "",
  isPretty = false,
  changed: Changed = {},
): string => {
  const fields: TextFields = { ...fieldsOf(record, isPretty), symbol, ...changed };
  return Object.values(fields).join(",");
};

/** The event as records; `sizeBefore` is what its order had. */
export const dbnEvents = (event: OrderEvent, sizeBefore: number): DbnRecord[] => {
  const { kind, id } = event;
  if (kind === "add") {
    const { isBid, ...order } = event.order;
    return [{ action: "A", side: isBid ? "B" : "A", id, ...order }];
  }
  if (kind === "replace") {
    const { isBid, ...order } = event.order;
    const size = 4_000_000;
    return [
      { action: "M", side: isBid ? "B" : "A", id, ...order, size, flags: 0 },
      { action: "C", id, size, flags: 0 },
      { action: "A", side: isBid ? "B" : "A", id: event.newId, ...order },
    ];
  }
  return [{ action: "C", id, size: kind === "remove" ? sizeBefore : event.size }];
};
