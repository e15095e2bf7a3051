// The patterns of `weir.pattern` as a tree: literals, `.`, classes, \d \w \s and their opposites,
// groups, alternatives, * + ? {n,m}; `^` and `$` at the ends of the pattern or of its outermost
// alternatives. No back-references, no look-around: what is left runs in linear time. Tool time only.

const patternCharactersMax = 500;
const repeatMax = 255;
const groupsDeepMax = 50;
const codePointMax = 0x10ffff;

export type CodePoints = readonly (readonly [from: number, to: number])[];

export type PatternNode =
  | { readonly kind: "set"; readonly ranges: CodePoints }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "either"; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      /** -1 = without end. */
      readonly max: number;
    };

/** One outermost alternative; without an anchor anything may stand there. */
export type PatternBranch = {
  readonly node: PatternNode;
  readonly fromStart: boolean;
  readonly toEnd: boolean;
};

export class PatternError extends Error {}

const digits: CodePoints = [[48, 57]];
const wordCharacters: CodePoints = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const spaces: CodePoints = [
  [9, 13],
  [32, 32],
];

/** Everything that the ranges leave out. */
const opposite = (ranges: CodePoints): CodePoints => {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const out: (readonly [number, number])[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) out.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= codePointMax) out.push([from, codePointMax]);
  return out;
};

const anyButNewline = opposite([[10, 10]]);

const classes: { readonly [letter: string]: CodePoints } = {
  d: digits,
  w: wordCharacters,
  s: spaces,
  D: opposite(digits),
  W: opposite(wordCharacters),
  S: opposite(spaces),
};

const controls: { readonly [letter: string]: number } = { n: 10, r: 13, t: 9, f: 12, v: 11 };

const single = (point: number): CodePoints => [[point, point]];

class Parser {
  readonly #points: readonly string[];
  #at = 0;
  #deep = 0;

  constructor(text: string) {
    this.#points = Array.from(text);
  }

  branches(): PatternBranch[] {
    const found: PatternBranch[] = [];
    do {
      const fromStart = this.#take("^");
      const node = this.#sequence();
      const toEnd = this.#take("$");
      found.push({ node, fromStart, toEnd });
    } while (this.#take("|"));
    if (this.#at < this.#points.length) this.#fail(`"${this.#peek()}" is not expected`);
    return found;
  }

  #peek(): string {
    return this.#points[this.#at] ?? "";
  }

  #take(point: string): boolean {
    if (this.#peek() !== point) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const point = this.#peek();
    if (point === "") this.#fail("ends too soon");
    this.#at += 1;
    return point;
  }

  #fail(what: string): never {
    throw new PatternError(`character ${this.#at + 1}: ${what}`);
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      const point = this.#peek();
      if (point === "" || point === "|" || point === ")" || point === "$") break;
      parts.push(this.#repeated());
    }
    return { kind: "sequence", parts };
  }

  #repeated(): PatternNode {
    const part = this.#atom();
    const bounds = this.#bounds();
    if (bounds === null) return part;
    // A lazy one finds the same texts, only later.
    this.#take("?");
    return { kind: "repeat", part, ...bounds };
  }

  #bounds(): { min: number; max: number } | null {
    if (this.#take("*")) return { min: 0, max: -1 };
    if (this.#take("+")) return { min: 1, max: -1 };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (!this.#take("{")) return null;
    const min = this.#count();
    let max = min;
    if (this.#take(",")) max = this.#peek() === "}" ? -1 : this.#count();
    if (!this.#take("}")) this.#fail('"}" is expected');
    if (max >= 0 && max < min) this.#fail(`{${min},${max}} has no length`);
    return { min, max };
  }

  #count(): number {
    let text = "";
    while (/\d/.test(this.#peek())) text += this.#next();
    if (text === "" || Number(text) > repeatMax) {
      this.#fail(`a count of 0 to ${repeatMax} is expected`);
    }
    return Number(text);
  }

  #atom(): PatternNode {
    const point = this.#next();
    if (point === "(") return this.#group();
    if (point === "[") return { kind: "set", ranges: this.#class() };
    if (point === ".") return { kind: "set", ranges: anyButNewline };
    if (point === "\\") return { kind: "set", ranges: this.#escape() };
    if ("*+?{^".includes(point)) this.#fail(`"${point}" has nothing to stand on`);
    return { kind: "set", ranges: single(point.codePointAt(0) ?? 0) };
  }

  #group(): PatternNode {
    if (this.#take("?") && !this.#take(":")) this.#fail("only (?: and plain groups are known");
    this.#deep += 1;
    if (this.#deep > groupsDeepMax) this.#fail(`groups deeper than ${groupsDeepMax}`);
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    if (!this.#take(")")) this.#fail('")" is expected; anchors stand only outside of groups');
    this.#deep -= 1;
    return { kind: "either", parts };
  }

  #escape(): CodePoints {
    const letter = this.#next();
    const known = classes[letter];
    if (known !== undefined) return known;
    const control = controls[letter];
    if (control !== undefined) return single(control);
    if (/[a-zA-Z0-9]/.test(letter)) this.#fail(`\\${letter} is not known`);
    return single(letter.codePointAt(0) ?? 0);
  }

  #class(): CodePoints {
    const negated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    do {
      const low = this.#classPoint();
      if (low.length > 1 || !this.#isRange()) {
        ranges.push(...low);
        continue;
      }
      this.#at += 1;
      const [from] = low[0] ?? [0];
      const [to] = this.#classPoint()[0] ?? [0];
      if (to < from) this.#fail("a range runs backwards");
      ranges.push([from, to]);
    } while (!this.#take("]"));
    return negated ? opposite(ranges) : ranges;
  }

  #isRange(): boolean {
    return this.#peek() === "-" && this.#points[this.#at + 1] !== "]";
  }

  #classPoint(): CodePoints {
    const point = this.#next();
    return point === "\\" ? this.#escape() : single(point.codePointAt(0) ?? 0);
  }
}

/** @throws PatternError with the place of what is not understood. */
export const parsePattern = (text: string): readonly PatternBranch[] => {
  if (text.length > patternCharactersMax) {
    throw new PatternError(`${text.length} characters, limit ${patternCharactersMax}`);
  }
  return new Parser(text).branches();
};
