// A pattern as an automaton over UTF-8 bytes: tree to nondeterministic automaton to deterministic
// table, bounded in states, so that a match costs one look-up per byte whatever the pattern. Tool
// time only; the matcher is pattern-match.ts, which has the layout.
import { patternHead } from "./pattern-match.ts";
import type { CodePoints, PatternNode } from "./pattern-parse.ts";
import { PatternError, parsePattern } from "./pattern-parse.ts";

const looseStatesMax = 8192;
const statesMax = 1024;

type Edge = { readonly from: number; readonly to: number; readonly target: number };
type Loose = { readonly edges: Edge[]; readonly free: number[] };

/** Code points by the length of their UTF-8; surrogates have none. */
const lengthRanges: readonly (readonly [number, number])[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

const encoder = new TextEncoder();
const utf8Of = (point: number): readonly number[] => [
  ...encoder.encode(String.fromCodePoint(point)),
];

/** Byte ranges, one per byte, of the code points of one length from `low` to `high`. */
type ByteRanges = readonly (readonly [number, number])[];

type PointRange = readonly [low: number, high: number];

/** Cuts a range where the length of UTF-8 changes, and the surrogates out of it. */
const sameLength = ([low, high]: PointRange): PointRange[] =>
  lengthRanges.flatMap(([from, to]) => {
    const first = Math.max(low, from);
    const last = Math.min(high, to);
    return first <= last ? [[first, last] as const] : [];
  });

/** Splits until each byte's range is independent of the others. */
const byteRanges = ([low, high]: PointRange): ByteRanges[] => {
  const first = utf8Of(low);
  const last = utf8Of(high);
  for (let tail = 1; tail < first.length; tail += 1) {
    const unit = 1 << (6 * tail);
    if (Math.floor(low / unit) === Math.floor(high / unit)) continue;
    if (low % unit !== 0) {
      const end = Math.ceil(low / unit) * unit - 1;
      return [...byteRanges([low, end]), ...byteRanges([end + 1, high])];
    }
    if ((high + 1) % unit !== 0) {
      const start = Math.floor(high / unit) * unit;
      return [...byteRanges([low, start - 1]), ...byteRanges([start, high])];
    }
  }
  return [first.map((byte, i) => [byte, last[i] ?? byte] as const)];
};

class LooseAutomaton {
  readonly states: Loose[] = [];

  state(): number {
    if (this.states.length >= looseStatesMax) {
      throw new PatternError(`needs more than ${looseStatesMax} steps`);
    }
    return this.states.push({ edges: [], free: [] }) - 1;
  }

  free(from: number, to: number): void {
    this.states[from]?.free.push(to);
  }

  edge(from: number, edge: Edge): void {
    this.states[from]?.edges.push(edge);
  }

  /** Adds what the node matches, starting in `from`; returns the state behind it. */
  add(node: PatternNode, from: number): number {
    if (node.kind === "set") return this.#set(node.ranges, from);
    if (node.kind === "repeat") return this.#repeat(node.part, from, node);
    if (node.kind === "sequence") {
      return node.parts.reduce((at, part) => this.add(part, at), from);
    }
    const end = this.state();
    for (const part of node.parts) this.free(this.add(part, this.#after(from)), end);
    return end;
  }

  #after(from: number): number {
    const next = this.state();
    this.free(from, next);
    return next;
  }

  #set(ranges: CodePoints, from: number): number {
    const end = this.state();
    for (const range of ranges.flatMap(sameLength)) {
      for (const sequence of byteRanges(range)) {
        let at = from;
        sequence.forEach(([first, last], i) => {
          const target = i === sequence.length - 1 ? end : this.state();
          this.edge(at, { from: first, to: last, target });
          at = target;
        });
      }
    }
    return end;
  }

  #repeat(part: PatternNode, from: number, { min, max }: { min: number; max: number }): number {
    let at = from;
    for (let i = 0; i < min; i += 1) at = this.add(part, at);
    const end = this.state();
    if (max < 0) {
      const loop = this.#after(at);
      this.free(this.add(part, loop), loop);
      this.free(loop, end);
      return end;
    }
    this.free(at, end);
    for (let i = min; i < max; i += 1) {
      at = this.add(part, this.#after(at));
      this.free(at, end);
    }
    return end;
  }
}

const anyByte = (target: number): Edge => ({ from: 0, to: 255, target });

const looseOf = (text: string): { loose: LooseAutomaton; accept: number } => {
  const loose = new LooseAutomaton();
  const start = loose.state();
  const accept = loose.state();
  for (const { node, fromStart, toEnd } of parsePattern(text)) {
    const first = loose.state();
    loose.free(start, first);
    if (!fromStart) loose.edge(first, anyByte(first));
    // A state of its own, or the loop of the beginning would be entered again by a repetition.
    const body = loose.state();
    loose.free(first, body);
    const last = loose.add(node, body);
    const end = loose.state();
    loose.free(last, end);
    if (!toEnd) loose.edge(end, anyByte(end));
    loose.free(end, accept);
  }
  return { loose, accept };
};

/** All states that are reached without a byte; sorted. */
const closure = (states: readonly Loose[], seeds: Iterable<number>): number[] => {
  const seen = new Set(seeds);
  // A set is walked in the order of its growth.
  for (const state of seen) for (const next of states[state]?.free ?? []) seen.add(next);
  return [...seen].sort((a, b) => a - b);
};

/** Bytes that no edge tells apart share a class. */
const byteClasses = (states: readonly Loose[]): Uint8Array => {
  const starts = new Set([0]);
  for (const { edges } of states) {
    for (const { from, to } of edges) {
      starts.add(from);
      if (to < 255) starts.add(to + 1);
    }
  }
  const classes = new Uint8Array(256);
  let current = -1;
  for (let byte = 0; byte < 256; byte += 1) {
    if (starts.has(byte)) current += 1;
    classes[byte] = current;
  }
  return classes;
};

/**
 * The automaton's words (pattern-match.ts).
 * @throws PatternError when the text is no pattern, or one that needs too many states.
 */
export const compilePattern = (text: string): Uint16Array => {
  const { loose, accept } = looseOf(text);
  const classes = byteClasses(loose.states);
  const classCount = (classes[255] ?? 0) + 1;
  const known = new Map<string, number>([["", 0]]);
  const sets: number[][] = [[]];
  const numberOf = (set: number[]): number => {
    const key = set.join();
    let found = known.get(key);
    if (found === undefined) {
      found = sets.push(set) - 1;
      if (found >= statesMax) throw new PatternError(`needs more than ${statesMax} states`);
      known.set(key, found);
    }
    return found;
  };
  numberOf(closure(loose.states, [0]));
  const rows: number[] = Array.from({ length: classCount }, () => 0);
  for (let state = 1; state < sets.length; state += 1) {
    for (let group = 0; group < classCount; group += 1) {
      const byte = classes.indexOf(group);
      const targets = (sets[state] ?? []).flatMap((member) =>
        (loose.states[member]?.edges ?? [])
          .filter(({ from, to }) => from <= byte && byte <= to)
          .map(({ target }) => target),
      );
      rows.push(targets.length === 0 ? 0 : numberOf(closure(loose.states, targets)));
    }
  }
  const accepts = sets.map((set) => (set.includes(accept) ? 1 : 0));
  const packed = Array.from(
    { length: 128 },
    (_, i) => (classes[2 * i] ?? 0) | ((classes[2 * i + 1] ?? 0) << 8),
  );
  return Uint16Array.from([
    ...patternHead(sets.length, classCount),
    ...packed,
    ...accepts,
    ...rows,
  ]);
};
