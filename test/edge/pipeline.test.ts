import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { refusedOutcome, unknownOutcome } from "../../edge/forward/forward-outcome.ts";
import { transactionJson } from "./decode/solana-bytes.ts";
import { FakeEdge } from "./fake-edge.ts";
import { field, fieldsOf, statusOf } from "./protobuf-bytes.ts";

const protobuf = "application/x-protobuf";
const json = "application/json";
const market = "/v1/transactions";
const transactions = (...seeds: readonly number[]): string =>
  JSON.stringify({ transactions: seeds.map((seed) => transactionJson(seed)) });

type Counts = { readonly [name: string]: unknown };

const countsOf = (edge: FakeEdge): Counts => edge.edge.counters.signals.transactions.snapshot();

/** Lets promise reactions run. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
};

describe("a request that cannot be served", () => {
  test("at an unknown path is 404 with a Status in its own encoding", async () => {
    const edge = new FakeEdge();
    const asJson = await edge.post("/v1/nothing?x=1", json, "{}");
    expect(asJson.status).toBe(404);
    expect(await asJson.json()).toMatchObject({ code: 12 });
    const asProtobuf = await edge.post("/v1/nothing", protobuf, "");
    expect(asProtobuf.headers.get("content-type")).toBe(protobuf);
    expect(statusOf(await asProtobuf.bytes())).toMatchObject({ code: 12 });
  });

  test.each(["GET", "PUT", "DELETE", "HEAD"])("by %s is 405 with Allow", async (method) => {
    const response = await new FakeEdge().request("/v1/traces", { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("by POST at a page is 405 with Allow: GET, HEAD", async () => {
    const response = await new FakeEdge().post("/status", json, "{}");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test.each([
    ["/v1/traces", "text/plain", `${protobuf}, ${json}`],
    ["/v1/logs", "application/x-weir-frames", `${protobuf}, ${json}`],
    [market, protobuf, `${json}, application/x-weir-frames`],
  ])("with another media type at %s is 415 with Accept", async (path, contentType, accept) => {
    const response = await new FakeEdge().post(path, contentType, "x");
    expect([response.status, response.headers.get("accept")]).toEqual([415, accept]);
  });

  test("without a content type is 415 in JSON", async () => {
    const body = new Uint8Array(1);
    const response = await new FakeEdge().request("/v1/traces", { method: "POST", body });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: 3 });
  });

  test("in an unknown coding is 400", async () => {
    const headers = { "content-encoding": "br" };
    const response = await new FakeEdge().post("/v1/traces", protobuf, "x", headers);
    expect(response.status).toBe(400);
    expect(statusOf(await response.bytes()).message).toContain("br");
  });

  test("above the body limit is 413, inflated too, in the request's encoding", async () => {
    const edge = new FakeEdge({ BODY_BYTES_MAX: "2000" });
    const large = await edge.post("/v1/traces", protobuf, new Uint8Array(2001));
    expect(large.status).toBe(413);
    expect(statusOf(await large.bytes())).toMatchObject({ code: 8 });
    const bomb = gzipSync(new Uint8Array(50_000));
    const inflated = await edge.post("/v1/traces", json, bomb, { "content-encoding": "gzip" });
    expect(inflated.status).toBe(413);
    expect(await inflated.json()).toMatchObject({ code: 8 });
    expect(edge.sends).toHaveLength(0);
  });

  test("with a malformed body is 400 and sends nothing", async () => {
    const edge = new FakeEdge();
    expect((await edge.post(market, json, "{")).status).toBe(400);
    expect((await edge.post("/v1/traces", protobuf, "\x0a\x05")).status).toBe(400);
    expect(edge.sends).toHaveLength(0);
  });
});

describe("HEAD", () => {
  test.each(["/livez", "/openapi.json", "/status", "/metrics"])(
    "at %s is answered as GET is",
    async (path) => {
      const edge = new FakeEdge();
      const [head, get] = await Promise.all(
        ["HEAD", "GET"].map((method) => edge.request(path, { method })),
      );
      expect(head?.status).toBe(200);
      expect(head?.headers.get("content-type")).toBe(get?.headers.get("content-type"));
    },
  );
});

describe("authentication", () => {
  test("comes before the body, on every ingest route and on /status", async () => {
    const edge = new FakeEdge({ API_KEYS: "key" });
    for (const path of ["/v1/traces", "/v1/metrics", "/v1/logs"]) {
      const response = await edge.post(path, protobuf, "malformed");
      expect(response.status).toBe(401);
      expect(statusOf(await response.bytes())).toMatchObject({ code: 16 });
    }
    expect((await edge.post(market, json, "{")).status).toBe(401);
    expect((await edge.post("/v1/depth", json, "{")).status).toBe(401);
    expect((await edge.request("/status")).status).toBe(401);
    expect((await edge.request("/livez")).status).toBe(200);
  });

  test("with a key the request is served", async () => {
    const edge = new FakeEdge({ API_KEYS: "key" });
    const response = await edge.post(market, json, transactions(1), {
      authorization: "Bearer key",
    });
    expect(response.status).toBe(200);
    expect(edge.sends[0]?.head.tenant).toBe("default");
  });
});

describe("the 200", () => {
  test("is sent only after the log has acknowledged", async () => {
    const edge = new FakeEdge({}, false);
    let isAnswered = false;
    const response = edge.post(market, json, transactions(1)).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await settle();
    expect([edge.sends.length, isAnswered]).toEqual([1, false]);
    expect(countsOf(edge)).toMatchObject({ in: 1, accepted: 0, inFlight: 1 });
    edge.sends[0]?.answer({ code: "acknowledged" });
    expect((await response).status).toBe(200);
    expect(countsOf(edge)).toMatchObject({ in: 1, accepted: 1, inFlight: 0 });
  });

  test("names what was rejected among what was accepted", async () => {
    const edge = new FakeEdge();
    const entries = [transactionJson(1), { transaction: "AAAA" }, transactionJson(2)];
    const body = JSON.stringify({ transactions: entries });
    const response = await edge.post(market, json, body);
    expect(response.status).toBe(200);
    const reason = "malformed: signature count differs from the header or is zero";
    expect(await response.json()).toEqual({
      accepted: 2,
      rejected: 1,
      reasons: { [reason]: 1 },
      first: [{ index: 1, reason, detail: "" }],
    });
    expect(countsOf(edge)).toMatchObject({ in: 3, accepted: 2, rejected: { [reason]: 1 } });
  });

  test("has the encoding of an OTLP request, and partial success when something was rejected", async () => {
    const edge = new FakeEdge();
    const tooLarge =
      "1 span rejected: 1 x too-large (first: item 1: larger than a record can hold, 1044480 bytes)";
    const good = { traceId: "01".repeat(16), name: "x" };
    const huge = { ...good, name: "x".repeat(1_100_000) };
    const body = (...spans: readonly unknown[]): string =>
      JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const full = await edge.post("/v1/traces", json, body(good));
    expect([full.status, full.headers.get("content-type")]).toEqual([200, json]);
    expect(await full.json()).toEqual({});
    const partial = await edge.post("/v1/traces", json, body(good, huge, good));
    expect(partial.status).toBe(200);
    expect(await partial.json()).toEqual({
      partialSuccess: { rejectedSpans: "1", errorMessage: tooLarge },
    });
    expect(edge.edge.counters.signals.spans.snapshot()).toMatchObject({
      in: 4,
      accepted: 3,
      rejected: { "too-large": 1 },
    });
    const huger = field(1, field(2, field(2, field(1, new Uint8Array(16)), field(5, huge.name))));
    const asProtobuf = await edge.post("/v1/traces", protobuf, huger);
    expect(asProtobuf.headers.get("content-type")).toBe(protobuf);
    const [partialSuccess] = fieldsOf(await asProtobuf.bytes());
    expect(partialSuccess?.tag).toBe(1);
    expect(statusOf(partialSuccess?.value as Uint8Array)).toEqual({
      code: 1,
      message: tooLarge.replace("item 1", "item 0"),
    });
    const empty = await edge.post("/v1/traces", protobuf, "");
    expect([empty.status, (await empty.bytes()).byteLength]).toEqual([200, 0]);
  });

  test("needs no send when nothing was good", async () => {
    const edge = new FakeEdge();
    const response = await edge.post(market, json, JSON.stringify({ transactions: [{}] }));
    expect(await response.json()).toMatchObject({ accepted: 0, rejected: 1 });
    expect(edge.sends).toHaveLength(0);
  });

  test("carries gzip bodies like plain ones", async () => {
    const edge = new FakeEdge();
    const headers = { "content-encoding": "gzip" };
    const response = await edge.post(market, json, gzipSync(transactions(1, 2)), headers);
    expect(await response.json()).toMatchObject({ accepted: 2 });
  });
});

describe("when the log does not acknowledge", () => {
  test.each([
    ["unavailable", "unavailable", { unavailable: 2 }, 0],
    ["overloaded", "overloaded", { overloaded: 2 }, 0],
  ] as const)(
    "%s is 503 with Retry-After, counted as refused",
    async (_what, code, rejected, n) => {
      const edge = new FakeEdge({ RETRY_AFTER_S: "7" }, false);
      const response = edge.post(market, json, transactions(1, 2));
      await settle();
      const [send] = edge.sends;
      send?.answer(refusedOutcome(code, "down", send.records.length));
      const answer = await response;
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "7"]);
      expect(await answer.json()).toEqual({ code: 14, message: "down" });
      expect(countsOf(edge)).toMatchObject({ in: 2, accepted: 0, rejected, unconfirmed: n });
    },
  );

  test("a send without an answer is 503, counted as unconfirmed", async () => {
    const edge = new FakeEdge({}, false);
    const response = edge.post(market, json, transactions(1));
    await settle();
    edge.sends[0]?.answer(unknownOutcome("lost", 1));
    expect((await response).status).toBe(503);
    expect(countsOf(edge)).toMatchObject({ in: 1, unconfirmed: 1, inFlight: 0 });
  });

  test("a part that was acknowledged counts as accepted, though the request is 503", async () => {
    const edge = new FakeEdge({}, false);
    const seeds = Array.from({ length: 30 }, (_, seed) => seed);
    const response = edge.post(market, json, transactions(...seeds));
    await settle();
    const [send] = edge.sends;
    const records = send?.records ?? [];
    const states = new Uint8Array(records.length).fill(1);
    states[0] = 2;
    send?.answer({ code: "unavailable", message: "down", states });
    expect((await response).status).toBe(503);
    const unavailable = records[0]?.items ?? 0;
    const accepted = 30 - unavailable;
    expect(countsOf(edge)).toMatchObject({ in: 30, accepted, rejected: { unavailable } });
  });

  test("the work goes on in the background when the client leaves", async () => {
    const edge = new FakeEdge({}, false);
    void edge.post(market, json, transactions(1));
    await settle();
    expect(edge.background).toHaveLength(1);
    edge.sends[0]?.answer({ code: "acknowledged" });
    await edge.background[0];
    expect(countsOf(edge)).toMatchObject({ accepted: 1, inFlight: 0 });
  });
});

test("an exception inside is 500 with a Status, not a crash", async () => {
  const edge = new FakeEdge();
  edge.edge.forwarder.send = () => {
    throw new Error("boom");
  };
  const response = await edge.post(market, json, transactions(1));
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ code: 13, message: "boom" });
});

test("status shows counters by signal, requests by status and the forwarder", async () => {
  const edge = new FakeEdge();
  await edge.post(market, json, transactions(1));
  await edge.request("/nowhere");
  const status = await (await edge.request("/status")).json();
  expect(status).toMatchObject({
    signals: {
      transactions: { in: 1, accepted: 1, unconfirmed: 0, inFlight: 0 },
      spans: { in: 0 },
    },
    requests: { "200": 1, "404": 1 },
    forwarder: { log: "fake" },
  });
});
