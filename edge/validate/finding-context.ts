// The context of a finding at the edge: names and values that its sentence has, the same that `weir
// check` writes. A check keeps integers; the record and the tables are read again, only for what is
// told. A long text of the sender is told by its beginning.
import { metricWord, spanWord } from "../../schemas/otlp/record-layout.ts";
import { doubleText } from "../../schemas/validate/double-text.ts";
import type { FindingContext } from "../../schemas/validate/finding-message.ts";
import { finding } from "../../schemas/validate/finding-table.ts";
import { foundStride, foundWord, placeList, wantedBy } from "../../schemas/validate/found.ts";
import { instrumentName } from "../../schemas/validate/metric-check.ts";
import { effectiveKind } from "../../schemas/validate/span-check.ts";
import { acceptedType } from "../../schemas/weaver/accepted-types.ts";
import {
  instruments,
  sampleType,
  sampleTypeNames,
  spanKinds,
  stabilityNames,
} from "../../schemas/weaver/table-layout.ts";
import type { Tables } from "../../schemas/weaver/tables.ts";
import type { GivenAttribute } from "./given-attributes.ts";
import { placeIn } from "./given-attributes.ts";
import { eventName } from "./nested-attributes.ts";
import type { Checked, ReportedSignal } from "./reported-signal.ts";
import { shown } from "./shown-text.ts";
import { conditionText, deprecationContext, entitiesBelow } from "./table-words.ts";
import { integerText } from "./wire-text.ts";

/** A row of what was found, and what it is about. */
export type ToldRow = {
  readonly checked: Checked;
  readonly tables: Tables;
  readonly signal: ReportedSignal;
  readonly row: number;
  /** As it is told; "" where it is not known. */
  readonly key: string;
  readonly given: GivenAttribute | null;
  /** The record's own name. */
  readonly name: string;
};

const wordOf = ({ checked: { found }, row }: ToldRow, word: number): number =>
  found.rows[row * foundStride + word] ?? -1;

/** A column of the record. */
const columnOf = (told: ToldRow, column: number): number => {
  const { rows } = told.checked;
  return rows.records[wordOf(told, foundWord.record) * rows.layout.stride + column] ?? 0;
};

/** Definition that the record is bound to, or -1. */
const groupOf = (told: ToldRow): number =>
  told.checked.groupOf[wordOf(told, foundWord.record)] ?? -1;

const viewOf = ({ bytes }: { readonly bytes: Uint8Array }): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const onlyKey = ({ key }: ToldRow): FindingContext => ({ attribute_key: key });

/** Of an attribute that is absent. */
const absent = (told: ToldRow): FindingContext => {
  const { key, signal, tables } = told;
  const group = tables.groupId(wantedBy(wordOf(told, foundWord.place)));
  return { attribute_key: key, ...(signal.isOursToHold ? { group } : {}) };
};

const absentEntity = (told: ToldRow): FindingContext => ({
  attribute_key: told.key,
  entity_type: told.tables.groupName(wantedBy(wordOf(told, foundWord.place))),
});

const valueText = ({ checked: { rows }, given }: ToldRow): string => {
  if (given === null) return "";
  const { bytes } = rows;
  if (given.type === sampleType.double)
    return doubleText(viewOf(rows).getFloat64(given.valueStart, true));
  return given.type === sampleType.int
    ? integerText(bytes, given.valueStart)
    : shown(bytes, given.valueStart, given.valueEnd);
};

const withValue = (told: ToldRow): FindingContext => ({
  attribute_key: told.key,
  attribute_value: valueText(told),
});

/** Index of the attribute's constraint. */
const constraintOf = (told: ToldRow): number =>
  (told.tables.sections.attributeConstraint[wordOf(told, foundWord.attribute)] ?? 0) - 1;

/** Beyond a bound. */
const beyond =
  (constraint: string, section: "constraintMin" | "constraintMax") =>
  (told: ToldRow): FindingContext => ({
    ...withValue(told),
    constraint,
    expected: told.tables.sections[section][constraintOf(told)],
  });

