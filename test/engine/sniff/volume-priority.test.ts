import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { priorityHigh, priorityLow } from "../../../engine/ring/ring-control-layout.ts";
import {
  thresholdMax,
  thresholdMin,
  VolumeAverages,
  volumeDefaults,
  VolumePriority,
} from "../../../engine/sniff/volume-priority.ts";
import {
  candidateAt,
  candidateBytes,
  candidateDirections,
  candidateFlag,
} from "../../../schemas/market/candidate-layout.ts";
import { copyKey } from "../../../schemas/market/key-words.ts";
import { wrappedSolKey } from "../../../schemas/market/programs.ts";
import { recordHeaderBytes } from "../../../schemas/market/stage-message.ts";
import { runSeed } from "../../random.ts";

const seed = runSeed("volume");
const intervalUs = volumeDefaults.emaUpdateIntervalMs * 1000;

/** Feeds one volume each interval. */
const run = (averages: VolumeAverages, volumes: readonly number[]): void => {
  let us = 0;
  averages.start(us);
  for (const volume of volumes) {
    averages.add(volume);
    us += intervalUs;
    averages.update(us);
  }
};

const volumes = fc.double({ min: 0, max: 1e13, noNaN: true });
const positive = fc.double({ min: 1, max: 1e13, noNaN: true });

describe("volume averages", () => {
  it("start with the first average and follow the two weights", () => {
    const averages = new VolumeAverages();
    run(averages, [100]);
    expect(averages).toMatchObject({ shortEma: 100, longEma: 100, threshold: 1.5, updates: 1 });
    run(averages, [200]);
    expect(averages.shortEma).toBeCloseTo(120, 9);
    expect(averages.longEma).toBeCloseTo(105, 9);
    const target = 1.5 * (120 / 105);
    expect(averages.threshold).toBeCloseTo(1.5 + 0.1 * (target - 1.5), 9);
  });

  it("drain sum and count together: an interval's average knows nothing of the one before", () => {
    const averages = new VolumeAverages({ ...volumeDefaults, emaAlphaShort: 1, emaAlphaLong: 1 });
    averages.start(0);
    for (const volume of [10, 20, 30]) averages.add(volume);
    averages.update(intervalUs - 1);
    expect(averages.updates).toBe(0);
    averages.update(intervalUs);
    expect(averages.shortEma).toBe(20);
    averages.add(7);
    averages.update(2 * intervalUs);
    expect(averages.shortEma).toBe(7);
  });

  it("stand still while nothing comes, however long", () => {
    const averages = new VolumeAverages();
    run(averages, [5, 9]);
    const { shortEma, longEma, threshold, updates } = averages;
    for (let us = 10 * intervalUs; us < 500 * intervalUs; us += intervalUs) averages.update(us);
    expect(averages).toMatchObject({ shortEma, longEma, threshold, updates });
  });

  it("keep within bounds for any volumes", () => {
    fc.assert(
      fc.property(fc.array(volumes, { maxLength: 300 }), (all) => {
        const averages = new VolumeAverages();
        run(averages, all);
        const { shortEma, longEma, threshold } = averages;
        expect(threshold).toBeGreaterThanOrEqual(thresholdMin);
        expect(threshold).toBeLessThanOrEqual(thresholdMax);
        const largest = Math.max(0, ...all) * (1 + 1e-9);
        expect(shortEma).toBeLessThanOrEqual(largest);
        expect(longEma).toBeLessThanOrEqual(largest);
        expect(Number.isFinite(averages.acceleration())).toBe(true);
      }),
      { seed },
    );
  });

  it("settle at the initial threshold under a constant volume, from any state", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1, maxLength: 50 }),
        positive,
        (before, level) => {
          const averages = new VolumeAverages();
          run(averages, before);
          // The long average forgets 5 % an interval: 1e13 is below a millionth of 1 after 900.
          run(
            averages,
            Array.from({ length: 1000 }, () => level),
          );
          expect(averages.acceleration()).toBeCloseTo(1, 5);
          expect(averages.threshold).toBeCloseTo(1.5, 4);
          expect(averages.isHigh(level * 1.6)).toBe(true);
          expect(averages.isHigh(level * 1.4)).toBe(false);
        },
      ),
      { seed, numRuns: 50 },
    );
  });

  it("recover from a burst, and tell more of it the larger it is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.integer({ min: 1, max: 60 }),
        (factor, length) => {
          const averages = new VolumeAverages();
          run(averages, [
            ...Array.from({ length: 200 }, () => 1000),
            ...Array.from({ length }, () => 1000 * factor),
          ]);
          expect(averages.acceleration()).toBeGreaterThan(1);
          expect(averages.threshold).toBeGreaterThan(1.5);
          run(
            averages,
            Array.from({ length: 600 }, () => 1000),
          );
          expect(averages.threshold).toBeCloseTo(1.5, 2);
          expect(averages.isHigh(1000)).toBe(false);
        },
      ),
      { seed, numRuns: 50 },
    );
  });

  it("calls nothing high before there is an average, and ignores what is no volume", () => {
    const averages = new VolumeAverages();
    expect(averages.isHigh(1e12)).toBe(false);
    expect(averages.acceleration()).toBe(1);
    run(averages, [Number.NaN, -1, Number.POSITIVE_INFINITY]);
    expect(averages.updates).toBe(0);
  });

  it("go on from where they are under other options, and keep the old ones when those are bad", () => {
    const averages = new VolumeAverages();
    run(averages, [100, 200]);
    const { threshold } = averages;
    averages.configure({ ...volumeDefaults, emaAlphaShort: 1, thresholdUpdateRate: 0 });
    run(averages, [300]);
    expect([averages.shortEma, averages.threshold]).toEqual([300, threshold]);
    const bad = { ...volumeDefaults, emaAlphaShort: 2 };
    expect(() => averages.configure(bad)).toThrow("emaAlphaShort=2, limits 0 to 1");
    run(averages, [400]);
    expect(averages.shortEma).toBe(400);
  });

  it("refuse options out of range, naming field and limits", () => {
    const make = (change: Partial<typeof volumeDefaults>) => () =>
      new VolumeAverages({ ...volumeDefaults, ...change });
    expect(make({ emaAlphaShort: 1.1 })).toThrow("emaAlphaShort=1.1, limits 0 to 1");
    expect(make({ emaAlphaLong: Number.NaN })).toThrow("emaAlphaLong=NaN");
    expect(make({ emaAlphaShort: 0.01 })).toThrow("must not be below");
    expect(make({ initialThreshold: 6 })).toThrow("initialThreshold=6, limits 0.5 to 5");
    expect(make({ emaUpdateIntervalMs: 0 })).toThrow("emaUpdateIntervalMs=0");
  });
});

