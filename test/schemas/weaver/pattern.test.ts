import { describe, expect, it } from "vitest";

import { compilePattern } from "../../../schemas/weaver/pattern-compile.ts";
import { automatonWords, patternMatches } from "../../../schemas/weaver/pattern-match.ts";
import { PatternError } from "../../../schemas/weaver/pattern-parse.ts";
import type { Random } from "../../random.ts";
import { runSeed, seeded } from "../../random.ts";

const encoder = new TextEncoder();

const matches = (pattern: string, text: string): boolean => {
  const bytes = encoder.encode(text);
  return patternMatches(compilePattern(pattern), 0, bytes, { at: 0, end: bytes.length });
};

const randomPattern = (random: Random, depth: number): string => {
  const atom = (): string => {
    const kind = random.below(depth > 0 ? 8 : 6);
    if (kind < 3) return random.pick(["a", "b", "é", "日", "0", "\\.", "-"]);
    if (kind === 3) return random.pick([".", "\\d", "\\w", "\\D"]);
    if (kind < 6) return random.pick(["[ab]", "[^a]", "[0-9é-ü]", "[a-c日]", "[^\\w]", "[\\d-]"]);
    return `(${randomPattern(random, depth - 1)}|${randomPattern(random, depth - 1)})`;
  };
  const piece = (): string =>
    atom() +
    random.pick(["", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "??", "{2}?"]);
  return Array.from({ length: 1 + random.below(3) }, piece).join("");
};

/** Null for one that needs too many states: what is unanchored and counts may. */
const compiled = (pattern: string): Uint16Array | null => {
  try {
    return compilePattern(pattern);
  } catch (error) {
    if (String(error).includes("more than 1024 states")) return null;
    throw error;
  }
};

describe("patterns", () => {
  it("match as ECMAScript's regular expressions do", () => {
    const random = seeded(runSeed("patterns"));
    const letters = ["a", "b", "c", "0", "9", "é", "ü", "日", "🙂", ".", "-", " "];
    for (let i = 0; i < 80; i += 1) {
      const branches = Array.from({ length: 1 + random.below(2) }, () => {
        const start = random.below(2) === 0 ? "^" : "";
        return start + randomPattern(random, 2) + random.pick(["$", ""]);
      });
      const pattern = branches.join("|");
      const expected = new RegExp(pattern, "u");
      const automaton = compiled(pattern);
      if (automaton === null) continue;
      for (let k = 0; k < 30; k += 1) {
        const text = Array.from({ length: random.below(7) }, () => random.pick(letters)).join("");
        const bytes = encoder.encode(text);
        const range = { at: 0, end: bytes.length };
        expect([pattern, text, patternMatches(automaton, 0, bytes, range)]).toEqual([
          pattern,
          text,
          expected.test(text),
        ]);
      }
    }
  });

  it("match anywhere unless they are anchored", () => {
    expect(matches("b", "abc")).toBe(true);
    expect(matches("^b", "abc")).toBe(false);
    expect(matches("c$", "abc")).toBe(true);
    expect(matches("^(a|b)$", "ab")).toBe(false);
  });

  it("need what a lazy quantifier needs", () => {
    expect(matches("^a+?$", "")).toBe(false);
    expect(matches("^a+?$", "aa")).toBe(true);
    expect(matches("^a{2}?$", "a")).toBe(false);
  });

  it("run in a table of bounded size where backtracking would explode", () => {
    const words = compilePattern("^(a+)+$");
    const bytes = encoder.encode(`${"a".repeat(50_000)}b`);
    expect(patternMatches(words, 0, bytes, { at: 0, end: bytes.length })).toBe(false);
    expect(() => compilePattern("(a|b)*a(a|b){14}")).toThrow(/more than 1024 states/);
    expect(() => compilePattern("((((a{255}){255}){255}))")).toThrow(/more than 8192 steps/);
  });

  it.each([
    ["(", 'character 2: ")" is expected'],
    ["a)", 'character 2: ")" is not expected'],
    ["[a", "character 3: ends too soon"],
    ["*a", 'character 2: "*" has nothing to stand on'],
    ["a++", 'character 4: "+" has nothing to stand on'],
    ["a{2,1}", "character 7: {2,1} has no length"],
    ["a{999}", "character 6: a count of 0 to 255"],
    ["(?=a)", "character 3: only (?: and plain groups"],
    ["\\1", "character 3: \\1 is not known"],
    ["(^a)", 'character 3: "^" has nothing to stand on'],
    ["[b-a]", "character 5: a range runs backwards"],
    ["a".repeat(501), "501 characters, limit 500"],
  ])("refuse %s with its place", (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
    expect(() => compilePattern(pattern)).toThrow(message);
  });

  it("are refused when their words lead outside", () => {
    const words = compilePattern("ab");
    expect(automatonWords(words, 0)).toBe(words.length);
    expect(automatonWords(words.subarray(0, -1), 0)).toBe(-1);
    words[words.length - 1] = 60_000;
    expect(automatonWords(words, 0)).toBe(-1);
  });
});
