// A strict OTLP/HTTP receiver of traces on loopback: it takes OTLP/JSON as the specification has it
// and refuses everything else, with what is wrong; what it took can be looked at.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type ReceivedSpan = {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** "" of a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: { readonly [key: string]: string | boolean };
};

export type OtlpReceiver = {
  /** Where traces are posted to. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The requests that it took, as they were. */
  readonly bodies: readonly string[];
  /** What was refused, and why. */
  readonly faults: readonly string[];
  readonly close: () => Promise<void>;
};

export const startOtlpReceiver = async (): Promise<OtlpReceiver> => {
  const spans: ReceivedSpan[] = [];
  const faults: string[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      try {
        if (request.method !== "POST" || request.url !== "/v1/traces") throw new Error("address");
        if (request.headers["content-type"] !== "application/json") throw new Error("media type");
        const body = Buffer.concat(chunks).toString();
        spans.push(...spansOf(JSON.parse(body)));
        bodies.push(body);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      } catch (error) {
        faults.push(String(error));
        response.writeHead(400).end();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    bodies,
    faults,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

type Json = { readonly [key: string]: unknown };

/** The list under a key; the key may be missing, as OTLP/JSON leaves empty lists away. */
const list = (of: Json, key: string): readonly Json[] => {
  const value = of[key] ?? [];
  if (!Array.isArray(value)) throw new Error(`${key} is no list`);
  return value as readonly Json[];
};

const text = (of: Json, key: string, form: RegExp): string => {
  const value = of[key] ?? "";
  if (typeof value !== "string" || !form.test(value)) {
    throw new Error(`${key}=${JSON.stringify(value)} is not of the form ${form.source}`);
  }
  return value;
};

/** Spans of an OTLP/JSON request. @throws Error naming the field that is wrong. */
export const spansOf = (request: unknown): readonly ReceivedSpan[] =>
  list(request as Json, "resourceSpans").flatMap((part) => {
    const resource = attributesOf((part["resource"] ?? {}) as Json);
    return list(part, "scopeSpans").flatMap((scope) =>
      list(scope, "spans").map((span) => spanOf(span, String(resource["service.name"]))),
    );
  });

const spanOf = (span: Json, service: string): ReceivedSpan => {
  const startNs = BigInt(text(span, "startTimeUnixNano", /^\d{19}$/));
  const endNs = BigInt(text(span, "endTimeUnixNano", /^\d{19}$/));
  if (endNs < startNs) throw new Error(`${String(span["name"])} ends before it begins`);
  if (typeof span["kind"] !== "number") throw new Error("kind is no number");
  return {
    service,
    traceId: text(span, "traceId", /^(?!0+$)[0-9a-f]{32}$/),
    spanId: text(span, "spanId", /^(?!0+$)[0-9a-f]{16}$/),
    parentSpanId: text(span, "parentSpanId", /^$|^(?!0+$)[0-9a-f]{16}$/),
    name: text(span, "name", /./),
    kind: span["kind"],
    startNs,
    endNs,
    attributes: attributesOf(span),
  };
};

const attributesOf = (of: Json): { readonly [key: string]: string | boolean } =>
  Object.fromEntries(
    list(of, "attributes").map((attribute) => {
      const value = attribute["value"] as Json;
      const [only, ...others] = Object.values(value);
      if (others.length > 0) throw new Error("a value of two types");
      return [text(attribute, "key", /./), typeof only === "boolean" ? only : String(only)];
    }),
  );