const charactersOf = ({ checked: { rows }, given }: ToldRow): number => {
  let count = 0;
  for (let at = given?.valueStart ?? 0; at < (given?.valueEnd ?? 0); at += 1)
    if (((rows.bytes[at] ?? 0) & 0xc0) !== 0x80) count += 1;
  return count;
};

/** A finding of the definition itself has no attribute. */
const deprecated = (told: ToldRow): FindingContext => {
  const { key, name, signal, tables } = told;
  const attribute = wordOf(told, foundWord.attribute);
  const { attributeDeprecation, groupDeprecation } = tables.sections;
  if (attribute >= 0) {
    const number = attributeDeprecation[attribute] ?? 0;
    return { attribute_key: key, ...deprecationContext(tables, number) };
  }
  const group = groupOf(told);
  return {
    ...signal.named(tables.groupId(group), name),
    ...deprecationContext(tables, groupDeprecation[group] ?? 0),
  };
};

const notStable = (told: ToldRow): FindingContext => {
  const { key, name, signal, tables } = told;
  const attribute = wordOf(told, foundWord.attribute);
  const { attributeStability, groupStability } = tables.sections;
  if (attribute >= 0)
    return { attribute_key: key, stability: stabilityNames[attributeStability[attribute] ?? 0] };
  const group = groupOf(told);
  return {
    ...signal.named(tables.groupId(group), name),
    stability: stabilityNames[groupStability[group] ?? 0],
  };
};

const typeMismatch = (told: ToldRow): FindingContext => {
  const accepted = told.tables.sections.attributeAccept[wordOf(told, foundWord.attribute)] ?? 0;
  const expected = acceptedType(accepted);
  return {
    attribute_key: told.key,
    attribute_type: sampleTypeNames[told.given?.type ?? 0] ?? "",
    ...(expected === undefined ? {} : { expected }),
  };
};

/** Each prefix that is an attribute has a row: the first has the shortest. */
const illegalNamespace = (told: ToldRow): FindingContext => {
  const { checked, given, key, row, tables } = told;
  const { rows } = checked.found;
  const isSame = (other: number): boolean =>
    [foundWord.code, foundWord.record, foundWord.place].every(
      (word) => rows[other * foundStride + word] === rows[row * foundStride + word],
    );
  let before = 0;
  while (before < row && isSame(row - before - 1)) before += 1;
  if (given === null) return { attribute_key: key };
  const { bytes } = checked.rows;
  const { keyStart: start, keyEnd: end } = given;
  const ends = tables.prefixBytes(viewOf(checked.rows), start, end - start);
  const namespace = shown(bytes, start, start + (ends[before] ?? 0));
  return { attribute_key: key, namespace };
};

const extendsNamespace = ({ checked: { rows }, given, key, tables }: ToldRow): FindingContext => {
  if (given === null) return { attribute_key: key };
  const { keyStart: start, keyEnd: end } = given;
  const length = tables.namespaceBytes(viewOf(rows), start, end - start);
  return { attribute_key: key, namespace: shown(rows.bytes, start, start + length) };
};

/** The definition that the attribute's list is held to: an event of a span has its own. */
const unexpected = (told: ToldRow): FindingContext => {
  const { checked, key, tables } = told;
  const place = placeIn(checked.found, told.row);
  const group = place?.list === placeList.event ? eventGroup(told, place.item) : groupOf(told);
  return { attribute_key: key, group: tables.groupId(group) };
};

const eventGroup = (told: ToldRow, item: number): number => {
  const { rows } = told.checked;
  const name = eventName(rows, wordOf(told, foundWord.record), item);
  if (name === null) return -1;
  return told.tables.events.find(viewOf(rows), name.start, name.end - name.start);
};

