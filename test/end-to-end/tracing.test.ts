// One trace from the edge through the log and the engine to the handoff: the whole system as a user
// starts it, its spans in a strict OTLP receiver and in a real Collector.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, afterEach, describe, expect, it } from "vitest";

import { createTransactionMix } from "../../engine/feed/transactions.ts";
import { startCollector } from "../collector.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import { type ReceivedSpan, spansOf, startOtlpReceiver } from "../otlp-receiver.ts";
import { runSeed } from "../random.ts";
import { weir } from "./weir-process.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-tracing-"));
const mix = await createTransactionMix({ seed: runSeed("tracing"), count: 40 });
const registry = fileURLToPath(new URL("../../schemas/registry", import.meta.url));
const ports = ["--edge-port", "0", "--control-port", "0", "--log-port", "0", "--no-feed"];

let running: ReturnType<typeof weir> | null = null;
let close: (() => Promise<void>) | null = null;

afterEach(async () => {
  running?.child.kill("SIGINT");
  expect((await running?.exited)?.code).toBe(0);
  await close?.();
  [running, close] = [null, null];
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = async (name: string, args: readonly string[]): Promise<string> => {
  running = weir("up", ...ports, "--data", join(folder, name), ...args);
  const { ready } = (await running.line("ready")) as { ready: { edge: string } };
  return ready.edge;
};

const senderSpanId = "b7ad6b7169203331";

type Sent = { readonly traceId: string; readonly status: number; readonly accepted: number };

const traceIdOf = (trace: number): string => trace.toString(16).padStart(32, "b");
const isSenders = (traceId: string): boolean => traceId.startsWith("bbbb");

/** Posts in a trace of the sender's own. */
const post = async (url: string, document: object, trace: number): Promise<Sent> => {
  const traceId = traceIdOf(trace);
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      traceparent: `00-${traceId}-${senderSpanId}-01`,
    },
    body: JSON.stringify(document),
  });
  const { accepted } = (await response.json()) as { accepted: number };
  return { traceId, status: response.status, accepted };
};

const transactionsOf = (wires: readonly Uint8Array[]) => ({
  transactions: wires.map((wire) => ({ transaction: Buffer.from(wire).toString("base64") })),
});

const depth = {
  venue: "binance-spot",
  messages: [
    {
      message: {
        e: "depthUpdate",
        E: 1_700_000_000_000,
        s: "BTCUSDT",
        U: 1,
        u: 2,
        b: [["1.5", "2"]],
        a: [["1.6", "1"]],
      },
    },
  ],
};

const until = async <T>(find: () => T | undefined, what: string): Promise<T> => {
  for (let i = 0; i < 12_000; i += 1) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
};

/** The spans of a trace once both sides have sent theirs. */
const wholeTrace = (all: () => readonly ReceivedSpan[], traceId: string) =>
  until(() => {
    const own = all().filter((span) => span.traceId === traceId);
    const names = new Set(own.map(({ name }) => name));
    return names.has("weir.receive") && names.has("weir.consume") ? own : undefined;
  }, `the whole of trace ${traceId}`);

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as ReceivedSpan;
};

/** Sender > receive > forward > consume > its stages, each inside or behind the one above. */
const checkTrace = (spans: readonly ReceivedSpan[], stages: readonly string[]): void => {
  const receive = named(spans, "weir.receive");
  const forward = named(spans, "weir.forward");
  const consume = named(spans, "weir.consume");
  expect(receive).toMatchObject({ service: "weir-edge", kind: 2, parentSpanId: senderSpanId });
  expect(forward).toMatchObject({ service: "weir-edge", kind: 4, parentSpanId: receive.spanId });
  expect(consume).toMatchObject({
    service: "weir-engine",
    kind: 5,
    parentSpanId: forward.spanId,
  });
  const inner = spans.filter(({ parentSpanId }) => parentSpanId === consume.spanId);
  expect(inner.map(({ name }) => name)).toEqual(stages);
  expect(spans).toHaveLength(inner.length + 3);
  // On the edge by milliseconds: forward within receive; the engine begins after the forward does.
  expect(forward.startNs).toBeGreaterThanOrEqual(receive.startNs);
  expect(forward.endNs).toBeLessThanOrEqual(receive.endNs);
  expect(consume.startNs).toBeGreaterThanOrEqual(forward.startNs);
  let from = consume.startNs;
  for (const span of inner) {
    expect(span.startNs).toBe(from);
    from = span.endNs;
  }
  expect(consume.endNs).toBe(from);
};

