// Scalars of the YAML subset: plain ones by the core schema of YAML 1.2, quoted ones of one line,
// block texts. Each gives up (undefined or null) where it is not sure to agree with the package.

/** Begins something that is no plain scalar, or is for the package to judge. */
const badStart = /^[&*!|>'"%@`{}[\],#]|^[?:-](?: |$)/;
const integer = /^[-+]?[0-9]{1,15}$/;
const float = /^[-+]?[0-9]{1,9}\.[0-9]{1,6}$/;
/** Any other number of the core schema. */
const numeric =
  /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^0[ox]|^[-+]?\.(?:inf|nan)$/i;
const words = new Map<string, boolean | null>([
  ...["null", "Null", "NULL", "~"].map((word): [string, null] => [word, null]),
  ...["true", "True", "TRUE"].map((word): [string, boolean] => [word, true]),
  ...["false", "False", "FALSE"].map((word): [string, boolean] => [word, false]),
]);

/** What a plain scalar means; undefined when it is none. */
export const plainValue = (text: string): unknown => {
  if (badStart.test(text) || /:(?:[ \n]|$)/.test(text)) return undefined;
  const word = words.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  // Numbers begin with a digit, a sign or a dot.
  if (first > 0x39 || first < 0x2b) return text;
  if (integer.test(text) || float.test(text)) return Number(text);
  return numeric.test(text) ? undefined : text;
};

const doubleQuoted = /((?:[^"\\]|\\["\\/nt])*)("?)/y;
const singleQuoted = /((?:[^']|'')*)('?)/y;
const escapes: { readonly [letter: string]: string } = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  n: "\n",
  t: "\t",
};

/** A place in a text: index of the line, and character within it. */
export type TextPlace = { readonly line: number; readonly column: number };
export type Quoted = { readonly value: string; readonly end: TextPlace };

/**
 * The string whose quote is at `start`, and the place after it. Lines become one, a blank line a
 * newline; lines that go on must be indented deeper than `parent`. Null when not sure.
 */
export const quotedValue = (
  lines: readonly string[],
  start: TextPlace,
  parent: number,
): Quoted | null => {
  const isDouble = lines[start.line]?.charCodeAt(start.column) === 0x22;
  const pattern = isDouble ? doubleQuoted : singleQuoted;
  let text = "";
  let blanks = 0;
  for (let i = start.line; i < lines.length; i += 1) {
    const line = lines[i] ?? "";
    const isFirst = i === start.line;
    const from = isFirst ? start.column + 1 : line.length - line.trimStart().length;
    if (!isFirst && from === line.length) {
      blanks += 1;
      continue;
    }
    const part = isFirst || from > parent ? quotedPart(pattern, line, from) : null;
    if (part === null) return null;
    text += (isFirst ? "" : joint(blanks)) + part.text;
    blanks = 0;
    if (part.isClosed) {
      const value = isDouble ? unescaped(text) : text.replaceAll("''", "'");
      return { value, end: { line: i, column: pattern.lastIndex } };
    }
  }
  return null;
};

/** What one line adds to a quoted string; null when it holds what only the package knows. */
const quotedPart = (pattern: RegExp, line: string, from: number) => {
  pattern.lastIndex = from;
  const [, part = "", quote = ""] = pattern.exec(line) ?? [];
  if (quote !== "") return { text: part, isClosed: true };
  return pattern.lastIndex < line.length ? null : { text: part.trimEnd(), isClosed: false };
};

/** Between two lines that become one. */
const joint = (blanks: number): string => (blanks === 0 ? " " : "\n".repeat(blanks));

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? "");

/** The text of a block scalar from its lines without indentation; blank lines are "". */
export const blockText = (
  lines: readonly string[],
  isFolded: boolean,
  chomping: string,
): string | null => {
  let end = lines.length;
  while (end > 0 && lines[end - 1] === "") end -= 1;
  if (end === 0) return null;
  const body = isFolded ? folded(lines, end) : lines.slice(0, end).join("\n");
  if (chomping === "-") return body;
  return body + "\n".repeat(chomping === "+" ? lines.length - end + 1 : 1);
};

/** Lines become one; a blank line a newline. Deeper lines keep their newlines on both sides. */
const folded = (lines: readonly string[], end: number): string => {
  let text = "";
  let blanks = 0;
  let wasDeep = true;
  let isFirst = true;
  for (const line of lines.slice(0, end)) {
    if (line === "") {
      blanks += 1;
      continue;
    }
    const isDeep = line.charCodeAt(0) === 0x20;
    if (isFirst) text += "\n".repeat(blanks);
    else if (isDeep || wasDeep) text += "\n".repeat(blanks + 1);
    else text += joint(blanks);
    text += line;
    blanks = 0;
    wasDeep = isDeep;
    isFirst = false;
  }
  return text;
};
