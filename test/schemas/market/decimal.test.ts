import { expect, test } from "vitest";

import {
  decimalPlaces,
  decimalRefusal,
  decimalScaleMax,
  formatDecimal,
  parseDecimal,
  powerOfTen,
} from "../../../schemas/market/decimal.ts";
import { runSeed, seeded } from "../../random.ts";

test("text becomes the exact integer at its scale", () => {
  expect(parseDecimal("61685.99", 2)).toBe(6_168_599);
  expect(parseDecimal("61685.99000000", 2)).toBe(6_168_599);
  expect(parseDecimal("61685", 8)).toBe(6_168_500_000_000);
  expect(parseDecimal("0.00000001", 8)).toBe(1);
  expect(parseDecimal("0.10000000", 1)).toBe(1);
  expect(parseDecimal("9007199254740991", 0)).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseDecimal("90071992547.40991", 5)).toBe(Number.MAX_SAFE_INTEGER);
});

test("text that is no plain decimal, or does not fit, is refused with the reason", () => {
  for (const text of [
    "",
    ".",
    "1.",
    ".5",
    "1e5",
    "+1",
    " 1",
    "1,5",
    "1.2.3",
    "x",
    "1".repeat(65),
  ]) {
    expect([text, parseDecimal(text, 8)]).toEqual([text, decimalRefusal.malformed]);
  }
  expect(parseDecimal("-1", 8)).toBe(decimalRefusal.negative);
  expect(parseDecimal("0.123", 2)).toBe(decimalRefusal.tooFine);
  expect(decimalPlaces(`0.${"0".repeat(18)}1`)).toBe(decimalRefusal.tooFine);
  expect(parseDecimal("9007199254740992", 0)).toBe(decimalRefusal.tooLarge);
  expect(parseDecimal("9007199254740993", 0)).toBe(decimalRefusal.tooLarge);
  expect(parseDecimal("1", 16)).toBe(decimalRefusal.tooLarge);
  expect(parseDecimal("9".repeat(64), 0)).toBe(decimalRefusal.tooLarge);
});

test("random decimals agree with big integers, and come back as the same text", () => {
  const random = seeded(runSeed("decimal"));
  for (let i = 0; i < 50_000; i += 1) {
    const scale = random.below(decimalScaleMax + 1);
    const digits = String(1 + random.below(9)) + String(random.below(10 ** random.below(17)));
    const whole = digits.slice(0, random.below(digits.length + 1)) || "0";
    const fraction = digits.slice(whole === "0" ? 0 : whole.length).slice(0, scale);
    const text = fraction === "" ? whole : `${whole}.${fraction}`;
    const exact = BigInt(whole + fraction) * 10n ** BigInt(scale - fraction.length);
    const value = parseDecimal(text, scale);
    if (exact > BigInt(Number.MAX_SAFE_INTEGER)) expect(value).toBe(decimalRefusal.tooLarge);
    else {
      expect([text, scale, BigInt(value)]).toEqual([text, scale, exact]);
      const back = formatDecimal(value, scale);
      expect(parseDecimal(back, scale)).toBe(value);
    }
  }
});

test("formatting keeps all places and never writes an exponent", () => {
  expect(formatDecimal(6_168_599, 2)).toBe("61685.99");
  expect(formatDecimal(1, 8)).toBe("0.00000001");
  expect(formatDecimal(0, 3)).toBe("0.000");
  expect(formatDecimal(10n ** 30n, 3)).toBe(`1${"0".repeat(27)}.000`);
});

test("a negative value has its sign in front, and what is no integer is refused", () => {
  expect([formatDecimal(-5, 2), formatDecimal(-1234n, 2), formatDecimal(-7, 0)]).toEqual([
    "-0.05",
    "-12.34",
    "-7",
  ]);
  for (const value of [Number.NaN, 103.4, 1e21])
    expect(() => formatDecimal(value, 2)).toThrow(`value=${value} is no integer`);
  for (const scale of [-1, 1.5, Number.NaN, 101])
    expect(() => formatDecimal(1, scale)).toThrow(`scale=${scale}, limits 0 to 100`);
  for (const scale of [-1, 1.5, Number.NaN, 19])
    expect(() => parseDecimal("15", scale)).toThrow(`scale=${scale}, limits 0 to 18`);
});

test("powers of ten are exact up to the largest scale", () => {
  for (let i = 0; i <= decimalScaleMax; i += 1)
    expect(BigInt(powerOfTen(i))).toBe(10n ** BigInt(i));
});
