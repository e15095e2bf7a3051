// Small registries in folders of their own for tests, and what reading them says.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { Problems, problemText } from "../../../engine/registry/problem.ts";
import { resolveRegistry } from "../../../engine/registry/resolve-registry.ts";
import type { ResolvedAttribute, ResolvedGroup } from "../../../schemas/weaver/resolved.ts";

type Files = { readonly [path: string]: string | Uint8Array };

const made: string[] = [];

/** Writes files into a new folder; its path. */
export const writeFiles = (files: Files): string => {
  const folder = mkdtempSync(join(tmpdir(), "weir-registry-"));
  made.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
};

/** For `afterAll`. */
export const removeFiles = (): void => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
};

export type Outcome = {
  /** `file:line: severity: message`, file below the folder. */
  readonly problems: readonly string[];
  readonly errors: readonly string[];
  readonly version: string;
  readonly groups: readonly ResolvedGroup[];
  readonly group: (id: string) => ResolvedGroup;
  readonly attribute: (group: string, name: string) => ResolvedAttribute;
};

/** Reads and resolves; `sub` is what follows the folder: "/main" or "/a.zip[sub]". */
export const resolved = (folder: string, sub = ""): Outcome => {
  const problems = new Problems();
  const result = resolveRegistry(folder + sub, problems);
  const texts = problems.list().map((problem) => problemText(problem).replaceAll(`${folder}/`, ""));
  const groups = result?.registry.groups ?? [];
  const group = (id: string): ResolvedGroup => {
    const found = groups.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no group ${id}: ${texts.join("\n")}`);
    return found;
  };
  const attribute = (id: string, name: string): ResolvedAttribute => {
    const found = group(id).attributes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no attribute ${name} in ${id}`);
    return found;
  };
  const errors = texts.filter((text) => text.includes(": error: "));
  return {
    problems: texts,
    errors,
    version: result?.registry.version ?? "",
    groups,
    group,
    attribute,
  };
};

/** The same for one file `a.yaml`. */
export const resolvedText = (text: string): Outcome => resolved(writeFiles({ "a.yaml": text }));

/** Definitions that tests refer to. */
export const definitions = `groups:
  - id: registry.a
    type: attribute_group
    brief: A
    attributes:
      - {id: a.s, type: string, stability: stable, brief: S, note: N, examples: [x]}
      - {id: a.i, type: int, stability: stable, brief: I}
      - {id: a.h, type: "template[string]", stability: stable, brief: H}
`;
