// Random HTTP requests at the edge's real bundle in real workerd, most of them nearly good: any
// method, path, header, encoding and body, whole or damaged, with right and wrong lengths. The edge
// must answer each; never with 5xx but 503; every refusal with a Status in the request's encoding;
// and afterwards its counters must add up.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync, zstdCompressSync } from "node:zlib";

import { bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import type { Signal } from "../../schemas/otlp/messages.ts";
import { signals } from "../../schemas/otlp/messages.ts";
import { sendRaw } from "../attack/raw-socket.ts";
import { transactionJson } from "../edge/decode/solana-bytes.ts";
import { RestLogStub } from "../engine/up/rest-log-stub.ts";
import { expectedObject } from "../oracles/otlp-agreement.ts";
import { protoEncode } from "../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../oracles/otlp-random.ts";
import type { Random } from "../random.ts";
import { seeded } from "../random.ts";
import type { FuzzOptions } from "./main.ts";

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array<ArrayBuffer> | undefined;
};
type Answered = { readonly status: number; readonly type: string; readonly body: Uint8Array };

const root = fileURLToPath(new URL("../../", import.meta.url));
const signalNames = Object.keys(signals) as Signal[];
const protobuf = "application/x-protobuf";
const json = "application/json";
const otlpPaths = ["/v1/traces", "/v1/metrics", "/v1/logs"];
const strange = ["/status", "/livez", "/openapi.json", "/", "/v1/profiles", "//", "/v1/traces/"];
const pages = [...otlpPaths, "/v1/transactions", "/v1/depth", ...strange];
const methods = [...Array.from({ length: 16 }, () => "POST"), "GET", "PUT", "OPTIONS", "DELETE"];
const rawEvery = 50;
const utf8 = new TextEncoder();

type Body = {
  readonly path: string;
  readonly type: string;
  readonly plain: Uint8Array<ArrayBuffer>;
};

const otlpBody = (random: Random): Body => {
  const signal = random.pick(signalNames);
  const { request } = signals[signal];
  const path = `/v1/${signal}`;
  const bytes = protoEncode(request, randomMessage(random, request, 3));
  if (random.below(2) === 0) return { path, type: protobuf, plain: bytes };
  return { path, type: json, plain: utf8.encode(JSON.stringify(expectedObject(request, bytes))) };
};

const marketBody = (random: Random): Body => {
  const path = random.pick(["/v1/transactions", "/v1/depth"]);
  const message = { e: "depthUpdate", s: "A", U: 1, u: random.below(4), b: [["1.5", "2"]], a: [] };
  const entries = Array.from({ length: random.below(4) }, (_, at) =>
    random.below(2) === 0 ? transactionJson(at) : { receiveNs: "17", message },
  );
  const venue = random.pick(["binance-spot", "binance-usdm", "nyse", 7, null]);
  const body = { venue, transactions: entries, messages: entries, code: "internal", message: "x" };
  const frame = new Uint8Array([9, 0, 0, 0, ...random.bytes(9), ...random.bytes(random.below(8))]);
  if (random.below(4) === 0) return { path, type: "application/x-weir-frames", plain: frame };
  return { path, type: json, plain: utf8.encode(JSON.stringify(body)) };
};

const encoded = (random: Random, body: Uint8Array<ArrayBuffer>) => {
  const kind = random.below(8);
  const named = random.pick(["gzip", "zstd", "x-gzip", "identity", "br", "gzip, zstd", ""]);
  if (kind === 0) return { encoding: "gzip", body: new Uint8Array(gzipSync(body)) };
  if (kind === 1) return { encoding: "zstd", body: new Uint8Array(zstdCompressSync(body)) };
  return { encoding: kind === 2 ? named : undefined, body };
};

const oddHeaders = (random: Random): { [name: string]: string } =>
  random.pick<{ [name: string]: string }>([
    {},
    {},
    {},
    { authorization: random.pick(["Bearer x", "Basic eA==", "Bearer", "x"]) },
    { "x-api-key": "y".repeat(random.below(2000)) },
    { origin: "https://a.test", "access-control-request-method": "POST" },
    { "accept-encoding": "gzip", accept: "text/html", expect: "" },
    { "x-forwarded-for": "1.2.3.4", "cf-connecting-ip": random.pick(["127.0.0.1", "8.8.8.8"]) },
  ]);

const randomRequest = (random: Random): Sent => {
  const isOtlp = random.below(3) > 0;
  const { path, type, plain } = isOtlp ? otlpBody(random) : marketBody(random);
  const harmed = random.below(2) === 0 ? damaged(random, plain) : plain;
  const { encoding, body } = encoded(random, harmed);
  const wire = random.below(6) === 0 ? damaged(random, body) : body;
  const contentType =
    random.below(12) === 0 ? random.pick(["", "text/plain", protobuf, json]) : type;
  const method = random.pick(methods);
  const hasBody = method === "POST" || method === "PUT";
  const query = random.pick(["", "", "?a=b", "?%00", "?/../status"]);
  return {
    method,
    path: (random.below(6) === 0 ? random.pick(pages) : path) + query,
    headers: {
      "content-type": contentType,
      ...(encoding === undefined ? {} : { "content-encoding": encoding }),
      ...oddHeaders(random),
    },
    body: hasBody ? wire : undefined,
  };
};

