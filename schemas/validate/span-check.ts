// One span against the registry, by its bytes and without memory of others: the direct path. It is
// what the fused pass falls back on, asks once for every new shape, and is compared with in tests.
import { AttributeTable } from "../otlp/attribute-table.ts";
import type { OtlpLimits, ScanCode } from "../otlp/limits.ts";
import { defaultLimits, scanCode } from "../otlp/limits.ts";
import { tagOf, wireType } from "../otlp/wire.ts";
import { groupFlag, spanKinds } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import { AttributeCheck } from "./attribute-check.ts";
import { finding } from "./finding-table.ts";
import type { Found } from "./found.ts";
import type { ValidationPlan } from "./plan.ts";
import type { NameClass } from "./span-names.ts";

/** Tag of a span's attributes. */
export const spanAttributeTag = tagOf(9, wireType.delimited);

const internal = spanKinds.indexOf("internal");
/** Definitions that are weighed for one span; the first ones of the registry win. */
const candidatesMax = 64;

/** A span that says no kind, or one that nobody knows, is taken as internal, as OTLP allows. */
export const effectiveKind = (kind: number): number =>
  kind > 0 && kind < spanKinds.length ? kind : internal;

/** One per thread, reused: set the span's facts, then `check`. */
export class SpanCheck {
  /** First byte of the first attribute's field, end of the last; 0, 0 = none. */
  attributesStart = 0;
  attributesEnd = 0;
  /** SpanKind as on the wire. */
  kind = 0;
  /** Status code 2. */
  isError = false;
  /** After a check: the group that the span is bound to, or -1. */
  group = -1;
  readonly attributes: AttributeCheck;
  readonly #found: Found;
  readonly #table: AttributeTable;
  readonly #candidates = new Int32Array(candidatesMax);

  constructor(found: Found, limits: OtlpLimits = defaultLimits) {
    this.#found = found;
    this.#table = new AttributeTable(limits);
    this.attributes = new AttributeCheck(found);
  }

  /**
   * Adds the findings of the span whose facts are set. `withValues` false leaves out what only a
   * value shows. Returns a code when its attributes cannot be read.
   */
  check(plan: ValidationPlan, bytes: Uint8Array, name: NameClass, withValues: boolean): ScanCode {
    const found = this.#found;
    const { attributes } = this;
    found.decisions = name.decisions;
    const code = this.#table.read(
      bytes,
      this.attributesStart,
      this.attributesEnd,
      spanAttributeTag,
    );
    if (code !== scanCode.ok) return code;
    attributes.begin(plan);
    attributes.list(this.#table, 0, withValues);
    this.group = plan.isWeaver ? -1 : this.#bind(plan, name);
    if (this.group < 0) {
      found.place = -1;
      found.add(finding.schemaNotFound, -1);
    } else {
      this.#told(plan.tables);
      attributes.absentWanted(this.group, this.isError);
    }
    return scanCode.ok;
  }

  /** What can be said of the definition itself. */
  #told({ sections }: Tables): void {
    if (((sections.groupFlags[this.group] as number) & groupFlag.deprecated) === 0) return;
    this.#found.place = -1;
    this.#found.add(finding.deprecated, -1);
  }

  #bind({ tables }: ValidationPlan, name: NameClass): number {
    if (name.group < 0) return this.#byAttributes(tables);
    const wanted = tables.sections.groupKind[name.group] as number;
    if (wanted !== 0 && wanted !== effectiveKind(this.kind)) {
      this.#found.place = -1;
      this.#found.add(finding.kindMismatch, -1);
    }
    return name.group;
  }

  /**
   * The definition that an attribute tells (required there, and in more definitions than merely
   * recommended), of the span's kind: the one that lacks least, then the one that knows most of
   * the span's attributes (required ones count twice), then the first.
   */
  #byAttributes(tables: Tables): number {
    const count = this.#gather(tables);
    const { attributes } = this;
    let best = count > 0 ? (this.#candidates[0] as number) : -1;
    if (count < 2) return best;
    let bestMissing = attributes.missing(tables, best);
    // Counted only when two lack the same.
    let bestVotes = -1;
    for (let i = 1; i < count; i += 1) {
      const group = this.#candidates[i] as number;
      const missing = attributes.missing(tables, group);
      if (missing > bestMissing) continue;
      let votes = -1;
      if (missing === bestMissing) {
        if (bestVotes < 0) bestVotes = attributes.votes(tables, best);
        votes = attributes.votes(tables, group);
        if (votes < bestVotes || (votes === bestVotes && group > best)) continue;
      }
      best = group;
      bestMissing = missing;
      bestVotes = votes;
    }
    return best;
  }

  /** Fills the candidates, each once; returns how many. */
  #gather(tables: Tables): number {
    const { postings, posted, sections } = tables;
    const { present, presentCount } = this.attributes;
    const kind = effectiveKind(this.kind);
    const candidates = this.#candidates;
    let count = 0;
    for (let i = 0; i < presentCount; i += 1) {
      const attribute = present[i] as number;
      const end = postings[attribute + 1] as number;
      for (let at = postings[attribute] as number; at < end; at += 1) {
        const group = posted[at] as number;
        const wanted = sections.groupKind[group] as number;
        if ((wanted !== 0 && wanted !== kind) || count === candidatesMax) continue;
        let known = 0;
        while (known < count && candidates[known] !== group) known += 1;
        if (known < count) continue;
        candidates[count] = group;
        count += 1;
      }
    }
    return count;
  }
}
