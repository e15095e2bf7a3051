// The closed table of findings: integer code, Weaver's id, and the level in each profile. Codes go
// over integers in the fused pass and into counters, so they are never renumbered. Several codes
// may share one id: the id is what people and rules name, the code also says which constraint.

/** 0 = the profile does not report it. Higher is worse. */
export const level = { off: 0, information: 1, improvement: 2, violation: 3 } as const;

export type Level = (typeof level)[keyof typeof level];

/** By level number. */
export const levelNames = ["off", "information", "improvement", "violation"] as const;

/** `weaver`: its findings and no others; `weir`: ours too. */
export type Profile = "weaver" | "weir";

export const finding = {
  missingAttribute: 1,
  templateAttribute: 2,
  missingMetric: 3,
  missingEvent: 4,
  deprecated: 5,
  typeMismatch: 6,
  notStable: 7,
  unitMismatch: 8,
  unexpectedInstrument: 9,
  undefinedEnumVariant: 10,
  requiredAttribute: 11,
  recommendedAttribute: 12,
  optInAttribute: 13,
  /** The condition is prose: nobody can tell. */
  conditionalAttribute: 14,
  entityRequired: 15,
  entityRecommended: 16,
  entityOptIn: 17,
  entityConditional: 18,
  entityAssociation: 19,
  missingNamespace: 20,
  invalidFormat: 21,
  illegalNamespace: 22,
  extendsNamespace: 23,
  // From here on not in Weaver's live-check.
  unexpectedAttribute: 24,
  schemaNotFound: 25,
  kindMismatch: 26,
  belowMin: 27,
  aboveMax: 28,
  patternMismatch: 29,
  tooLong: 30,
  /** The machine-readable condition `weir.condition` holds and the attribute is absent. */
  conditionMet: 31,
} as const;

type FindingCode = (typeof finding)[keyof typeof finding];

/** Codes are 1..findingCodeMax. */
export const findingCodeMax = 31;

export type FindingRow = {
  readonly code: FindingCode;
  /** What reports, rules and partial_success name. */
  readonly id: string;
  readonly weaver: Level;
  readonly weir: Level;
};

const { off, information, improvement, violation } = level;

const rows: readonly FindingRow[] = [
  { code: 1, id: "missing_attribute", weaver: violation, weir: improvement },
  { code: 2, id: "template_attribute", weaver: information, weir: information },
  { code: 3, id: "missing_metric", weaver: violation, weir: violation },
  { code: 4, id: "missing_event", weaver: violation, weir: violation },
  { code: 5, id: "deprecated", weaver: violation, weir: improvement },
  { code: 6, id: "type_mismatch", weaver: violation, weir: violation },
  { code: 7, id: "not_stable", weaver: improvement, weir: off },
  { code: 8, id: "unit_mismatch", weaver: violation, weir: violation },
  { code: 9, id: "unexpected_instrument", weaver: violation, weir: violation },
  { code: 10, id: "undefined_enum_variant", weaver: information, weir: violation },
  { code: 11, id: "required_attribute_not_present", weaver: violation, weir: violation },
  { code: 12, id: "recommended_attribute_not_present", weaver: improvement, weir: improvement },
  { code: 13, id: "opt_in_attribute_not_present", weaver: information, weir: information },
  {
    code: 14,
    id: "conditionally_required_attribute_not_present",
    weaver: information,
    weir: information,
  },
  { code: 15, id: "entity_required_attribute_not_present", weaver: violation, weir: violation },
  {
    code: 16,
    id: "entity_recommended_attribute_not_present",
    weaver: improvement,
    weir: improvement,
  },
  { code: 17, id: "entity_opt_in_attribute_not_present", weaver: information, weir: information },
  {
    code: 18,
    id: "entity_conditionally_required_attribute_not_present",
    weaver: information,
    weir: information,
  },
  { code: 19, id: "entity_association_not_satisfied", weaver: violation, weir: violation },
  { code: 20, id: "missing_namespace", weaver: improvement, weir: improvement },
  { code: 21, id: "invalid_format", weaver: violation, weir: violation },
  { code: 22, id: "illegal_namespace", weaver: violation, weir: violation },
  { code: 23, id: "extends_namespace", weaver: information, weir: information },
  { code: 24, id: "unexpected_attribute", weaver: off, weir: improvement },
  { code: 25, id: "schema_not_found", weaver: off, weir: improvement },
  { code: 26, id: "kind_mismatch", weaver: off, weir: violation },
  { code: 27, id: "invalid_value", weaver: off, weir: violation },
  { code: 28, id: "invalid_value", weaver: off, weir: violation },
  { code: 29, id: "invalid_value", weaver: off, weir: violation },
  { code: 30, id: "invalid_value", weaver: off, weir: violation },
  {
    code: 31,
    id: "conditionally_required_attribute_not_present",
    weaver: off,
    weir: violation,
  },
];

/** Rows by code minus one. */
export const findingRows: readonly FindingRow[] = rows;

/** Every distinct id, in order of code. */
export const findingIds: readonly string[] = [...new Set(rows.map(({ id }) => id))];

/** The id of a code. "" for a number that is no code. */
export const findingId = (code: number): string => rows[code - 1]?.id ?? "";

/** Levels by code (index 0 unused), for one profile: a table look-up on the hot path. */
export const profileLevels = (profile: Profile): Uint8Array => {
  const levels = new Uint8Array(findingCodeMax + 1);
  for (const row of rows) levels[row.code] = row[profile];
  return levels;
};
