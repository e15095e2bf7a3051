// The closed list of what the edge serves, and the choice of one by path. Not a router framework:
// ten fixed paths need one map.

/** What is counted and carried: one word per kind of item. */
export const signals = ["spans", "metrics", "logs", "transactions", "depth"] as const;

/** One of `signals`. */
export type Signal = (typeof signals)[number];

/** Every media type that some endpoint takes. */
export type MediaType = "application/x-protobuf" | "application/json" | "application/x-weir-frames";

/** What a path serves; `method` is the only one allowed there, but HEAD beside GET. */
export type Endpoint =
  | {
      readonly kind: "ingest";
      readonly method: "POST";
      readonly signal: Signal;
      readonly mediaTypes: readonly MediaType[];
    }
  | { readonly kind: "status"; readonly method: "GET" }
  | { readonly kind: "metrics"; readonly method: "GET" }
  | { readonly kind: "livez"; readonly method: "GET" }
  | { readonly kind: "openapi"; readonly method: "GET" };

/** An endpoint that wants an API key. */
export type GuardedEndpoint = Extract<Endpoint, { kind: "ingest" | "status" | "metrics" }>;

/** An endpoint that takes items of one signal. */
export type IngestEndpoint = Extract<Endpoint, { kind: "ingest" }>;

const otlp = ["application/x-protobuf", "application/json"] as const;
const market = ["application/json", "application/x-weir-frames"] as const;

const ingest = (signal: Signal, mediaTypes: readonly MediaType[]): IngestEndpoint => ({
  kind: "ingest",
  method: "POST",
  signal,
  mediaTypes,
});

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/v1/traces", ingest("spans", otlp)],
  ["/v1/metrics", ingest("metrics", otlp)],
  ["/v1/logs", ingest("logs", otlp)],
  ["/v1/transactions", ingest("transactions", market)],
  ["/v1/depth", ingest("depth", market)],
  ["/openapi.json", { kind: "openapi", method: "GET" }],
  ["/livez", { kind: "livez", method: "GET" }],
  ["/metrics", { kind: "metrics", method: "GET" }],
  ["/status", { kind: "status", method: "GET" }],
]);

/** Path of an absolute URL without query; cheaper than `new URL` (10 us a request). */
export const pathOf = (url: string): string => {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
};

/** The endpoint at a path, or undefined. */
export const endpointAt = (path: string): Endpoint | undefined => endpoints.get(path);

/** HEAD is GET without the body, which the runtime leaves out. */
export const takesMethod = (endpoint: Endpoint, method: string): boolean =>
  method === endpoint.method || (method === "HEAD" && endpoint.method === "GET");
