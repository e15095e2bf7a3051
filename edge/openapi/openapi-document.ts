// What the edge serves, as OpenAPI 3.1: market bodies whole, OTLP by reference to its own
// specification. Nothing here is about one deployment: limits are the defaults.
import { settableLimits } from "../limits.ts";
import { depthExamples, transactionExamples } from "./market-examples.ts";
import { marketSchemas } from "./market-schemas.ts";

const { BODY_BYTES_MAX, REQUEST_ITEMS_MAX } = settableLimits;

const otlp = "https://opentelemetry.io/docs/specs/otlp/";
const frames = {
  description:
    "Items one after the other, each behind its length as u32, little-endian; layouts in schemas/market.",
  schema: { type: "string", format: "binary" },
} as const;
const status = { $ref: "#/components/schemas/Status" };
const binary = { schema: { type: "string", format: "binary" } } as const;
const answer = (description: string, headers: object = {}) => ({
  description,
  headers,
  content: { "application/json": { schema: status } },
});
const text = { schema: { type: "string" } } as const;
const retryAfter = {
  "Retry-After": { schema: { type: "integer" }, description: "Seconds." },
};

const refusals = {
  "400": answer("Malformed; details name the field. Do not retry."),
  "401": answer("No valid API key. Do not retry.", { "WWW-Authenticate": text }),
  "403": answer("The API key has no right to this signal. Do not retry."),
  "405": answer("Another method", { Allow: text }),
  "408": answer("The body did not arrive in time."),
  "413": answer("A limit of the request is exceeded. Do not retry."),
  "415": answer("Another media type, or, where the settings ask for it, another coding", {
    Accept: text,
    "Accept-Encoding": text,
  }),
  "429": answer("The tenant's rate or quota is used up. Retry.", retryAfter),
  "500": answer("A fault of the edge. Do not retry."),
  "503": answer("Overload, or the log does not answer. Retry.", retryAfter),
};

/** The same to a request in protobuf, which is answered in protobuf. */
const otlpRefusals = Object.fromEntries(
  Object.entries(refusals).map(([code, { content, ...refusal }]) => [
    code,
    { ...refusal, content: { "application/x-protobuf": binary, ...content } },
  ]),
);

const marketPath = (what: string, schema: string, examples: object) => ({
  post: {
    summary: what,
    description: `Items are judged one by one: 200 names how many were accepted and which were not. At most ${REQUEST_ITEMS_MAX.default} items and ${BODY_BYTES_MAX.default} bytes, also inflated; gzip and zstd are taken.`,
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: { $ref: `#/components/schemas/${schema}` },
          examples,
        },
        "application/x-weir-frames": frames,
      },
    },
    responses: {
      "200": {
        description: "The accepted items are in the log.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/MarketResult" } } },
      },
      ...refusals,
    },
  },
});

const otlpPath = (message: string, signal: string) => ({
  post: {
    summary: `OTLP/HTTP ${signal}`,
    externalDocs: { url: otlp },
    description: `Body: Export${message}ServiceRequest; the answer has the request's encoding.`,
    requestBody: {
      content: {
        "application/x-protobuf": binary,
        "application/json": { schema: { type: "object" } },
      },
    },
    responses: {
      "200": {
        description: `Export${message}ServiceResponse; partialSuccess only when something was rejected or warned of.`,
        content: {
          "application/x-protobuf": binary,
          "application/json": { schema: { type: "object" } },
        },
      },
      ...otlpRefusals,
    },
  },
});

const {
  401: unauthenticated,
  403: denied,
  405: wrongMethod,
  500: failed,
  503: overloaded,
} = refusals;
const page = (summary: string, description: string, content: object) => ({
  get: {
    summary,
    responses: { "200": { description, content }, "405": wrongMethod, "500": failed },
  },
});
/** For who may read the counts of everybody. */
const operatorPage = (summary: string, description: string, content: object) => {
  const { responses, ...rest } = page(summary, description, content).get;
  const guarded = { "401": unauthenticated, "403": denied, "503": overloaded };
  return { get: { ...rest, responses: { ...responses, ...guarded } } };
};
const json = { "application/json": { schema: { type: "object" } } } as const;
const noKey = { security: [] };

/** The document; plain data. */
export const openApiDocument = {
  openapi: "3.1.0",
  info: {
    title: "Weir edge",
    version: "1.0.0",
    description: "Telemetry and market events in; 200 only when the log has acknowledged.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  servers: [{ url: "/" }],
  security: [{ bearer: [] }, { apiKey: [] }],
  paths: {
    "/v1/transactions": marketPath("Solana transactions", "Transactions", transactionExamples),
    "/v1/depth": marketPath("Order-book messages of a venue", "Depth", depthExamples),
    "/v1/traces": otlpPath("Trace", "traces"),
    "/v1/metrics": otlpPath("Metrics", "metrics"),
    "/v1/logs": otlpPath("Logs", "logs"),
    "/status": operatorPage(
      "Counters",
      "Counts by signal, status and tenant; the forwarder's state.",
      json,
    ),
    "/metrics": operatorPage("Counters", "Those of /status, in Prometheus' text format.", {
      "text/plain": text,
    }),
    "/livez": { get: { ...page("Alive", "Empty", {}).get, ...noKey } },
    "/openapi.json": { get: { ...page("This document", "OpenAPI 3.1", json).get, ...noKey } },
  },
  components: {
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer" },
      apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
    },
    schemas: {
      ...marketSchemas,
      Status: {
        type: "object",
        description: "google.rpc.Status; in protobuf when the request was.",
        required: ["code", "message"],
        properties: {
          code: { type: "integer" },
          message: { type: "string" },
          details: { type: "array", items: { type: "object" } },
        },
      },
    },
  },
} as const;
