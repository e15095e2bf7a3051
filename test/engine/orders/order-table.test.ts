import { expect, test } from "vitest";

import {
  noOrderCounts,
  orderIdOf,
  ordersMax,
  priceOf,
  wholePriceOf,
} from "../../../engine/orders/order-reading.ts";
import { OrderTable } from "../../../engine/orders/order-table.ts";
import { DepthMessage } from "../../../schemas/market/depth-message.ts";
import { venueCodes } from "../../../schemas/market/venues.ts";

const order = { isBid: true, price: 100, priceScale: 0, size: 5 };
const origin = { updateId: 1, eventNs: 0n, receiveNs: 0n };

const levelsOf = (table: OrderTable): string[] => {
  const message = new DepthMessage();
  const seen: string[] = [];
  for (const _ of table.publish(message, origin)) {
    const levels = Array.from({ length: message.bidCount + message.askCount }, (_, i) =>
      [message.price(i), message.size(i)].join("x"),
    );
    seen.push([message.kind, message.priceScale, ...levels].join(" "));
  }
  return seen;
};

test("orders beyond the limit are left out, and what changes them counts as unknown", () => {
  const counts = { ...noOrderCounts(), orders: ordersMax - 1 };
  const table = new OrderTable("ABC", venueCodes.itch, counts);
  table.put(1, order);
  table.put(2, order);
  table.put(1, { ...order, size: 7 });
  expect([counts.orders, counts.leftOut]).toEqual([ordersMax, 1]);
  expect([table.reduce(2, 1), table.remove(2), counts.unknown]).toEqual([null, false, 2]);
  table.clear();
  expect(counts.orders).toBe(ordersMax - 1);
});

test("a message has the coarsest scale that is exact for its levels", () => {
  const table = new OrderTable("ABC", venueCodes.itch, noOrderCounts());
  table.put(1, order);
  expect(levelsOf(table)).toEqual(["1 0", "2 0 100x5"]);
  table.put(2, { ...order, isBid: false, price: 12_345, priceScale: 2 });
  table.put(1, { ...order, price: 99 });
  expect(levelsOf(table)).toEqual(["2 2 10000x-5 9900x5 12345x5"]);
});

test("an order that is put again at its level is one change, by the difference", () => {
  const table = new OrderTable("ABC", venueCodes.itch, noOrderCounts());
  table.put(1, order);
  levelsOf(table);
  table.put(1, { ...order, size: 3 });
  expect(levelsOf(table)).toEqual(["2 0 100x-2"]);
});

test("a snapshot sums the orders of a level", () => {
  const table = new OrderTable("ABC", venueCodes.itch, noOrderCounts());
  table.put(9, order);
  table.clear();
  table.put(1, order);
  table.put(2, { ...order, size: 2 });
  table.put(3, { ...order, price: 101 });
  expect([table.isSettled, levelsOf(table), table.isSettled]).toEqual([
    false,
    ["1 0 101x5 100x7"],
    true,
  ]);
});

test("prices lose their trailing zeros, ids above 2^53 stay exact", () => {
  expect([priceOf(1_002_500, 4), priceOf(0, 4), priceOf(7, 4)]).toEqual([
    { price: 10_025, priceScale: 2 },
    { price: 0, priceScale: 0 },
    { price: 7, priceScale: 4 },
  ]);
  expect(wholePriceOf(12_345_678_250_000_000n, 9)).toEqual({ price: 1_234_567_825, priceScale: 2 });
  expect(wholePriceOf(9_007_199_254_740_993n, 9)).toMatchObject({ field: "price" });
  expect([orderIdOf(2n ** 53n - 1n), orderIdOf(2n ** 53n)]).toEqual([2 ** 53 - 1, 2n ** 53n]);
});
