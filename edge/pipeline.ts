// One request, left to right: receive > authenticate > decode > route > forward > respond. Holds
// the branches; every step is a function of its own folder. Never throws.
import type { Tenant } from "./authenticate/tenant-document.ts";
import type { Caller, TenantDirectory } from "./authenticate/tenant-directory.ts";
import type { EdgeConfig } from "./config.ts";
import { type Refusal, failures, isRefusal, refuse } from "./errors.ts";
import type { ForwardOutcome } from "./forward/forward-outcome.ts";
import type { FrameHead } from "./forward/append-frame.ts";
import type { Background, Forwarder } from "./forward/forwarder.ts";
import type { Counters } from "./metrics/counters.ts";
import { prometheusText } from "./metrics/prometheus-text.ts";
import { countOutcome, rejectOversize } from "./metrics/count-outcome.ts";
import { openApiResponse } from "./openapi/openapi-response.ts";
import { freeBuffer, freeBytes } from "./free-bytes.ts";
import type { BodyReader } from "./receive/body.ts";
import { drainBody } from "./receive/drain.ts";
import {
  type Endpoint,
  type GuardedEndpoint,
  type IngestEndpoint,
  type MediaType,
  type Signal,
  endpointAt,
  pathOf,
  takesMethod,
} from "./receive/endpoints.ts";
import type { Turn, Turns } from "./receive/turns.ts";
import {
  type ContentEncoding,
  acceptedEncodings,
  contentEncodingOf,
  mediaTypeOf,
} from "./receive/media-type.ts";
import { type Cors, isPreflight } from "./respond/cors.ts";
import type { RegistryHolder } from "./registry/registry-holder.ts";
import { refusalResponse } from "./respond/refusal-response.ts";
import { successResponse } from "./respond/success-response.ts";
import type { Routed, SignalPath } from "./route/routed.ts";
import type { SignalPasses } from "./route/signal-paths.ts";
import type { Sampler } from "./sample/sampler.ts";
import type { RequestTrace } from "./trace/request-trace.ts";
import type { Tracer } from "./trace/tracer.ts";

/** The parts of a running edge; one per isolate. */
export type Edge = {
  readonly config: EdgeConfig;
  readonly tenants: TenantDirectory;
  readonly bodies: BodyReader;
  readonly turns: Turns;
  readonly cors: Cors;
  readonly paths: { readonly [signal in Signal]: SignalPath };
  readonly registries: RegistryHolder;
  readonly passes: SignalPasses;
  readonly sampler: Sampler | null;
  readonly forwarder: Forwarder;
  /** Null while tracing is off. */
  readonly tracer: Tracer | null;
  readonly counters: Counters;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
};

type Headers = { readonly [name: string]: string };

/** What an answer may be encoded in, when no path has been chosen yet. */
export const anyMediaType: readonly MediaType[] = [
  "application/x-protobuf",
  "application/json",
  "application/x-weir-frames",
];

const noHeaders: Headers = {};
const firstRefusal = 400;

/** Answers one request and counts it by status. */
export const handle = async (
  edge: Edge,
  request: Request,
  background: Background,
): Promise<Response> => {
  const mediaType = mediaTypeOf(request.headers.get("content-type"), anyMediaType);
  const exchange: Exchange = { edge, request, background, mediaType, turn: undefined, read: [] };
  let response: Response;
  try {
    response = await answer(exchange);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    response = refused(exchange, refuse("internal", text));
  }
  if (exchange.turn !== undefined) edge.turns.leave(exchange.turn);
  if (edge.cors.isOn)
    response = withHeaders(response, edge.cors.headers(request.headers.get("origin")));
  if (response.status >= firstRefusal) await drainBody(request);
  edge.counters.answered(response.status);
  for (const bytes of exchange.read) freeBytes(bytes);
  return response;
};

/** A copy, as some answers are one for all requests. */
const withHeaders = (response: Response, headers: Headers): Response => {
  const copy = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) copy.headers.set(name, value);
  return copy;
};

