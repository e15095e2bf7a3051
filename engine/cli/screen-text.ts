// What others wrote, as a terminal may be shown it: lines, file names, names of groups and errors can
// hold what it would take for orders, to colour, to hide or to overwrite. And how wide text stands.

// Marks that turn the direction of writing make a line read as another; newline and tab may stay.
const orders = /(?![\n\t])[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;
const ordersOfLine = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Orders as escapes of JSON, so that a line of JSON stays the same value. */
export const screenText = (text: string): string => text.replace(orders, escaped);

/** The same for what must stay in its line. */
export const screenLine = (text: string): string => text.replace(ordersOfLine, escaped);

const wide =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;

const columnsOfCharacter = (character: string): number => {
  if (character < "\u0300") return 1;
  return wide.test(character) ? 2 : none.test(character) ? 0 : 1;
};

/** Columns that a line takes on a terminal: two for what is wide, none for accents that join. */
export const columnsOf = (line: string): number => {
  let columns = 0;
  for (const character of line) columns += columnsOfCharacter(character);
  return columns;
};

/** As much from the beginning of a line as stands in so many columns. */
export const cutToColumns = (line: string, columns: number): string => {
  let left = columns;
  let end = 0;
  for (const character of line) {
    left -= columnsOfCharacter(character);
    if (left < 0) break;
    end += character.length;
  }
  return line.slice(0, end);
};
