// Lists in brackets of the YAML subset, over one or several lines: scalars and further lists. Maps
// in braces, pairs without braces and comments inside are left to the package.
import { plainValue, quotedValue, type TextPlace } from "./yaml-scalar.ts";

const plainEnd = /[,\][{}]|$/g;

/** Told where each item of a list begins. */
export type NoteItem = (list: object, index: number, lineIndex: number) => void;

/** Reads one list; `line`, `lineIndex` and `column` then tell where it ended. */
export class FlowReader {
  readonly #lines: readonly string[];
  /** Lines that are not indented deeper end the list. */
  readonly #parent: number;
  lineIndex: number;
  column: number;

  readonly #note: NoteItem;

  constructor(lines: readonly string[], start: TextPlace, parent: number, note: NoteItem) {
    this.#lines = lines;
    this.#parent = parent;
    this.#note = note;
    this.lineIndex = start.line;
    this.column = start.column;
  }

  get line(): string {
    return this.#lines[this.lineIndex] ?? "";
  }

  /** The list that begins here; undefined when it is not a plain one. */
  list(depth: number): unknown[] | undefined {
    if (depth <= 0) return undefined;
    const items: unknown[] = [];
    this.column += 1;
    for (;;) {
      if (!this.#skipSpace()) return undefined;
      if (this.line[this.column] === "]") {
        this.column += 1;
        return items;
      }
      this.#note(items, items.length, this.lineIndex);
      const item = this.#item(depth);
      if (item === undefined || !this.#skipSpace()) return undefined;
      items.push(item);
      const mark = this.line[this.column];
      if (mark === ",") this.column += 1;
      else if (mark !== "]") return undefined;
    }
  }

  #item(depth: number): unknown {
    const first = this.line[this.column];
    if (first === "[") return this.list(depth - 1);
    if (first === '"' || first === "'") {
      const start = { line: this.lineIndex, column: this.column };
      const found = quotedValue(this.#lines, start, this.#parent);
      if (found === null) return undefined;
      this.lineIndex = found.end.line;
      this.column = found.end.column;
      return found.value;
    }
    plainEnd.lastIndex = this.column;
    const end = plainEnd.exec(this.line)?.index ?? this.line.length;
    const text = this.line.slice(this.column, end).trimEnd();
    // A plain scalar that a line's end cuts may go on in the next one.
    if (end === this.line.length || text === "" || text.includes(" #")) return undefined;
    this.column = end;
    return plainValue(text);
  }

  /** To the next character that is no space, over line ends; false at the end of the text. */
  #skipSpace(): boolean {
    for (;;) {
      while (this.line.charCodeAt(this.column) === 0x20) this.column += 1;
      if (this.column < this.line.length) return this.line[this.column] !== "#";
      this.lineIndex += 1;
      if (this.lineIndex >= this.#lines.length) return false;
      this.column = 0;
      const indent = this.line.length - this.line.trimStart().length;
      if (this.line.trim() !== "" && indent <= this.#parent) return false;
    }
  }
}
