// Whether a resource satisfies the entities that a metric or an event is associated with: a small
// program of entities, one_of and all_of in postfix order, run over the attributes that are present.
import { associationOperator, requirement } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import type { AttributeCheck } from "./attribute-check.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import { absentFrom } from "./found.ts";

/** Deeper programs than any registry's; what lies deeper counts as satisfied. */
const depthMax = 64;

/** One per check, reused. */
export class EntityCheck {
  readonly #found: Found;
  readonly #stack = new Uint8Array(depthMax);

  constructor(found: Found) {
    this.#found = found;
  }

  /** Adds what the resource, whose attributes were checked last, lacks for the group. */
  check(tables: Tables, group: number, resource: AttributeCheck): void {
    const {
      groupAssociations,
      associationOperator: operators,
      associationOperand,
    } = tables.sections;
    const start = groupAssociations[group] as number;
    const end = groupAssociations[group + 1] as number;
    if (start === end) return;
    const isSatisfied = this.#run(tables, start, end, resource);
    const isSingle = end - start === 2;
    if (!isSatisfied && !isSingle) {
      this.#found.place = absentFrom(group);
      this.#found.add(finding.entityAssociation, -1);
      return;
    }
    for (let i = start; i < end; i += 1) {
      if (operators[i] !== associationOperator.entity) continue;
      const entity = associationOperand[i] as number;
      if (isSingle || resource.missing(tables, entity) === 0)
        this.#absent(tables, entity, resource);
    }
  }

  #run(tables: Tables, start: number, end: number, resource: AttributeCheck): boolean {
    const { associationOperator: operators, associationOperand } = tables.sections;
    const stack = this.#stack;
    let depth = 0;
    for (let i = start; i < end; i += 1) {
      const operand = associationOperand[i] as number;
      let isSatisfied = false;
      if (operators[i] === associationOperator.entity) {
        isSatisfied = resource.missing(tables, operand) === 0;
      } else {
        let satisfied = 0;
        for (let k = 0; k < operand; k += 1) {
          depth -= 1;
          satisfied += stack[depth] ?? 1;
        }
        const isOneOf = operators[i] === associationOperator.oneOf;
        isSatisfied = isOneOf ? satisfied > 0 : satisfied === operand;
      }
      stack[depth] = isSatisfied ? 1 : 0;
      depth += 1;
    }
    return stack[0] === 1;
  }

  #absent(tables: Tables, entity: number, resource: AttributeCheck): void {
    const { groupRows, rowAttribute, rowLevel } = tables.sections;
    const found = this.#found;
    found.place = absentFrom(entity);
    const end = groupRows[entity + 1] as number;
    for (let row = groupRows[entity] as number; row < end; row += 1) {
      const attribute = rowAttribute[row] as number;
      if (resource.isPresent(attribute)) continue;
      const level = rowLevel[row] as number;
      if (level === requirement.required) found.add(finding.entityRequired, attribute);
      else if (level === requirement.recommended) found.add(finding.entityRecommended, attribute);
      else if (level === requirement.optIn) found.add(finding.entityOptIn, attribute);
      else found.add(finding.entityConditional, attribute);
    }
  }
}