const kindMismatch = (told: ToldRow): FindingContext => {
  const { tables } = told;
  const group = groupOf(told);
  return {
    group: tables.groupId(group),
    kind: spanKinds[effectiveKind(columnOf(told, spanWord.kind))],
    expected: spanKinds[tables.sections.groupKind[group] ?? 0],
  };
};

const unexpectedInstrument = (told: ToldRow): FindingContext => {
  const isMonotonic = columnOf(told, metricWord.isMonotonic) !== 0;
  const instrument = instrumentName(columnOf(told, metricWord.type), isMonotonic);
  const isKnown = (instruments as readonly string[]).includes(instrument);
  const expected = instruments[told.tables.sections.groupKind[groupOf(told)] ?? 0];
  return { instrument, ...(isKnown ? { expected } : {}) };
};

const unitMismatch = (told: ToldRow): FindingContext => {
  const { bytes } = told.checked.rows;
  const unit = shown(
    bytes,
    columnOf(told, metricWord.unitStart),
    columnOf(told, metricWord.unitEnd),
  );
  return { unit, expected: told.tables.groupUnit(groupOf(told)) };
};

/** By code. */
const contexts: { readonly [code: number]: (told: ToldRow) => FindingContext } = {
  [finding.missingAttribute]: onlyKey,
  [finding.templateAttribute]: (told) => ({
    attribute_key: told.key,
    template_name: told.tables.attributeName(wordOf(told, foundWord.attribute)),
  }),
  [finding.missingMetric]: ({ name }) => ({ metric_name: name }),
  [finding.missingEvent]: ({ name }) => ({ event_name: name }),
  [finding.deprecated]: deprecated,
  [finding.typeMismatch]: typeMismatch,
  [finding.notStable]: notStable,
  [finding.unitMismatch]: unitMismatch,
  [finding.unexpectedInstrument]: unexpectedInstrument,
  [finding.undefinedEnumVariant]: withValue,
  [finding.requiredAttribute]: absent,
  [finding.recommendedAttribute]: absent,
  [finding.optInAttribute]: absent,
  [finding.conditionalAttribute]: absent,
  [finding.entityRequired]: absentEntity,
  [finding.entityRecommended]: absentEntity,
  [finding.entityOptIn]: absentEntity,
  [finding.entityConditional]: absentEntity,
  [finding.entityAssociation]: (told) => ({
    // The word is -2 - the step.
    entity_type: entitiesBelow(told.tables, -2 - wordOf(told, foundWord.attribute)),
  }),
  [finding.missingNamespace]: onlyKey,
  [finding.invalidFormat]: (told) =>
    placeIn(told.checked.found, told.row) === null ? { metric_name: told.name } : onlyKey(told),
  [finding.illegalNamespace]: illegalNamespace,
  [finding.extendsNamespace]: extendsNamespace,
  [finding.unexpectedAttribute]: unexpected,
  [finding.schemaNotFound]: ({ name }) => ({ span_name: name }),
  [finding.kindMismatch]: kindMismatch,
  [finding.belowMin]: beyond("min", "constraintMin"),
  [finding.aboveMax]: beyond("max", "constraintMax"),
  [finding.patternMismatch]: (told) => ({
    ...withValue(told),
    constraint: "pattern",
    expected: told.tables.patternText(constraintOf(told) + 1),
  }),
  [finding.tooLong]: (told) => ({
    ...withValue(told),
    constraint: "max_length",
    expected: told.tables.sections.constraintCharacters[constraintOf(told)],
    length: charactersOf(told),
  }),
  [finding.conditionMet]: (told) => ({
    ...absent(told),
    condition: conditionText(
      told.tables,
      wantedBy(wordOf(told, foundWord.place)),
      wordOf(told, foundWord.attribute),
    ),
  }),
};

/** Names and values of one finding. */
export const findingContext = (told: ToldRow): FindingContext =>
  contexts[wordOf(told, foundWord.code)]?.(told) ?? {};
