// Walks samples part by part, as Weaver's live-check does, and writes a `live_check_result` into each
// part. Profile `weaver` is its findings and no others; profile `weir` adds the binding of spans and
// span events, constraints of values and conditions. It tells what the edge tells, and of spans also
// conditions in prose, which nobody can decide: at the edge they would cost every span a row. One sample
// after another: a resource belongs to the samples behind it.
import { finding, type Profile } from "../../schemas/validate/finding-table.ts";
import { attributeKey } from "../../schemas/weaver/attribute-type.ts";
import type { ResolvedGroup, ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import { SpanBinder } from "./bind-span.ts";
import { checkAttribute, deprecationContext, isWellFormedName } from "./check-attribute.ts";
import { checkEntities } from "./check-entities.ts";
import { checkRequired } from "./check-required.ts";
import { ValueCheck } from "./check-value.ts";
import { isObject, type Json } from "./exact-json.ts";
import { Findings, type Signal } from "./findings.ts";
import { type Presence, presenceIn } from "./presence.ts";
import { RegistryIndex } from "./registry-index.ts";
import { asWeaverSees, listOf, type Sample, textOf } from "./sample.ts";
import { Statistics } from "./statistics.ts";

const instruments: ReadonlySet<unknown> = new Set([
  "counter",
  "gauge",
  "histogram",
  "updowncounter",
]);

const isErrorStatus = (body: Json): boolean => {
  const { status } = body;
  return isObject(status) && status["code"] === "error";
};

/** One run: a registry, a profile, the statistics so far. Keeps no samples. */
export class LiveCheck {
  readonly statistics: Statistics;
  /** Annotations of the registry that cannot be used. */
  readonly problems: readonly string[];
  readonly #isWeir: boolean;
  readonly #index: RegistryIndex;
  readonly #binder: SpanBinder;
  readonly #values: ValueCheck;
  readonly #out: Findings;
  /** What the resource that came last has; null before the first. */
  #resource: Presence | null = null;

  /** @throws RangeError for a profile that there is not: it would be Weaver's findings alone. */
  constructor(registry: ResolvedRegistry, profile: Profile) {
    if (profile !== "weir" && profile !== "weaver")
      throw new RangeError(`profile=${String(profile)}, one of weir, weaver`);
    this.#isWeir = profile === "weir";
    this.#index = new RegistryIndex(registry, profile);
    const ours = this.#isWeir ? registry.groups : [];
    this.#binder = new SpanBinder(ours);
    this.#values = new ValueCheck(ours);
    this.problems = this.#values.problems;
    this.#out = new Findings(profile);
    this.statistics = new Statistics(registry);
  }

  /** Checks one sample; its parts are changed in place. */
  check({ kind, body, source, resource }: Sample): void {
    if (resource !== undefined) this.#resource = this.#has(resource, "entity");
    const alone = { type: null, name: null };
    switch (kind) {
      case "attribute":
        this.#attribute(body, alone, null);
        return;
      case "span":
        this.#span(body);
        return;
      case "span_event":
        this.#spanEvent(body, alone);
        return;
      case "span_link":
      case "instrumentation_scope":
        this.#plain(kind, body, alone);
        return;
      case "resource":
        this.#resource = this.#has(listOf(body["attributes"]), "entity");
        this.#plain(kind, body, { type: "resource", name: null });
        return;
      case "metric":
        this.#metric(body, source);
        return;
      case "log":
        this.#log(body);
    }
  }

  /** Ends a part. */
  #close(type: string, body: Json): void {
    const result = this.#out.close();
    body["live_check_result"] = result;
    this.statistics.part(type, result);
  }

  #attribute(body: Json, signal: Signal, group: ResolvedGroup | null): void {
    if (!this.#isWeir) asWeaverSees(body);
    const seen = checkAttribute(this.#out.open(signal), body, {
      index: this.#index,
      isWeir: this.#isWeir,
      group,
      isMember: this.#isMember,
      checkValue: (out, part, attribute) => this.#values.check(out, part, attribute),
    });
    this.#close("attribute", body);
    this.statistics.attributes.count(seen);
  }

  #attributes(list: unknown, signal: Signal, group: ResolvedGroup | null): void {
    const bound = this.#isWeir ? group : null;
    for (const body of listOf(list)) this.#attribute(body, signal, bound);
  }

  readonly #isMember = ({ attributes }: ResolvedGroup, key: string): boolean => {
    const own = this.#index.definedAs(key);
    return attributes.some((attribute) => attributeKey(attribute) === own);
  };

  /** Which attributes of a definition, or of an entity, are among these. */
  #has(attributes: readonly Json[], of: "group" | "entity"): Presence {
    const rule = this.#isWeir ? "weir" : of;
    return presenceIn(
      attributes.map(({ name }) => textOf(name)),
      this.#index,
      rule,
    );
  }

  /** A part that has nothing to be held to but its attributes. */
  #plain(type: string, body: Json, signal: Signal): void {
    this.#out.open(signal);
    this.#close(type, body);
    this.#attributes(body["attributes"], signal, null);
  }

  #span(body: Json): void {
    const signal = { type: "span", name: textOf(body["name"]) };
    const group = this.#isWeir ? this.#bind(body) : null;
    const out = this.#out.open(signal);
    if (group !== null) this.#boundSpan(body, group);
    else out.add(finding.schemaNotFound, { span_name: signal.name });
    this.#close("span", body);
    this.#attributes(body["attributes"], signal, group);
    for (const event of listOf(body["span_events"])) this.#spanEvent(event, signal);
    for (const link of listOf(body["span_links"])) this.#plain("span_link", link, signal);
  }

  #bind(body: Json): ResolvedGroup | null {
    const names = listOf(body["attributes"]).map(({ name }) => textOf(name));
    const keys = new Set(names.map((name) => this.#index.definedAs(name)));
    return this.#binder.bind(textOf(body["name"]), textOf(body["kind"]), keys);
  }

  #boundSpan(body: Json, group: ResolvedGroup): void {
    const { id, span_kind: expected, deprecated } = group;
    if (deprecated !== undefined) {
      const context = deprecationContext(deprecated, this.#isWeir);
      this.#out.add(finding.deprecated, { group: id, ...context });
    }
    if (expected !== undefined && body["kind"] !== expected) {
      this.#out.add(finding.kindMismatch, { group: id, kind: body["kind"], expected });
    }
    this.#required(body, group, "ours");
    this.#entities(group);
  }

  /** W8: an event of a span is held to the event of this name, if there is one. */
  #spanEvent(body: Json, signal: Signal): void {
    this.#out.open(signal);
    const group = this.#isWeir ? (this.#index.event(textOf(body["name"])) ?? null) : null;
    if (group !== null) this.#required(body, group, "ours");
    this.#close("span_event", body);
    this.#attributes(body["attributes"], signal, group);
  }

  /** `named` is the definition where Weaver has none, and its name then part of the context. */
  #required(body: Json, group: ResolvedGroup, named: "ofSignal" | "ours"): void {
    const attributes = listOf(body["attributes"]);
    checkRequired(this.#out, group.attributes, {
      facts: { attributes, has: this.#has(attributes, "group"), isError: isErrorStatus(body) },
      isWeir: this.#isWeir,
      context: named === "ours" ? { group: group.id } : {},
      isStrongOnly: named === "ours",
    });
  }

  #entities({ entity_associations: associations }: ResolvedGroup): void {
    if (associations === undefined || this.#resource === null) return;
    checkEntities(this.#out, associations, {
      entity: (type) => this.#index.entity(type),
      has: this.#resource,
    });
  }

  /** Deprecation and stability of a metric or an event. */
  #definition(group: ResolvedGroup, named: Json): void {
    const { deprecated, stability } = group;
    if (deprecated !== undefined) {
      const context = deprecationContext(deprecated, this.#isWeir);
      this.#out.add(finding.deprecated, { ...named, ...context });
    }
    if (stability !== undefined && stability !== "stable") {
      this.#out.add(finding.notStable, { ...named, stability });
    }
  }

  #metric(body: Json, source: Sample["source"]): void {
    const name = textOf(body["name"]);
    const signal = { type: "metric", name };
    const group = this.#index.metric(name) ?? null;
    const out = this.#out.open(signal);
    if (group === null) out.add(finding.missingMetric, { metric_name: name });
    else {
      this.#definition(group, { metric_name: name });
      this.#instrument(body, group);
    }
    if (!isWellFormedName(name)) out.add(finding.invalidFormat, { metric_name: name });
    if (group !== null) this.#entities(group);
    this.#close("metric", body);
    this.statistics.metrics.count(name);
    // Weaver has no points of a summary.
    if (!this.#isWeir && source === "otlp" && body["instrument"] === "Summary")
      body["data_points"] = null;
    for (const point of listOf(body["data_points"])) this.#point(point, signal, group, source);
  }

  #instrument(body: Json, group: ResolvedGroup): void {
    const { instrument, unit } = body;
    if (!instruments.has(instrument)) this.#out.add(finding.unexpectedInstrument, { instrument });
    else if (group.instrument !== undefined && group.instrument !== instrument) {
      this.#out.add(finding.unexpectedInstrument, { instrument, expected: group.instrument });
    }
    if (group.unit !== undefined && group.unit !== unit) {
      this.#out.add(finding.unitMismatch, { unit, expected: group.unit });
    }
  }

  #point(
    ...[body, signal, group, source]: [Json, Signal, ResolvedGroup | null, Sample["source"]]
  ): void {
    this.#out.open(signal);
    // Weaver looks at number and histogram points; one with a scale that came as a sample is read as
    // a histogram, one that came by OTLP is not looked at.
    const isSkipped = !this.#isWeir && source === "otlp" && body["scale"] !== undefined;
    if (group !== null && !isSkipped) this.#required(body, group, "ofSignal");
    this.#close("data_point", body);
    this.#attributes(body["attributes"], signal, group);
    for (const exemplar of listOf(body["exemplars"])) {
      this.#out.open(signal);
      this.#close("exemplar", exemplar);
      this.#attributes(exemplar["filtered_attributes"], signal, null);
    }
  }

  #log(body: Json): void {
    const name = textOf(body["event_name"]);
    const signal = { type: "log", name };
    const group = name === "" ? null : (this.#index.event(name) ?? null);
    const out = this.#out.open(signal);
    if (group === null && name !== "") out.add(finding.missingEvent, { event_name: name });
    if (group !== null) {
      this.#definition(group, { event_name: name });
      this.#required(body, group, "ofSignal");
      this.#entities(group);
    }
    this.#close("log", body);
    if (name !== "") this.statistics.events.count(name);
    this.#attributes(body["attributes"], signal, group);
  }
}
