// One YAML file: its value, and on demand the line of each node. The fast reader reads nearly all
// files; what it does not know, and what is bad, the yaml package reads.
import type { Path, YamlDocument } from "./yaml-document.ts";
import { readByLibrary } from "./yaml-library.ts";
import { readSubset, type SubsetLines } from "./yaml-subset.ts";

/** A file that was read; `name` as shown to people. */
export type SourceFile = YamlDocument & { readonly name: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a whole file. Never throws for bad YAML: see `faults`. */
export const readSource = (name: string, bytes: Uint8Array): SourceFile => {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    const faults = [{ line: 1, message: "not UTF-8" }];
    return { name, value: null, faults, lineOf: () => 1, sourceOf: () => null };
  }
  const value = readSubset(text);
  if (value === undefined) return { name, ...readByLibrary(text) };
  let noted: Noted | null = null;
  let library: YamlDocument | null = null;
  return {
    name,
    value,
    faults: [],
    lineOf: (path) => {
      // Reading again is cheaper than noting every line of files that are good.
      noted ??= noteLines(text);
      return lineOf(noted, path);
    },
    sourceOf: (path) => {
      // Few files have a number where a text is meant, so the fast reader keeps no sources.
      library ??= readByLibrary(text);
      return library.sourceOf(path);
    },
  };
};

type Noted = { readonly value: unknown; readonly lines: SubsetLines };

const noteLines = (text: string): Noted => {
  const lines: SubsetLines = new Map();
  return { value: readSubset(text, lines), lines };
};

const lineOf = ({ value, lines }: Noted, path: Path): number => {
  let line = 1;
  let node = value;
  for (const step of path) {
    if (typeof node !== "object" || node === null) break;
    const found = lines.get(node)?.get(step);
    if (found === undefined) break;
    line = found;
    node = (node as { readonly [step: string | number]: unknown })[step];
  }
  return line;
};