type Exchange = {
  readonly edge: Edge;
  readonly request: Request;
  readonly background: Background;
  /** That of the request; undefined when it is none that any path takes. */
  readonly mediaType: MediaType | undefined;
  /** Of a large request, from its body to its answer. */
  turn: Turn | undefined;
  /** Its body, as it came and inflated. */
  readonly read: Uint8Array[];
};

const answer = (exchange: Exchange): Promise<Response> | Response => {
  const { edge, request } = exchange;
  const path = pathOf(request.url);
  const endpoint = endpointAt(path);
  if (endpoint === undefined) {
    const shown = JSON.stringify(path.slice(0, 100));
    return refused(exchange, refuse("not-found", `path ${shown} is not served`));
  }
  if (edge.cors.isOn && isPreflight(request)) {
    const allowed = edge.cors.preflight(request, endpoint.method);
    return isRefusal(allowed) ? refused(exchange, allowed) : allowed;
  }
  if (!takesMethod(endpoint, request.method)) return wrongMethod(exchange, endpoint);
  if (endpoint.kind === "livez") return new Response(null);
  if (endpoint.kind === "openapi") return openApiResponse();
  return authenticated(exchange, endpoint);
};

const wrongMethod = (exchange: Exchange, { method }: Endpoint): Response => {
  const methods = method === "GET" ? "GET, HEAD" : method;
  const allow = exchange.edge.cors.isOn ? `${methods}, OPTIONS` : methods;
  return refused(exchange, refuse("method-not-allowed", `expected ${methods}`), { allow });
};

const authenticated = async (exchange: Exchange, endpoint: GuardedEndpoint): Promise<Response> => {
  const { edge, request, background } = exchange;
  // Nothing is awaited that is there already: each wait costs every request.
  const first = edge.registries.first();
  if (first !== undefined) await first;
  for (const reading of [edge.tenants.refresh(), edge.registries.refresh()])
    if (reading !== undefined) background.waitUntil(reading);
  const found = edge.tenants.caller(request.headers);
  const caller = found instanceof Promise ? await found : found;
  if (isRefusal(caller)) return refused(exchange, caller, { "www-authenticate": "Bearer" });
  if (endpoint.kind === "ingest") return limited(exchange, endpoint, caller);
  if (!caller.tenant.isOperator)
    return refused(exchange, refuse("permission-denied", "the API key may not read this"));
  const document = await status(edge);
  return endpoint.kind === "status"
    ? Response.json(document)
    : new Response(prometheusText(document), { headers: { "content-type": prometheusType } });
};

const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

const status = async (edge: Edge): Promise<{ readonly [name: string]: unknown }> => {
  const { counters, tenants, bodies, turns, registries, passes, sampler, tracer } = edge;
  // First: what was refused late was accepted before.
  const state = await edge.forwarder.state();
  const { rejectedAfterAcknowledge, repeatableAfterAcknowledge, ...forwarder } = state ?? {};
  const canary = {
    spans: passes.spans.canaryReport.counts.snapshot(),
    metrics: passes.metrics.canaryReport.counts.snapshot(),
    logs: passes.logs.canaryReport.counts.snapshot(),
  };
  return {
    ...counters.snapshot(rejectedAfterAcknowledge, repeatableAfterAcknowledge),
    registry: registries.snapshot(),
    validation: {
      spans: passes.spans.report.counts.snapshot(),
      metrics: passes.metrics.report.counts.snapshot(),
      logs: passes.logs.report.counts.snapshot(),
      canary: registries.canary === undefined ? null : canary,
    },
    sampling: sampler?.snapshot() ?? null,
    tracing: tracer?.snapshot() ?? null,
    access: tenants.snapshot(),
    arrivingBytes: bodies.arrivingBytes,
    largeRequests: { heldBytes: turns.heldBytes, waiting: turns.waiting },
    forwarder: state === undefined ? null : forwarder,
  };
};

