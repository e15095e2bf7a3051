// `imports`: groups of dependencies that become part of the registry, named by wildcards over
// their names or ids. A pattern that names nothing is an error: it is nearly always a typo.
import { globAlternatives, matchesGlob } from "./glob.ts";
import { isYamlMap } from "./fields.ts";
import type { Problems } from "./problem.ts";
import type { OpenGroup } from "./resolve-group.ts";
import type { ImportSpec } from "./specification.ts";

const kindOfType: { readonly [type: string]: ImportSpec["kind"] } = {
  metric: "metrics",
  metric_group: "metrics",
  event: "events",
  entity: "entities",
  span: "spans",
  attribute_group: "attribute_groups",
};

/** The candidates that some pattern names, each once, in their order. */
export const imported = (
  imports: readonly ImportSpec[],
  candidates: readonly OpenGroup[],
  problems: Problems,
): OpenGroup[] => {
  const found = new Set<OpenGroup>();
  for (const { kind, pattern, place } of imports) {
    const patterns = globAlternatives(pattern) ?? [];
    const named = candidates.filter(
      (group) => kindOfType[group.base.type] === kind && isNamed(group, patterns),
    );
    if (named.length === 0) {
      problems.error(place, `imports: ${kind} ${pattern} names nothing in any dependency`);
    }
    for (const group of named) {
      if (!isExcluded(group)) found.add(group);
      else if (patterns.some((text) => namesOf(group).includes(text))) {
        const id = group.base.id;
        problems.error(place, `imports: ${kind} ${pattern}: ${id} is excluded by its registry`);
      }
    }
  }
  return candidates.filter((group) => found.delete(group));
};

const isNamed = (group: OpenGroup, patterns: readonly string[]): boolean =>
  namesOf(group).some((name) => patterns.some((pattern) => matchesGlob(pattern, name)));

/** Its id, the id without what tells the type, and the name of the signal. */
const namesOf = ({ base }: OpenGroup): string[] => {
  const bare = base.id.replace(/^(?:span|event|metric|entity|attribute_group|registry)\./, "");
  return [base.id, bare, base.name ?? base.metric_name ?? base.id];
};

// `dependency_resolution: {exclude: true}` keeps a group out of wildcards of others.
const isExcluded = ({ base }: OpenGroup): boolean => {
  const rule = base.annotations?.["dependency_resolution"];
  return isYamlMap(rule) && rule["exclude"] === true;
};
