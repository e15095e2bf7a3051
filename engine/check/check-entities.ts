// Whether the resource satisfies the entities that a signal is associated with. An expression of
// one_of and all_of is satisfied when no required attribute of a chosen entity is absent; only the
// findings of branches that count are told.
import { finding } from "../../schemas/validate/finding-table.ts";
import { referencedEntities } from "../../schemas/weaver/entity-association.ts";
import type { EntityAssociation, ResolvedGroup } from "../../schemas/weaver/resolved.ts";
import { absenceCode, ofEntities } from "./check-required.ts";
import type { Json } from "./exact-json.ts";
import type { Findings } from "./findings.ts";
import type { Presence } from "./presence.ts";

type Found = { readonly code: number; readonly context: Json };
type Outcome = { readonly isSatisfied: boolean; readonly found: readonly Found[] };

/** The registry's entities, and which of their attributes the resource has. */
export type EntityFacts = {
  readonly entity: (type: string) => ResolvedGroup | undefined;
  readonly has: Presence;
};

class Evaluation {
  readonly #facts: EntityFacts;

  constructor(facts: EntityFacts) {
    this.#facts = facts;
  }

  evaluate(association: EntityAssociation): Outcome {
    if (typeof association === "string") return this.#ofEntity(association);
    if ("one_of" in association) return this.oneOf(association.one_of);
    const outcomes = association.all_of.map((part) => this.evaluate(part));
    return {
      isSatisfied: outcomes.every(({ isSatisfied }) => isSatisfied),
      found: outcomes.flatMap(({ found }) => found),
    };
  }

  oneOf(parts: readonly EntityAssociation[]): Outcome {
    const good = parts.map((part) => this.evaluate(part)).filter(({ isSatisfied }) => isSatisfied);
    if (good.length > 0) return { isSatisfied: true, found: good.flatMap(({ found }) => found) };
    const types = [...new Set(parts.flatMap(referencedEntities))];
    const context = { entity_type: types };
    return { isSatisfied: false, found: [{ code: finding.entityAssociation, context }] };
  }

  #ofEntity(type: string): Outcome {
    // An entity of another registry: nobody can tell, so nothing is said.
    const { entity, has } = this.#facts;
    const found = (entity(type)?.attributes ?? [])
      .filter((attribute) => !has(attribute))
      .map(({ name, requirement_level: level }) => ({
        code: absenceCode(level, ofEntities),
        context: { attribute_key: name, entity_type: type },
      }));
    return { isSatisfied: found.every(({ code }) => code !== finding.entityRequired), found };
  }
}

/** Adds what the resource lacks. The list of a group is a one_of; a single entry stands for itself. */
export const checkEntities = (
  out: Findings,
  associations: readonly EntityAssociation[],
  facts: EntityFacts,
): void => {
  const evaluation = new Evaluation(facts);
  const [only] = associations;
  if (only === undefined) return;
  const { found } =
    associations.length === 1 ? evaluation.evaluate(only) : evaluation.oneOf(associations);
  for (const { code, context } of found) out.add(code, context);
};
