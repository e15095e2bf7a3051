// Checklist H: transport, paths and methods (ids of the table in the README).
import { describe, expect, test } from "vitest";

import { FakeEdge } from "../fake-edge.ts";
import { statusOf } from "../protobuf-bytes.ts";
import { json, protobuf, signalRequests } from "./otlp-requests.ts";

const paths = signalRequests.map(({ path }) => path);

describe("transport", () => {
  test.each(paths)("H1: %s takes POST only", async (path) => {
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
      expect((await new FakeEdge().request(path, { method })).status).toBe(405);
    expect((await new FakeEdge().post(path, protobuf, "")).status).toBe(200);
  });

  test.each(signalRequests)("H2: $path is served, with or without a query", async (request) => {
    const edge = new FakeEdge();
    expect((await edge.post(request.path, protobuf, request.bytes)).status).toBe(200);
    expect((await edge.post(`${request.path}?a=b`, protobuf, request.bytes)).status).toBe(200);
    expect(edge.sends).toHaveLength(2);
  });

  test.each([
    "/v1development/profiles",
    "/v1/profiles",
    "/v1/traces/",
    "/V1/traces",
    "//v1/traces",
  ])("H2: %s is 404: profiles are not taken, and paths are exact", async (path) => {
    const response = await new FakeEdge().post(path, json, "{}");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 12 });
  });

  test.each(signalRequests)("H3: the body of $path is its own request message", async (request) => {
    const edge = new FakeEdge();
    expect((await edge.post(request.path, protobuf, request.bytes)).status).toBe(200);
    const topics = {
      "/v1/traces": "otlp_spans",
      "/v1/metrics": "otlp_metrics",
      "/v1/logs": "otlp_logs",
    };
    expect(edge.sent[0]).toMatchObject({ topic: topics[request.path], items: 1 });
  });

  test.each(signalRequests)(
    "H4: $path takes protobuf and JSON, by Content-Type",
    async (request) => {
      const edge = new FakeEdge();
      expect((await edge.post(request.path, protobuf, request.bytes)).status).toBe(200);
      expect((await edge.post(request.path, json, request.text)).status).toBe(200);
      expect(edge.sent.map(({ items }) => items)).toEqual([1, 1]);
      // The other's bytes are malformed: nothing is guessed from the content.
      expect((await edge.post(request.path, protobuf, request.text)).status).toBe(400);
      expect((await edge.post(request.path, json, request.bytes)).status).toBe(400);
    },
  );

  test.each(["GET", "PUT", "DELETE"])("H5: %s is 405 with Allow: POST", async (method) => {
    const response = await new FakeEdge().request("/v1/traces", { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test.each(["text/plain", "application/grpc", "application/x-protobuffer", "json", ""])(
    "H6: the content type '%s' is 415 with Accept",
    async (contentType) => {
      const response = await new FakeEdge().post("/v1/traces", contentType, "x");
      const accept = response.headers.get("accept");
      expect([response.status, accept]).toEqual([415, `${protobuf}, ${json}`]);
    },
  );

  test("H6: a missing content type is 415 with Accept", async () => {
    const body = new Uint8Array(1);
    const response = await new FakeEdge().request("/v1/logs", { method: "POST", body });
    expect([response.status, response.headers.get("accept")]).toEqual([
      415,
      `${protobuf}, ${json}`,
    ]);
  });

  test("H7: 404, 405 and 415 have a Status for a body, in JSON when the encoding is unknown", async () => {
    const edge = new FakeEdge();
    const unknown = [
      await edge.post("/nowhere", "text/plain", "x"),
      await edge.request("/v1/traces"),
      await edge.post("/v1/traces", "text/plain", "x"),
    ];
    for (const response of unknown) {
      expect(response.headers.get("content-type")).toBe(json);
      expect(await response.json()).toMatchObject({ message: expect.any(String) });
    }
    const known = await edge.post("/nowhere", protobuf, "x");
    expect(statusOf(await known.bytes()).code).toBe(12);
  });

  test.each(paths)("H8: the empty POST with which a sender checks %s is 200", async (path) => {
    const edge = new FakeEdge();
    expect((await edge.post(path, protobuf, "")).status).toBe(200);
    expect((await edge.post(path, json, "{}")).status).toBe(200);
    const bare = await edge.request(path, {
      method: "POST",
      headers: { "content-type": protobuf },
    });
    expect(bare.status).toBe(200);
  });
});
