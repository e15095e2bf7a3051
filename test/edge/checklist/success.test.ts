// Checklist P: success and partial success.
import { describe, expect, test } from "vitest";

import { Rejections } from "../../../edge/metrics/rejections.ts";
import { successResponse } from "../../../edge/respond/success-response.ts";
import { FakeEdge } from "../fake-edge.ts";
import { field, fieldsOf, number, statusOf } from "../protobuf-bytes.ts";
import { refusedOf } from "../refused.ts";
import { json, protobuf, requestOf, signalRequests, spanBytes } from "./otlp-requests.ts";

const responseBytesMax = 1 << 20;
const paths = signalRequests.map(({ path }) => path);

/** One attribute more than fits in each kind of item. */
const limits = { ATTRIBUTES_MAX: "2" };
const keys = ["a", "b", "c"];
const attributesJson = keys.map((key) => ({ key, value: { intValue: 1 } }));
const attributes = (tag: number): Uint8Array =>
  new Uint8Array(
    Buffer.concat(keys.map((key) => field(tag, field(1, key), field(2, number(3, 1))))),
  );

const crowded = {
  "/v1/traces": requestOf(spanBytes(), spanBytes(attributes(9)), spanBytes()),
  "/v1/metrics": requestOf(
    new Uint8Array(Buffer.concat([field(1, "m"), field(5, field(1, number(8, 0)))])),
    new Uint8Array(
      Buffer.concat([
        field(1, "n"),
        field(5, field(1, number(8, 0)), field(1, attributes(7)), field(1, number(8, 0))),
      ]),
    ),
  ),
  "/v1/logs": requestOf(field(3, "INFO"), attributes(6)),
} as const;

const rejectedCounts = { "/v1/traces": 1, "/v1/metrics": 3, "/v1/logs": 1 } as const;
const rejectedNames = {
  "/v1/traces": "rejectedSpans",
  "/v1/metrics": "rejectedDataPoints",
  "/v1/logs": "rejectedLogRecords",
} as const;

const partialOf = async (response: Response): Promise<{ code: unknown; message: string }> => {
  const [partial] = fieldsOf(await response.bytes());
  expect(partial?.tag).toBe(1);
  return statusOf(partial?.value as Uint8Array);
};

