// Reads the keys of one YAML map: the wrong type of a value is a problem with its place, a key
// that is not known a warning with the nearest known one. What is bad is left out, so that
// reading goes on.
import { nearest } from "../cli/arguments.ts";
import type { Place, Problems } from "./problem.ts";

export type YamlMap = { readonly [key: string]: unknown };

/** Maps only: no lists, no null. */
export const isYamlMap = (value: unknown): value is YamlMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One map at its place. `what` names it in messages: `group span.http`. */
export class Fields {
  readonly #map: YamlMap;
  readonly #problems: Problems;
  readonly place: Place;
  readonly what: string;

  constructor(map: YamlMap, place: Place, problems: Problems, what: string) {
    this.#map = map;
    this.#problems = problems;
    this.place = place;
    this.what = what;
  }

  has(key: string): boolean {
    return this.#map[key] !== undefined && this.#map[key] !== null;
  }

  /** The value as it is; undefined when absent or null. */
  raw(key: string): unknown {
    return this.#map[key] ?? undefined;
  }

  /** The place of a key's value, or of one item of its list. */
  at(...path: (string | number)[]): Place {
    return { file: this.place.file, path: [...this.place.path, ...path] };
  }

  error(key: string, message: string): void {
    this.#problems.error(this.at(key), `${this.what}: ${message}`);
  }

  warning(key: string, message: string): void {
    this.#problems.warning(this.at(key), `${this.what}: ${message}`);
  }

  string(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === "string") return value;
    // `version: 1.40` is a text that YAML reads as a number, 1.4; what was written is meant.
    if (typeof value === "number" || typeof value === "boolean") {
      const { file, path } = this.at(key);
      return file.sourceOf(path) ?? String(value);
    }
    return this.#wrong(key, "a string");
  }

  /** A string that must be there and not be empty. */
  required(key: string): string | undefined {
    const value = this.string(key);
    if (value !== undefined && value !== "") return value;
    if (!this.has(key) || value === "") this.error(key, `${key} is missing`);
    return undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === "boolean") return value;
    return this.#wrong(key, "true or false");
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const found = values.find((name) => name === value);
    return found ?? this.#wrong(key, `one of ${values.join(", ")}`);
  }

  map(key: string): YamlMap | undefined {
    const value = this.raw(key);
    if (value === undefined || isYamlMap(value)) return value;
    return this.#wrong(key, "a map");
  }

  list(key: string): readonly unknown[] {
    const value = this.raw(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value as readonly unknown[];
    this.#wrong(key, "a list");
    return [];
  }

  strings(key: string): readonly string[] {
    return this.list(key).filter((item, i): item is string => {
      if (typeof item === "string") return true;
      this.#problems.error(this.at(key, i), this.#expected(key, "a list of strings", item));
      return false;
    });
  }

  /** The items of a list that must all be maps. */
  maps(key: string, what: string): readonly Fields[] {
    const found: Fields[] = [];
    for (const [i, item] of this.list(key).entries()) {
      if (isYamlMap(item)) found.push(new Fields(item, this.at(key, i), this.#problems, what));
      else this.#problems.error(this.at(key, i), this.#expected(key, "a list of maps", item));
    }
    return found;
  }

  /** The same map under another name, once its id is known. */
  named(what: string): Fields {
    return new Fields(this.#map, this.place, this.#problems, what);
  }

  /** The map below `key`, as fields. */
  below(key: string, what: string): Fields | undefined {
    const map = this.map(key);
    if (map === undefined) return undefined;
    return new Fields(map, this.at(key), this.#problems, what);
  }

  onlyKnown(known: readonly string[]): void {
    for (const key of Object.keys(this.#map)) {
      if (known.includes(key)) continue;
      this.warning(key, `unknown key ${key}, ignored; did you mean ${nearest(key, known)}?`);
    }
  }

  #wrong(key: string, expected: string): undefined {
    this.#problems.error(this.at(key), this.#expected(key, expected, this.raw(key)));
    return undefined;
  }

  #expected(key: string, expected: string, found: unknown): string {
    return `${this.what}: ${key} must be ${expected}, found ${shown(found)}`;
  }
}

const shownCharsMax = 60;

/** A value in a message, cut when long. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}...`;
};
