// Which values the registry's types take, as a mask with a bit for each sample type, and the type that
// such a mask is of. The compiler writes masks, the edge reads them and names the type again.
import { sampleType } from "./table-layout.ts";

const bit = (...types: readonly number[]): number =>
  types.reduce((mask, type) => mask | (1 << type), 1 << sampleType.none);

const { string, boolean, int, double, emptyArray, strings, booleans, ints, doubles } = sampleType;

/** Accepted sample types by registry type; an int is a double too, an empty array any array. */
export const acceptedTypes: { readonly [type: string]: number } = {
  string: bit(string),
  boolean: bit(boolean),
  int: bit(int),
  double: bit(double, int),
  any: 0xffff,
  "string[]": bit(strings, emptyArray),
  "boolean[]": bit(booleans, emptyArray),
  "int[]": bit(ints, emptyArray),
  "double[]": bit(doubles, ints, emptyArray),
};

export const acceptedByEnum: number = bit(string, int);

const typeOfMask: ReadonlyMap<number, string> = new Map(
  Object.entries(acceptedTypes).map(([type, mask]) => [mask, type]),
);

/** The registry type of a mask; undefined for enums. */
export const acceptedType = (mask: number): string | undefined => typeOfMask.get(mask);
