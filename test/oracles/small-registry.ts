// A resolved registry by hand, small enough to be read and with one of everything that a check can
// meet: templates inside templates, enums of texts and numbers, constraints, conditions, globs,
// declared names, deprecations, keys that break the rules of naming.
import type {
  AttributeType,
  RequirementLevel,
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../schemas/weaver/resolved.ts";

type Extra = Partial<ResolvedAttribute>;

const members = (...values: readonly (string | number)[]): AttributeType => ({
  members: values.map((value) => ({ id: `m${value}`, value })),
});

const definition = (name: string, type: AttributeType, extra: Extra = {}): ResolvedAttribute => ({
  name,
  type,
  brief: name,
  requirement_level: "recommended",
  stability: "stable",
  ...extra,
});

const definitions: readonly ResolvedAttribute[] = [
  definition("http.request.method", members("GET", "POST", "PATCH", "QUERY-ALL")),
  definition("http.status", "int", { annotations: { "weir.min": 100, "weir.max": 599 } }),
  definition("http.header", "template[string[]]"),
  definition("http.header.x", "template[string]", { stability: "development" }),
  definition("http.header.x.exact", "int"),
  definition("http.flavor", "string", {
    deprecated: { reason: "renamed", renamed_to: "network.protocol" },
  }),
  definition("http.url", "string", { annotations: { "weir.max_length": 12 } }),
  definition("rpc.code", members(0, 1, -7, "9223372036854775807")),
  definition("ratio", "double", { annotations: { "weir.min": 0, "weir.max": 1 } }),
  definition("Bad.Name", "string"),
  definition("user", "string"),
  definition("user.id", "string", { annotations: { "weir.pattern": "^u[0-9]{2,4}$" } }),
  definition("user.tags", "string[]"),
  definition("user.flags", "boolean[]"),
  definition("user.counts", "int[]"),
  definition("user.loads", "double[]", { stability: "beta" }),
  definition("is.ok", "boolean"),
  definition("any.thing", "any"),
  definition("münchen.gleis", "int"),
  definition("k", "int"),
  definition("db.system", members("mysql", "redis"), { stability: "stable" }),
  definition("db.table", "string"),
  definition("db.index", "string"),
];

const byName = new Map(definitions.map((attribute) => [attribute.name, attribute]));

const wanted = (name: string, level: RequirementLevel, extra: Extra = {}): ResolvedAttribute => {
  const found = byName.get(name);
  if (found === undefined) throw new Error(`no attribute ${name}`);
  return { ...found, requirement_level: level, ...extra };
};

const when = (condition: unknown): Extra => ({ annotations: { "weir.condition": condition } });
const conditional = { conditionally_required: "if it is so" };

const spans: readonly ResolvedGroup[] = [
  {
    id: "span.http.server",
    type: "span",
    brief: "",
    span_kind: "server",
    attributes: [
      wanted("http.request.method", "required"),
      wanted("http.status", conditional, when({ status: "error" })),
      wanted("http.url", "recommended"),
    ],
  },
  {
    id: "span.http.client",
    type: "span",
    brief: "",
    span_kind: "client",
    attributes: [
      wanted("http.request.method", "required"),
      wanted("http.url", "required"),
      wanted("http.status", conditional),
      wanted("user.id", "opt_in"),
    ],
  },
  {
    id: "span.db.client",
    type: "span",
    brief: "",
    attributes: [
      wanted("db.system", "required"),
      wanted("db.table", conditional, when({ attribute: "db.system", equals: "mysql" })),
    ],
  },
  {
    id: "span.db.redis.client",
    type: "span",
    brief: "",
    span_kind: "client",
    attributes: [
      wanted("db.system", "required"),
      wanted("db.index", "recommended"),
      wanted("ratio", conditional, when([{ attribute: "db.index" }, { status: "error" }])),
    ],
  },
  {
    id: "order.submit",
    type: "span",
    brief: "",
    span_kind: "internal",
    annotations: { "weir.match": ["order *", "exact-match"] },
    attributes: [
      wanted("user.id", "required"),
      wanted("is.ok", conditional, when({ attribute: "rpc.code", equals: 1 })),
    ],
  },
  {
    id: "span.pay",
    type: "span",
    brief: "",
    span_name: { note: "pay {what} now" },
    attributes: [wanted("ratio", "required")],
  },
];

const others: readonly ResolvedGroup[] = [
  {
    id: "metric.http.server.duration",
    type: "metric",
    brief: "",
    metric_name: "http.server.duration",
    instrument: "histogram",
    unit: "s",
    stability: "stable",
    attributes: [
      wanted("http.request.method", "required"),
      wanted("http.status", "recommended"),
      wanted("http.url", "opt_in"),
    ],
    entity_associations: ["service", { all_of: ["host", "process"] }],
  },
  {
    id: "metric.queue.size",
    type: "metric",
    brief: "",
    metric_name: "queue.size",
    // Of another registry: nobody can tell, so nothing is found.
    entity_associations: ["elsewhere"],
    instrument: "updowncounter",
    unit: "{item}",
    stability: "development",
    deprecated: { reason: "obsoleted", note: "count it yourself" },
    attributes: [],
  },
  {
    id: "event.user.login",
    type: "event",
    brief: "",
    name: "user.login",
    stability: "stable",
    attributes: [wanted("user.id", "required"), wanted("is.ok", "recommended")],
  },
  {
    id: "entity.host",
    type: "entity",
    brief: "",
    name: "host",
    attributes: [wanted("db.table", "required", { role: "identifying" })],
  },
  {
    id: "entity.process",
    type: "entity",
    brief: "",
    name: "process",
    attributes: [wanted("k", "required", { role: "identifying" })],
  },
  {
    id: "entity.service",
    type: "entity",
    brief: "",
    name: "service",
    attributes: [
      wanted("user", "required", { role: "identifying" }),
      wanted("any.thing", "recommended"),
    ],
  },
];

/** The keys of its attributes. */
export const smallKeys: readonly string[] = definitions.map(({ name }) => name);

export const smallDefinitions: readonly ResolvedAttribute[] = definitions;

export const smallRegistry: ResolvedRegistry = {
  registry_url: "small",
  schema_url: "https://example.com/small/1.0.0",
  version: "0123456789abcdef",
  groups: [
    { id: "registry.small", type: "attribute_group", brief: "", attributes: definitions },
    ...others,
    ...spans,
  ],
};
