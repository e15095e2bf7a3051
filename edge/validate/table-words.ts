// What compiled tables say in several rows, in words: a condition, the entities of an association, a
// deprecation. Only for what is told.
import type { FindingContext } from "../../schemas/validate/finding-message.ts";
import { deprecationReason } from "../../schemas/weaver/deprecation-note.ts";
import {
  associationOperator,
  atomKind,
  deprecationReasons,
} from "../../schemas/weaver/table-layout.ts";
import type { Tables } from "../../schemas/weaver/tables.ts";

/** Of a deprecation by its number + 1. */
export const deprecationContext = (tables: Tables, deprecation: number): FindingContext => {
  const reason = deprecationReasons[tables.sections.deprecationReason[deprecation - 1] ?? 0];
  return {
    deprecation_reason: deprecationReason(reason ?? "unspecified"),
    deprecation_note: tables.deprecationText(deprecation),
  };
};

const atomText = (tables: Tables, atom: number): string => {
  const { atomKind: kinds, atomAttribute } = tables.sections;
  if (kinds[atom] === atomKind.statusError) return "status is error";
  const name = tables.attributeName(atomAttribute[atom] ?? 0);
  return kinds[atom] === atomKind.equals
    ? `${name} is ${tables.atomText(atom)}`
    : `${name} is present`;
};

/** The condition under which the group requires the attribute. */
export const conditionText = (tables: Tables, group: number, attribute: number): string => {
  const { groupRows, rowAttribute, rowCondition, conditionAtoms } = tables.sections;
  const rows = rowAttribute.subarray(groupRows[group], groupRows[group + 1]);
  const condition = rowCondition[(groupRows[group] ?? 0) + rows.indexOf(attribute)] ?? 0;
  const start = conditionAtoms[condition - 1] ?? 0;
  const count = (conditionAtoms[condition] ?? 0) - start;
  return Array.from({ length: count }, (_, i) => atomText(tables, start + i)).join(" and ");
};

/** Types of the entities below a step of an association's program, in order, each once. */
export const entitiesBelow = (tables: Tables, step: number): readonly string[] => {
  const { associationOperator: operators, associationOperand: operands } = tables.sections;
  const names: string[] = [];
  // Steps that are still to be read, from the last to the first.
  let open = 1;
  for (let i = step; open > 0 && i >= 0; i -= 1) {
    const operand = operands[i] ?? 0;
    const isEntity = operators[i] === associationOperator.entity;
    if (isEntity) names.push(tables.groupName(operand));
    open += isEntity ? -1 : operand - 1;
  }
  return [...new Set(names.toReversed())];
};
