// Checklist E: errors and their statuses.
import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { type EdgeErrorCode, failures, refuse } from "../../../edge/errors.ts";
import { refusedOutcome, unknownOutcome } from "../../../edge/forward/forward-outcome.ts";
import { refusalResponse } from "../../../edge/respond/refusal-response.ts";
import { FakeEdge } from "../fake-edge.ts";
import { fieldsOf, statusOf } from "../protobuf-bytes.ts";
import { json, protobuf, requestOf, signalRequests, spansJson } from "./otlp-requests.ts";

const codes = Object.keys(failures) as readonly EdgeErrorCode[];
const hash = (key: string): string => createHash("sha256").update(key).digest("hex");
const tenants = (more: object): string =>
  JSON.stringify({ tenants: [{ name: "acme", keys: [hash("k")], ...more }] });
const withKey = { "x-api-key": "k" };
const utf8 = new TextDecoder();

describe("errors", () => {
  test.each(codes)(
    "E1: %s has a Status with code and message, in the request's encoding",
    async (code) => {
      const { httpStatus, grpcCode } = failures[code];
      const refusal = refuse(code, "what is wrong", { field: "f" });
      const binary = refusalResponse(refusal, protobuf, {});
      expect([binary.status, binary.headers.get("content-type")]).toEqual([httpStatus, protobuf]);
      expect(statusOf(await binary.bytes())).toEqual({ code: grpcCode, message: "what is wrong" });
      for (const mediaType of [json, undefined] as const) {
        const text = refusalResponse(refusal, mediaType, {});
        expect([text.status, text.headers.get("content-type")]).toEqual([httpStatus, json]);
        expect(await text.json()).toMatchObject({ code: grpcCode, message: "what is wrong" });
      }
    },
  );

  test("E1: every refusal of the server itself has a Status too", async () => {
    const edge = new FakeEdge({ TENANTS: tenants({ signals: ["logs"] }), BODY_BYTES_MAX: "1024" });
    const answers = [
      [404, await edge.post("/x", protobuf, "", withKey)],
      [405, await edge.request("/v1/logs", { headers: { "content-type": protobuf } })],
      [401, await edge.post("/v1/logs", protobuf, "")],
      [403, await edge.post("/v1/traces", protobuf, "", withKey)],
      [403, await edge.request("/status", { headers: { ...withKey, "content-type": protobuf } })],
      [413, await edge.post("/v1/logs", protobuf, new Uint8Array(2000), withKey)],
      [400, await edge.post("/v1/logs", protobuf, "\u000a\u0005", withKey)],
    ] as const;
    for (const [status, response] of answers) {
      expect([response.status, response.headers.get("content-type")]).toEqual([status, protobuf]);
      const { code, message } = statusOf(await response.bytes());
      expect([typeof code, message === ""]).toEqual(["number", false]);
    }
  });

  test("E2: exactly 429 and 503 ask for another try, and carry Retry-After; no other does", async () => {
    for (const code of codes) {
      const { httpStatus, retryable } = failures[code];
      expect([code, retryable]).toEqual([code, [429, 502, 503, 504].includes(httpStatus)]);
    }
    const edge = new FakeEdge({ BODY_BYTES_MAX: "1024" });
    for (const [path, type, body] of [
      ["/x", json, "{}"],
      ["/v1/traces", "text/plain", "x"],
      ["/v1/traces", json, "{"],
      ["/v1/traces", json, "x".repeat(2000)],
    ] as const)
      expect((await edge.post(path, type, body)).headers.get("retry-after")).toBeNull();
  });

  test("E3: data that can never succeed is 400 with the field that is wrong, in both encodings", async () => {
    const body = spansJson({ traceId: "abc" });
    const edge = new FakeEdge();
    const text = await edge.post("/v1/traces", json, body);
    expect(text.status).toBe(400);
    const field = "resourceSpans[0].scopeSpans[0].spans[0].traceId";
    const status = await text.json();
    const { message } = status as { message: string };
    expect(status).toEqual({
      code: 3,
      message: expect.stringContaining(field),
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field, description: message }],
        },
      ],
    });
    const binary = await edge.post("/v1/traces", protobuf, "\u000a\u0005");
    const details = fieldsOf(await binary.bytes()).find(({ tag }) => tag === 3);
    const any = fieldsOf(details?.value as Uint8Array);
    expect(utf8.decode(any[0]?.value as Uint8Array)).toBe(
      "type.googleapis.com/google.rpc.BadRequest",
    );
    const violation = fieldsOf(fieldsOf(any[1]?.value as Uint8Array)[0]?.value as Uint8Array);
    expect(violation.map(({ value }) => utf8.decode(value as Uint8Array))).toEqual([
      "body",
      expect.stringContaining("truncated"),
    ]);
  });

  test.each([
    ["a trace id of 5 bytes", "badIdLength", requestOf(new Uint8Array([10, 5, 1, 2, 3, 4, 5]))],
    ["a text that is no UTF-8", "badUtf8", requestOf(new Uint8Array([42, 2, 0xc3, 0x28]))],
    ["a broken attribute", "truncated", requestOf(new Uint8Array([74, 3, 10, 9, 1]))],
    ["a group", "badWireType", new Uint8Array([0x0b])],
    ["field number 0", "fieldZero", new Uint8Array([0, 1])],
  ])("E3: %s is 400", async (_what, name, body) => {
    const response = await new FakeEdge().post("/v1/traces", protobuf, body);
    expect(response.status).toBe(400);
    expect(statusOf(await response.bytes()).message).toContain(name);
  });

  test.each(["", "{", "[]", "{} {}"])(
    "E3: JSON that is no object, %j, is at fault as a whole: the field is body",
    async (body) => {
      const response = await new FakeEdge().post("/v1/traces", json, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        details: [{ fieldViolations: [{ field: "body" }] }],
      });
    },
  );

  test.each([
    ["requestsPerS", { requestsPerS: 1 }, "1"],
    ["itemsPerS", { itemsPerS: 1, itemsBurst: 1 }, "1"],
    ["itemsPerDay", { itemsPerDay: 1 }, String(86_400 - (1_700_000_000 % 86_400))],
  ])(
    "E4: above a tenant's %s is 429 with Retry-After in seconds, before the body is read",
    async (name, rates, seconds) => {
      const edge = new FakeEdge({ TENANTS: tenants(rates) });
      const [{ bytes }] = signalRequests;
      expect((await edge.post("/v1/traces", protobuf, bytes, withKey)).status).toBe(200);
      const response = await edge.post("/v1/traces", protobuf, "malformed", withKey);
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, seconds]);
      const { code, message } = statusOf(await response.bytes());
      expect([code, message.includes(name)]).toEqual([8, true]);
      edge.timeMs += Number(seconds) * 1000;
      expect((await edge.post("/v1/traces", protobuf, bytes, withKey)).status).toBe(200);
      const { tenants: counts, refusals } = edge.edge.counters.snapshot();
      expect(counts).toMatchObject({ acme: { requests: 3, refused: 1, items: 2 } });
      expect(Object.values(refusals as object)).toEqual([1]);
    },
  );

  test.each([
    ["overloaded", refusedOutcome("overloaded", "full", 1)],
    ["unavailable", refusedOutcome("unavailable", "down", 1)],
    ["unconfirmed", unknownOutcome("lost", 1)],
  ] as const)("E4: a log that is %s is 503 with Retry-After", async (_name, outcome) => {
    const edge = new FakeEdge({ RETRY_AFTER_S: "9" }, false);
    edge.edge.forwarder.send = () => Promise.resolve(outcome);
    const [{ bytes }] = signalRequests;
    const response = await edge.post("/v1/traces", protobuf, bytes);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "9"]);
    expect(statusOf(await response.bytes()).code).toBe(14);
  });

  test("E5: a body that breaks off, and one that does not come, are answered by plain HTTP", async () => {
    const post = (edge: FakeEdge, body: ReadableStream): Promise<Response> =>
      edge.request("/v1/traces", { method: "POST", body, headers: { "content-type": json } });
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error("x")) });
    expect((await post(new FakeEdge(), broken)).status).toBe(400);
    const silent = new ReadableStream({ start() {} });
    const late = await post(new FakeEdge({ BODY_MS_MAX: "50" }), silent);
    expect([late.status, await late.json()]).toEqual([
      408,
      { code: 4, message: "body: not here within BODY_MS_MAX=50" },
    ]);
  });

  test("E6: statuses follow the table of gRPC codes", () => {
    const table: { readonly [grpc: number]: number } = { 3: 400, 7: 403, 14: 503, 16: 401 };
    // HTTP says more than gRPC where a request is wrong in its form.
    const own: { readonly [code: string]: number } = {
      "method-not-allowed": 405,
      "unsupported-media-type": 415,
      "unsupported-coding": 415,
      "body-too-large": 413,
      "body-timeout": 408,
    };
    const expected = (code: EdgeErrorCode): number => {
      const { grpcCode } = failures[code];
      const others = { 8: 429, 12: 404, 13: 500 }[grpcCode];
      return own[code] ?? table[grpcCode] ?? others ?? 500;
    };
    expect(codes.map((code) => [code, failures[code].httpStatus])).toEqual(
      codes.map((code) => [code, expected(code)]),
    );
  });
});
