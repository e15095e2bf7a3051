import { describe, expect, test } from "vitest";

import { readTraceparent } from "../../../schemas/trace-context.ts";
import { FakeEdge } from "../fake-edge.ts";

const endpoint = "http://collector:4318/v1/traces";
const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const sampled = `00-${traceId}-${spanId}-01`;
const unsampled = `00-${traceId}-${spanId}-00`;

type Posted = { readonly url: string; readonly init: RequestInit };

const depth = JSON.stringify({
  venue: "binance-spot",
  messages: [
    { message: { e: "depthUpdate", E: 1, s: "BTCUSDT", U: 1, u: 2, b: [["1.5", "2"]], a: [] } },
  ],
});

type Rig = {
  readonly environment?: { readonly [name: string]: string };
  readonly random?: number;
  readonly answer?: () => Promise<Response>;
};

const rig = ({ environment = {}, random = 0.5, answer }: Rig) => {
  const posted: Posted[] = [];
  const fake = new FakeEdge(environment, true, {
    random: () => random,
    fetch: (url, init) => {
      posted.push({ url, init });
      return answer?.() ?? Promise.resolve(new Response("{}"));
    },
  });
  const send = async (headers: { readonly [name: string]: string } = {}): Promise<void> => {
    const response = await fake.post("/v1/depth", "application/json", depth, headers);
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  };
  const tracing = async (): Promise<unknown> => {
    const response = await fake.request("/status");
    return ((await response.json()) as { tracing: unknown }).tracing;
  };
  const traceparent = (): string => fake.sends[0]?.head.traceparent ?? "";
  return { fake, posted, send, tracing, traceparent };
};

type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
};
type Request = { readonly resourceSpans: { readonly scopeSpans: { readonly spans: Span[] }[] }[] };

const spansOf = ({ init }: Posted): readonly Span[] =>
  (JSON.parse(init.body as string) as Request).resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans);

describe("a traced request", () => {
  test("is off by default: nothing is marked, whatever the sender says", async () => {
    const { send, posted, tracing, traceparent } = rig({});
    await send({ traceparent: sampled });
    expect(traceparent()).toBe("");
    expect(posted).toEqual([]);
    expect(await tracing()).toBeNull();
  });

  test("continues its sender's trace: receive, forward below it, records below that", async () => {
    const { fake, send, posted, traceparent } = rig({
      environment: { TRACE_ENDPOINT: endpoint, TRACE_AUTHORIZATION: "Bearer x" },
    });
    await send({ traceparent: sampled });
    await Promise.all(fake.background);
    const [post] = posted;
    expect(post?.url).toBe(endpoint);
    expect(post?.init.headers).toEqual({
      "content-type": "application/json",
      authorization: "Bearer x",
    });
    const [receive, forward] = post === undefined ? [] : spansOf(post);
    expect(receive).toMatchObject({ traceId, parentSpanId: spanId, name: "weir.receive", kind: 2 });
    expect(forward).toMatchObject({
      traceId,
      parentSpanId: receive?.spanId,
      name: "weir.forward",
      kind: 4,
    });
    expect(readTraceparent(traceparent())).toEqual({
      traceId,
      spanId: forward?.spanId,
      isSampled: true,
    });
    expect(Number(forward?.startTimeUnixNano)).toBeGreaterThanOrEqual(
      Number(receive?.startTimeUnixNano),
    );
    expect(receive?.endTimeUnixNano).toMatch(/^1700000000000000000$/);
  });

  test("is begun for a share of the others, in the trace of a sender that has one", async () => {
    const environment = { TRACE_RATE: "0.25", TRACE_ENDPOINT: endpoint };
    const below = rig({ environment, random: 0.24 });
    await below.send();
    const context = readTraceparent(below.traceparent());
    expect(context?.isSampled).toBe(true);
    await Promise.all(below.fake.background);
    expect(below.posted.flatMap(spansOf)[0]).toMatchObject({
      traceId: context?.traceId,
      parentSpanId: "",
    });
    const known = rig({ environment, random: 0.24 });
    await known.send({ traceparent: unsampled });
    expect(readTraceparent(known.traceparent())?.traceId).toBe(traceId);
    const above = rig({ environment, random: 0.25 });
    await above.send({ traceparent: unsampled });
    expect(above.traceparent()).toBe("");
    expect(above.posted).toEqual([]);
    expect(await above.tracing()).toMatchObject({ sampled: 0, continued: 0 });
  });

  test("marks its records without an endpoint, and sends no spans", async () => {
    const { fake, send, posted, traceparent } = rig({ environment: { TRACE_RATE: "1" } });
    await send();
    await Promise.all(fake.background);
    expect(traceparent()).not.toBe("");
    expect(posted).toEqual([]);
  });

  test("is never one with telemetry, which would trace itself", async () => {
    const { fake, posted } = rig({ environment: { TRACE_RATE: "1", TRACE_ENDPOINT: endpoint } });
    await fake.post("/v1/traces", "application/json", '{"resourceSpans":[]}');
    await Promise.all(fake.background);
    expect(posted).toEqual([]);
  });
});

describe("spans of the edge whose receiver is slow or dead", () => {
  const environment = { TRACE_RATE: "1", TRACE_ENDPOINT: endpoint };

  test("are counted as failed and cost the sender nothing", async () => {
    const dead = rig({ environment, answer: () => Promise.reject(new Error("refused")) });
    await dead.send();
    const busy = rig({
      environment,
      answer: () => Promise.resolve(new Response("", { status: 503 })),
    });
    await busy.send();
    for (const { fake, tracing } of [dead, busy]) {
      await Promise.all(fake.background);
      expect(await tracing()).toMatchObject({ sampled: 1, sent: 0, failed: 1, inFlight: 0 });
    }
  });

  test("are dropped when too many sends are under way", async () => {
    const silent = rig({ environment, answer: () => new Promise(() => undefined) });
    for (let i = 0; i < 20; i += 1) await silent.send();
    expect(silent.posted).toHaveLength(16);
    expect(await silent.tracing()).toMatchObject({ sampled: 20, dropped: 4, inFlight: 16 });
    const text = await (await silent.fake.request("/metrics")).text();
    expect(text).toContain('weir_edge_traces_total{count="dropped"} 4');
  });
});

describe("settings of tracing", () => {
  test.each([
    [{ TRACE_RATE: "1.5" }, "TRACE_RATE: expected a number from 0 to 1"],
    [{ TRACE_ENDPOINT: "collector:4318" }, "TRACE_ENDPOINT: expected an http or https address"],
  ])("%j are refused", (environment, message) => {
    expect(() => new FakeEdge(environment)).toThrow(message);
  });
});
