import { getBase58Codec } from "@solana/kit";
import { describe, expect, it } from "vitest";

import {
  base58BytesMax,
  decodeBase58,
  decodeKey,
  decodeSignature,
  encodeBase58,
} from "../../../schemas/market/base58.ts";
import { runSeed, seeded } from "../../random.ts";

const kit = getBase58Codec();

describe("base58", () => {
  it("writes and reads what @solana/kit does, at every length and with leading zeros", () => {
    const random = seeded(runSeed("base58"));
    for (let round = 0; round < 2_000; round += 1) {
      const bytes = random.bytes(round % 130);
      bytes.fill(0, 0, random.below(4) === 0 ? random.below(40) : 0);
      const text = encodeBase58(bytes);
      expect(text).toBe(kit.decode(bytes));
      expect(decodeBase58(text)).toEqual(bytes);
    }
  });

  it("encodes a range of a larger buffer", () => {
    const bytes = Uint8Array.from([9, 9, 0, 1, 2, 9]);
    expect(encodeBase58(bytes, 2, 5)).toBe(encodeBase58(Uint8Array.of(0, 1, 2)));
  });

  it("encodes no range that does not lie within the bytes", () => {
    const bytes = Uint8Array.from([1, 2, 3]);
    for (const [start, end] of [
      [0, 4],
      [-1, 2],
      [3, 1],
      [Number.NaN, 3],
      [0, Number.NaN],
    ] as const)
      expect(() => encodeBase58(bytes, start, end)).toThrow(
        `base58 of bytes ${start} to ${end}, limits 0 to 3`,
      );
    expect(encodeBase58(bytes, 3)).toBe("");
    expect(decodeBase58("1".repeat(100), Number.NaN)).toBeNull();
  });

  it("refuses foreign characters, other lengths and what is too long", () => {
    for (const text of ["0", "O", "I", "l", "+", " ", "é", "1 1"]) {
      expect(decodeBase58(text)).toBeNull();
    }
    expect(decodeBase58("")).toEqual(new Uint8Array(0));
    expect(decodeKey("1".repeat(31))).toBeNull();
    expect(decodeKey("1".repeat(32))).toEqual(new Uint8Array(32));
    expect(decodeKey("1".repeat(33))).toBeNull();
    expect(decodeKey(encodeBase58(new Uint8Array(33).fill(255)))).toBeNull();
    expect(decodeSignature(encodeBase58(new Uint8Array(64).fill(255)))).not.toBeNull();
    expect(decodeBase58("z".repeat(100_000))).toBeNull();
    expect(() => encodeBase58(new Uint8Array(base58BytesMax + 1))).toThrow("base58BytesMax=4096");
  });
});
