// Checklist L: size limits. Those that need a real socket are in test/engine/up and test/attack.
import { gzipSync, zstdCompressSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { settableLimits } from "../../../edge/limits.ts";
import { successResponse } from "../../../edge/respond/success-response.ts";
import { Rejections } from "../../../edge/metrics/rejections.ts";
import { FakeEdge } from "../fake-edge.ts";
import { field, fieldsOf, statusOf } from "../protobuf-bytes.ts";
import {
  json,
  protobuf,
  signalRequests,
  spanBytes,
  requestOf,
  spansJson,
} from "./otlp-requests.ts";

const small = { BODY_BYTES_MAX: "2000" };
const zeros = new Uint8Array(100_000);

const chunked = (bytes: number): ReadableStream =>
  new ReadableStream({
    type: "bytes",
    start(controller) {
      for (let at = 0; at < bytes; at += 500) controller.enqueue(new Uint8Array(500));
      controller.close();
    },
  });

describe("request size", () => {
  test.each(
    signalRequests.flatMap(
      ({ path }) =>
        [
          [path, protobuf],
          [path, json],
        ] as const,
    ),
  )(
    "L1: above the limit %s as %s is 413 with a Status, also when only the inflated body is",
    async (path, type) => {
      const edge = new FakeEdge(small);
      for (const [body, encoding] of [
        [new Uint8Array(2001), "identity"],
        [gzipSync(zeros), "gzip"],
        [zstdCompressSync(zeros), "zstd"],
      ] as const) {
        const response = await edge.post(path, type, body, { "content-encoding": encoding });
        expect([response.status, response.headers.get("retry-after")]).toEqual([413, null]);
        expect(response.headers.get("content-type")).toBe(type);
        const bytes = await response.bytes();
        const code =
          type === json ? JSON.parse(Buffer.from(bytes).toString()).code : statusOf(bytes).code;
        expect(code).toBe(8);
      }
      expect(edge.sends).toHaveLength(0);
    },
  );

  test("L1: a body of exactly the limit is taken", async () => {
    const padded = (bytes: number): string => spansJson().padEnd(bytes, " ");
    const edge = new FakeEdge(small);
    expect((await edge.post("/v1/traces", json, padded(2000))).status).toBe(200);
    const gzip = { "content-encoding": "gzip" };
    expect((await edge.post("/v1/traces", json, gzipSync(padded(2000)), gzip)).status).toBe(200);
    expect((await edge.post("/v1/traces", json, gzipSync(padded(2001)), gzip)).status).toBe(413);
  });

  test("L2: a message that makes the answer too large is shortened; what still does not fit is 500", async () => {
    const rejections = new Rejections();
    for (let i = 0; i < 40; i += 1)
      rejections.add({ index: i, reason: `reason ${i} ${"é".repeat(300)}`, detail: "" });
    const answer = (mediaType: typeof json | typeof protobuf, responseBytesMax: number) =>
      successResponse({ signal: "spans", mediaType, accepted: 0, rejections, responseBytesMax });
    const whole = await answer(protobuf, 1 << 20).bytes();
    expect(whole.byteLength).toBeGreaterThan(15_000);
    for (const bytesMax of [1000, 100, 20]) {
      const cut = answer(protobuf, bytesMax);
      const bytes = await cut.bytes();
      expect([cut.status, bytes.byteLength <= bytesMax]).toEqual([200, true]);
      expect(statusOf(fieldsOf(bytes)[0]?.value as Uint8Array).code).toBe(40);
    }
    const text = await answer(json, 200).json();
    expect(text).toMatchObject({ partialSuccess: { rejectedSpans: "40" } });
    const none = answer(protobuf, 4);
    expect(none.status).toBe(500);
    expect(statusOf(await none.bytes()).code).toBe(13);
  });

  test("L2: market answers are bounded too", async () => {
    const rejections = new Rejections();
    for (let i = 0; i < 40; i += 1)
      rejections.add({ index: i, reason: `r${i}`, detail: "x".repeat(300) });
    const success = { mediaType: json, accepted: 2, rejections, signal: "depth" } as const;
    const answer = await successResponse({ ...success, responseBytesMax: 300 }).json();
    expect(answer).toEqual({ accepted: 2, rejected: 40, reasons: {}, first: [] });
  });

  test("L3: no answer comes near the 4 MiB that a client may refuse", async () => {
    expect(settableLimits.RESPONSE_BYTES_MAX.max).toBe(4 << 20);
    const edge = new FakeEdge();
    const transactions = Array.from({ length: 5000 }, () => ({ transaction: 7 }));
    const response = await edge.post("/v1/transactions", json, JSON.stringify({ transactions }));
    expect((await response.bytes()).byteLength).toBeLessThan(10_000);
  });

  test("L4: OTLP/gRPC is not served: its requests are 415 and name what is taken", async () => {
    const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const edge = new FakeEdge();
    expect((await edge.post(path, "application/grpc", "x")).status).toBe(404);
    const response = await edge.post("/v1/traces", "application/grpc", "x");
    expect([response.status, response.headers.get("accept")]).toEqual([
      415,
      `${protobuf}, ${json}`,
    ]);
  });

  test("L5: too large is 413, not the Collector's 400", async () => {
    const response = await new FakeEdge(small).post("/v1/logs", protobuf, new Uint8Array(2001));
    expect(response.status).toBe(413);
  });

  test("L6: the default is 16 MiB, as an isolate has 128 MB, and can be set up to 64 MiB", () => {
    const { default: fallback, max } = settableLimits.BODY_BYTES_MAX;
    expect([fallback, max]).toEqual([16 << 20, 64 << 20]);
    expect(new FakeEdge().edge.config.body.bodyBytesMax).toBe(16 << 20);
  });

  test("L7: a body without a length is 413 as soon as it passes the limit", async () => {
    const body = chunked(50_000);
    const headers = { "content-type": protobuf };
    const edge = new FakeEdge(small);
    const response = await edge.request("/v1/traces", { method: "POST", body, headers });
    expect(response.status).toBe(413);
  });

  test("L7: a length that says less than comes, or more, or nothing sensible, opens no way around", async () => {
    for (const length of ["10", "99999999999", "1e3", "-5", "abc", "0x10"]) {
      const headers = { "content-type": protobuf, "content-length": length };
      const body = chunked(50_000);
      const edge = new FakeEdge(small);
      const response = await edge.request("/v1/traces", { method: "POST", body, headers });
      expect([length, response.status]).toEqual([length, 413]);
    }
  });

  test("a resource that every record repeats cannot multiply a body: 413", async () => {
    const attribute = field(1, field(1, "k"), field(2, field(1, "x".repeat(900_000))));
    const spans = Array.from({ length: 300 }, (_, at) =>
      field(2, field(1, new Uint8Array(16).fill(at + 1)), field(5, "x".repeat(50_000))),
    );
    const body = field(1, field(1, attribute), field(2, ...spans));
    const response = await new FakeEdge().post("/v1/traces", protobuf, body);
    expect(response.status).toBe(413);
    expect(statusOf(await response.bytes()).message).toContain("RECORDS_BYTES_MAX");
    const few = field(1, field(1, attribute), field(2, ...spans.slice(0, 9)));
    expect((await new FakeEdge().post("/v1/traces", protobuf, few)).status).toBe(200);
  });

  test("JSON that takes more room in protobuf than the limit is 413", async () => {
    const bucketCounts = Array.from({ length: 600 }, () => 1);
    const metrics = [{ histogram: { dataPoints: [{ bucketCounts }] } }];
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    expect(body.length).toBeLessThan(2000);
    expect((await new FakeEdge(small).post("/v1/metrics", json, body)).status).toBe(413);
    expect((await new FakeEdge().post("/v1/metrics", json, body)).status).toBe(200);
  });

  test("limits of a request's items are 413: resources, scopes and records", async () => {
    const three = requestOf(spanBytes(), spanBytes(), spanBytes());
    const resources = Buffer.concat([three, three, three]);
    const cases = [
      [{ REQUEST_ITEMS_MAX: "2" }, three],
      [{ RESOURCES_MAX: "2" }, resources],
      [{ SCOPES_MAX: "2" }, resources],
    ] as const;
    for (const [settings, body] of cases) {
      expect((await new FakeEdge().post("/v1/traces", protobuf, body)).status).toBe(200);
      expect((await new FakeEdge(settings).post("/v1/traces", protobuf, body)).status).toBe(413);
    }
  });

  test.each([
    ["/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [{}, {}] }] }] }],
    [
      "/v1/metrics",
      { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [{}, {}] } }] }] }] },
    ],
    ["/v1/transactions", { transactions: [1, 2] }],
    ["/v1/depth", { venue: "okx", messages: [1, 2] }],
  ])("too many items of %s are told by the name of the setting", async (path, body) => {
    const edge = new FakeEdge({ REQUEST_ITEMS_MAX: "1" });
    const response = await edge.post(path, json, JSON.stringify(body));
    expect([response.status, await response.text()]).toEqual([
      413,
      expect.stringContaining("REQUEST_ITEMS_MAX=1"),
    ]);
  });
});