/** Gives a trade of so many lamports its priority. */
const priorityOf = (
  priority: VolumePriority,
  direction: "buy" | "sell",
  lamports: bigint,
): number => {
  const bytes = recordHeaderBytes + candidateBytes;
  const records = new DataView(new ArrayBuffer(bytes));
  const at = recordHeaderBytes;
  records.setUint32(0, candidateBytes, true);
  const flags = candidateFlag.quoteAmount | candidateFlag.quoteMint;
  records.setUint16(at + candidateAt.flags, flags, true);
  records.setUint8(at + candidateAt.direction, candidateDirections.indexOf(direction));
  copyKey(wrappedSolKey, 0, records, at + candidateAt.quoteMint);
  records.setBigUint64(at + candidateAt.quoteAmount, lamports, true);
  return priority.of(records, bytes, 1);
};

it("a sale that accepts any price, or a purchase at any, says nothing of its volume", () => {
  const priority = new VolumePriority();
  const sol = 1_000_000_000n;
  priority.start(0);
  priorityOf(priority, "buy", sol);
  for (let i = 0; i < 9; i += 1) {
    expect(priorityOf(priority, "sell", 0n)).toBe(priorityLow);
    expect(priorityOf(priority, "buy", 2n ** 64n - 1n)).toBe(priorityLow);
  }
  priority.update(intervalUs);
  expect(priority.averages.longEma).toBe(1e9);
  expect(priorityOf(priority, "buy", (sol * 12n) / 10n)).toBe(priorityLow);
  expect(priorityOf(priority, "buy", (sol * 16n) / 10n)).toBe(priorityHigh);
});

it("says how sure it is: 0.5 at the bound above which a volume is HIGH", () => {
  const priority = new VolumePriority({ ...volumeDefaults, thresholdUpdateRate: 0 });
  const sol = 1_000_000_000n;
  priority.start(0);
  priorityOf(priority, "buy", sol);
  expect(priority.confidence()).toBe(0);
  priority.update(intervalUs);
  // HIGH is above 1.5 SOL now.
  for (const [lamports, confidence] of [
    [(sol * 15n) / 10n, 0.5],
    [sol * 3n, 2 / 3],
    [sol / 2n, 0.25],
    [0n, 0],
  ] as const) {
    const isHigh = priorityOf(priority, "buy", lamports) === priorityHigh;
    expect(priority.confidence()).toBeCloseTo(confidence, 12);
    expect(isHigh).toBe(confidence > 0.5);
  }
});
