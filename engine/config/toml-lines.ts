// On which line each key of a TOML document stands. The parser keeps no positions; this walks over
// the text once more and reads keys and headers, and of values only where they end. It is given
// documents that the parser has accepted, so it need not find faults.

/** Line of a key by its path; of the nearest key or header above it when it has none of its own. */
export type LineOf = (keys: readonly (string | number)[]) => number;

const joint = "\u0000";
const keyForm = /[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*(\.)?/y;
const skipForm = /(?:[ \t\r\n]|#[^\n]*)*/y;
// A string of any of the four forms, a comment, or one character.
const valueForm =
  /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[^]/y;

class Scanner {
  readonly lines = new Map<string, number>();
  readonly #text: string;
  readonly #tables = new Map<string, number>();
  #at = 0;
  #line = 1;
  #counted = 0;
  #prefix: readonly string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(): void {
    for (;;) {
      this.#take(skipForm);
      if (this.#at >= this.#text.length) return;
      if (this.#text[this.#at] === "[") this.#header();
      else this.#pair();
    }
  }

  #header(): void {
    const isList = this.#text.startsWith("[[", this.#at);
    this.#at += isList ? 2 : 1;
    const keys = this.#inLists(this.#keys());
    const path = keys.join(joint);
    const index = this.#tables.get(path) ?? 0;
    if (isList) this.#tables.set(path, index + 1);
    this.#prefix = isList ? [...keys, String(index)] : keys;
    this.#note(keys);
    this.#note(this.#prefix);
    this.#toLineEnd();
  }

  // `[stages.options]` belongs to the latest of `[[stages]]`.
  #inLists(keys: readonly string[]): readonly string[] {
    const out: string[] = [];
    keys.forEach((key, i) => {
      out.push(key);
      const count = this.#tables.get(out.join(joint));
      if (count !== undefined && i < keys.length - 1) out.push(String(count - 1));
    });
    return out;
  }

  #pair(): void {
    const keys = this.#keys();
    for (let i = 1; i <= keys.length; i += 1) this.#note([...this.#prefix, ...keys.slice(0, i)]);
    this.#toLineEnd();
  }

  #keys(): string[] {
    const keys: string[] = [];
    for (;;) {
      keyForm.lastIndex = this.#at;
      const match = keyForm.exec(this.#text);
      if (match === null) return keys;
      this.#at = keyForm.lastIndex;
      keys.push(match[1] ?? match[2] ?? match[3] ?? "");
      if (match[4] === undefined) return keys;
    }
  }

  // The line's end outside of strings and brackets.
  #toLineEnd(): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const part = this.#take(valueForm);
      if (part === "[" || part === "{") depth += 1;
      else if (part === "]" || part === "}") depth -= 1;
      else if (part === "\n" && depth <= 0) return;
    }
  }

  #take(form: RegExp): string {
    form.lastIndex = this.#at;
    const part = form.exec(this.#text)?.[0] ?? "";
    this.#at += part.length;
    return part;
  }

  #note(keys: readonly string[]): void {
    for (; this.#counted < this.#at; this.#counted += 1) {
      if (this.#text[this.#counted] === "\n") this.#line += 1;
    }
    const path = keys.join(joint);
    if (!this.lines.has(path)) this.lines.set(path, this.#line);
  }
}

/** Reads the positions of an accepted document. */
export const tomlLines = (text: string): LineOf => {
  const scanner = new Scanner(text);
  scanner.scan();
  return (keys) => {
    for (let length = keys.length; length > 0; length -= 1) {
      const line = scanner.lines.get(keys.slice(0, length).join(joint));
      if (line !== undefined) return line;
    }
    return 1;
  };
};
