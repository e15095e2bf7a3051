// One YAML file: its value, and on demand the line of each node.
import { readByLibrary } from "./yaml-library.ts";

/** Keys and indexes from the top of a document down to a node. */
export type Path = readonly (string | number)[];

export type YamlFault = { readonly line: number; readonly message: string };

/** A file that was read. */
export type SourceFile = {
  /** As shown to people: the path given, then the path within. */
  readonly name: string;
  readonly value: unknown;
  /** Of the node, or of the nearest one above it that exists; counts from 1. */
  readonly lineOf: (path: Path) => number;
  /** What makes it no YAML; `value` is null then. */
  readonly faults: readonly YamlFault[];
};

/** Reads a whole file. Never throws for bad YAML: see `faults`. */
export const readSource = (name: string, text: string): SourceFile => {
  const { value, faults, lineOf } = readByLibrary(text);
  return { name, value, faults, lineOf };
};
