// Copying without garbage, beside TypedArray.set.
import { describe, expect, it } from "vitest";

import { CopyTarget } from "../../../engine/ring/copy-target.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("copy target"));

describe("a copy target", () => {
  it("copies any number of bytes between any places, and touches no other byte", () => {
    const from = random.bytes(200);
    for (let length = 0; length <= 100; length += 1) {
      const bytes = random.bytes(200);
      const expected = bytes.slice();
      const [start, at] = [random.below(100), random.below(100)];
      expected.set(from.subarray(start, start + length), at);
      new CopyTarget(new DataView(bytes.buffer)).copy(new DataView(from.buffer), start, length, at);
      expect(bytes).toEqual(expected);
    }
  });

  it("refuses bytes outside of either view", () => {
    const view = new DataView(new ArrayBuffer(40));
    const target = new CopyTarget(new DataView(new ArrayBuffer(40)));
    expect(() => target.copy(view, 8, 33, 0)).toThrow(RangeError);
    expect(() => target.copy(view, 0, 33, 8)).toThrow(RangeError);
  });
});
