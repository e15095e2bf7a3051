// A seeded feed of single orders, as events that the tests write in each format and tell the plain
// twin. Prices in units of 10^-4 within a hundred cents, so that levels have several orders.
import type { PlainOrder, PlainOrders } from "../../oracles/plain-orders.ts";
import type { Random } from "../../random.ts";

export type OrderEvent =
  | { readonly kind: "add"; readonly id: number; readonly order: PlainOrder }
  | { readonly kind: "cut" | "execute"; readonly id: number; readonly size: number }
  | { readonly kind: "remove"; readonly id: number }
  | {
      readonly kind: "replace";
      readonly id: number;
      readonly newId: number;
      readonly order: PlainOrder;
    };

const restingMax = 400;

const orderOf = (random: Random, isBid: boolean): PlainOrder => ({
  isBid,
  // Bids from 99.00 to 99.99, asks from 100.00; now and then a price of a finer tick.
  price: (isBid ? 990_000 : 1_000_000) + random.below(100) * 100 + (random.below(50) === 0 ? 7 : 0),
  size: 1 + random.below(500),
});

/** The next event that can happen to the orders of the twin, which is told of it. */
export const nextEvent = (random: Random, twin: PlainOrders, newId: number): OrderEvent => {
  const ids = [...twin.orders.keys()];
  const kind = random.below(10);
  if (ids.length === 0 || (kind < 5 && ids.length < restingMax)) {
    const order = orderOf(random, random.below(2) === 0);
    twin.put(newId, order);
    return { kind: "add", id: newId, order };
  }
  const id = random.pick(ids);
  const before = twin.orders.get(id)!;
  if (kind < 8) {
    const size = 1 + random.below(before.size);
    twin.reduce(id, size);
    return { kind: kind < 7 ? "execute" : "cut", id, size };
  }
  twin.remove(id);
  if (kind === 8) return { kind: "remove", id };
  const order = orderOf(random, before.isBid);
  twin.put(newId, order);
  return { kind: "replace", id, newId, order };
};
