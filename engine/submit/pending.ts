// Signed transactions by the number of their record, from when they are read until their record
// comes back in a bundle. What a custom stage filters out never comes back: it leaves by its age, or
// when the store is full and another one needs its place.
import type { Outgoing } from "./outlet.ts";

/** Transactions kept at most; 1,232 bytes each as a rule. */
const pendingMax = 4096;
/** No transaction is of use for longer: a blockhash lives for 150 blocks. */
export const ageUsMax = 60_000_000;

export class Pending {
  /** In the order of their coming. */
  readonly #byId = new Map<number, Outgoing>();

  get size(): number {
    return this.#byId.size;
  }

  /** Returns how many had to go for it: 0 or 1. */
  add(transaction: Outgoing): number {
    let gone = 0;
    if (this.#byId.size >= pendingMax) {
      for (const id of this.#byId.keys()) {
        this.#byId.delete(id);
        gone = 1;
        break;
      }
    }
    this.#byId.set(transaction.id, transaction);
    return gone;
  }

  /** Takes a transaction out; null when it is not there, or not any more. */
  take(id: number): Outgoing | null {
    const found = this.#byId.get(id) ?? null;
    this.#byId.delete(id);
    return found;
  }

  /** Removes what is too old; returns how many. */
  expire(nowUs: number): number {
    let gone = 0;
    for (const { id, receivedUs } of this.#byId.values()) {
      if (nowUs - receivedUs < ageUsMax) break;
      this.#byId.delete(id);
      gone += 1;
    }
    return gone;
  }

  /** Removes all; returns how many there were. */
  clear(): number {
    const gone = this.#byId.size;
    this.#byId.clear();
    return gone;
  }
}
