// A finding of a pass in words: "required_attribute_not_present workflow.id in workflow.execute". Made
// for the few that are told, by reading the record again; the pass keeps integers.
import {
  attributeStride,
  attributeWord,
  AttributeTable,
} from "../../schemas/otlp/attribute-table.ts";
import { spanWord } from "../../schemas/otlp/record-layout.ts";
import { scanCode } from "../../schemas/otlp/limits.ts";
import { tagOf, wireType } from "../../schemas/otlp/wire.ts";
import { findingMessage } from "../../schemas/validate/finding-message.ts";
import { finding, findingId, levelNames } from "../../schemas/validate/finding-table.ts";
import { foundStride, foundWord, placeList, readPlace } from "../../schemas/validate/found.ts";
import type { ValidationPlan } from "../../schemas/validate/plan.ts";
import type { TracePass } from "../../schemas/validate/trace-pass.ts";
import type { RefusedFinding } from "../../schemas/rejected-value.ts";

/** What is shown of a name or key that a sender chose. */
const charactersMax = 120;
const spanAttributeTag = tagOf(9, wireType.delimited);
const utf8 = new TextDecoder();

/** One finding, made ready to be told. */
export type LabelledFinding = Omit<RefusedFinding, "item"> & {
  /** Id, attribute and definition: the same for the same fault, whoever has it. */
  readonly label: string;
};

const shown = (bytes: Uint8Array, start: number, end: number): string =>
  utf8.decode(bytes.subarray(start, Math.min(end, start + charactersMax)));

/** One per pass; a table for attributes is its only state. */
export class FindingLabels {
  readonly #table = new AttributeTable();

  /** The finding in this row of the pass's findings. */
  of(pass: TracePass, plan: ValidationPlan, levels: Uint8Array, row: number): LabelledFinding {
    const { rows } = pass.found;
    const code = rows[row * foundStride + foundWord.code] ?? 0;
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const signal = this.name(pass, plan, record);
    const key = this.#key(pass, plan, row);
    const id = findingId(code);
    const about = key === "" ? id : `${id} ${key}`;
    const context = { attribute_key: key, span_name: signal, event_name: signal };
    return {
      id,
      level: levelNames[levels[code] ?? 0] ?? "",
      signal,
      message: isPlain(code) ? findingMessage(code, context) : "",
      label: record < 0 ? `${about} in its resource` : `${about} in ${signal}`,
    };
  }

  /** The definition that the span is bound to, else the span's own name. */
  name(pass: TracePass, plan: ValidationPlan, record: number): string {
    if (record < 0) return "";
    const group = pass.groupOf[record] ?? -1;
    if (group >= 0) return plan.tables.groupName(group) || plan.tables.groupId(group);
    const row = record * pass.layout.stride;
    const { nameStart, nameEnd } = spanWord;
    return shown(pass.bytes, pass.records[row + nameStart] ?? 0, pass.records[row + nameEnd] ?? 0);
  }

  #key(pass: TracePass, plan: ValidationPlan, row: number): string {
    const { rows } = pass.found;
    const attribute = rows[row * foundStride + foundWord.attribute] ?? -1;
    if (attribute >= 0) return plan.tables.attributeName(attribute);
    const record = rows[row * foundStride + foundWord.record] ?? 0;
    const place = readPlace(rows[row * foundStride + foundWord.place] ?? -1);
    if (record < 0 || place === null || place.list !== placeList.own) return "";
    return this.#ownKey(pass, record, place.index);
  }

  #ownKey({ bytes, records, layout }: TracePass, record: number, index: number): string {
    const row = record * layout.stride;
    const start = records[row + spanWord.attributesStart] ?? 0;
    const end = records[row + spanWord.attributesEnd] ?? 0;
    if (this.#table.read(bytes, start, end, spanAttributeTag) !== scanCode.ok) return "";
    if (index >= this.#table.count) return "";
    const at = index * attributeStride;
    const { keyStart, keyEnd } = attributeWord;
    return shown(bytes, this.#table.rows[at + keyStart] ?? 0, this.#table.rows[at + keyEnd] ?? 0);
  }
}

/** Sentences that need nothing but the attribute and the name. */
const plainCodes = new Set<number>([
  finding.missingAttribute,
  finding.requiredAttribute,
  finding.recommendedAttribute,
  finding.conditionalAttribute,
  finding.schemaNotFound,
]);
const isPlain = (code: number): boolean => plainCodes.has(code);
