// The entities that a span's definition is associated with, against the resource that the span stands
// in. Few definitions of spans name entities, so the resource's attributes are looked up when the
// first span needs them: a known resource is not read otherwise.
import { AttributeTable } from "../otlp/attribute-table.ts";
import type { OtlpLimits } from "../otlp/limits.ts";
import { resourceStride, resourceWord } from "../otlp/record-layout.ts";
import { tagOf, wireType } from "../otlp/wire.ts";
import { AttributeCheck } from "./attribute-check.ts";
import { EntityCheck } from "./entity-check.ts";
import { findingCodeMax } from "./finding-table.ts";
import type { Found } from "./found.ts";
import type { ValidationPlan } from "./plan.ts";

const attributeTag = tagOf(1, wireType.delimited);
const nothing = new Uint8Array(findingCodeMax + 1);
const noResource = -1;

/** One per pass, reused. */
export class SpanEntities {
  readonly #found: Found;
  readonly #table: AttributeTable;
  readonly #attributes: AttributeCheck;
  readonly #entities: EntityCheck;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The one whose attributes are looked up. */
  #resource = noResource;

  constructor(found: Found, limits: OtlpLimits) {
    this.#found = found;
    this.#table = new AttributeTable(limits);
    this.#attributes = new AttributeCheck(found);
    this.#entities = new EntityCheck(found);
  }

  open(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes;
    this.#resource = noResource;
    this.#attributes.open(bytes, view);
  }

  /** Adds what the resource in this row of `resources` lacks for the group. */
  check(plan: ValidationPlan, group: number, resources: Int32Array, resource: number): void {
    if (resource !== this.#resource) this.#look(plan, resources, resource);
    this.#entities.check(plan.tables, group, this.#attributes);
  }

  /** What is found in the resource itself is told already. */
  #look(plan: ValidationPlan, resources: Int32Array, resource: number): void {
    const found = this.#found;
    const { decisions } = found;
    const row = resource * resourceStride;
    const start = resources[row + resourceWord.headStart] as number;
    const end = resources[row + resourceWord.headEnd] as number;
    this.#resource = resource;
    found.decisions = nothing;
    this.#attributes.begin(plan);
    this.#table.read(this.#bytes, start, end, attributeTag);
    this.#attributes.list(this.#table, 0, false);
    found.decisions = decisions;
  }
}