/** Fields 1 (code) and 2 (message) of a Status. */
const isStatusBytes = (bytes: Uint8Array): boolean => bytes[0] === 0x08 && bytes[2] === 0x12;

const isStatusText = (bytes: Uint8Array): boolean => {
  const status = JSON.parse(Buffer.from(bytes).toString()) as { code?: unknown; message?: unknown };
  return typeof status.code === "number" && typeof status.message === "string";
};

const shown = ({ method, path, headers, body }: Sent): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${Buffer.from(body ?? [])
    .toString("hex")
    .slice(0, 2000)}`;

/** @throws Error with the request when the answer is not one that the edge may give. */
const judge = (sent: Sent, { status, type, body }: Answered): void => {
  if (status >= 500 && status !== 503) throw new Error(`http: ${status} to ${shown(sent)}`);
  if (status < 400) return;
  const isProtobuf = sent.headers["content-type"] === protobuf;
  const isGood =
    type === (isProtobuf ? protobuf : json) && (isProtobuf ? isStatusBytes : isStatusText)(body);
  if (!isGood) throw new Error(`http: ${status} without a Status to ${shown(sent)}`);
};

const send = async (url: string, sent: Sent): Promise<Answered> => {
  const { method, path, headers, body } = sent;
  const known = Object.entries(headers).filter(([name]) => name !== "expect");
  const response = await fetch(url + path, {
    method,
    headers: Object.fromEntries(known),
    ...(body === undefined ? {} : { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type") ?? "", body: bytes };
};

/** A request whose length is not that of its body; the statuses must be no 5xx but 503. */
const sendLying = async (url: string, random: Random, sent: Sent): Promise<void> => {
  const { hostname, port } = new URL(url);
  const length = random.pick([0, 1, 7, random.below(200)]);
  const head = `POST ${sent.path.split("?")[0]} HTTP/1.1\r\nhost: a\r\ncontent-type: ${json}\r\n`;
  const parts = [`${head}content-length: ${length}\r\n\r\n`, sent.body ?? "x"];
  const target = { host: hostname, port: Number(port) };
  const answer = await sendRaw(target, parts, { ends: true, waitMs: 60_000 });
  if (/5(?!03)\d\d|silent/.test(answer)) throw new Error(`http: ${answer} to ${head}${length}`);
};

type Counts = { readonly [signal: string]: { readonly in: number; readonly inFlight: number } };

const checkCounters = async (url: string): Promise<number> => {
  const status = (await (await fetch(`${url}/status`)).json()) as { readonly signals: Counts };
  const counts = Object.entries(status.signals);
  for (const [signal, { inFlight }] of counts)
    if (inFlight !== 0) throw new Error(`http: ${signal} has inFlight=${inFlight} at the end`);
  return counts.reduce((sum, [, { in: items }]) => sum + items, 0);
};

/** Runs the cases. @throws Error with the request at the first finding. */
export const run = async ({ seed, cases }: FuzzOptions): Promise<void> => {
  const random = seeded(seed);
  const folder = mkdtempSync(join(tmpdir(), "weir-http-fuzz-"));
  const log = await new RestLogStub().start();
  const bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge") });
  const vars = { SAMPLE: "off", LOG_KIND: "rest", REST_URL: log.url, BODY_MS_MAX: "500" };
  const edge = await startEdge({ bundle, port: 0, host: "127.0.0.1", vars, storageDir: folder });
  try {
    for (let i = 1; i <= cases; i += 1) {
      const sent = randomRequest(random);
      if (i % rawEvery === 0) await sendLying(edge.url, random, sent);
      else judge(sent, await send(edge.url, sent));
      log.records.length = 0;
    }
    const items = await checkCounters(edge.url);
    if (items < cases / 10) throw new Error(`http: only ${items} items reached the counters`);
    const [first] = edge.errors();
    if (first !== undefined) throw new Error(`http: workerd says ${first.line}`);
  } finally {
    await edge.stop();
    await log.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A server that answers 500, or a refusal without a Status, must be found out. */
export const canary = (): void => {
  const sent = randomRequest(seeded(1));
  const answers: readonly Answered[] = [
    { status: 500, type: json, body: utf8.encode('{"code":13,"message":"x"}') },
    { status: 400, type: "text/plain", body: utf8.encode("no") },
  ];
  for (const answer of answers) {
    let isCaught = false;
    try {
      judge(sent, answer);
    } catch {
      isCaught = true;
    }
    if (!isCaught) throw new Error(`the canary was not caught: ${answer.status} ${answer.type}`);
  }
};
