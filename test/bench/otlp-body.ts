// The request that the OTLP benchmarks use: `http.server` spans of the semantic conventions with 8
// attributes, as a load generator sends them, about 360 bytes each.
import { protoEncode } from "../oracles/otlp-proto.ts";
import type { Random } from "../random.ts";

const methods = ["GET", "GET", "GET", "GET", "GET", "POST", "PUT", "DELETE"];
const routes: readonly (readonly [string, (n: number) => string])[] = [
  ["/api/v1/orders/{id}", (n) => `/api/v1/orders/${n}`],
  ["/api/v1/orders", () => "/api/v1/orders"],
  ["/api/v1/users/{id}/balance", (n) => `/api/v1/users/${n}/balance`],
  ["/healthz", () => "/healthz"],
  ["/api/v1/markets/{market}/depth", (n) => `/api/v1/markets/${n}/depth`],
  ["/login", () => "/login"],
];
const agents = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
  "curl/8.5.0",
  "okhttp/4.12.0",
];
const resource = {
  "service.name": "checkout",
  "service.version": "2.14.1",
  "service.namespace": "shop",
  "host.name": "ip-10-0-3-17",
  "deployment.environment.name": "production",
  "telemetry.sdk.name": "opentelemetry",
  "telemetry.sdk.language": "go",
  "telemetry.sdk.version": "1.38.0",
};
const spansPerTrace = 8;
const startNs = 1_700_000_000_000_000_000n;

const attribute = (key: string, value: string | number): object => ({
  key,
  value: typeof value === "string" ? { stringValue: value } : { intValue: value },
});

const span = (random: Random, index: number, around: object): object => {
  const [route, path] = random.pick(routes);
  const method = random.pick(methods);
  const failed = random.below(50) === 0;
  const start = startNs + BigInt(index) * 1000n;
  const durationNs = BigInt(Math.floor(-Math.log(1 - random.next()) * 80e6));
  return {
    ...around,
    spanId: random.bytes(8),
    ...(index % spansPerTrace === 0 ? {} : { parentSpanId: random.bytes(8) }),
    name: `${method} ${route}`,
    kind: 2,
    startTimeUnixNano: start.toString(),
    endTimeUnixNano: (start + durationNs).toString(),
    attributes: [
      attribute("http.request.method", method),
      attribute("url.path", path(random.below(1_000_000))),
      attribute("url.scheme", "https"),
      attribute("http.route", route),
      attribute("http.response.status_code", failed ? 503 : 200),
      attribute("server.address", "api.example.com"),
      attribute("server.port", 443),
      attribute("user_agent.original", random.pick(agents)),
    ],
    ...(failed ? { status: { code: 2 } } : {}),
    flags: 0x101,
  };
};

/** One encoded ExportTraceServiceRequest of `count` spans, 8 to a trace, each with this state. */
export const traceBody = (
  random: Random,
  count: number,
  traceState = "",
): Uint8Array<ArrayBuffer> => {
  let traceId = random.bytes(16);
  const spans = Array.from({ length: count }, (_, index) => {
    if (index % spansPerTrace === 0) traceId = random.bytes(16);
    return span(random, index, traceState === "" ? { traceId } : { traceId, traceState });
  });
  const attributes = Object.entries(resource).map(([key, value]) => attribute(key, value));
  return protoEncode("ExportTraceServiceRequest", {
    resourceSpans: [
      {
        resource: { attributes },
        scopeSpans: [{ scope: { name: "net/http/otelhttp", version: "0.63.0" }, spans }],
        schemaUrl: "https://opentelemetry.io/schemas/1.40.0",
      },
    ],
  });
};
