import { afterEach, describe, expect, it } from "vitest";

import { Application, spansPerRequest } from "../../../engine/feed/application.ts";
import { Seeded } from "../../../engine/feed/seeded.ts";
import {
  createTelemetry,
  listenToSdk,
  newTelemetryTotals,
} from "../../../engine/feed/telemetry-sdk.ts";
import { logWord, spanWord } from "../../../schemas/otlp/record-layout.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../../schemas/otlp/signal-scan.ts";
import { fakeClock } from "./fake-clock.ts";
import { type Posted, type StubAnswer, type StubEdge, startStubEdge } from "./stub-edge.ts";

let edge: StubEdge | null = null;
afterEach(async () => {
  await edge?.close();
  edge = null;
});

type Run = {
  readonly requests: number;
  readonly seed: number;
  readonly answer?: (posted: Posted) => StubAnswer;
};

const run = async ({ requests, seed, answer }: Run) => {
  const stub = await startStubEdge(answer);
  edge = stub;
  const totals = newTelemetryTotals();
  const notes: string[] = [];
  listenToSdk(totals, (text) => notes.push(text));
  const common = { edgeUrl: stub.url, apiKey: "secret", totals, exportMs: 50 };
  const ids = new Seeded(seed);
  const workflows = createTelemetry({
    ...common,
    ids,
    service: "workflow-engine",
    traceEncoding: "protobuf",
  });
  const inventory = createTelemetry({
    ...common,
    ids,
    service: "inventory",
    traceEncoding: "json",
  });
  const clock = fakeClock();
  const application = new Application({
    workflows,
    inventory,
    random: new Seeded(seed),
    sleepMs: clock.sleepMs,
    nowMs: () => Number(clock.nowNs()) / 1e6,
  });
  for (let i = 0; i < requests; i += 1) await application.serve();
  await Promise.all([workflows.shutdown(), inventory.shutdown()]);
  return { totals, posted: stub.posted, notes };
};

type JsonSpan = { traceId: string; parentSpanId: string; name: string };
type JsonTraces = { resourceSpans: { scopeSpans: { spans: JsonSpan[] }[] }[] };

const spansIn = (posted: StubEdge["posted"]) => {
  const scan = createTraceScan();
  const text = (from: number, to: number) => Buffer.from(scan.bytes.subarray(from, to));
  return posted
    .filter(({ headers, path }) => path === "/v1/traces" && /proto/.test(headers["content-type"]!))
    .flatMap(({ body }) => {
      expect(scan.scan(body, 0, body.length)).toBe(0);
      return Array.from({ length: scan.count }, (_, i) => {
        const at = (word: number): number => scan.records[i * scan.layout.stride + word] as number;
        return {
          name: text(at(spanWord.nameStart), at(spanWord.nameEnd)).toString(),
          traceId: text(at(spanWord.traceIdAt), at(spanWord.traceIdAt) + 16).toString("hex"),
          isRoot: at(spanWord.parentSpanIdAt) === 0,
          isError: at(spanWord.statusCode) === 2,
        };
      });
    });
};

const jsonSpansIn = (posted: StubEdge["posted"]): JsonSpan[] =>
  posted
    .filter(({ headers, path }) => path === "/v1/traces" && /json/.test(headers["content-type"]!))
    .flatMap(({ body }) => (JSON.parse(body.toString()) as JsonTraces).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans);

