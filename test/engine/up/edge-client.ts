// Requests to a running edge, and what its records hold, by a foreign codec.
import protobuf from "protobufjs";

import { transactionJson } from "../../edge/decode/solana-bytes.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span { bytes trace_id = 1; bytes span_id = 2; string name = 5; }
`);
const Request = root.lookupType("Request");

/** A request of `count` spans named "span SEED.AT", ten of a trace; `seed` varies trace ids. */
export const tracesBody = (count: number, seed: number): Uint8Array => {
  const spans = Array.from({ length: count }, (_, at) => ({
    traceId: new Uint8Array(16).fill((seed * 16 + Math.floor(at / 10) + 1) % 256),
    spanId: new Uint8Array(8).fill((at % 255) + 1),
    name: `span ${seed}.${at}`,
  }));
  return Request.encode({ resourceSpans: [{ scopeSpans: [{ spans }] }] }).finish();
};

type RequestObject = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string }[] }[];
  }[];
};

/** Names of the spans in one record's value. */
export const spanNames = (value: Uint8Array): readonly string[] => {
  const request = Request.decode(value).toJSON() as RequestObject;
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
};

export const protobufType = { "content-type": "application/x-protobuf" };
export const jsonType = { "content-type": "application/json" };

/** Posts text as JSON, bytes as protobuf; returns the answer's status. */
export const statusOf = async (url: string, body: Uint8Array | string): Promise<number> => {
  const headers = typeof body === "string" ? jsonType : protobufType;
  const response = await fetch(url, { method: "POST", body, headers });
  await response.bytes();
  return response.status;
};

/** Body of POST /v1/transactions. */
export const transactionsBody = (...seeds: readonly number[]): string =>
  JSON.stringify({ transactions: seeds.map((seed) => transactionJson(seed)) });

type Counts = {
  readonly in: number;
  readonly accepted: number;
  readonly sampledOut?: number;
  readonly rejected: { readonly [reason: string]: number };
  readonly dropped: { readonly [reason: string]: number };
  readonly unconfirmed: number;
  readonly inFlight: number;
};

/** One signal's counters from /status. */
export const countsOf = async (url: string, signal: string): Promise<Counts> => {
  const response = await fetch(`${url}/status`);
  const { signals } = (await response.json()) as { readonly signals: Record<string, Counts> };
  const counts = signals[signal];
  if (counts === undefined) throw new Error(`no signal ${signal}`);
  return counts;
};
