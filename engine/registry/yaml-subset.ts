// YAML as registries are written, twenty times as fast as the yaml package: block maps with plain
// keys, block lists, plain, quoted and block scalars, lists in brackets. Whatever else a text
// holds (anchors, tags, tabs, several documents, odd quoting, any mistake) makes this reader give
// up, and the package reads the text: what is read here is what the package would have read.
import { depthMax } from "./limits.ts";
import { FlowReader } from "./yaml-flow.ts";
import { blockText, plainValue, quotedValue } from "./yaml-scalar.ts";

/** Where each key or item of each map or list stands; lines count from 1. */
export type SubsetLines = Map<object, Map<string | number, number>>;

type BlockMap = Record<string, unknown>;

const keyPattern = /([A-Za-z_][\w.\-/]*):(?= |$)/y;
/** Words that are no strings as keys, or that an object treats specially. */
const specialKey = /^(?:null|true|false|__proto__)$/i;
/** Tabs, control characters, spaces but the plain one, several documents, directives. */
const outsidePattern =
  /[^\n\x20-\x7e\u00a1-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\ufefe\uff00-\ufffd]|[\u1680\u205f\u3000]|^(?:---|\.\.\.|%)/m;

/**
 * The value of a text, or undefined when it is more than this reader knows. With `lines` it also
 * notes where everything stands.
 */
export const readSubset = (text: string, lines?: SubsetLines): unknown => {
  if (outsidePattern.test(text)) return undefined;
  return new SubsetReader(text.split("\n"), lines ?? null).document();
};

/** The characters before the first that is no space; the line's length when it is blank. */
const indentOf = (line: string): number => {
  let i = 0;
  while (line.charCodeAt(i) === 0x20) i += 1;
  return i;
};

const isDash = (line: string, at: number): boolean =>
  line.charCodeAt(at) === 0x2d && (at + 1 === line.length || line.charCodeAt(at + 1) === 0x20);

const isNothing = (line: string, at: number): boolean =>
  at >= line.length || line.charCodeAt(at) === 0x23;

class SubsetReader {
  readonly #lines: string[];
  readonly #noted: SubsetLines | null;
  #at = 0;
  #depth = 0;
  /** Something this reader does not know was met; every loop ends. */
  #isOutside = false;

  constructor(lines: string[], noted: SubsetLines | null) {
    this.#lines = lines;
    this.#noted = noted;
  }

  document(): unknown {
    this.#skipBlank();
    if (this.#at >= this.#lines.length) return undefined;
    const value = this.#node(-1);
    this.#skipBlank();
    return this.#isOutside || this.#at < this.#lines.length ? undefined : value;
  }

  #line(): string {
    return this.#lines[this.#at] ?? "";
  }

