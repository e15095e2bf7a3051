// Runs a compiled pattern over bytes: one table look-up per byte, so the time is that of the value
// whatever the pattern. Words of an automaton, from its offset on:
//
//   0        states          1       byte classes
//   2..129   class of each byte, two to a word, the even byte low
//   130..    1 for each state that accepts, then for each state its next state by class
//
// State 0 is dead, 1 the start.

const classesAt = 2;
const acceptsAt = 130;

/** The first words of an automaton. */
export const patternHead = (states: number, classes: number): readonly [number, number] => [
  states,
  classes,
];

/** Words that the automaton at `at` takes, or -1 when it does not fit or leads out of itself. */
export const automatonWords = (words: Uint16Array, at: number): number => {
  const states = words[at] ?? 0;
  const classes = words[at + 1] ?? 0;
  const total = acceptsAt + states + states * classes;
  if (states < 2 || classes < 1 || classes > 256 || at + total > words.length) return -1;
  for (let i = classesAt; i < acceptsAt; i += 1) {
    const pair = words[at + i] ?? 0;
    if ((pair & 255) >= classes || pair >>> 8 >= classes) return -1;
  }
  for (let i = acceptsAt + states; i < total; i += 1) {
    if ((words[at + i] ?? 0) >= states) return -1;
  }
  return total;
};

/** Whether the automaton at `automaton` of the words accepts bytes [at, end). */
export const patternMatches = (
  words: Uint16Array,
  automaton: number,
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number },
): boolean => {
  const states = words[automaton] as number;
  const classes = words[automaton + 1] as number;
  const accepts = automaton + acceptsAt;
  const rows = accepts + states;
  let state = 1;
  for (let i = range.at; i < range.end; i += 1) {
    const byte = bytes[i] as number;
    const pair = words[automaton + classesAt + (byte >>> 1)] as number;
    const group = (byte & 1) === 0 ? pair & 255 : pair >>> 8;
    state = words[rows + state * classes + group] as number;
    if (state === 0) return false;
  }
  return words[accepts + state] === 1;
};
