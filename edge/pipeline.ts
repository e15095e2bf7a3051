// One request, left to right: receive > authenticate > decode > route > forward > respond. Holds
// the branches; every step is a function of its own folder. Never throws.
import type { Authenticate } from "./authenticate/api-keys.ts";
import type { EdgeConfig } from "./config.ts";
import { type Refusal, refuse } from "./errors.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import type { Counters } from "./metrics/counters.ts";
import { countOutcome } from "./metrics/count-outcome.ts";
import { drainBody, readBody } from "./receive/body.ts";
import {
  type Endpoint,
  type IngestEndpoint,
  type MediaType,
  type Signal,
  endpointAt,
  pathOf,
} from "./receive/endpoints.ts";
import { contentEncodingOf, mediaTypeOf } from "./receive/media-type.ts";
import { refusalResponse } from "./respond/refusal-response.ts";
import { successResponse } from "./respond/success-response.ts";
import type { Routed, SignalPath } from "./route/routed.ts";

/** The parts of a running edge; one per isolate. */
export type Edge = {
  readonly config: EdgeConfig;
  readonly authenticate: Authenticate;
  readonly paths: { readonly [signal in Signal]: SignalPath };
  readonly forwarder: Forwarder;
  readonly counters: Counters;
};

/** Where work may go on after the client has left. */
export type Background = { waitUntil(work: Promise<unknown>): void };

type Headers = { readonly [name: string]: string };

const anyMediaType: readonly MediaType[] = [
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
  let response: Response;
  try {
    response = await answer({ edge, request, background, mediaType });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    response = refusalResponse(refuse("internal", text), mediaType, noHeaders);
  }
  if (response.status >= firstRefusal) await drainBody(request);
  edge.counters.answered(response.status);
  return response;
};

type Exchange = {
  readonly edge: Edge;
  readonly request: Request;
  readonly background: Background;
  readonly mediaType: MediaType | undefined;
};

const answer = async (exchange: Exchange): Promise<Response> => {
  const { request, mediaType } = exchange;
  const path = pathOf(request.url);
  const endpoint = endpointAt(path);
  if (endpoint === undefined) {
    const shown = JSON.stringify(path.slice(0, 100));
    return refusalResponse(
      refuse("not-found", `path ${shown} is not served`),
      mediaType,
      noHeaders,
    );
  }
  if (request.method !== endpoint.method) return wrongMethod(endpoint, mediaType);
  if (endpoint.kind === "livez") return new Response(null);
  return authenticated(exchange, endpoint);
};

const authenticated = (exchange: Exchange, endpoint: Endpoint): Promise<Response> | Response => {
  const { edge, request, mediaType } = exchange;
  const tenant = edge.authenticate(request.headers);
  if (typeof tenant !== "string")
    return refusalResponse(tenant, mediaType, { "www-authenticate": "Bearer" });
  if (endpoint.kind === "ingest") return ingest(exchange, endpoint, tenant);
  return status(edge);
};

const wrongMethod = (endpoint: Endpoint, mediaType: MediaType | undefined): Response => {
  const refusal = refuse("method-not-allowed", `only ${endpoint.method} is allowed`);
  return refusalResponse(refusal, mediaType, { allow: endpoint.method });
};

const status = async ({ counters, forwarder }: Edge): Promise<Response> =>
  Response.json({ ...counters.snapshot(), forwarder: (await forwarder.state()) ?? null });

const ingest = async (
  exchange: Exchange,
  endpoint: IngestEndpoint,
  tenant: string,
): Promise<Response> => {
  const { edge, request, mediaType } = exchange;
  if (mediaType === undefined || !endpoint.mediaTypes.includes(mediaType)) {
    const accept = endpoint.mediaTypes.join(", ");
    const refusal = refuse("unsupported-media-type", `Content-Type: expected ${accept}`);
    return refusalResponse(refusal, mediaType, { accept });
  }
  const receivedMs = Date.now();
  const routed = await routedBody(edge, request, { endpoint, mediaType, receivedMs });
  if ("code" in routed) return refused(edge, routed, mediaType);
  const outcome = forward(exchange, endpoint.signal, { head: { tenant, receivedMs }, routed });
  const { failure, accepted } = await outcome;
  if (failure !== undefined) return refused(edge, failure, mediaType);
  return successResponse(endpoint.signal, mediaType, accepted, routed.rejections);
};

const refused = ({ config }: Edge, refusal: Refusal, mediaType: MediaType): Response =>
  refusalResponse(refusal, mediaType, retryAfter(refusal, config.retryAfterS));

const retryAfter = ({ code }: Refusal, seconds: number): Headers => {
  const isWorthIt = code === "overloaded" || code === "unavailable" || code === "unconfirmed";
  return isWorthIt ? { "retry-after": String(seconds) } : noHeaders;
};

type IngestInput = {
  readonly endpoint: IngestEndpoint;
  readonly mediaType: MediaType;
  readonly receivedMs: number;
};

const routedBody = async (
  { config, paths }: Edge,
  request: Request,
  { endpoint, mediaType, receivedMs }: IngestInput,
): Promise<Routed | Refusal> => {
  const encoding = contentEncodingOf(request.headers.get("content-encoding"));
  if (typeof encoding !== "string") return encoding;
  const body = await readBody(request, encoding, config.bodyBytesMax);
  if ("code" in body) return body;
  const itemsMax = config.requestItemsMax;
  return paths[endpoint.signal]({ body, mediaType, receivedMs, itemsMax });
};

type Shipment = {
  readonly head: { readonly tenant: string; readonly receivedMs: number };
  readonly routed: Routed;
};

type Forwarded = { readonly failure: Refusal | undefined; readonly accepted: number };

/** Sends and counts; goes on when the client leaves, or what was written would not be counted. */
const forward = (
  { edge, background }: Exchange,
  signal: Signal,
  { head, routed }: Shipment,
): Promise<Forwarded> => {
  const counters = edge.counters.signals[signal];
  counters.in += routed.items;
  for (const [reason, count] of Object.entries(routed.rejections.reasons))
    counters.reject(reason, count);
  if (routed.records.length === 0) return Promise.resolve({ failure: undefined, accepted: 0 });
  const work = edge.forwarder.send(head, routed.records).then((outcome): Forwarded => {
    const accepted = countOutcome(counters, routed.records, outcome);
    if (outcome.code === "acknowledged") return { failure: undefined, accepted };
    return { failure: refuse(outcome.code, outcome.message), accepted };
  });
  background.waitUntil(work);
  return work;
};