/** Rights, rate and quota come before the body: a tenant that is over them costs nothing more. */
const limited = (
  exchange: Exchange,
  endpoint: IngestEndpoint,
  { tenant, meter }: Caller,
): Promise<Response> | Response => {
  const { edge } = exchange;
  const counts = edge.counters.tenant(tenant.name);
  counts.requests += 1;
  const receivedMs = edge.nowMs();
  const refusal = tenant.signals.has(endpoint.signal)
    ? meter.admit(receivedMs)
    : refuse("permission-denied", `the API key may not send ${endpoint.signal}`);
  if (refusal !== undefined) {
    counts.refused += 1;
    return refused(exchange, refusal);
  }
  const charge = (items: number): void => {
    counts.items += items;
    meter.charge(items, edge.nowMs());
  };
  const work: Ingest = { endpoint, tenant, receivedMs, charge, trace: null };
  return edge.tracer === null ? ingest(exchange, work) : traced(exchange, work, edge.tracer);
};

/** Follows a request with market events, when it is one of those that are traced. */
const traced = async (exchange: Exchange, work: Ingest, tracer: Tracer): Promise<Response> => {
  const { signal } = work.endpoint;
  if (signal !== "transactions" && signal !== "depth") return ingest(exchange, work);
  const traceparent = exchange.request.headers.get("traceparent");
  const trace = tracer.begin(traceparent, signal, work.receivedMs);
  if (trace === null) return ingest(exchange, work);
  const response = await ingest(exchange, { ...work, trace });
  const end = { status: response.status, endMs: exchange.edge.nowMs() };
  exchange.background.waitUntil(tracer.end(trace, end));
  return response;
};

type Ingest = {
  readonly endpoint: IngestEndpoint;
  readonly tenant: Tenant;
  readonly receivedMs: number;
  readonly charge: (items: number) => void;
  readonly trace: RequestTrace | null;
};

const ingest = async (exchange: Exchange, work: Ingest): Promise<Response> => {
  const { edge, mediaType } = exchange;
  const { endpoint, tenant, receivedMs, charge, trace } = work;
  const { signal, mediaTypes } = endpoint;
  if (mediaType === undefined || !mediaTypes.includes(mediaType)) {
    const accept = mediaTypes.join(", ");
    const refusal = refuse("unsupported-media-type", `Content-Type: expected ${accept}`);
    return refused(exchange, refusal, { accept });
  }
  const routed = await routedBody(exchange, { signal, mediaType, tenant, receivedMs });
  if (isRefusal(routed)) return refused(exchange, routed);
  charge(routed.items);
  if (trace !== null) trace.items = routed.items;
  const traceparent = trace?.traceparent ?? "";
  const head = { tenant: tenant.name, receivedMs, traceparent };
  const { failure, accepted } = await forward(exchange, signal, { head, routed, trace });
  if (failure !== undefined) return refused(exchange, failure);
  const { rejections } = routed;
  const { responseBytesMax } = edge.config;
  return successResponse({ signal, mediaType, accepted, rejections, responseBytesMax });
};

/** Every refusal goes through here: counted by its code, with the headers that belong to it. */
const refused = (
  { edge, mediaType }: Exchange,
  refusal: Refusal,
  headers: Headers = noHeaders,
): Response => {
  const { code, retryAfterS = edge.config.retryAfterS } = refusal;
  edge.counters.refused(code);
  const isEncoding = code === "unsupported-encoding" || code === "unsupported-coding";
  return refusalResponse(refusal, mediaType, {
    ...headers,
    ...(failures[code].retryable ? { "retry-after": String(retryAfterS) } : noHeaders),
    ...(isEncoding ? { "accept-encoding": acceptedEncodings } : noHeaders),
  });
};

type BodyInput = {
  readonly signal: Signal;
  readonly mediaType: MediaType;
  readonly tenant: Tenant;
  readonly receivedMs: number;
};

