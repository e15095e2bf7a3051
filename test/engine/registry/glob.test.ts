import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { globAlternatives, matchesGlob } from "../../../engine/registry/glob.ts";

describe("wildcards", () => {
  test("mean what the same regular expression means", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), maxLength: 8 });
    const names = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });
    fc.assert(
      fc.property(letters, names, (pattern, name) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll("*", ".*").replaceAll("?", ".");
        expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
    );
  });

  test("take no long time however many stars there are", () => {
    expect(matchesGlob("*a".repeat(200), "b".repeat(20_000))).toBe(false);
  });

  test("braces stand for several patterns, up to a limit", () => {
    expect(globAlternatives("a.{b,c}.{d,e}")).toEqual(["a.b.d", "a.b.e", "a.c.d", "a.c.e"]);
    expect(globAlternatives("{a")).toBeNull();
    expect(globAlternatives("{a,b}".repeat(10))).toBeNull();
  });
});