describe("success", () => {
  test.each(signalRequests)(
    "P1: full success at $path is an empty message or {}",
    async (request) => {
      const edge = new FakeEdge();
      const binary = await edge.post(request.path, protobuf, request.bytes);
      expect([binary.status, (await binary.bytes()).byteLength]).toEqual([200, 0]);
      const text = await edge.post(request.path, json, request.text);
      expect([text.status, await text.text()]).toEqual([200, "{}"]);
    },
  );

  test.each(paths)(
    "P2: nothing at all, and envelopes around nothing, succeed at %s",
    async (path) => {
      const edge = new FakeEdge();
      for (const body of ["", field(1), field(1, field(2)), field(1, field(1), field(2, field(1)))])
        expect((await edge.post(path, protobuf, body)).status).toBe(200);
      const key = {
        "/v1/traces": "resourceSpans",
        "/v1/metrics": "resourceMetrics",
        "/v1/logs": "resourceLogs",
      }[path];
      for (const body of ["{}", `{"${key}":[]}`, `{"${key}":[{}]}`, `{"${key}":null}`])
        expect((await edge.post(path, json, body)).status).toBe(200);
      expect(edge.sends).toHaveLength(0);
    },
  );

  test.each(paths)("P3: at %s what was rejected is counted and said in English", async (path) => {
    const edge = new FakeEdge(limits);
    const response = await edge.post(path, protobuf, crowded[path]);
    expect(response.status).toBe(200);
    const { code, message } = await partialOf(response);
    expect(code).toBe(rejectedCounts[path]);
    expect(message).toMatch(
      /rejected: \d x too-many-attributes \(first: item 1: .* than ATTRIBUTES_MAX=2\)$/,
    );
    expect(edge.sends).toHaveLength(1);
    const findings = refusedOf({ records: edge.sent }).flatMap(({ head }) => head.findings);
    expect(findings).toEqual([
      expect.objectContaining({
        id: "too-many-attributes",
        message: expect.stringMatching(/ than ATTRIBUTES_MAX=2$/) as string,
      }),
    ]);
  });

  test("P3: a request that is over a limit as a whole is told which and how much", async () => {
    const resource = field(1, attributes(1));
    const response = await new FakeEdge(limits).post("/v1/logs", protobuf, field(1, resource));
    expect(response.status).toBe(400);
    expect(statusOf(await response.bytes()).message).toMatch(
      / than ATTRIBUTES_MAX=2, at byte \d+$/,
    );
  });

  test("P3: in JSON the count is the signal's field, as a decimal string", async () => {
    const bodies = {
      "/v1/traces": {
        resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: attributesJson }] }] }],
      },
      "/v1/metrics": {
        resourceMetrics: [
          {
            scopeMetrics: [
              { metrics: [{ gauge: { dataPoints: [{}, { attributes: attributesJson }, {}] } }] },
            ],
          },
        ],
      },
      "/v1/logs": {
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: attributesJson }] }] }],
      },
    } as const;
    for (const path of paths) {
      const response = await new FakeEdge(limits).post(path, json, JSON.stringify(bodies[path]));
      const { partialSuccess } = (await response.json()) as { partialSuccess: object };
      expect(partialSuccess).toMatchObject({
        [rejectedNames[path]]: String(rejectedCounts[path]),
        errorMessage: expect.stringContaining("too-many-attributes"),
      });
    }
  });

  test("P4: a warning is partial success with nothing rejected; without one there is none", async () => {
    const rejections = new Rejections();
    const answer = (mediaType: typeof json | typeof protobuf) =>
      successResponse({ signal: "logs", mediaType, accepted: 3, rejections, responseBytesMax });
    expect((await answer(protobuf).bytes()).byteLength).toBe(0);
    rejections.warn("unknown_attribute", 2);
    expect(await partialOf(answer(protobuf))).toEqual({
      code: undefined,
      message: "warnings: 2 x unknown_attribute",
    });
    expect(await answer(json).json()).toEqual({
      partialSuccess: { errorMessage: "warnings: 2 x unknown_attribute" },
    });
  });

  test("P4: warnings stand behind what was rejected", () => {
    const rejections = new Rejections();
    rejections.add({ index: 4, reason: "too-deep", detail: "" });
    rejections.warn("unknown_attribute");
    expect(rejections.describe("spans")).toBe(
      "1 span rejected: 1 x too-deep (first: item 4); warnings: 1 x unknown_attribute",
    );
  });

  test("P5: metrics are counted by data points, and a partial success is a 200 that is not retried", async () => {
    const edge = new FakeEdge(limits);
    const response = await edge.post("/v1/metrics", protobuf, crowded["/v1/metrics"]);
    expect([response.status, response.headers.get("retry-after")]).toEqual([200, null]);
    expect(edge.edge.counters.signals.metrics.snapshot()).toMatchObject({
      in: 4,
      accepted: 1,
      rejected: { "too-many-attributes": 3 },
    });
  });

  test("P6: the message counts by reason and names the first place", async () => {
    const edge = new FakeEdge({ ATTRIBUTES_MAX: "2", KEY_BYTES_MAX: "4" });
    const longKey = field(9, field(1, "too long"), field(2, number(3, 1)));
    const body = requestOf(
      spanBytes(),
      spanBytes(longKey),
      spanBytes(attributes(9)),
      spanBytes(longKey),
    );
    const { code, message } = await partialOf(await edge.post("/v1/traces", protobuf, body));
    expect(code).toBe(3);
    expect(message).toMatch(
      /^3 spans rejected: 2 x key-too-long, 1 x too-many-attributes \(first: item 1: /,
    );
  });

  test("P7: unlike the Collector's receiver, the good items of a request with bad ones are kept", async () => {
    const edge = new FakeEdge(limits);
    await edge.post("/v1/traces", protobuf, crowded["/v1/traces"]);
    expect(edge.sent.reduce((sum, { items }) => sum + items, 0)).toBe(2);
  });
});
