// npm run bench -- otlp: nanoseconds per span of a 1000-span request with 8 attributes: the scanner
// alone, with attributes, with the full check, with output for 6 partitions, OTLP/JSON to protobuf,
// and in the same run protobufjs, behind JSON.parse for JSON, and, where the files are at hand, the
// prototype that the goals were set with.
import { existsSync } from "node:fs";

import { AttributeTable } from "../../schemas/otlp/attribute-table.ts";
import { MessageCheck } from "../../schemas/otlp/check-message.ts";
import { JsonEncoder } from "../../schemas/otlp/json-encode.ts";
import { messageType } from "../../schemas/otlp/messages.ts";
import { readMessage } from "../../schemas/otlp/read-message.ts";
import { spanWord } from "../../schemas/otlp/record-layout.ts";
import { Regroup } from "../../schemas/otlp/regroup.ts";
import { createTraceScan } from "../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../schemas/otlp/trace-partition.ts";
import { protoType } from "../oracles/otlp-proto.ts";
import { seeded } from "../random.ts";
import type { BenchOptions, Spread } from "./harness.ts";
import { report, timeNs } from "./harness.ts";
import { traceBody } from "./otlp-body.ts";

const spans = 1000;
const spanAttributeTag = 0x4a;
const request = "ExportTraceServiceRequest";
const goalsNs: { readonly [what: string]: number } = {
  scan: 120,
  "scan + attributes": 220,
  "JSON to protobuf": 2000,
};

type Work = readonly [what: string, rounds: number, body: () => number];
type JsonSpan = { [name: string]: unknown };
type JsonTraces = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly JsonSpan[] }[];
  }[];
};

const jsonText = (body: Uint8Array, space?: number): string =>
  JSON.stringify(readMessage(body, 0, body.length, messageType(request)), null, space);

const ownWorks = (body: Uint8Array<ArrayBuffer>): Work[] => {
  const scan = createTraceScan();
  const table = new AttributeTable();
  const check = new MessageCheck();
  const regroup = new Regroup(1 << 20);
  const partitionOf = new Int32Array(spans);
  const type = messageType(request);
  const scanned = (): number => {
    scan.scan(body, 0, body.length);
    return scan.count;
  };
  const attributes = (): number => {
    scanned();
    const { records, layout } = scan;
    let count = 0;
    for (let row = 0; row < scan.count * layout.stride; row += layout.stride) {
      const start = records[row + spanWord.attributesStart] ?? 0;
      table.read(body, start, records[row + spanWord.attributesEnd] ?? 0, spanAttributeTag);
      count += table.count;
    }
    return count;
  };
  const regrouped = (): number => {
    scanned();
    partitionByTraceId(scan, { partitions: 6, unkeyed: 0 }, partitionOf);
    return regroup.build(scan, partitionOf, 6).length;
  };
  const encoder = new JsonEncoder();
  const encoded = (text: string): (() => number) => {
    const json = new TextEncoder().encode(text);
    return () => Number(encoder.encodeLent(json, 0, json.length, type).ok);
  };
  return [
    ["scan", 300, scanned],
    ["scan + attributes", 300, attributes],
    ["scan + 6 partitions, written", 200, regrouped],
    ["check of every byte", 60, () => check.check(body, 0, body.length, type) + 1],
    ["JSON to protobuf", 100, encoded(jsonText(body))],
    ["JSON with white space to protobuf", 60, encoded(jsonText(body, 2))],
  ];
};

type Pass = (body: Uint8Array) => { readonly spans: number };

const keys = [
  "http.request.method",
  "url.path",
  "url.scheme",
  "http.route",
  "http.response.status_code",
  "server.address",
  "server.port",
  "user_agent.original",
];

/** The prototype knows its registry: here the eight attributes of the request are all of it. */
const prototypeWorks = async (body: Uint8Array): Promise<Work[]> => {
  const folder = new URL("../../../shared/prototypes/validate/", import.meta.url);
  if (!existsSync(new URL("pass.mjs", folder))) return [];
  const load = (file: string): Promise<unknown> => import(new URL(file, folder).href);
  const { createPass } = (await load("pass.mjs")) as {
    createPass: (tables: unknown, options: object) => Pass;
  };
  const { compile } = (await load("tables.mjs")) as { compile: (registry: unknown) => unknown };
  const { resolve } = (await load("resolve.mjs")) as { resolve: (groups: unknown) => unknown };
  const attributes = keys.map((id) => {
    const type = id.endsWith("port") || id.endsWith("code") ? "int" : "string";
    return { id, type, stability: "stable" };
  });
  const tables = compile(
    resolve([{ id: "span.http.server", type: "span", span_kind: "server", attributes }]),
  );
  const scan = createPass(tables, { shape: false, stages: 1 });
  const all = createPass(tables, { stages: 2 });
  return [
    ["prototype: scan", 300, () => scan(body).spans],
    ["prototype: scan + attributes", 300, () => all(body).spans],
  ];
};

const rivalWorks = (body: Uint8Array): { readonly decode: Work; readonly encode: Work } => {
  const type = protoType(request);
  const decode = (): number => Object.keys(type.decode(body)).length;
  const json = Buffer.from(jsonText(body));
  const encode = (): number => {
    const parsed = JSON.parse(json.toString()) as JsonTraces;
    for (const { scopeSpans } of parsed.resourceSpans)
      for (const { spans: list } of scopeSpans) for (const span of list) withIdBytes(span);
    return type.encode(type.fromObject(parsed)).finish().length;
  };
  return {
    decode: ["protobufjs: decode", 30, decode],
    encode: ["JSON.parse + protobufjs: encode", 30, encode],
  };
};

/** protobufjs takes text for base64. */
const withIdBytes = (span: JsonSpan): void => {
  for (const name of ["traceId", "spanId", "parentSpanId"]) {
    const id = span[name];
    if (typeof id === "string") span[name] = Buffer.from(id, "hex");
  }
};

const measured = ([what, rounds, work]: Work, smoke: boolean): Spread => {
  let sum = 0;
  const timing = { warmups: smoke ? 2 : rounds, rounds: smoke ? 3 : rounds, operations: spans };
  const result = timeNs(timing, () => {
    sum += work();
  });
  if (sum === 0) throw new Error(`${what} did nothing`);
  return result;
};

/** One line for each way, with its ratio to protobufjs at the same work. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const body = traceBody(seeded(1), spans);
  const { decode, encode } = rivalWorks(body);
  const works = [decode, encode, ...ownWorks(body), ...(await prototypeWorks(body))];
  const medians = new Map<Work, number>();
  for (const work of works) {
    const { median, min, max } = measured(work, smoke);
    medians.set(work, median);
    const [what] = work;
    const rivalNs = medians.get(what.startsWith("JSON") ? encode : decode) ?? Number.NaN;
    report({
      benchmark: "otlp",
      what,
      nsPerSpan: median,
      min,
      max,
      fasterThanProtobufjs: rivalNs / median,
      goalNs: goalsNs[what],
      bodyBytes: body.length,
    });
  }
};
