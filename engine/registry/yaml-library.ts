// YAML by the yaml package: complete, with positions, and slow (0.4 us a character cold). It is
// loaded when first needed, because most registries are read by yaml-subset.ts alone.
import { createRequire } from "node:module";
import type * as Yaml from "yaml";

import { aliasesMax, depthMax } from "./limits.ts";
import type { Path, YamlDocument, YamlFault } from "./yaml-document.ts";

type Library = typeof Yaml;

const require = createRequire(import.meta.url);
const library = (): Library => require("yaml") as Library;

/** Reads one document; bad YAML is in `faults`. */
export const readByLibrary = (text: string): YamlDocument => {
  const { LineCounter, parseDocument } = library();
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, stringKeys: true });
    const exhausted = document.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    if (exhausted !== undefined) {
      return failed([{ line: exhausted.linePos?.[0].line ?? 1, message: tooDeep }]);
    }
    const faults = document.errors.map((error) => ({
      line: error.linePos?.[0].line ?? 1,
      message: `not YAML: ${firstLine(error.message)}`,
    }));
    if (faults.length > 0) return failed(faults);
    const value: unknown = document.toJS({ maxAliasCount: aliasesMax });
    if (isDeeperThan(value, depthMax)) {
      return failed([{ line: 1, message: tooDeep }]);
    }
    return {
      value,
      faults,
      lineOf: (path) => lineOf(document, lines, path),
      sourceOf: (path) => sourceOf(document, path),
    };
  } catch (error) {
    return failed([{ line: 1, message: thrownText(error) }]);
  }
};

const failed = (faults: readonly YamlFault[]): YamlDocument => ({
  value: null,
  faults,
  lineOf: () => 1,
  sourceOf: () => null,
});

// Deep nesting ends the package's stack, which it tells as an error or throws; too many aliases it
// refuses with a ReferenceError.
const tooDeep = `nested deeper than depthMax=${depthMax}`;

const thrownText = (error: unknown): string => {
  if (error instanceof RangeError) return tooDeep;
  if (error instanceof ReferenceError) {
    return `not YAML: ${error.message}; the limit is ${aliasesMax}`;
  }
  return `not YAML: ${error instanceof Error ? firstLine(error.message) : String(error)}`;
};

const firstLine = (text: string): string => text.split("\n", 1)[0]?.replace(/:$/, "") ?? text;

const isDeeperThan = (value: unknown, depth: number): boolean => {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((child) => isDeeperThan(child, depth - 1));
};

const lineOf = (document: Yaml.Document, lines: Yaml.LineCounter, path: Path): number => {
  const { isMap, isNode, isScalar, isSeq } = library();
  let at = 0;
  let node: unknown = document.contents;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step);
      if (pair === undefined) break;
      at = startOf(isNode(pair.key) ? pair.key : null, at);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      at = startOf(isNode(node) ? node : null, at);
    } else break;
  }
  return Math.max(1, lines.linePos(at).line);
};

const startOf = (node: Yaml.Node | null, otherwise: number): number =>
  node?.range?.[0] ?? otherwise;

const sourceOf = (document: Yaml.Document, path: Path): string | null => {
  const { isCollection, isScalar } = library();
  let node = aliased(document, document.contents);
  for (const step of path) {
    if (!isCollection(node)) return null;
    node = aliased(document, node.get(step, true));
  }
  return isScalar(node) ? (node.source ?? null) : null;
};

const aliased = (document: Yaml.Document, node: unknown): unknown =>
  library().isAlias(node) ? node.resolve(document) : node;
