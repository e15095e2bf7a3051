// A tenant's rules: what happens to a record that has a finding. Compiled once into integers, so that
// the decision on the edge is a walk over a few words: no text is compared per finding. Globs are
// matched once per name, into a mask of bits, which the caller may keep by name.
import { globBytesMax, globMatches } from "../weaver/glob.ts";
import type { ByteRange } from "../weaver/glob.ts";
import { findingCodeMax, findingIds, findingRows, level, levelNames } from "./finding-table.ts";

/** By number: higher is stricter; the strictest finding of a record decides. */
export const modeNames = ["off", "warn", "reject", "quarantine"] as const;

type Mode = (typeof modeNames)[number];

/** Bits 0 to 3 of the tables below. */
export const ruleSignals = ["span", "metric", "log", "resource"] as const;

type RuleSignal = (typeof ruleSignals)[number];

/** Every condition that is present must hold. The first rule that holds decides. */
export type FindingRule = {
  readonly mode: Mode;
  /** A finding id. */
  readonly finding?: string;
  /** This level or a worse one. */
  readonly level?: "information" | "improvement" | "violation";
  readonly signal?: RuleSignal;
  /** Glob over the name of the span, metric or event: `*` any run, `?` one byte. */
  readonly name?: string;
};

export const rulesMax = 200;
/** One bit each in the mask. */
export const ruleGlobsMax = 30;

/** What holds when no rule does: it is counted, the record stays. */
const modeDefault = 1;

export type RuleTable = {
  /** False when no rule looks at names: then every mask is 0. */
  readonly hasNames: boolean;
  /** Bits of the globs that match the name; keep it by name if names repeat. */
  readonly nameMask: (name: ByteRange) => number;
  /** Index into `modeNames`. `signal` is an index into `ruleSignals`, `mask` of `nameMask`. */
  readonly decide: (code: number, findingLevel: number, signal: number, mask: number) => number;
};

export type CompiledRules =
  | { readonly ok: true; readonly table: RuleTable }
  /** `rule` counts from 0. */
  | { readonly ok: false; readonly rule: number; readonly message: string };

const signalCount = ruleSignals.length;
const levelCount = levelNames.length;

const cellOf = (code: number, findingLevel: number, signal: number): number =>
  (code * levelCount + findingLevel) * signalCount + signal;

const encoder = new TextEncoder();

const rangeOf = (text: string): ByteRange => {
  const bytes = encoder.encode(text);
  return { view: new DataView(bytes.buffer), at: 0, end: bytes.length };
};

const problemOf = (rule: FindingRule): string | null => {
  const { finding, level: worst, mode, name, signal } = rule;
  if (!modeNames.includes(mode)) {
    return `mode must be one of ${modeNames.join(", ")}, found ${mode}`;
  }
  if (finding !== undefined && !findingIds.includes(finding)) {
    return `finding ${finding} is not known; known are ${findingIds.join(", ")}`;
  }
  if (worst !== undefined && !(levelNames.indexOf(worst) > 0)) {
    return `level must be one of ${levelNames.slice(1).join(", ")}, found ${worst}`;
  }
  if (signal !== undefined && !ruleSignals.includes(signal)) {
    return `signal must be one of ${ruleSignals.join(", ")}, found ${signal}`;
  }
  if (name !== undefined && encoder.encode(name).length > globBytesMax) {
    return `name is longer than globBytesMax=${globBytesMax}`;
  }
  return null;
};

const covers = (rule: FindingRule, code: number, findingLevel: number, signal: number): boolean =>
  (rule.finding === undefined || findingRows[code - 1]?.id === rule.finding) &&
  (rule.level === undefined || findingLevel >= level[rule.level]) &&
  (rule.signal === undefined || ruleSignals[signal] === rule.signal);

/** Words of one cell's rules: glob bit (0 = any name) << 2 | mode, ended by one with any name. */
const cellWords = (
  rules: readonly FindingRule[],
  bits: ReadonlyMap<string, number>,
  holds: (rule: FindingRule) => boolean,
): number[] => {
  const words: number[] = [];
  for (const rule of rules) {
    if (!holds(rule)) continue;
    const bit = rule.name === undefined ? 0 : (bits.get(rule.name) ?? 0);
    words.push(bit, modeNames.indexOf(rule.mode));
    if (bit === 0) return words;
  }
  words.push(0, modeDefault);
  return words;
};

const tableOf = (rules: readonly FindingRule[], globs: readonly string[]): RuleTable => {
  const bits = new Map(globs.map((glob, i) => [glob, 1 << i]));
  const starts = new Int32Array((findingCodeMax + 1) * levelCount * signalCount);
  const words: number[] = [];
  // Most cells say the same.
  const known = new Map<string, number>();
  for (let code = 0; code <= findingCodeMax; code += 1) {
    for (let worst = 0; worst < levelCount; worst += 1) {
      for (let signal = 0; signal < signalCount; signal += 1) {
        const cell = cellWords(rules, bits, (rule) => covers(rule, code, worst, signal));
        const key = cell.join();
        const start = known.get(key) ?? words.length;
        if (!known.has(key)) words.push(...cell);
        known.set(key, start);
        starts[cellOf(code, worst, signal)] = start;
      }
    }
  }
  const table = Int32Array.from(words);
  const ranges = globs.map(rangeOf);
  return {
    hasNames: globs.length > 0,
    nameMask: (name) =>
      ranges.reduce((mask, glob, i) => (globMatches(glob, name) ? mask | (1 << i) : mask), 0),
    decide: (code, findingLevel, signal, mask) => {
      let at = starts[cellOf(code, findingLevel, signal)] as number;
      for (;;) {
        const bit = table[at] as number;
        if (bit === 0 || (bit & mask) !== 0) return table[at + 1] as number;
        at += 2;
      }
    },
  };
};

/** A table, or what is wrong with which rule; rules come from outside, so this never throws. */
export const compileRules = (rules: readonly FindingRule[]): CompiledRules => {
  if (rules.length > rulesMax) {
    return { ok: false, rule: rulesMax, message: `more than rulesMax=${rulesMax} rules` };
  }
  const globs = [...new Set(rules.flatMap(({ name }) => (name === undefined ? [] : [name])))];
  for (const [rule, given] of rules.entries()) {
    const message = problemOf(given);
    if (message !== null) return { ok: false, rule, message };
    if (given.name !== undefined && globs.indexOf(given.name) >= ruleGlobsMax) {
      return { ok: false, rule, message: `more than ruleGlobsMax=${ruleGlobsMax} names` };
    }
  }
  return { ok: true, table: tableOf(rules, globs) };
};
