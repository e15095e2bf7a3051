// Splits a text of JSON objects that follow one another without separators, as the REST v3 produce
// API answers. Only finds where each object ends; JSON.parse judges what is inside.

const quote = 0x22;
const backslash = 0x5c;

/** Position after the string that starts at `at`. */
const afterString = (text: string, at: number): number => {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === backslash) i += 1;
    else if (code === quote) return i + 1;
  }
  return text.length;
};

/** Position after the object that starts at `at`, or -1 when the text ends before it does. */
const afterObject = (text: string, at: number): number => {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const character = text[i];
    if (character === '"') {
      i = afterString(text, i);
      continue;
    }
    i += 1;
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (depth === 0) return i;
  }
  return -1;
};

/** The parsed objects in order; ends before the first that is cut off or is not JSON. */
export const parseJsonStream = (text: string): readonly unknown[] => {
  const objects: unknown[] = [];
  let start = text.indexOf("{");
  while (start >= 0) {
    const end = afterObject(text, start);
    if (end < 0) return objects;
    try {
      objects.push(JSON.parse(text.slice(start, end)));
    } catch {
      return objects;
    }
    start = text.indexOf("{", end);
  }
  return objects;
};
