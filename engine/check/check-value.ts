// Our constraints of values, which Weaver has no word for: weir.min, weir.max, weir.max_length and
// weir.pattern, annotations of an attribute. Patterns are compiled once per registry and run in time
// linear in the value. A value of the wrong type is not looked at: type_mismatch says enough.
import { finding } from "../../schemas/validate/finding-table.ts";
import { attributeKey } from "../../schemas/weaver/attribute-type.ts";
import type { ResolvedAttribute, ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import { compilePattern } from "../../schemas/weaver/pattern-compile.ts";
import { patternMatches } from "../../schemas/weaver/pattern-match.ts";
import { PatternError } from "../../schemas/weaver/pattern-parse.ts";
import { type Json, numberKind, numberOf } from "./exact-json.ts";
import type { Findings } from "./findings.ts";

const encoder = new TextEncoder();

type Constraint = {
  readonly min: number | null;
  readonly max: number | null;
  readonly length: number | null;
  readonly pattern: { readonly text: string; readonly words: Uint16Array } | null;
};

const numberIn = (value: unknown): number | null => {
  const number = numberOf(value);
  return Number.isNaN(number) ? null : number;
};

const elementsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** The constraints of a registry by attribute. */
export class ValueCheck {
  readonly #constraints = new Map<string, Constraint>();
  /** Patterns that are none, `attribute: what is wrong`; the constraint is left out. */
  readonly problems: string[] = [];

  constructor(groups: readonly ResolvedGroup[]) {
    const annotations = new Map<string, Json>();
    for (const { attributes } of groups) {
      for (const attribute of attributes) {
        if (attribute.annotations === undefined) continue;
        const key = attributeKey(attribute);
        annotations.set(key, { ...annotations.get(key), ...attribute.annotations });
      }
    }
    for (const [key, own] of annotations) this.#add(key, own);
  }

  #add(key: string, own: Json): void {
    const constraint = {
      min: numberIn(own["weir.min"]),
      max: numberIn(own["weir.max"]),
      length: numberIn(own["weir.max_length"]),
      pattern: this.#pattern(key, own["weir.pattern"]),
    };
    if (Object.values(constraint).some((part) => part !== null)) {
      this.#constraints.set(key, constraint);
    }
  }

  #pattern(key: string, text: unknown): Constraint["pattern"] {
    if (typeof text !== "string") return null;
    try {
      return { text, words: compilePattern(text) };
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.problems.push(`${key}: weir.pattern ${JSON.stringify(text)}: ${error.message}`);
      return null;
    }
  }

  /** Adds the findings about the value of `body`; of a list, those of each element. */
  check(out: Findings, body: Json, attribute: ResolvedAttribute): void {
    const constraint = this.#constraints.get(attributeKey(attribute));
    if (constraint === undefined) return;
    for (const value of elementsOf(body["value"])) {
      if (numberKind(value) !== null) checkNumber(out, body["name"], value, constraint);
      else if (typeof value === "string") checkText(out, body["name"], value, constraint);
    }
  }
}

const checkNumber = (out: Findings, key: unknown, value: unknown, by: Constraint): void => {
  const context = { attribute_key: key, attribute_value: value };
  // Written so that NaN fails.
  if (by.min !== null && !(numberOf(value) >= by.min)) {
    out.add(finding.belowMin, { ...context, constraint: "min", expected: by.min });
  }
  if (by.max !== null && !(numberOf(value) <= by.max)) {
    out.add(finding.aboveMax, { ...context, constraint: "max", expected: by.max });
  }
};

const checkText = (out: Findings, key: unknown, value: string, by: Constraint): void => {
  const context = { attribute_key: key, attribute_value: value };
  // Characters are code points.
  const length = by.length === null ? 0 : Array.from(value).length;
  if (by.length !== null && length > by.length) {
    const expected = by.length;
    out.add(finding.tooLong, { ...context, constraint: "max_length", expected, length });
  }
  if (by.pattern === null) return;
  const bytes = encoder.encode(value);
  if (patternMatches(by.pattern.words, 0, bytes, { at: 0, end: bytes.length })) return;
  out.add(finding.patternMismatch, {
    ...context,
    constraint: "pattern",
    expected: by.pattern.text,
  });
};
