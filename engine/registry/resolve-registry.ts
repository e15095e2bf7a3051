// From registries as written to one resolved registry: each dependency first and once, then the
// registry's own groups, then what it imports. Sorted, so that the same files give the same bytes
// whatever their names and order, and hashed: the hash is the version.
import { createHash } from "node:crypto";

import type {
  EntityAssociation,
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../schemas/weaver/resolved.ts";
import { checkConstraints } from "./check-constraints.ts";
import { imported } from "./imports.ts";
import { type LoadedRegistry, loadRegistry } from "./load-registry.ts";
import { compare, placeText, type Problems } from "./problem.ts";
import {
  closeGroup,
  GroupOpener,
  indexDefinitions,
  type OpenGroup,
  type Outside,
} from "./resolve-group.ts";
import type { GroupSpec } from "./specification.ts";

/** A registry ready to be depended on. */
type Resolution = {
  /** Own and imported groups. */
  readonly groups: readonly OpenGroup[];
  readonly byId: ReadonlyMap<string, OpenGroup>;
  readonly definitions: ReadonlyMap<string, ResolvedAttribute>;
  /** All that it depends on, each once, in the order in which names are looked up. */
  readonly behind: readonly Resolution[];
};

/** What `resolveRegistry` read. */
export type Resolved = {
  /** Usable only when the problems have no error. */
  readonly registry: ResolvedRegistry;
  /** Files of definitions of the registry itself. */
  readonly files: number;
};

/**
 * Reads and resolves the registry at `path`, a folder or an archive with `[sub/folder]`. What is
 * wrong goes into `problems`; null only when there is nothing to read.
 */
export const resolveRegistry = (path: string, problems: Problems): Resolved | null => {
  const loaded = loadRegistry(path, problems);
  if (loaded === null) return null;
  const { groups } = new Resolving(problems).resolve(loaded);
  const closed = groups.map(closeGroup).sort((a, b) => compare(a.id, b.id));
  const version = createHash("sha256").update(JSON.stringify(closed)).digest("hex");
  const registry = {
    registry_url: path,
    schema_url: loaded.schemaUrl?.text ?? "",
    version,
    groups: closed,
  };
  return { registry, files: loaded.files };
};

class Resolving {
  readonly #problems: Problems;
  readonly #resolved = new Map<LoadedRegistry, Resolution>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  // Circles were taken out when loading, so the recursion ends.
  resolve(loaded: LoadedRegistry): Resolution {
    const known = this.#resolved.get(loaded);
    if (known !== undefined) return known;
    const dependencies = loaded.dependencies.map((dependency) => this.resolve(dependency));
    const groups = this.#byId(loaded.groups);
    const definitions = indexDefinitions(loaded.groups, this.#problems);
    const behind = [...new Set(dependencies.flatMap((one) => [one, ...one.behind]))];
    const outside = {
      definition: (name: string) => firstOf(behind, (from) => from.definitions.get(name)),
      group: (id: string) => firstOf(behind, (from) => from.byId.get(id)),
    };
    const opener = new GroupOpener({ groups, definitions }, outside, this.#problems);
    const own = [...groups.values()].map((group) => opener.open(group));
    const candidates = dependencies.flatMap((dependency) => dependency.groups);
    const all = [...own, ...imported(loaded.imports, candidates, this.#problems)];
    this.#checkNames(all);
    this.#checkReferences(loaded.groups, all, outside);
    checkConstraints(loaded.groups, all, this.#problems);
    const byId = new Map(all.map((group) => [group.base.id, group]));
    const resolution = { groups: [...byId.values()], byId, definitions, behind };
    this.#resolved.set(loaded, resolution);
    return resolution;
  }

  #byId(groups: readonly GroupSpec[]): Map<string, GroupSpec> {
    const byId = new Map<string, GroupSpec>();
    for (const group of groups) {
      const first = byId.get(group.base.id);
      if (first === undefined) byId.set(group.base.id, group);
      else this.#twice(`group ${group.base.id}`, group, first);
    }
    return byId;
  }

  #twice(what: string, second: Pick<GroupSpec, "place">, first: Pick<GroupSpec, "place">): void {
    const where = placeText(first.place);
    this.#problems.error(second.place, `${what} is defined twice, first in ${where}`);
  }

  /** No two metrics, events, entities or spans of one name; ids again for imported groups. */
  #checkNames(groups: readonly OpenGroup[]): void {
    const first = new Map<string, OpenGroup>();
    for (const group of groups) {
      for (const what of new Set(namesOf(group.base))) {
        const other = first.get(what);
        if (other === undefined) first.set(what, group);
        else if (other.base.id !== group.base.id || other.place !== group.place) {
          this.#twice(what, group, other);
        }
      }
    }
  }

  /** What a group only names: entities it is associated with, events of a span. */
  #checkReferences(
    specs: readonly GroupSpec[],
    all: readonly OpenGroup[],
    outside: Pick<Outside, "group">,
  ): void {
    const entities = new Set(
      all.filter(({ base }) => base.type === "entity").map(({ base }) => base.name),
    );
    const ids = new Set(all.map(({ base }) => base.id));
    for (const { base, place } of specs) {
      for (const name of (base.entity_associations ?? []).flatMap(entityNames)) {
        if (entities.has(name) || outside.group(`entity.${name}`) !== undefined) continue;
        this.#problems.warning(place, `group ${base.id}: no entity ${name} to be associated with`);
      }
      for (const id of base.events ?? []) {
        if (ids.has(id) || outside.group(id) !== undefined) continue;
        this.#problems.warning(place, `group ${base.id}: no event group ${id}`);
      }
    }
  }
}

const firstOf = <T>(from: readonly Resolution[], find: (one: Resolution) => T | undefined) => {
  for (const one of from) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
};

const signals: ReadonlySet<string> = new Set(["metric", "event", "entity", "span"]);

const nameOf = (base: Omit<ResolvedGroup, "attributes">): string | undefined => {
  if (base.type === "metric") return base.metric_name;
  // By it a span is bound; the name of a v2 span is its type, which its id has too.
  return base.type === "span" ? base.id.replace(/^span\./, "") : base.name;
};

const namesOf = (base: Omit<ResolvedGroup, "attributes">): string[] => {
  const name = nameOf(base);
  const id = `group ${base.id}`;
  return signals.has(base.type) && name !== undefined ? [id, `${base.type} ${name}`] : [id];
};

const entityNames = (association: EntityAssociation): readonly string[] => {
  if (typeof association === "string") return [association];
  return ("one_of" in association ? association.one_of : association.all_of).flatMap(entityNames);
};