const stagesOf = (spans: readonly ReceivedSpan[]): number =>
  spans.filter(({ service, name }) => service === "weir-engine" && name !== "weir.consume").length;

const handedOff = ["ingest", "ring", "prefilter", "extract", "secure", "handoff", "egress"].map(
  (stage) => `weir.${stage}`,
);

/** Sends depth and transactions until one is handed off, and checks the trace of each. */
const sendAndCheck = async (edge: string, all: () => readonly ReceivedSpan[]): Promise<void> => {
  const updated = await post(`${edge}/v1/depth`, depth, 1);
  expect(updated.status).toBe(200);
  checkTrace(await wholeTrace(all, updated.traceId), ["weir.ingest", "weir.ring", "weir.book"]);
  const sent = await Promise.all(
    mix
      .slice(0, 12)
      .map(({ wire }, i) => post(`${edge}/v1/transactions`, transactionsOf([wire]), i + 2)),
  );
  let handed = 0;
  for (const { status, traceId, accepted } of sent) {
    expect(status).toBe(200);
    // Refused by the edge: no record, so nothing beyond it.
    if (accepted === 0) continue;
    const spans = await wholeTrace(all, traceId);
    checkTrace(spans, handedOff.slice(0, stagesOf(spans)));
    if (stagesOf(spans) === handedOff.length) handed += 1;
  }
  expect(handed).toBeGreaterThan(0);
};

/** Our own registry has each of the spans, and they are as it says. */
const checkAgainstRegistry = async (bodies: readonly string[]): Promise<void> => {
  const file = join(folder, "spans.jsonl");
  writeFileSync(file, bodies.join("\n"));
  const check = weir("check", "--registry", registry, file);
  const code = (await check.exited).code;
  expect(`${code} ${JSON.stringify(check.lines)} ${check.stderr()}`).toMatch(/^0 /);
};

describe("tracing", () => {
  it("shows a transaction and a depth update as one trace each, from edge to handoff", async () => {
    const receiver = await startOtlpReceiver();
    close = receiver.close;
    const edge = await start("strict", ["--trace-endpoint", receiver.url, "--trace-rate", "0"]);
    await sendAndCheck(edge, () => receiver.spans);
    expect(receiver.faults).toEqual([]);
    await checkAgainstRegistry(receiver.bodies);
    // Not marked by its sender, and the rate is 0.
    const response = await fetch(`${edge}/v1/depth`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(depth),
    });
    expect(response.status).toBe(200);
    const status = (await (await fetch(`${edge}/status`)).json()) as { tracing: object };
    expect(status.tracing).toMatchObject({ sampled: 0, failed: 0, dropped: 0 });
    expect(receiver.spans.filter(({ traceId }) => !isSenders(traceId))).toEqual([]);
  });

  it("is read by an OpenTelemetry Collector where one is built, else by protobufjs", async () => {
    const collector = await startCollector();
    close = collector.stop;
    const endpoint = `${collector.url}/v1/traces`;
    const edge = await start("collector", ["--trace-endpoint", endpoint, "--trace-rate", "1"]);
    await sendAndCheck(edge, () => collector.taken().flatMap((request) => spansOf(request)));
  });

  it("costs nothing when its endpoint is dead: all is handled, what is lost is counted", async () => {
    const dead = "http://127.0.0.1:9/v1/traces";
    const edge = await start("dead", ["--trace-endpoint", dead, "--trace-rate", "1"]);
    for (let i = 0; i < 20; i += 1) {
      expect((await post(`${edge}/v1/depth`, depth, i + 100)).status).toBe(200);
    }
    const failed = async (): Promise<number> => {
      const status = (await (await fetch(`${edge}/status`)).json()) as {
        tracing: { failed: number };
      };
      return status.tracing.failed;
    };
    for (let i = 0; i < 12_000 && (await failed()) < 20; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await failed()).toBe(20);
  });
});

describe.skipIf(!kafkaAvailable())("tracing over Kafka (needs Java 17 and Maven)", () => {
  it("goes through the headers of Kafka's records", async () => {
    const broker = await startBroker();
    const receiver = await startOtlpReceiver();
    close = async () => {
      await receiver.close();
      await broker.close();
    };
    const kafka = ["--kafka", broker.bootstrap, "--create-topics"];
    const edge = await start("kafka", ["--trace-endpoint", receiver.url, ...kafka]);
    await sendAndCheck(edge, () => receiver.spans);
    expect(receiver.faults).toEqual([]);
  });
});