describe("the application", () => {
  it("exports every span it made, in protobuf and JSON, and counts them honestly", async () => {
    const { totals, posted } = await run({ requests: 300, seed: 1 });
    const own = spansIn(posted);
    const others = jsonSpansIn(posted);
    expect(totals.spans.sent).toBe(own.length + others.length);
    expect(totals.spans).toMatchObject({ accepted: totals.spans.sent, rejected: 0, failed: 0 });
    expect(Math.abs(totals.spans.sent / 300 - spansPerRequest)).toBeLessThan(0.5);
    expect(new Set(own.map(({ name }) => name))).toEqual(
      new Set(["POST /workflows/{name}", "workflow.execute", "task.execute", "pattern.execute"]),
    );
    expect(new Set(posted.map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer secret"]),
    );
  });

  it("makes one trace of a request over both services", async () => {
    const { posted } = await run({ requests: 20, seed: 2 });
    const roots = spansIn(posted).filter(({ isRoot }) => isRoot);
    const others = jsonSpansIn(posted);
    expect(roots).toHaveLength(20);
    expect(others).toHaveLength(20);
    expect(new Set(others.map(({ traceId }) => traceId))).toEqual(
      new Set(roots.map(({ traceId }) => traceId)),
    );
    expect(others.every(({ parentSpanId }) => parentSpanId.length === 16)).toBe(true);
  });

  it("fails in about the stated share, on every level of the trace", async () => {
    const { posted } = await run({ requests: 1000, seed: 3 });
    const failed = spansIn(posted).filter(({ isError }) => isError);
    const of = (name: string): number => failed.filter((span) => span.name === name).length;
    expect(of("workflow.execute")).toBe(of("task.execute"));
    expect(of("workflow.execute")).toBe(of("POST /workflows/{name}"));
    expect(of("workflow.execute")).toBeGreaterThan(10);
    expect(of("workflow.execute")).toBeLessThan(60);
  });

  it("exports logs with their trace, and data points", async () => {
    const { totals, posted } = await run({ requests: 50, seed: 4 });
    const logs = createLogScan();
    const metrics = createMetricScan();
    let records = 0;
    for (const { path, body } of posted) {
      if (path === "/v1/metrics") expect(metrics.scan(body, 0, body.length)).toBe(0);
      if (path !== "/v1/logs") continue;
      expect(logs.scan(body, 0, body.length)).toBe(0);
      for (let i = 0; i < logs.count; i += 1) {
        expect(logs.records[i * logs.layout.stride + logWord.traceIdAt]).toBeGreaterThan(0);
      }
      records += logs.count;
    }
    expect(totals.logs).toEqual({ sent: records, accepted: records, rejected: 0, failed: 0 });
    expect(records).toBeGreaterThanOrEqual(50);
    expect(totals.metrics.accepted).toBeGreaterThan(0);
  });

  it("does the same again with the same seed", async () => {
    const names = async (): Promise<unknown> => {
      const { posted } = await run({ requests: 30, seed: 5 });
      await edge?.close();
      edge = null;
      return spansIn(posted);
    };
    expect(await names()).toEqual(await names());
  });

  it("takes back what a partial success names as rejected", async () => {
    const json = JSON.stringify({ partialSuccess: { rejectedSpans: "2", errorMessage: "no" } });
    // partial_success = 1 {rejected = 1: 3}
    const protobuf = new Uint8Array([0x0a, 0x02, 0x08, 0x03]);
    let rejected = 0;
    const { totals } = await run({
      requests: 5,
      seed: 6,
      answer: ({ path, headers }) => {
        const type = headers["content-type"] ?? "";
        if (path !== "/v1/traces") return { status: 200, headers: { "content-type": type } };
        const isJson = /json/.test(type);
        rejected += isJson ? 2 : 3;
        return {
          status: 200,
          headers: { "content-type": type },
          body: isJson ? json : protobuf,
        };
      },
    });
    const { sent, accepted } = totals.spans;
    expect(rejected).toBeGreaterThanOrEqual(5);
    expect(totals.spans.rejected).toBe(rejected);
    expect(accepted + rejected).toBe(sent);
  });

  it("counts as failed what the edge refuses, and says why once", async () => {
    const { totals, notes } = await run({
      requests: 5,
      seed: 7,
      answer: () => ({ status: 400, body: "" }),
    });
    expect(totals.spans).toMatchObject({ accepted: 0, failed: totals.spans.sent });
    expect(notes.length).toBeGreaterThan(0);
    expect(new Set(notes).size).toBe(notes.length);
  });
});
