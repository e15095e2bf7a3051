// A setting that lists values: the edge reads it, and `weir up` where it adds to it.

/** Its values, as they stand between commas and white space. */
export const valuesOf = (list: string): readonly string[] =>
  list.split(/[\s,]+/).filter((value) => value !== "");
