// The options of senders, checked once at construction: one that is no number would be found only by
// a request that is never made, or made again without a wait.

/** An object as a user gives it, without the fields that are undefined: those have their defaults. */
export const givenOf = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;

/** @throws RangeError naming the option, unless it is an integer from `min` to `max`. */
export const checkInteger = (
  name: string,
  value: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void => {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name}=${value}, an integer from ${min} to ${max}`);
};

/** @throws RangeError naming the rate, unless it is a number above 0. */
export const checkRate = (name: string, perSecond: number): void => {
  if (perSecond > 0) return;
  throw new RangeError(`${name}=${perSecond}, a number above 0`);
};

/** @throws RangeError naming the time, unless it is a number of 0 or more. */
export const checkMs = (name: string, ms: number): void => {
  if (ms >= 0 && ms < Infinity) return;
  throw new RangeError(`${name}=${ms}, a finite number of 0 or more`);
};
