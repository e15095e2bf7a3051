// One YAML file: its value, and on demand the line of each node.
import type { YamlDocument } from "./yaml-document.ts";
import { readByLibrary } from "./yaml-library.ts";

/** A file that was read; `name` as shown to people. */
export type SourceFile = YamlDocument & { readonly name: string };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a whole file. Never throws for bad YAML: see `faults`. */
export const readSource = (name: string, bytes: Uint8Array): SourceFile => {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { name, value: null, faults: [{ line: 1, message: "not UTF-8" }], lineOf: () => 1 };
  }
  return { name, ...readByLibrary(text) };
};
