import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Bits56 } from "../../../schemas/sampling/threshold.ts";
import {
  adjustedCountOf,
  allDigits,
  bits56,
  digits,
  isBelow,
  isProbability,
  isSame,
  probabilityMin,
  probabilityOf,
  readDigits,
  thresholdOf,
} from "../../../schemas/sampling/threshold.ts";
import { oracleThreshold } from "../../oracles/plain-sampling.ts";
import { runSeed } from "../../random.ts";

const seed = runSeed("threshold");
const utf8 = new TextEncoder();

const big = ({ high, low }: Bits56): bigint => (BigInt(high) << 28n) | BigInt(low);
const split = (value: bigint): Bits56 => ({
  high: Number(value >> 28n),
  low: Number(value & 0xfffffffn),
});
const read = (text: string): bigint | null => {
  const into = bits56();
  const bytes = utf8.encode(text);
  return readDigits(bytes, 0, bytes.length, into) ? big(into) : null;
};

// The specification's own table, precisions 3, 4 and 5, with the exact counts of precision 4.
const table: readonly (readonly [number, string, string, string, number])[] = [
  [1, "0", "0", "0", 1],
  [2, "8", "8", "8", 2],
  [3, "aab", "aaab", "aaaab", 3.00004577706569],
  [4, "c", "c", "c", 4],
  [5, "ccd", "cccd", "ccccd", 5.0000762951094835],
  [8, "e", "e", "e", 8],
  [10, "e66", "e666", "e6666", 9.99938968568813],
  [16, "f", "f", "f", 16],
  [100, "fd71", "fd70a", "fd70a4", 99.99771123402633],
  [1000, "ffbe7", "ffbe77", "ffbe76d", 1000.012874769029],
  [10_000, "fff972", "fff9724", "fff97247", 9999.830725674266],
  [100_000, "ffff584", "ffff583a", "ffff583a5", 99999.238556461],
  [1_000_000, "ffffef4", "ffffef39", "ffffef391", 999992.38556461],
];

describe("threshold", () => {
  it.each(table)("of 1 in %i has the digits of the specification", (n, ...row) => {
    const [three, four, five, count] = row;
    expect(digits(thresholdOf(1 / n, 3))).toBe(three);
    expect(digits(thresholdOf(1 / n))).toBe(four);
    expect(digits(thresholdOf(1 / n, 5))).toBe(five);
    expect(adjustedCountOf(thresholdOf(1 / n))).toBe(count);
  });

  it("is exact for every probability and precision", () => {
    const probability = fc.oneof(
      fc.double({ min: probabilityMin, max: 1, noNaN: true }),
      fc
        .tuple(fc.double({ min: 1, max: 2, noNaN: true }), fc.integer({ min: 1, max: 56 }))
        .map(([factor, exponent]) => factor * 2 ** -exponent),
    );
    const precision = fc.integer({ min: 1, max: 14 });
    fc.assert(
      fc.property(probability, precision, (p, d) => {
        expect(big(thresholdOf(p, d))).toBe(oracleThreshold(p, d));
      }),
      { seed, numRuns: 20_000 },
    );
  });

  it("never rounds up to a threshold that keeps nothing", () => {
    expect(digits(thresholdOf(probabilityMin))).toBe("f".repeat(12));
    expect(digits(thresholdOf(probabilityMin, 14))).toBe("f".repeat(14));
    expect(probabilityOf(thresholdOf(probabilityMin, 14))).toBe(probabilityMin);
    expect(probabilityOf(thresholdOf(2 ** -30, 1))).toBe(2 ** -30);
  });

  it("refuses what is no probability", () => {
    for (const value of [0, -0.1, 1.000001, Number.NaN, Infinity, probabilityMin / 2]) {
      expect(isProbability(value)).toBe(false);
      expect(() => thresholdOf(value)).toThrow("expected 2^-56 to 1");
    }
    expect(isProbability(probabilityMin)).toBe(true);
  });

  it("compares as 56-bit integers do", () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 56n - 1n });
    fc.assert(
      fc.property(word, word, fc.bigInt({ min: -1n, max: 1n }), (a, other, near) => {
        const shifted = a + near;
        const inRange = shifted >= 0n && shifted < 2n ** 56n;
        for (const b of inRange ? [other, shifted] : [other]) {
          expect(isBelow(split(a), split(b))).toBe(a < b);
          expect(isSame(split(a), split(b))).toBe(a === b);
        }
      }),
      { seed },
    );
  });

  it("has the probability and the adjusted count of its exact ratio", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }), (value) => {
        const kept = Number(2n ** 56n - value);
        expect(probabilityOf(split(value))).toBe(kept / 2 ** 56);
        expect(adjustedCountOf(split(value))).toBe(2 ** 56 / kept);
      }),
      { seed },
    );
  });

  it("is written without trailing zeros and read back", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }),
        fc.integer({ min: 0, max: 13 }),
        (v, z) => {
          const value = (v >> BigInt(4 * z)) << BigInt(4 * z);
          const text = value.toString(16).padStart(14, "0");
          expect(allDigits(split(value))).toBe(text);
          expect(digits(split(value))).toBe(text.replace(/0+$/, "") || "0");
          expect(read(digits(split(value)))).toBe(value);
          expect(read(text)).toBe(value);
        },
      ),
      { seed },
    );
  });

  it.each(["", "g", "8g", "FD70A", "fd70A", " 8", "8 ", "0x8", "-1", "123456789abcdef", "é"])(
    "is not read from %j",
    (text) => {
      expect(read(text)).toBeNull();
    },
  );
});
