// What a timer of Node can wait at most.

/** Milliseconds; a timer for longer fires at once. */
export const timerMsMax: number = 2 ** 31 - 1;
