// Traced records through the real engine, threads and all, into a strict OTLP receiver: one
// connected trace for each, times nested and monotonic.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { eventRuleDefaults } from "../../../engine/export/event-rule.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { type Engine, startEngine } from "../../../engine/host/engine.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { traceSlots } from "../../../engine/trace/trace-layout.ts";
import { depthKind } from "../../../schemas/market/depth-item.ts";
import { depthItemOf, DepthMessage } from "../../../schemas/market/depth-message.ts";
import { FrameWriter } from "../../../schemas/market/frame.ts";
import { sampledTraceparent } from "../../../schemas/trace-context.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../../otlp-receiver.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { until } from "../../until.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-traced-"));
const mix = await createTransactionMix({ seed: runSeed("traced engine"), count: 200 });
const parentSpanId = "b7ad6b7169203331";

let receiver: OtlpReceiver;
let engine: Engine;
let log: EventLog;
let traces = 0;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  engine = await startEngine({
    log: { directory: folder, port: 0 },
    runId: "traced-test",
    exports: {
      eventTopic: false,
      eventEndpoint: "",
      traceEndpoint: receiver.url,
      eventRule: () => eventRuleDefaults,
    },
  });
  log = await openLog({ directory: folder });
});

afterAll(async () => {
  await log.close();
  await engine.stop(60_000);
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const counts = () => takeSnapshot(engine.memory, engine.lanes).counts;

/** Appends a record in a trace of its own; resolves with the spans of it that arrive. */
const traced = async (topic: string, value: Uint8Array): Promise<readonly ReceivedSpan[]> => {
  traces += 1;
  const traceId = traces.toString(16).padStart(32, "a");
  const headers = { traceparent: sampledTraceparent(traceId, parentSpanId) };
  await log.append([{ topic, partition: 1, key: null, value, headers, timestampMs: Date.now() }]);
  const found = () => receiver.spans.filter((span) => span.traceId === traceId);
  await until(() => found().some(({ name }) => name === "weir.consume"), "the trace arrives");
  await until(() => counts().spansWaiting === 0, "all of it");
  return found();
};

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const span = spans.find((one) => one.name === name);
  if (span === undefined) throw new Error(`no span ${name}`);
  return span;
};

/** One consumer span below the edge's, all others inside it, each stage where the last one ended. */
const checkShape = (spans: readonly ReceivedSpan[], stages: readonly string[]): void => {
  expect(receiver.faults).toEqual([]);
  const whole = named(spans, "weir.consume");
  expect(whole).toMatchObject({ parentSpanId, kind: 5, service: "weir-engine" });
  const inner = spans.filter((span) => span !== whole);
  expect(inner.every((span) => span.parentSpanId === whole.spanId)).toBe(true);
  expect(inner.map(({ name }) => name)).toEqual(stages);
  let from = whole.startNs;
  for (const span of inner) {
    expect(span.startNs).toBe(from);
    from = span.endNs;
  }
  expect(whole.endNs).toBe(from);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
};

const handedOff = [
  "weir.ingest",
  "weir.ring",
  "weir.prefilter",
  "weir.extract",
  "weir.secure",
  "weir.handoff",
  "weir.egress",
];

describe("a traced record in the running engine", () => {
  it("of one transaction is a span for each stage, to the log's acknowledgement", async () => {
    const shapes = new Set<string>();
    const all = mix
      .slice(0, 20)
      .map(({ wire }) => traced("weir-transactions", transactionFrame([wire])));
    for (const spans of await Promise.all(all)) {
      const names = spans.map(({ name }) => name).filter((name) => name !== "weir.consume");
      shapes.add(names.join(" "));
      checkShape(spans, handedOff.slice(0, names.length));
      const last = spans.find(({ name }) => name === names.at(-1));
      const isRefused = names.length < handedOff.length;
      expect(last?.attributes["weir.reason"] !== undefined).toBe(isRefused);
      expect(named(spans, "weir.consume").attributes).toMatchObject({
        "weir.topic": "weir-transactions",
        "weir.partition": "1",
        "weir.items": "1",
      });
    }
    // The mix has both: some are handed off, most are refused by the prefilter.
    expect(shapes).toContain(handedOff.join(" "));
    expect(shapes).toContain(handedOff.slice(0, 3).join(" "));
    expect(counts().tracesIncomplete).toBe(0);
  });

  it("of many transactions follows the first few, and says how many there were", async () => {
    const spans = await traced("weir-transactions", transactionFrame(mix.map(({ wire }) => wire)));
    const items = new Set(spans.flatMap(({ attributes }) => attributes["weir.item"] ?? []));
    expect(items).toEqual(new Set(["0", "1", "2", "3"]));
    expect(named(spans, "weir.consume").attributes["weir.items"]).toBe(String(mix.length));
    const whole = named(spans, "weir.consume");
    for (const span of spans) {
      expect(span.startNs).toBeGreaterThanOrEqual(whole.startNs);
      expect(span.endNs).toBeLessThanOrEqual(whole.endNs);
    }
  });

  it("of depth is a span of the book", async () => {
    const message = new DepthMessage();
    message.venue = 1;
    message.symbol = "BTCUSDT";
    message.kind = depthKind.delta;
    message.firstId = 1;
    message.lastId = 2;
    const item = depthItemOf(message);
    if (typeof item === "number") throw new Error(`no depth item: ${item}`);
    const frame = new FrameWriter();
    frame.tryWrite(item);
    const spans = await traced("weir-depth", frame.frame().slice());
    checkShape(spans, ["weir.ingest", "weir.ring", "weir.book"]);
  });

  it("is whole also of a record that cannot be read", async () => {
    const spans = await traced("weir-transactions", Uint8Array.of(1, 2, 3));
    checkShape(spans, ["weir.ingest", "weir.ring"]);
    const short = transactionFrame([Uint8Array.of(1)]);
    checkShape(await traced("weir-transactions", short), handedOff.slice(0, 3));
  });

  it("costs others nothing: more than there are slots for go untraced, and are counted", async () => {
    const before = counts();
    const record = {
      topic: "weir-transactions",
      partition: 2,
      key: null,
      value: transactionFrame(mix.slice(0, 2).map(({ wire }) => wire)),
      headers: { traceparent: sampledTraceparent("c".repeat(32), parentSpanId) },
      timestampMs: 1,
    };
    const records = Array.from({ length: 20 * traceSlots }, () => record);
    await log.append(records);
    await until(
      () => counts().foreignTransactions - before.foreignTransactions === 2 * records.length,
      "all are handled",
    );
    const { traced: slots, tracesFull } = counts();
    expect(slots - before.traced + tracesFull - before.tracesFull).toBe(records.length);
    expect(tracesFull).toBeGreaterThan(0);
    await until(() => counts().spansWaiting === 0, "spans are sent");
    expect(counts()).toMatchObject({ spansFailed: 0, spansFull: 0, tracesIncomplete: 0 });
  });

  it("is not traced when its header is none, or says that it is not sampled", async () => {
    const { traced: before } = counts();
    const headersOf = [
      {},
      { traceparent: "nonsense" },
      { traceparent: `00-${"c".repeat(32)}-${parentSpanId}-00` },
    ];
    const value = transactionFrame(mix.slice(0, 1).map(({ wire }) => wire));
    const { foreignTransactions } = counts();
    for (const headers of headersOf) {
      const place = { topic: "weir-transactions", partition: 3, key: null };
      await log.append([{ ...place, value, headers, timestampMs: 1 }]);
    }
    await until(() => counts().foreignTransactions === foreignTransactions + 3, "handled");
    expect(counts().traced).toBe(before);
  });
});
