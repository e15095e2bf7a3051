// The names of instruments in a DBN file. Its metadata has them by number and day, as numbers are
// given to others on other days; live streams tell them in records, from which on they hold. What
// has no name is called by its number.
import { malformed, shown, type VenueFault } from "../../schemas/market/venue-fields.ts";
import {
  dbnInstrumentSymbols,
  dbnMetadata as metadata,
  dbnNameForms,
  dbnRecord,
  dbnSentBytes,
  dbnStart,
  dbnTextBytesOld,
} from "./databento-layout.ts";

type Interval = { readonly from: number; readonly to: number; readonly name: string };

/** Names that come in records of one file, at most; further instruments keep what they have. */
const toldMax = 65_536;
/** More than there are days in 2^64 ns. */
const daysMax = 2 ** 18;
const nsPerDay = 86_400_000_000_000n;
const msPerDay = 86_400_000;
const numberForm = /^\d{1,10}$/;
const nameForm = /^[!-~]{1,26}$/;

/** Reads on from where it stands; beyond the end everything is 0 and `isShort`. */
class Cursor {
  at: number;
  isShort = false;
  readonly #view: DataView;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.at = at;
  }

  u32(): number {
    const at = this.at;
    return this.#has(4) ? this.#view.getUint32(at, true) : 0;
  }

  /** Up to the first zero byte of so many bytes. */
  text(bytes: number): string {
    const at = this.at;
    let text = "";
    if (!this.#has(bytes)) return text;
    for (let i = at; i < at + bytes && this.#view.getUint8(i) !== 0; i += 1)
      text += String.fromCharCode(this.#view.getUint8(i));
    return text;
  }

  skip(bytes: number): void {
    this.#has(bytes);
  }

  #has(bytes: number): boolean {
    if (this.at + bytes > this.#view.byteLength) this.isShort = true;
    else this.at += bytes;
    return !this.isShort;
  }
}

/** Of one file. */
export class InstrumentNames {
  readonly #intervals = new Map<number, Interval[]>();
  readonly #told = new Map<number, string>();
  #changes = 0;

  /** Reads the file's start, metadata included, which `view` is. Returns a fault or null. */
  read(view: DataView): VenueFault | null {
    this.#intervals.clear();
    this.#told.clear();
    const isOld = view.getUint8(dbnStart.version) === 1;
    const short = malformed("metadata", `${view.byteLength} bytes`, "as many as its lists need");
    if (view.byteLength < metadata.schemaBytes) return short;
    const textBytes = isOld ? dbnTextBytesOld : view.getUint16(metadata.textBytes, true);
    const symbolsIn = view.getUint8(isOld ? metadata.symbolsInOld : metadata.symbolsIn);
    const cursor = new Cursor(view, metadata.schemaBytes);
    cursor.skip(cursor.u32());
    for (let list = 0; list < 3; list += 1) cursor.skip(cursor.u32() * textBytes);
    for (let left = cursor.u32(); left > 0 && !cursor.isShort; left -= 1) {
      const symbol = cursor.text(textBytes);
      for (let days = cursor.u32(); days > 0 && !cursor.isShort; days -= 1) {
        const [from, to, other] = [cursor.u32(), cursor.u32(), cursor.text(textBytes)];
        const isNumberFirst = symbolsIn === dbnInstrumentSymbols;
        const [number, name] = isNumberFirst ? [symbol, other] : [other, symbol];
        this.#add(number, { from, to, name });
      }
    }
    return cursor.isShort ? short : null;
  }

  /** Takes the name of a record that tells one, which `view` is. */
  learn(view: DataView): void {
    const form = dbnNameForms.find(
      ({ bytes }) => view.byteLength === bytes || view.byteLength === bytes + dbnSentBytes,
    );
    if (form === undefined) return;
    const instrument = view.getUint32(dbnRecord.instrument, true);
    const name = symbolOfName(new Cursor(view, form.name).text(form.textBytes));
    const known = this.#told.get(instrument);
    if (name === null || name === known) return;
    if (known === undefined && this.#told.size >= toldMax) return;
    this.#told.set(instrument, name);
    this.#changes += 1;
  }

  /** Other than before where names may be others: on each day, and when records told some. */
  keyOf(day: number): number {
    return this.#changes * daysMax + day;
  }

  /** `date` as of `dateOf`. */
  nameOf(instrument: number, date: number): string {
    const name = this.#told.get(instrument);
    if (name !== undefined) return name;
    const intervals = this.#intervals.get(instrument) ?? [];
    const of = intervals.find(({ from, to }) => from <= date && date < to) ?? intervals[0];
    return of?.name ?? instrument.toString();
  }

  #add(number: string, interval: Interval): void {
    const name = symbolOfName(interval.name);
    if (!numberForm.test(number) || name === null) return;
    const intervals = this.#intervals.get(Number(number)) ?? [];
    this.#intervals.set(Number(number), intervals);
    intervals.push({ ...interval, name });
  }
}

/**
 * A name as a depth item's symbol, which has no spaces; names of options have. Null where it cannot
 * be one.
 */
export const symbolOfName = (name: string): string | null => {
  const symbol = name.replaceAll(" ", "_");
  return nameForm.test(symbol) ? symbol : null;
};

/** Days since the epoch. */
export const dayOf = (ns: bigint): number => Number(ns / nsPerDay);

/** A day as DBN writes it: 20240131. */
export const dateOf = (day: number): number => {
  const ms = day * msPerDay;
  const date = new Date(Math.min(ms, 8.64e15));
  return (date.getUTCFullYear() * 100 + date.getUTCMonth() + 1) * 100 + date.getUTCDate();
};

/** What a file of another kind begins with. */
export const shownStart = (view: DataView, at: number): string =>
  shown(String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i))));
