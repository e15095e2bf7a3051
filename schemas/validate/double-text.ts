// A double as findings write it, so that it reads as one: 3 is "3.0".

/** Of one that is not finite its name. */
export const doubleText = (value: number): string => {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return Number.isInteger(value) && !/[.e]/.test(text) ? `${text}.0` : text;
};
