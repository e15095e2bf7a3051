// Whether a resource satisfies the entities that a span, a metric or an event is associated with: a
// small program of entities, one_of and all_of in postfix order, run over the attributes that are
// present. Of a one_of only its satisfied branches are told, or that there is none.
import { associationOperator, requirement } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import type { AttributeCheck } from "./attribute-check.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import { absentFrom, ofStep } from "./found.ts";

const stepsAtFirst = 64;

/** Whether the resource has what the entity requires. */
const isSatisfied = (tables: Tables, entity: number, resource: AttributeCheck): boolean => {
  const { wanted, wantedAt, sections } = tables;
  const { rowAttribute, rowLevel } = sections;
  const end = wantedAt[entity + 1] as number;
  for (let i = wantedAt[entity] as number; i < end; i += 1) {
    const row = wanted[i] as number;
    if (rowLevel[row] !== requirement.required) continue;
    if (!resource.isOfEntity(rowAttribute[row] as number)) return false;
  }
  return true;
};

/** One per check, reused. */
export class EntityCheck {
  readonly #found: Found;
  // Of each step: whether it is satisfied, whether it is told, and of how many steps it consists.
  #satisfied = new Uint8Array(stepsAtFirst);
  #told = new Uint8Array(stepsAtFirst);
  #sizes = new Uint32Array(stepsAtFirst);

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
    const steps = (groupAssociations[group + 1] as number) - start;
    if (steps === 0) return;
    if (steps > this.#told.length) this.#grow(steps);
    this.#run(tables, start, steps, resource);
    this.#choose(tables, start, steps);
    for (let i = 0; i < steps; i += 1) {
      if (this.#told[i] === 0) continue;
      const operator = operators[start + i];
      if (operator === associationOperator.entity) {
        this.#absent(tables, associationOperand[start + i] as number, resource);
      } else if (operator === associationOperator.oneOf && this.#satisfied[i] === 0) {
        this.#found.place = absentFrom(group);
        this.#found.add(finding.entityAssociation, ofStep(start + i));
      }
    }
  }

  /** Which steps are satisfied, from the leaves up. */
  #run(tables: Tables, start: number, steps: number, resource: AttributeCheck): void {
    const { associationOperator: operators, associationOperand } = tables.sections;
    for (let i = 0; i < steps; i += 1) {
      const operand = associationOperand[start + i] as number;
      this.#sizes[i] = 1;
      if (operators[start + i] === associationOperator.entity) {
        this.#satisfied[i] = isSatisfied(tables, operand, resource) ? 1 : 0;
        continue;
      }
      let satisfied = 0;
      let part = i - 1;
      for (let k = 0; k < operand; k += 1) {
        satisfied += this.#satisfied[part] as number;
        part -= this.#sizes[part] as number;
      }
      this.#sizes[i] = i - part;
      const isOneOf = operators[start + i] === associationOperator.oneOf;
      this.#satisfied[i] = (isOneOf ? satisfied > 0 : satisfied === operand) ? 1 : 0;
    }
  }

  /** Which steps are told, from the root down. */
  #choose({ sections }: Tables, start: number, steps: number): void {
    const { associationOperator: operators, associationOperand } = sections;
    this.#told[steps - 1] = 1;
    for (let i = steps - 1; i >= 0; i -= 1) {
      if (operators[start + i] === associationOperator.entity) continue;
      const operand = associationOperand[start + i] as number;
      const isOneOf = operators[start + i] === associationOperator.oneOf;
      let part = i - 1;
      for (let k = 0; k < operand; k += 1) {
        const counts = isOneOf ? (this.#satisfied[part] as number) : 1;
        this.#told[part] = (this.#told[i] as number) & counts;
        part -= this.#sizes[part] as number;
      }
    }
  }

  #absent(tables: Tables, entity: number, resource: AttributeCheck): void {
    const { groupRows, rowAttribute, rowLevel } = tables.sections;
    const found = this.#found;
    found.place = absentFrom(entity);
    const end = groupRows[entity + 1] as number;
    for (let row = groupRows[entity] as number; row < end; row += 1) {
      const attribute = rowAttribute[row] as number;
      if (resource.isOfEntity(attribute)) continue;
      const level = rowLevel[row] as number;
      if (level === requirement.required) found.add(finding.entityRequired, attribute);
      else if (level === requirement.recommended) found.add(finding.entityRecommended, attribute);
      else if (level === requirement.optIn) found.add(finding.entityOptIn, attribute);
      else found.add(finding.entityConditional, attribute);
    }
  }

  #grow(steps: number): void {
    this.#satisfied = new Uint8Array(steps);
    this.#told = new Uint8Array(steps);
    this.#sizes = new Uint32Array(steps);
  }
}
