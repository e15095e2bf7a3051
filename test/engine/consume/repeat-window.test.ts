import { expect, it } from "vitest";

import { RepeatWindow, repeatLimits } from "../../../engine/consume/repeat-window.ts";
import { runSeed, seeded } from "../../random.ts";

const headers = (producer: string, sequence: string | number) => ({
  "weir-producer": Buffer.from(producer),
  "weir-sequence": Buffer.from(String(sequence)),
});

it("knows a sequence that came, of its own producer only", () => {
  const window = new RepeatWindow();
  expect([1, 2, 1].map((at) => window.see(headers("a", at)))).toEqual([false, false, true]);
  expect(window.see(headers("b", 1))).toBe(false);
  expect(window.see(headers("a", 2))).toBe(true);
});

it("takes what overtook for new, and what is without ids or with strange ones", () => {
  const window = new RepeatWindow();
  expect([9, 3, 3, 9].map((at) => window.see(headers("a", at)))).toEqual([
    false,
    false,
    true,
    true,
  ]);
  for (const text of ["", "x", "-1", "1.5", "1".repeat(16)]) {
    expect(window.see(headers("a", text))).toBe(false);
    expect(window.see(headers("a", text))).toBe(false);
  }
  expect([window.see({}), window.see({})]).toEqual([false, false]);
});

it("forgets the producer that was quiet for longest when there are too many", () => {
  const window = new RepeatWindow();
  for (let at = 0; at < repeatLimits.producers; at += 1) window.see(headers(`p${at}`, 5));
  expect(window.see(headers("p0", 5))).toBe(true);
  window.see(headers("one more", 5));
  expect([window.see(headers("p0", 5)), window.see(headers("p1", 5))]).toEqual([true, false]);
});

it("agrees with a set over sequences out of order, repeated and far apart", () => {
  const random = seeded(runSeed("repeat window"));
  const window = new RepeatWindow();
  const seen = new Set<number>();
  let highest = 0;
  for (let i = 0; i < 50_000; i += 1) {
    const isJump = random.below(2000) === 0;
    const ahead = isJump ? random.below(3 * repeatLimits.sequences) : random.below(4);
    const sequence =
      random.below(3) === 0 ? Math.max(0, highest - random.below(100_000)) : highest + ahead;
    const isTold = sequence > highest - repeatLimits.sequences || i === 0;
    expect(window.see(headers("a", sequence))).toBe(isTold && seen.has(sequence));
    highest = Math.max(highest, sequence);
    seen.add(sequence);
  }
});
