// Reads the YAML files of one registry into groups as written. Problems of single files do not
// end reading, so that all of them are reported.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Fields, isYamlMap } from "./fields.ts";
import type { Problems } from "./problem.ts";
import { readGroup } from "./read-group.ts";
import { readSource, type SourceFile } from "./source-file.ts";
import type { GroupSpec, Specification } from "./specification.ts";

export const loadFolder = (dir: string, problems: Problems): Specification => {
  const groups: GroupSpec[] = [];
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()) {
    if (!/\.ya?ml$/.test(name)) continue;
    const file = readSource(join(dir, name), readFileSync(join(dir, name), "utf8"));
    for (const { line, message } of file.faults) problems.error(`${file.name}:${line}`, message);
    groups.push(...readGroups(file, problems));
  }
  return { groups, imports: [] };
};

const readGroups = (file: SourceFile, problems: Problems): GroupSpec[] => {
  if (!isYamlMap(file.value)) return [];
  const fields = new Fields(file.value, { file, path: [] }, problems, "file");
  return fields
    .maps("groups", "group")
    .map(readGroup)
    .filter((group) => group !== null);
};
