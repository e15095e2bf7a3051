import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ByteWriter } from "../../../schemas/otlp/byte-writer.ts";
import type { Bits56 } from "../../../schemas/sampling/threshold.ts";
import { allDigits, digits } from "../../../schemas/sampling/threshold.ts";
import { TraceState } from "../../../schemas/sampling/trace-state.ts";
import { readPlainState } from "../../oracles/plain-sampling.ts";
import { runSeed } from "../../random.ts";

const seed = runSeed("trace state");
const utf8 = new TextEncoder();
const text = new TextDecoder();
const half: Bits56 = { high: 0x8000000, low: 0 };
const some: Bits56 = { high: 0x0123456, low: 0x789abcd };

const read = (value: string): TraceState => {
  const state = new TraceState();
  const bytes = utf8.encode(`,,${value},,`);
  state.read(bytes, 2, bytes.length - 2);
  return state;
};

const written = (value: string, threshold = half, randomness: Bits56 | null = null): string => {
  const out = new ByteWriter();
  out.to = 5;
  read(value).write(out, threshold, randomness);
  return text.decode(out.bytes.subarray(5, out.to));
};

const hexDigit = fc.constantFrom(..."0123456789abcdefA g".split(""));
const hexText = fc.string({ unit: hexDigit, minLength: 0, maxLength: 15 });
const goodHex = fc.string({
  unit: fc.constantFrom(..."0123456789abcdef".split("")),
  minLength: 14,
  maxLength: 14,
});
const partText = fc.oneof(
  hexText.map((value) => `th:${value}`),
  goodHex.map((value) => `rv:${value}`),
  hexText.map((value) => `rv:${value}`),
  fc.constantFrom("p:8", "th", "t:h", "", ":x", "x:", "thx:1", "rv2:00", `k:${"v".repeat(240)}`),
);
const member = fc.oneof(
  fc.array(partText, { maxLength: 4 }).map((parts) => `ot=${parts.join(";")}`),
  fc.constantFrom(
    "vendor=1",
    " vendor2=a:b;th:8\t",
    "",
    " ",
    "ott=1",
    "o=2",
    "t@ot=th:1",
    "ot",
    "é=ü",
  ),
);
const stateText = fc.array(member, { maxLength: 40 }).map((members) => members.join(","));

describe("tracestate", () => {
  it("is read as its plain twin reads it, whatever it holds", () => {
    fc.assert(
      fc.property(stateText, (value) => {
        const plain = readPlainState(value);
        const state = read(value);
        expect(state.hasThreshold).toBe(plain.threshold !== null);
        expect(state.hasRandomness).toBe(plain.randomness !== null);
        if (plain.threshold !== null) {
          expect(BigInt(`0x${allDigits(state.threshold)}`)).toBe(plain.threshold);
        }
        if (plain.randomness !== null) {
          expect(BigInt(`0x${allDigits(state.randomness)}`)).toBe(plain.randomness);
        }
      }),
      { seed, numRuns: 3000 },
    );
  });

  it("is written with the threshold, all else that was good in its order, and within its limits", () => {
    fc.assert(
      fc.property(stateText, fc.boolean(), (value, hasRandomness) => {
        const before = readPlainState(value);
        const result = written(value, some, hasRandomness ? some : null);
        const after = readPlainState(result);
        const randomness = hasRandomness ? BigInt(`0x${allDigits(some)}`) : null;
        const isFull = after.threshold === null;
        if (isFull) expect(before.others.join(";").length).toBeGreaterThan(200);
        else expect(after.threshold).toBe(BigInt(`0x${allDigits(some)}`));
        expect(after.randomness).toBe(before.randomness ?? (isFull ? null : randomness));
        expect(after.others).toEqual(before.others);
        expect(after.members).toEqual(before.members.slice(0, 31));
        expect(result.startsWith("ot=")).toBe(true);
        expect(result.slice(3).split(",")[0]?.length).toBeLessThanOrEqual(256);
        expect(read(result).isClean).toBe(true);
      }),
      { seed, numRuns: 3000 },
    );
  });

  it.each([
    ["", "ot=th:8"],
    ["ot=th:0", "ot=th:8"],
    ["ot=rv:0123456789abcd", "ot=th:8;rv:0123456789abcd"],
    ["ot=rv:0123456789abcd;th:4;p:8;r:62", "ot=th:8;rv:0123456789abcd;p:8;r:62"],
    ["vendor=x,ot=th:4,other=y", "ot=th:8,vendor=x,other=y"],
    ["vendor=x , other=y", "ot=th:8,vendor=x,other=y"],
    ["ot=rv:0123456789ABCD", "ot=th:8"],
    ["ot=rv:0123456789abc", "ot=th:8"],
    ["ot=th:zz;x:1", "ot=th:8;x:1"],
    ["ot=th:4;x:1;th:c", "ot=th:8;x:1"],
    ["ot=th:4,ot=th:c,v=1", "ot=th:8,v=1"],
    ["ot=th:0123456789abcde", "ot=th:8"],
    ["OT=th:4", "ot=th:8,OT=th:4"],
  ])("turns %j into %j at one half", (before, after) => {
    expect(written(before)).toBe(after);
  });

  it("tells a randomness that it had none of, and keeps the one it had", () => {
    expect(written("ot=p:1", half, some)).toBe(`ot=th:8;rv:${allDigits(some)};p:1`);
    expect(written("ot=rv:ffffffffffffff", half, some)).toBe("ot=th:8;rv:ffffffffffffff");
  });

  it("leaves the threshold out, old and new, when ot has no room for it", () => {
    const full = `k:${"v".repeat(251)}`;
    const out = new ByteWriter();
    expect(read(`ot=${full}`).write(out, half, null)).toBe(false);
    expect(text.decode(out.bytes.subarray(0, out.to))).toBe(`ot=${full}`);
    const shorter = `k:${"v".repeat(241)}`;
    expect(written(`ot=th:4;${shorter},a=b`, some)).toBe(`ot=${shorter},a=b`);
    expect(written(`ot=th:4;${shorter},a=b`)).toBe(`ot=th:8;${shorter},a=b`);
  });

  it("gives up an ot of more than 256 bytes and the members after the 32nd", () => {
    expect(read(`ot=th:8;k:${"v".repeat(250)}`).hasThreshold).toBe(false);
    expect(written(`ot=th:8;k:${"v".repeat(250)},a=b`)).toBe("ot=th:8,a=b");
    const many = Array.from({ length: 32 }, (_, index) => `k${index}=1`);
    expect(written(many.join(","))).toBe(["ot=th:8", ...many.slice(0, 31)].join(","));
  });

  it("says that nothing needs to be left out of a good one", () => {
    expect(read("ot=th:8;rv:0123456789abcd;x:1,v=2").isClean).toBe(true);
    for (const bad of ["ot=th:8;th:8", "ot=th:", "ot=rv:1", "ot=x", "ot=th:8,ot=th:8"]) {
      expect(read(bad).isClean).toBe(false);
    }
    expect(digits(read("ot=th:80").threshold)).toBe("8");
  });
});
