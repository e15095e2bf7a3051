// Metrics and log records against the registry, over the rows of a scan whose bytes are proven:
// metrics by name (instrument, unit, attributes of their points), log records by event name,
// resources by the entities that these are associated with. Not the hottest path: every record
// takes the direct check.
import { AttributeTable } from "../otlp/attribute-table.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { defaultLimits } from "../otlp/limits.ts";
import {
  logWord,
  metricWord,
  recordWord,
  resourceStride,
  resourceWord,
  scopeStride,
  scopeWord,
} from "../otlp/record-layout.ts";
import type { ScannedRows } from "../otlp/scanned-rows.ts";
import { tagOf, wireType } from "../otlp/wire.ts";
import { groupFlag } from "../weaver/table-layout.ts";
import type { Tables } from "../weaver/tables.ts";
import { AttributeCheck, attributeCodes } from "./attribute-check.ts";
import { EntityCheck } from "./entity-check.ts";
import { finding } from "./finding-table.ts";
import type { Decisions } from "./found.ts";
import { Found, decision, placeList, placeOf } from "./found.ts";
import { MetricCheck } from "./metric-check.ts";
import type { ValidationPlan } from "./plan.ts";
import { outcome } from "./trace-pass.ts";

const rowsAtFirst = 64;
const resourceAttributeTag = tagOf(1, wireType.delimited);
const scopeAttributeTag = tagOf(3, wireType.delimited);
const logAttributeTag = tagOf(6, wireType.delimited);

/** Records by what became of them; one with a warning counts as warned only when it stays. */
export type SignalTally = { warned: number; rejected: number; quarantined: number };

/** One per signal and thread, reused; results hold until the next run. */
export class SignalCheck {
  readonly found = new Found();
  /** Definition that each record is bound to, or -1. */
  groupOf: Int32Array = new Int32Array(rowsAtFirst);
  tally: SignalTally = { warned: 0, rejected: 0, quarantined: 0 };
  readonly #isMetrics: boolean;
  readonly #table: AttributeTable;
  readonly #resourceTable: AttributeTable;
  readonly #attributes: AttributeCheck;
  /** Of the resource; what is present there is asked again for its records. */
  readonly #resource: AttributeCheck;
  readonly #entities: EntityCheck;
  readonly #metric: MetricCheck;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** The strictest decision on the resource and scope that the records stand in. */
  #worstAround = 0;

  constructor(signal: "metrics" | "logs", limits: OtlpLimits = defaultLimits) {
    this.#isMetrics = signal === "metrics";
    this.#table = new AttributeTable(limits);
    this.#resourceTable = new AttributeTable(limits);
    this.#attributes = new AttributeCheck(this.found);
    this.#resource = new AttributeCheck(this.found);
    this.#entities = new EntityCheck(this.found);
    this.#metric = new MetricCheck(this.found, this.#attributes, limits);
  }

  /**
   * Checks the records of a scan whose bytes are well formed. `partitionOf` has an entry for each:
   * below 0 = already out, which stays; rejected and quarantined ones get their `outcome`.
   */
  run(scan: ScannedRows, plan: ValidationPlan, partitionOf: Int32Array): void {
    this.#open(scan);
    const { scopes, scopeCount } = scan;
    let resource = -1;
    let resourceWorst: number = decision.none;
    for (let scope = 0; scope < scopeCount; scope += 1) {
      const row = scope * scopeStride;
      const outer = scopes[row + scopeWord.resource] as number;
      // Resources without scopes are looked at as well.
      while (resource < outer) resourceWorst = this.#head(scan, plan, (resource += 1), -1);
      this.#worstAround = Math.max(resourceWorst, this.#head(scan, plan, resource, scope));
      const first = scopes[row + scopeWord.firstRecord] as number;
      const end = first + (scopes[row + scopeWord.records] as number);
      for (let i = first; i < end; i += 1) {
        this.groupOf[i] = -1;
        if ((partitionOf[i] as number) >= 0) this.#record(scan, plan, i, partitionOf);
      }
    }
    while (resource < scan.resourceCount - 1) this.#head(scan, plan, (resource += 1), -1);
  }

