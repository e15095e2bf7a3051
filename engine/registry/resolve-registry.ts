// The whole way from files to one resolved registry.
import { createHash } from "node:crypto";

import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import { compare, placeText, type Problems } from "./problem.ts";
import { closeGroup, GroupOpener, indexDefinitions } from "./resolve-group.ts";
import type { GroupSpec, Specification } from "./specification.ts";

export const resolve = (specification: Specification, problems: Problems): ResolvedRegistry => {
  const groups = new Map<string, GroupSpec>();
  for (const group of specification.groups) {
    const first = groups.get(group.base.id);
    if (first === undefined) groups.set(group.base.id, group);
    else problems.error(group.place, `group ${group.base.id} is defined twice, first in ${placeText(first.place)}`);
  }
  const definitions = indexDefinitions(specification.groups, problems);
  const opener = new GroupOpener({ groups, definitions }, { definition: () => undefined, group: () => undefined }, problems);
  const resolved = [...groups.values()].map((group) => closeGroup(opener.open(group))).sort((a, b) => compare(a.id, b.id));
  const version = createHash("sha256").update(JSON.stringify(resolved)).digest("hex");
  return { registry_url: "", schema_url: "", version, groups: resolved };
};
