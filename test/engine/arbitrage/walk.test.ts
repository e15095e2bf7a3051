import { expect, test } from "vitest";

import { mayEarn, walk, type WalkSide } from "../../../engine/arbitrage/walk.ts";
import { createDepth } from "../../../engine/book/depth.ts";
import { runSeed, seeded } from "../../random.ts";

type Level = readonly [number, number];

const sideOf = (
  name: "bids" | "asks",
  levels: readonly Level[],
  more: Partial<WalkSide> = {},
): WalkSide => {
  const side = createDepth(16)[name];
  levels.forEach(([price, size], i) => {
    side.prices[i] = price;
    side.sizes[i] = size;
  });
  side.count = levels.length;
  return { side, priceScale: 0, sizeScale: 0, feePpm: 0, ...more };
};

const asks: readonly Level[] = [
  [100, 5],
  [101, 5],
  [104, 5],
];
const bids: readonly Level[] = [
  [103, 7],
  [102, 2],
  [101, 50],
];

test("both books are walked until a pair of levels earns nothing", () => {
  expect(walk(sideOf("asks", asks), sideOf("bids", bids))).toEqual({
    priceScale: 0,
    sizeScale: 0,
    size: 9n,
    buyBest: 100n,
    buyWorst: 101n,
    sellBest: 103n,
    sellWorst: 102n,
    // 5 x 3 + 2 x 2 + 2 x 1, in millionths.
    net: 21_000_000n,
    isCut: false,
  });
});

test("fees of both legs are taken from each pair of levels", () => {
  // 1 % on both: 103 x 0.99 = 101.97 against 100 x 1.01 = 101; the next pair loses.
  const found = walk(
    sideOf("asks", asks, { feePpm: 10_000 }),
    sideOf("bids", bids, { feePpm: 10_000 }),
  );
  expect(found).toMatchObject({ size: 5n, net: 5n * 970_000n, buyWorst: 100n, sellWorst: 103n });
  const none = sideOf("asks", asks, { feePpm: 20_000 });
  expect(walk(none, sideOf("bids", bids, { feePpm: 10_000 }))).toBeNull();
});

test("a price exactly at break-even is no opportunity", () => {
  expect(walk(sideOf("asks", [[100, 1]]), sideOf("bids", [[100, 1]]))).toBeNull();
  const buy = sideOf("asks", [[1_000_000, 1]], { feePpm: 500_000 });
  expect(walk(buy, sideOf("bids", [[3_000_000, 1]], { feePpm: 500_000 }))).toBeNull();
  expect(walk(buy, sideOf("bids", [[3_000_001, 1]], { feePpm: 500_000 }))?.net).toBe(500_000n);
});

test("scales of the legs may differ", () => {
  const buy = sideOf("asks", [[1000, 25]], { priceScale: 1, sizeScale: 1 });
  const sell = sideOf("bids", [[10_050, 3000]], { priceScale: 2, sizeScale: 3 });
  expect(walk(buy, sell)).toMatchObject({
    priceScale: 2,
    sizeScale: 3,
    size: 2500n,
    buyBest: 10_000n,
    sellBest: 10_050n,
    net: 50n * 2500n * 1_000_000n,
  });
});

test("a walk tells when more levels might have earned more", () => {
  const cut = createDepth(1).asks;
  cut.prices[0] = 100;
  cut.sizes[0] = 1;
  cut.count = 1;
  const buy = { side: cut, priceScale: 0, sizeScale: 0, feePpm: 0 };
  expect(walk(buy, sideOf("bids", bids))?.isCut).toBe(true);
});

test("an empty side earns nothing", () => {
  expect(walk(sideOf("asks", []), sideOf("bids", bids))).toBeNull();
  expect(mayEarn(sideOf("asks", []), sideOf("bids", bids))).toBe(false);
});

test("the look at the tops never hides what the walk would find", () => {
  const random = seeded(runSeed("arbitrage"));
  for (let i = 0; i < 20_000; i += 1) {
    const price = 1 + random.below(2 ** 30);
    const feePpm = random.below(2000);
    const buy = sideOf("asks", [[price, 1 + random.below(9)]], { feePpm });
    const near = Math.round(price * (1 + (random.next() - 0.2) * 0.005));
    const sell = sideOf("bids", [[near, 1 + random.below(9)]], { feePpm: random.below(2000) });
    if (walk(buy, sell) !== null) expect(mayEarn(buy, sell)).toBe(true);
  }
});
