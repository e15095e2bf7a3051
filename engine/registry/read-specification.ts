// The files of one registry as groups and imports as written, whatever syntax each file has.
// A bad file does not end reading, so that the problems of all files are reported.
import { Fields, isYamlMap } from "./fields.ts";
import { globAlternatives } from "./glob.ts";
import type { Problems } from "./problem.ts";
import { definitionLists, readDefinitionFile } from "./read-definition-v2.ts";
import { readGroup } from "./read-group.ts";
import type { SourceFile } from "./source-file.ts";
import { type GroupSpec, importKinds, type ImportSpec } from "./specification.ts";

/** What one file holds; `path` is below the registry's top. */
export const readFile = (
  file: SourceFile,
  path: string,
  problems: Problems,
): { readonly groups: readonly GroupSpec[]; readonly imports: readonly ImportSpec[] } => {
  const place = { file, path: [] };
  if (file.faults.length > 0) return nothing;
  if (file.value === null || file.value === undefined) {
    problems.warning(place, "the file is empty");
    return nothing;
  }
  if (!isYamlMap(file.value)) {
    problems.error(place, "a file must be a map with `groups` or `file_format: definition/2`");
    return nothing;
  }
  const fields = new Fields(file.value, place, problems, "file");
  const imports = readImports(fields);
  if (isDefinitionFile(fields)) {
    fields.onlyKnown(["file_format", "version", "imports", ...definitionLists]);
    return { groups: readDefinitionFile(fields, attributesId(path)), imports };
  }
  fields.onlyKnown(["file_format", "groups", "imports"]);
  if (!fields.has("groups") && !fields.has("imports")) {
    fields.error("groups", "neither `groups` nor `file_format: definition/2`: no definitions");
  }
  const groups = fields
    .maps("groups", "group")
    .map(readGroup)
    .filter((group) => group !== null);
  return { groups, imports };
};

const nothing = { groups: [], imports: [] };

const isDefinitionFile = (fields: Fields): boolean => {
  const format = fields.string("file_format");
  if (format === undefined) {
    const isOld = /^2(?:\.0)?$/.test(fields.string("version") ?? "");
    if (isOld) fields.warning("version", 'version: "2" is old; write file_format: definition/2');
    return isOld;
  }
  if (/^definition\/2(?:\.\d+)*$|^2\.0\.0\/definition$/.test(format)) return true;
  if (!/^definition\/1(?:\.\d+)*$/.test(format)) {
    fields.error("file_format", `file_format must be definition/2, found ${format}`);
  }
  return false;
};

/** As Weaver names the group of a file's attributes, but different for files in folders. */
const attributesId = (path: string): string =>
  `registry.${path.replace(/\.ya?ml$/, "").replaceAll("/", ".")}`;

const readImports = (file: Fields): ImportSpec[] => {
  const imports = file.below("imports", "imports");
  if (imports === undefined) return [];
  imports.onlyKnown(importKinds);
  return importKinds.flatMap((kind) =>
    imports.strings(kind).map((pattern, i) => {
      if (globAlternatives(pattern) === null) {
        imports.error(kind, `pattern ${pattern} has unbalanced or too many braces`);
      }
      return { kind, pattern, place: imports.at(kind, i) };
    }),
  );
};