  #record(scan: ScannedRows, plan: ValidationPlan, index: number, partitionOf: Int32Array): void {
    const row = index * scan.layout.stride;
    const { found } = this;
    found.begin(index);
    this.groupOf[index] = this.#isMetrics
      ? this.#ofMetric(scan, plan, row)
      : this.#ofLog(scan, plan, row);
    const worst = Math.max(found.worst, this.#worstAround);
    if (worst >= decision.reject) partitionOf[index] = this.#out(worst);
    else if (found.worst === decision.warn) this.tally.warned += 1;
  }

  #open({ bytes, count }: ScannedRows): void {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#attributes.open(bytes, this.#view);
    this.#resource.open(bytes, this.#view);
    this.#metric.open(this.#view);
    this.found.clear();
    this.tally = { warned: 0, rejected: 0, quarantined: 0 };
    if (this.groupOf.length < count) this.groupOf = new Int32Array(count * 2);
  }

  #out(worst: number): number {
    if (worst === decision.quarantine) {
      this.tally.quarantined += 1;
      return outcome.quarantined;
    }
    this.tally.rejected += 1;
    return outcome.rejected;
  }

  /** Checks a resource, or a scope of it; resources and scopes keep their head in the same words. */
  #head(scan: ScannedRows, plan: ValidationPlan, resource: number, scope: number): number {
    const isScope = scope >= 0;
    const rows = isScope ? scan.scopes : scan.resources;
    const row = isScope ? scope * scopeStride : resource * resourceStride;
    const check = isScope ? this.#attributes : this.#resource;
    const table = isScope ? this.#table : this.#resourceTable;
    const start = rows[row + resourceWord.headStart] as number;
    this.found.begin(-1 - resource);
    this.found.decisions = plan.resources.byMask(0);
    check.begin(plan);
    if (start === 0) return decision.none;
    const end = rows[row + resourceWord.headEnd] as number;
    const tag = isScope ? scopeAttributeTag : resourceAttributeTag;
    table.read(scan.bytes, start, end, tag);
    check.list(table, isScope ? placeOf(placeList.scope, scope, 0) : 0, true);
    return this.found.worst;
  }

  #ofMetric(scan: ScannedRows, plan: ValidationPlan, row: number): number {
    const { records } = scan;
    const at = records[row + metricWord.nameStart] as number;
    const length = (records[row + metricWord.nameEnd] as number) - at;
    this.#decide(plan, plan.metrics, at, length);
    const group = plan.tables.metrics.find(this.#view, at, length);
    this.#bound(plan.tables, group, finding.missingMetric);
    this.#metric.check(scan, plan, row, group);
    if (group >= 0) this.#entities.check(plan.tables, group, this.#resource);
    return group;
  }

  #ofLog({ bytes, records }: ScannedRows, plan: ValidationPlan, row: number): number {
    const at = records[row + logWord.eventNameStart] as number;
    const length = (records[row + logWord.eventNameEnd] as number) - at;
    this.#decide(plan, plan.logs, at, length);
    const start = records[row + recordWord.attributesStart] as number;
    const end = records[row + recordWord.attributesEnd] as number;
    this.#table.read(bytes, start, end, logAttributeTag);
    this.#attributes.begin(plan);
    this.#attributes.list(this.#table, 0, true);
    // A log record without a name is no event.
    if (length === 0) return -1;
    const group = plan.tables.events.find(this.#view, at, length);
    this.#bound(plan.tables, group, finding.missingEvent);
    if (group < 0) return group;
    this.#attributes.absent(group, false, attributeCodes);
    this.#entities.check(plan.tables, group, this.#resource);
    return group;
  }

  #decide(plan: ValidationPlan, decisions: Decisions, at: number, length: number): void {
    const mask = plan.rulesUseNames
      ? plan.rules.nameMask({ view: this.#view, at, end: at + length })
      : 0;
    this.found.decisions = decisions.byMask(mask);
  }

  /** What can be said of the definition, or of its absence. */
  #bound({ sections }: Tables, group: number, missing: number): void {
    const { found } = this;
    found.place = -1;
    if (group < 0) {
      found.add(missing, -1);
      return;
    }
    const flags = sections.groupFlags[group] as number;
    if ((flags & groupFlag.deprecated) !== 0) found.add(finding.deprecated, -1);
    if ((flags & groupFlag.unstable) !== 0) found.add(finding.notStable, -1);
  }
}
