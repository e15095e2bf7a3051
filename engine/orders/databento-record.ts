// The record of an order as it stands in DBN's bytes: each field is read where it is asked for, as
// most records need only some.
import { dbnRecord as field } from "./databento-layout.ts";
import { dateOf, dayOf, type InstrumentNames } from "./databento-names.ts";
import type { DatabentoRecord } from "./databento-orders.ts";
import type { HeldBytes } from "./held-bytes.ts";
import { type OrderId, orderIdOf } from "./order-reading.ts";

/** One for all records, each pointed at in turn. */
export class DbnRecord implements DatabentoRecord {
  at = 0;
  readonly #names: InstrumentNames;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  constructor(names: InstrumentNames) {
    this.#names = names;
  }

  /** Is the whole record that the held bytes begin with, until those change. */
  point(held: HeldBytes): void {
    this.at = held.offset;
    this.#view = held.view;
    this.#start = held.start;
  }

  get publisher(): number {
    return this.#view.getUint16(this.#start + field.publisher, true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#start + field.instrument, true);
  }

  get eventNs(): bigint {
    return this.#view.getBigUint64(this.#start + field.eventNs, true);
  }

  get receiveNs(): bigint {
    return this.#view.getBigUint64(this.#start + field.receiveNs, true);
  }

  get order(): OrderId {
    return orderIdOf(this.#view.getBigUint64(this.#start + field.order, true));
  }

  get price(): bigint {
    return this.#view.getBigInt64(this.#start + field.price, true);
  }

  get size(): number {
    return this.#view.getUint32(this.#start + field.size, true);
  }

  get flags(): number {
    return this.#view.getUint8(this.#start + field.flags);
  }

  get action(): string {
    return String.fromCharCode(this.#view.getUint8(this.#start + field.action));
  }

  get side(): string {
    return String.fromCharCode(this.#view.getUint8(this.#start + field.side));
  }

  get sequence(): number {
    return this.#view.getUint32(this.#start + field.sequence, true);
  }

  nameKey(receiveNs: bigint): number {
    return this.#names.keyOf(dayOf(receiveNs));
  }

  name(receiveNs: bigint): string {
    return this.#names.nameOf(this.instrument, dateOf(dayOf(receiveNs)));
  }
}
