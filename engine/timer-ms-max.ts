/** Longest time of a timer of Node, ms: one for longer fires at once. */
export const timerMsMax: number = 2 ** 31 - 1;
