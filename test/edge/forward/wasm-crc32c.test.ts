import { expect, test } from "vitest";

import { wasmCrc32c } from "../../../edge/forward/wasm-crc32c.ts";
import { crc32c } from "../../../schemas/kafka/crc32c.ts";

const all = Uint8Array.from({ length: 200_000 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 11);

test("has the check value of its definition", () => {
  const check = new TextEncoder().encode("123456789");
  expect(wasmCrc32c(check, 0, check.length)).toBe(0xe3069283);
});

test("is the same as in JavaScript at every alignment, below and above a piece", () => {
  for (const length of [0, 1, 1023, 1024, 1025, 1039, 65_535, 65_536, 65_551, 65_552, 131_073])
    for (let from = 0; from < 17; from += 1)
      expect(wasmCrc32c(all, from, from + length)).toBe(crc32c(all, from, from + length));
});

test("starts anew each time", () => {
  const first = wasmCrc32c(all, 0, 5000);
  wasmCrc32c(all, 7, 90_000);
  expect(wasmCrc32c(all, 0, 5000)).toBe(first);
});
