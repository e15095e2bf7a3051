import { describe, expect, it } from "vitest";

import { globMatches, globNameBytesMax } from "../../../schemas/weaver/glob.ts";
import type { ByteRange } from "../../../schemas/weaver/glob.ts";
import { runSeed, seeded } from "../../random.ts";

const range = (text: string): ByteRange => {
  const bytes = new TextEncoder().encode(`<${text}>`);
  return { view: new DataView(bytes.buffer), at: 1, end: bytes.length - 1 };
};

const matches = (glob: string, name: string): boolean => globMatches(range(glob), range(name));

describe("a glob", () => {
  it("matches as the same regular expression does", () => {
    const random = seeded(runSeed("globs"));
    const text = (letters: readonly string[]): string =>
      Array.from({ length: random.below(7) }, () => random.pick(letters)).join("");
    for (let i = 0; i < 3000; i += 1) {
      const glob = text(["a", "b", "*", "?", "."]);
      const name = text(["a", "b", "a", "."]);
      const source = glob.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
      expect([glob, name, matches(glob, name)]).toEqual([
        glob,
        name,
        new RegExp(`^${source}$`).test(name),
      ]);
    }
  });

  it("matches no name beyond its limit", () => {
    expect(matches("*", "n".repeat(globNameBytesMax))).toBe(true);
    expect(matches("*", "n".repeat(globNameBytesMax + 1))).toBe(false);
  });
});
