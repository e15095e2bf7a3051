// The attributes of a span's events and links against the registry. Their bytes are proven by the
// span reader; here they are walked once more, for they are rare. An event that the registry
// defines by name wants its attributes.
import { AttributeTable } from "../otlp/attribute-table.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { delimitedStart, skipValue, tagOf, tagSize, varintLow, wireType } from "../otlp/wire.ts";
import type { AttributeCheck } from "./attribute-check.ts";
import { placeList, placeOf } from "./found.ts";
import type { ValidationPlan } from "./plan.ts";

/** Of a span's events and links, of the attributes in each, and of an event's name. */
export const eventTag = tagOf(11, wireType.delimited);
export const linkTag = tagOf(13, wireType.delimited);
export const eventAttributeTag = tagOf(3, wireType.delimited);
export const linkAttributeTag = tagOf(4, wireType.delimited);
export const eventNameTag = tagOf(2, wireType.delimited);

/** One per pass, reused. */
export class NestedCheck {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  readonly #attributes: AttributeCheck;
  readonly #table: AttributeTable;

  constructor(attributes: AttributeCheck, limits: OtlpLimits) {
    this.#attributes = attributes;
    this.#table = new AttributeTable(limits);
  }

  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Adds the findings of all events and links of the span message at [start, end). */
  check(plan: ValidationPlan, start: number, end: number): void {
    const bytes = this.#bytes;
    let events = 0;
    let links = 0;
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const tag = varintLow(bytes, at) >>> 0;
      const next = skipValue(bytes, at + size, end, tag & 7);
      if (tag === eventTag) {
        this.#event(plan, delimitedStart(bytes, at + size, end), next, events);
        events += 1;
      } else if (tag === linkTag) {
        this.#link(plan, delimitedStart(bytes, at + size, end), next, links);
        links += 1;
      }
      at = next;
    }
  }

  #event(plan: ValidationPlan, start: number, end: number, index: number): void {
    this.#table.read(this.#bytes, start, end, eventAttributeTag);
    this.#attributes.begin(plan);
    this.#attributes.list(this.#table, placeOf(placeList.event, index, 0), true);
    const group = plan.isWeaver ? -1 : this.#eventGroup(plan, start, end);
    if (group >= 0) this.#attributes.absentWanted(group, false);
  }

  #link(plan: ValidationPlan, start: number, end: number, index: number): void {
    this.#table.read(this.#bytes, start, end, linkAttributeTag);
    this.#attributes.begin(plan);
    this.#attributes.list(this.#table, placeOf(placeList.link, index, 0), true);
  }

  /** The event definition that the event's name means, or -1. */
  #eventGroup({ tables }: ValidationPlan, start: number, end: number): number {
    const bytes = this.#bytes;
    let group = -1;
    let at = start;
    while (at < end) {
      const size = tagSize(bytes, at, end);
      const tag = varintLow(bytes, at) >>> 0;
      const next = skipValue(bytes, at + size, end, tag & 7);
      if (tag === eventNameTag) {
        const from = delimitedStart(bytes, at + size, end);
        group = tables.events.find(this.#view, from, next - from);
      }
      at = next;
    }
    return group;
  }
}