const routedBody = async (exchange: Exchange, input: BodyInput): Promise<Routed | Refusal> => {
  const { edge, request } = exchange;
  const { config, bodies, turns } = edge;
  const header = request.headers.get("content-encoding");
  const encoding = contentEncodingOf(header, config.encodingStatus);
  if (typeof encoding !== "string") return encoding;
  const wire = await bodies.read(request);
  if (isRefusal(wire)) return wire;
  exchange.read.push(wire);
  // Before it is inflated: what waits is only what came.
  const bodyBytesMax = bodies.inflatedBytesMax(wire, encoding);
  if (!turns.isSmall(bodyBytesMax) && !turns.hasRoomFor(bodyBytesMax, input.mediaType))
    return routedInTurn(exchange, { wire, encoding, bodyBytesMax }, input);
  const body = inflated(exchange, wire, encoding);
  if (isRefusal(body)) return body;
  if (!turns.isSmall(body.byteLength)) exchange.turn = turns.take(body.byteLength, input.mediaType);
  return route(edge, body, input);
};

const inflated = (
  { edge, read }: Exchange,
  wire: Uint8Array,
  encoding: ContentEncoding,
): Uint8Array | Refusal => {
  const body = edge.bodies.inflated(wire, encoding);
  if (!isRefusal(body) && body !== wire) read.push(body);
  return body;
};

type Received = {
  readonly wire: Uint8Array;
  readonly encoding: ContentEncoding;
  readonly bodyBytesMax: number;
};

const routedInTurn = async (
  exchange: Exchange,
  { wire, encoding, bodyBytesMax }: Received,
  input: BodyInput,
): Promise<Routed | Refusal> => {
  const { turns } = exchange.edge;
  const { mediaType } = input;
  const turn = await turns.wait({ keptBytes: wire.byteLength, bodyBytesMax, mediaType });
  if (isRefusal(turn)) return turn;
  exchange.turn = turn;
  const body = inflated(exchange, wire, encoding);
  if (isRefusal(body)) return body;
  turns.shrink(turn, body.byteLength, mediaType);
  return route(exchange.edge, body, input);
};

const route = (edge: Edge, body: Uint8Array, input: BodyInput): Routed | Refusal => {
  const { signal, mediaType, tenant, receivedMs } = input;
  const itemsMax = edge.config.requestItemsMax;
  return edge.paths[signal]({ body, mediaType, tenant, receivedMs, itemsMax });
};

type Shipment = {
  readonly head: FrameHead;
  readonly routed: Routed;
  readonly trace: RequestTrace | null;
};

/** How much of a sender's patience the log used up, 1 when it took nothing: sampling gives way. */
const pressureOf = ({ config, nowMs }: Edge, { code }: ForwardOutcome, startMs: number): number =>
  code === "overloaded" ? 1 : Math.min(1, (nowMs() - startMs) / config.group.waitMsMax);

type Forwarded = { readonly failure: Refusal | undefined; readonly accepted: number };

/** Sends and counts; goes on when the client leaves, or what was written would not be counted. */
const forward = (
  { edge, background }: Exchange,
  signal: Signal,
  { head, routed, trace }: Shipment,
): Promise<Forwarded> => {
  const counters = edge.counters.signals[signal];
  counters.in += routed.items;
  for (const [reason, count] of Object.entries(routed.rejections.reasons))
    counters.reject(reason, count);
  counters.sampledOut += routed.sampledOut;
  const { quarantined } = routed.rejections;
  if (quarantined > 0) counters.drop("quarantined", quarantined);
  if (routed.records.length === 0) return Promise.resolve({ failure: undefined, accepted: 0 });
  const startMs = edge.nowMs();
  const work = edge.forwarder.send(head, routed.records, background).then((outcome): Forwarded => {
    if (trace !== null) {
      trace.forwardStartMs = startMs;
      trace.forwardEndMs = edge.nowMs();
    }
    if (edge.sampler !== null) edge.sampler.pressure = pressureOf(edge, outcome, startMs);
    const accepted = countOutcome(counters, routed.records, outcome);
    rejectOversize(routed.rejections, routed.records, outcome);
    for (const { value } of routed.records) freeBytes(value);
    if (routed.memory !== undefined) freeBuffer(routed.memory);
    if (outcome.code === "acknowledged" || outcome.code === "settled")
      return { failure: undefined, accepted };
    return { failure: refuse(outcome.code, outcome.message), accepted };
  });
  background.waitUntil(work);
  return work;
};
