import { describe, expect, it } from "vitest";

import { globMatches } from "../../../schemas/weaver/glob.ts";
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

  it("matches names of any length", () => {
    for (const glob of ["*", "GET *", "* HTTP/1.1", "GET */n* HTTP/?.1"]) {
      expect(matches(glob, `GET /${"n".repeat(60_000)} HTTP/1.1`)).toBe(true);
      expect(matches(glob, `PUT /${"n".repeat(60_000)} HTTP/2`)).toBe(glob === "*");
    }
  });

  it("gives up on what it nearly matches again and again", () => {
    const glob = `*${"n".repeat(200)}x`;
    expect(matches(glob, `${"n".repeat(400)}x`)).toBe(true);
    expect(matches(glob, `${"n".repeat(60_000)}x`)).toBe(false);
  });
});
