// The registry of the table of findings, and short ways to write samples for it.
import type { Json } from "../../../engine/check/exact-json.ts";
import { attribute, enumOf, group, registryOf } from "./registries.ts";

export const registry = registryOf(
  group("attribute_group", "registry", {
    attributes: [
      attribute("a.text"),
      attribute("a.number", {
        type: "int",
        annotations: { "weir.min": 1, "weir.max": 9 },
      }),
      attribute("a.short", {
        annotations: { "weir.max_length": 3, "weir.pattern": "^[a-z]+$" },
      }),
      attribute("a.enum", { type: enumOf("on", "off") }),
      attribute("a.header", { type: "template[string[]]" }),
      attribute("a.old", {
        deprecated: { reason: "renamed", renamed_to: "a.text", note: "Use a.text." },
      }),
      attribute("a.new", { stability: "alpha" }),
      attribute("plain"),
      attribute("BadCase"),
      attribute("a.text.below"),
    ],
  }),
  group("entity", "entity.host", {
    name: "host",
    attributes: [
      attribute("host.id", { requirement_level: "required" }),
      attribute("host.image", { requirement_level: "opt_in" }),
      attribute("host.name"),
      attribute("host.type", { requirement_level: { conditionally_required: "On a cloud." } }),
    ],
  }),
  group("entity", "entity.pod", {
    name: "pod",
    attributes: [attribute("pod.uid", { requirement_level: "required" })],
  }),
  group("event", "event.done", {
    name: "job.done",
    entity_associations: ["host"],
    attributes: [attribute("a.text", { requirement_level: "required" })],
  }),
  group("event", "event.placed", {
    name: "job.placed",
    entity_associations: ["host", "pod"],
  }),
  group("metric", "metric.size", {
    metric_name: "job.size",
    instrument: "counter",
    unit: "By",
    attributes: [
      attribute("a.text", { requirement_level: "required" }),
      attribute("a.number", { type: "int", requirement_level: { recommended: "If cheap." } }),
      attribute("a.enum", { type: enumOf("on", "off"), requirement_level: "opt_in" }),
      attribute("a.short", { requirement_level: { conditionally_required: "If long." } }),
    ],
  }),
  group("span", "job.run", {
    span_kind: "server",
    attributes: [
      attribute("a.text", { requirement_level: "required" }),
      attribute("a.short", {
        requirement_level: { conditionally_required: "If it failed." },
        annotations: { "weir.condition": { status: "error" } },
      }),
    ],
  }),
);

export const key = (name: string, value?: unknown): Json =>
  value === undefined ? { attribute: { name } } : { attribute: { name, value } };

export const metric = (rest: Json): Json => ({
  metric: { name: "job.size", instrument: "counter", unit: "By", ...rest },
});

export const span = (rest: Json): Json => ({
  span: { name: "job.run", kind: "server", attributes: [{ name: "a.text", value: "" }], ...rest },
});

export const resource = (...names: readonly string[]): Json => ({
  resource: { attributes: names.map((name) => ({ name, value: "x" })) },
});

export const log = (name: string): Json => ({
  log: { event_name: name, attributes: [{ name: "a.text", value: "x" }] },
});
