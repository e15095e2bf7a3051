// A schema URL, `http[s]://server[:port]/path/VERSION`, names a registry and its version.
import { compare } from "./problem.ts";

export type SchemaUrl = {
  readonly text: string;
  /** Without scheme and version. */
  readonly name: string;
  readonly version: string;
};

/** Null when the text is no schema URL. */
export const parseSchemaUrl = (text: string): SchemaUrl | null => {
  const found = /^https?:\/\/([^/?#\s]+(?:\/[^?#\s]*)?)\/([^/?#\s]+)\/?$/.exec(text);
  const [, name, version] = found ?? [];
  return name === undefined || version === undefined ? null : { text, name, version };
};

type Version = {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  /** What follows the hyphen, by dots; none in a release. */
  readonly preRelease: readonly string[];
};

const versionOf = (text: string): Version | null => {
  const found = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([^+]*))?(?:\+.*)?$/.exec(text);
  if (found === null) return null;
  const [, major, minor = "0", patch = "0", rest] = found;
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    preRelease: rest === undefined ? [] : rest.split("."),
  };
};

/**
 * Which of two versions of one registry is used: of the same major the newer one, else none. Of
 * two that are equally new (1.0 and 1.0.0) the order of reading must not choose: their texts do.
 */
export const newerVersion = (a: string, b: string): "first" | "second" | "conflict" => {
  const difference = compareVersions(a, b);
  if (difference === null) return "conflict";
  return (difference === 0 ? compare(a, b) : difference) >= 0 ? "first" : "second";
};

/**
 * Positive when `a` is newer, 0 when both are equally new, by the rules of semver. Null when they
 * are not of one major, or no versions in numbers.
 */
export const compareVersions = (a: string, b: string): number | null => {
  if (a === b) return 0;
  const x = versionOf(a);
  const y = versionOf(b);
  if (x === null || y === null || x.numbers[0] !== y.numbers[0]) return null;
  for (const [i, number] of x.numbers.entries()) {
    const difference = number - (y.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(x.preRelease, y.preRelease);
};

/** A pre-release, 1.2.0-rc, is older than 1.2.0; of two the one with more parts is newer. */
const comparePreReleases = (a: readonly string[], b: readonly string[]): number => {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = compareParts(a[i] ?? "", b[i] ?? "");
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

/** Numbers by value, and before words; words by their characters. */
const compareParts = (a: string, b: string): number => {
  const isNumber = /^\d+$/.test(a);
  if (isNumber !== /^\d+$/.test(b)) return isNumber ? -1 : 1;
  if (!isNumber) return compare(a, b);
  const x = a.replace(/^0+/, "");
  const y = b.replace(/^0+/, "");
  // As texts, because a date with a time has more digits than a number keeps.
  return x.length - y.length || compare(x, y);
};
