// Checklist C: content types and encodings.
import { gzipSync, zstdCompressSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { FakeEdge } from "../fake-edge.ts";
import { statusOf } from "../protobuf-bytes.ts";
import {
  json,
  protobuf,
  requestOf,
  signalRequests,
  spanBytes,
  spansJson,
} from "./otlp-requests.ts";

const origin = "https://app.example.com";
const cors = {
  CORS_ORIGINS: "https://*.example.com https://other.test:8443",
  CORS_MAX_AGE_S: "60",
};

const preflight = (edge: FakeEdge, from: string, path = "/v1/traces"): Promise<Response> =>
  edge.request(path, {
    method: "OPTIONS",
    headers: {
      origin: from,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  });

describe("content types", () => {
  test.each([
    "application/x-protobuf",
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON;Charset=UTF-8",
    "APPLICATION/X-PROTOBUF",
    "application/x-protobuf ; proto=otlp",
  ])("C1: %s is taken", async (contentType) => {
    const [{ path, bytes, text }] = signalRequests;
    const body = /json/i.test(contentType) ? text : bytes;
    expect((await new FakeEdge().post(path, contentType, body)).status).toBe(200);
  });

  test.each(signalRequests)("C2: answers of $path have the request's type", async (request) => {
    const edge = new FakeEdge();
    for (const [type, good] of [
      [protobuf, request.bytes],
      [`${json}; charset=utf-8`, request.text],
    ] as const) {
      const expected = type.split(";")[0];
      const success = await edge.post(request.path, type, good);
      expect([success.status, success.headers.get("content-type")]).toEqual([200, expected]);
      const error = await edge.post(request.path, type, "\u0001");
      expect([error.status, error.headers.get("content-type")]).toEqual([400, expected]);
    }
  });
});

describe("content encodings", () => {
  const [{ path, bytes }] = signalRequests;

  test.each([
    ["none", undefined, bytes],
    ["identity", "identity", bytes],
    ["gzip", "gzip", gzipSync(bytes)],
    ["GZIP", "GZIP", gzipSync(bytes)],
    ["x-gzip", "x-gzip", gzipSync(bytes)],
    ["zstd", "zstd", zstdCompressSync(bytes)],
  ] as const)("C3: %s is taken", async (_name, encoding, body) => {
    const edge = new FakeEdge();
    const headers = encoding === undefined ? {} : { "content-encoding": encoding };
    expect((await edge.post(path, protobuf, body, headers)).status).toBe(200);
    expect(edge.sent[0]?.items).toBe(1);
  });

  test("C4: a sender that accepts gzip gets an answer that it can read without", async () => {
    const headers = { "accept-encoding": "gzip" };
    const response = await new FakeEdge().post(path, protobuf, bytes, headers);
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.status).toBe(200);
  });

  test.each(["gzip", "zstd"])("C5: %s that is none is 400 with a Status, code 3", async (name) => {
    const headers = { "content-encoding": name };
    const edge = new FakeEdge();
    const binary = await edge.post(path, protobuf, bytes, headers);
    expect(binary.status).toBe(400);
    expect(statusOf(await binary.bytes()).code).toBe(3);
    const text = await edge.post(path, json, "{}", headers);
    expect(text.status).toBe(400);
    expect(await text.json()).toMatchObject({ code: 3 });
  });

  test.each(["br", "deflate", "snappy", "lz4", "gzip, gzip", "gzip, identity"])(
    "C6: the encoding '%s' is 400 as in the Collector, naming what is taken; 415 when the settings say so",
    async (name) => {
      const headers = { "content-encoding": name };
      const response = await new FakeEdge().post(path, protobuf, bytes, headers);
      const accepted = response.headers.get("accept-encoding");
      expect([response.status, accepted]).toEqual([400, "gzip, zstd, identity"]);
      expect(statusOf(await response.bytes()).message).toContain(name);
      const strict = new FakeEdge({ ENCODING_STATUS: "415" });
      const other = await strict.post(path, protobuf, bytes, headers);
      expect([other.status, other.headers.get("accept-encoding")]).toEqual([415, accepted]);
    },
  );
});

describe("CORS", () => {
  test("C7: a preflight of an allowed origin names method, headers and age", async () => {
    const response = await preflight(new FakeEdge(cors), origin);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, content-encoding, authorization, x-api-key",
      "access-control-max-age": "60",
      vary: "origin",
    });
  });

  test("C7: a preflight needs no API key", async () => {
    const edge = new FakeEdge({ ...cors, API_KEYS: "key" });
    expect((await preflight(edge, origin)).status).toBe(204);
  });

  test("C7: answers and errors to an allowed origin can be read by its pages", async () => {
    const edge = new FakeEdge(cors);
    for (const body of ["{}", "{"]) {
      const response = await edge.post("/v1/traces", json, body, { origin });
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-expose-headers")).toBe("retry-after");
    }
  });

  test.each([
    ["https://app.example.com", true],
    ["https://a.b.example.com", true],
    ["https://APP.example.com", true],
    ["https://other.test:8443", true],
    ["https://example.com", false],
    ["https://evil-example.com", false],
    ["https://app.example.com.evil.test", false],
    ["http://app.example.com", false],
    ["https://other.test", false],
    ["null", false],
  ])("C7: the origin %s is allowed: %s", async (from, isAllowed) => {
    const edge = new FakeEdge(cors);
    const asked = await preflight(edge, from);
    expect(asked.status).toBe(isAllowed ? 204 : 403);
    expect(asked.headers.get("access-control-allow-origin")).toBe(isAllowed ? from : null);
    const sent = await edge.post("/v1/traces", json, "{}", { origin: from });
    expect([sent.status, sent.headers.get("vary")]).toEqual([200, "origin"]);
    expect(sent.headers.get("access-control-allow-origin")).toBe(isAllowed ? from : null);
  });

  test("C7: a preflight that is refused is counted among the refusals", async () => {
    const edge = new FakeEdge(cors);
    await preflight(edge, "https://evil.test");
    expect(edge.edge.counters.snapshot()).toMatchObject({
      requests: { "403": 1 },
      refusals: { "permission-denied": 1 },
    });
  });

  test("C7: an answer without an origin varies by it too: caches keep it for pages", async () => {
    const response = await new FakeEdge(cors).request("/openapi.json");
    expect(response.headers.get("vary")).toBe("origin");
    const open = await new FakeEdge({ CORS_ORIGINS: "*" }).request("/openapi.json");
    expect(open.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("C7: what one origin was allowed stands in no answer to another", async () => {
    const edge = new FakeEdge(cors);
    for (const mediaType of [protobuf, json]) {
      const body = mediaType === json ? "{}" : "";
      await edge.post("/v1/traces", mediaType, body, { origin });
      const other = await edge.post("/v1/traces", mediaType, body, {
        origin: "https://other.test",
      });
      expect(other.headers.get("access-control-allow-origin")).toBeNull();
      expect(other.headers.get("content-type")).toBe(mediaType);
    }
    const apart = await new FakeEdge().post("/v1/traces", protobuf, "", { origin });
    expect(apart.headers.get("vary")).toBeNull();
  });

  test("C7: * allows every origin", async () => {
    const response = await preflight(new FakeEdge({ CORS_ORIGINS: "*" }), "https://any.test");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("C7: without settings there is no CORS, and OPTIONS is 405", async () => {
    const edge = new FakeEdge();
    const asked = await preflight(edge, origin);
    expect([asked.status, asked.headers.get("allow")]).toEqual([405, "POST"]);
    const sent = await edge.post("/v1/traces", json, "{}", { origin });
    expect(sent.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("C7: OPTIONS that is no preflight is 405 with both methods", async () => {
    const response = await new FakeEdge(cors).request("/v1/traces", { method: "OPTIONS" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  });

  test("C7: a page may send a whole request with the headers that are allowed", async () => {
    const edge = new FakeEdge({ ...cors, API_KEYS: "key" });
    const body = gzipSync(spansJson({ name: "x", traceId: "01".repeat(16) }));
    const headers = { origin, "content-encoding": "gzip", authorization: "Bearer key" };
    expect((await edge.post("/v1/traces", json, body, headers)).status).toBe(200);
    const bytes = requestOf(spanBytes());
    const keyed = await edge.post("/v1/traces", protobuf, bytes, { origin, "x-api-key": "key" });
    expect(keyed.status).toBe(200);
  });
});