  #giveUp(): undefined {
    this.#isOutside = true;
    return undefined;
  }

  #skipBlank(): void {
    while (this.#at < this.#lines.length && isNothing(this.#line(), indentOf(this.#line()))) {
      this.#at += 1;
    }
  }

  /** Whatever stands on this line, which belongs to something indented by `parent`. */
  #node(parent: number): unknown {
    const line = this.#line();
    const indent = indentOf(line);
    this.#depth += 1;
    if (this.#depth > depthMax) return this.#giveUp();
    let value: unknown;
    if (isDash(line, indent)) value = this.#list(indent);
    else if (this.#keyAt(line, indent) !== null) value = this.#map(indent);
    else value = this.#value(line, indent, parent);
    this.#depth -= 1;
    return value;
  }

  #keyAt(line: string, at: number): string | null {
    keyPattern.lastIndex = at;
    return keyPattern.exec(line)?.[1] ?? null;
  }

  #map(indent: number): unknown {
    const map: BlockMap = {};
    while (!this.#isOutside && this.#at < this.#lines.length) {
      const line = this.#line();
      const start = indentOf(line);
      if (start < indent) break;
      const key = start === indent ? this.#keyAt(line, indent) : null;
      if (key === null || specialKey.test(key) || Object.hasOwn(map, key)) return this.#giveUp();
      this.#note(map, key, this.#at);
      map[key] = this.#keyValue(line, indent, indent + key.length + 1);
      this.#skipBlank();
    }
    return map;
  }

  /** The value after `key:`; a list below a key may be indented as the key is. */
  #keyValue(line: string, indent: number, from: number): unknown {
    const at = afterSpaces(line, from);
    if (!isNothing(line, at)) return this.#value(line, at, indent);
    this.#at += 1;
    this.#skipBlank();
    const next = this.#line();
    const start = indentOf(next);
    if (this.#at >= this.#lines.length || start < indent) return null;
    if (start > indent) return this.#node(indent);
    return isDash(next, start) ? this.#list(start) : null;
  }

  #list(indent: number): unknown {
    const list: unknown[] = [];
    while (!this.#isOutside && this.#at < this.#lines.length) {
      const line = this.#line();
      const start = indentOf(line);
      if (start < indent || (start === indent && !isDash(line, start))) break;
      if (start > indent) return this.#giveUp();
      this.#note(list, list.length, this.#at);
      list.push(this.#item(line, indent));
      this.#skipBlank();
    }
    return list;
  }

  #item(line: string, indent: number): unknown {
    if (isNothing(line, afterSpaces(line, indent + 1))) return this.#giveUp();
    // Without its dash the line is the first one of whatever the item is.
    this.#lines[this.#at] = `${line.slice(0, indent)} ${line.slice(indent + 1)}`;
    return this.#node(indent);
  }

  /** A scalar or a list in brackets that begins at `at` of this line. */
  #value(line: string, at: number, parent: number): unknown {
    const first = line.charCodeAt(at);
    switch (first) {
      case 0x22:
      case 0x27:
        return this.#quoted(at, parent);
      case 0x7c:
      case 0x3e:
        return this.#block(line.slice(at), parent);
      case 0x5b:
        return this.#flow(at, parent);
      default:
        return this.#plain(line, at, parent);
    }
  }

  #quoted(at: number, parent: number): unknown {
    const found = quotedValue(this.#lines, { line: this.#at, column: at }, parent);
    if (found === null) return this.#giveUp();
    this.#at = found.end.line;
    if (!endsAt(this.#line(), found.end.column)) return this.#giveUp();
    this.#at += 1;
    return found.value;
  }

  #flow(at: number, parent: number): unknown {
    const start = { line: this.#at, column: at };
    const reader = new FlowReader(this.#lines, start, parent, (list, index, line) =>
      this.#note(list, index, line),
    );
    const value = reader.list(depthMax - this.#depth);
    if (value === undefined || !endsAt(reader.line, reader.column)) return this.#giveUp();
    this.#at = reader.lineIndex + 1;
    return value;
  }

  #plain(line: string, at: number, parent: number): unknown {
    const comment = line.indexOf(" #", at);
    const first = (comment < 0 ? line.slice(at) : line.slice(at, comment)).trimEnd();
    this.#at += 1;
    const value = plainValue(comment < 0 ? first + this.#continued(parent) : first);
    return value === undefined ? this.#giveUp() : value;
  }

  /** The lines that a plain scalar goes on in: those indented deeper than the parent. */
  #continued(parent: number): string {
    let text = "";
    let blanks = 0;
    while (this.#at + blanks < this.#lines.length) {
      const line = this.#lines[this.#at + blanks] ?? "";
      const start = indentOf(line);
      if (start === line.length) {
        blanks += 1;
        continue;
      }
      if (start <= parent) break;
      // A comment ends the text, and where it is followed by more is for the package.
      if (line.charCodeAt(start) === 0x23 || line.includes(" #")) this.#giveUp();
      text += (blanks === 0 ? " " : "\n".repeat(blanks)) + line.trim();
      this.#at += blanks + 1;
      blanks = 0;
    }
    return text;
  }

  /** `|` and `>`: all lines that are indented deeper than the parent. */
  #block(header: string, parent: number): unknown {
    const found = /^([|>])([-+]?) *(?: #.*)?$/.exec(header);
    if (found === null) return this.#giveUp();
    this.#at += 1;
    const indent = this.#blockIndent();
    if (indent <= parent) return this.#giveUp();
    const content: string[] = [];
    for (; this.#at < this.#lines.length; this.#at += 1) {
      const line = this.#line();
      const start = indentOf(line);
      if (start === line.length && start <= indent) content.push("");
      else if (start >= indent) content.push(line.slice(indent));
      else if (start > parent) return this.#giveUp();
      else break;
    }
    // The text's last newline is no blank line of its own.
    if (this.#at === this.#lines.length && content.at(-1) === "") content.pop();
    const text = blockText(content, found[1] === ">", found[2] ?? "");
    return text ?? this.#giveUp();
  }

  /** Of the first line that is not blank; blank ones before it must not be longer. */
  #blockIndent(): number {
    let longest = 0;
    for (let i = this.#at; i < this.#lines.length; i += 1) {
      const line = this.#lines[i] ?? "";
      const indent = indentOf(line);
      if (indent < line.length) return longest > indent ? -1 : indent;
      longest = Math.max(longest, indent);
    }
    return -1;
  }

  #note(holder: object, key: string | number, lineIndex: number): void {
    if (this.#noted === null) return;
    const places = this.#noted.get(holder) ?? new Map<string | number, number>();
    places.set(key, lineIndex + 1);
    this.#noted.set(holder, places);
  }
}

const afterSpaces = (line: string, from: number): number => {
  let i = from;
  while (line.charCodeAt(i) === 0x20) i += 1;
  return i;
};

/** Nothing follows but spaces and a comment, which a space must precede. */
const endsAt = (line: string, end: number): boolean => {
  const at = afterSpaces(line, end);
  return at >= line.length || (at > end && line.charCodeAt(at) === 0x23);
};
