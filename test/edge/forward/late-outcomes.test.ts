// The ledger of records that were acknowledged from an object's SQLite, and that the log found too
// large when they came to it: a real edge and storage, in front of a log of the test.
import { env, runInDurableObject } from "cloudflare:test";

import { expect, test } from "vitest";

import { readConfig } from "../../../edge/config.ts";
import { breakerLimits } from "../../../edge/forward/breaker.ts";
import type { ForwarderObject } from "../../../edge/forward/forwarder-object.ts";
import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { GroupCommit } from "../../../edge/forward/group-commit.ts";
import { LateOutcomes } from "../../../edge/forward/late-outcomes.ts";
import { rejectingSink } from "../../../edge/forward/rejecting-sink.ts";
import type { Sink, SinkRecord } from "../../../edge/forward/sink.ts";
import { Spill, type SpillStorage } from "../../../edge/forward/spill.ts";
import { type Edge, handle } from "../../../edge/pipeline.ts";
import { FakeEdge } from "../fake-edge.ts";
import { unbounded } from "./memory-spill.ts";

const { FORWARDER } = env as unknown as {
  readonly FORWARDER: DurableObjectNamespace<ForwarderObject>;
};
const { acknowledged, oversize, refused, unknown } = recordState;
const bytesMax = 1000;

/** Takes values up to `bytesMax`, but on weir-rejected; `down` names topics out of reach. */
class TestLog implements Sink {
  readonly written: SinkRecord[] = [];
  readonly down = new Set<string>();
  /** Topics that write and do not answer. */
  readonly mute = new Set<string>();

  append(records: readonly SinkRecord[]): ReturnType<Sink["append"]> {
    const states = Uint8Array.from(records, ({ topic, value }) => {
      if (this.down.has(topic)) return refused;
      if (topic !== "weir-rejected" && value.byteLength > bytesMax) return oversize;
      return this.mute.has(topic) ? unknown : acknowledged;
    });
    this.written.push(
      ...records.filter((_, at) => states[at] === acknowledged || states[at] === unknown),
    );
    const isDown = states.includes(refused) || states.includes(unknown);
    const isAll = states.every((state) => state === acknowledged);
    return Promise.resolve({ states, message: isAll ? "" : "no", isDown });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  on(topic: string): number {
    return this.written.filter((record) => record.topic === topic).length;
  }
}

/** One instance of the object's parts, and the Worker before it. */
class System {
  readonly commit: GroupCommit;
  readonly edge: Edge;
  timeMs = 0;

  constructor(storage: SpillStorage, log: TestLog, run: string) {
    const late = new LateOutcomes(storage.sql, run);
    const { group } = readConfig({ KAFKA_BROKERS: "a:1" });
    this.commit = new GroupCommit({
      sink: rejectingSink(log, () => undefined),
      limits: group,
      spill: new Spill(storage, { bytesMax: 1 << 20, ...unbounded }, late),
      wakeAt: () => undefined,
      nowMs: () => this.timeMs,
      report: () => undefined,
    });
    const headers = { "weir-run": run };
    const forwarder: Edge["forwarder"] = {
      send: ({ receivedMs }, records) =>
        this.commit.submit(records.map((one) => ({ ...one, headers, timestampMs: receivedMs }))),
      state: () => Promise.resolve({ ...late.items(), ...this.commit.state() }),
    };
    this.edge = { ...new FakeEdge().edge, forwarder };
  }

  async #request(path: string, init?: RequestInit): Promise<Response> {
    const request = new Request(`http://edge${path}`, init);
    return handle(this.edge, request, { waitUntil: () => undefined });
  }

  async post(path: string, body: object): Promise<void> {
    const headers = { "content-type": "application/json" };
    const response = await this.#request(path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    expect([response.status, await response.json()]).toEqual([200, {}]);
  }

  /** Time for the breaker to ask again, and the alarm. */
  async alarm(): Promise<void> {
    this.timeMs += breakerLimits.pauseMsMax;
    await this.commit.resume();
  }

  async metrics(): Promise<readonly string[]> {
    return (await (await this.#request("/metrics")).text()).split("\n");
  }

  async counts(signal: string): Promise<Counts> {
    const status = (await (await this.#request("/status")).json()) as {
      readonly signals: { readonly [name: string]: Counts };
    };
    const counts = status.signals[signal];
    if (counts === undefined) throw new Error(signal);
    return counts;
  }
}

type Reasons = { readonly [reason: string]: number };
type Counts = {
  readonly in: number;
  readonly accepted: number;
  readonly sampledOut: number;
  readonly rejected: Reasons;
  readonly dropped: Reasons;
  readonly unconfirmed: number;
  readonly inFlight: number;
  readonly repeatable: number;
  readonly rejectedAfterAcknowledge: Reasons;
};

const sum = (reasons: Reasons): number => Object.values(reasons).reduce((all, n) => all + n, 0);

/** Both laws of edge/metrics/counters.ts; `written` and `kept` in items. */
const checkLedger = (counts: Counts, written: number, kept = 0): void => {
  const { accepted, sampledOut, rejected, dropped, unconfirmed, inFlight } = counts;
  expect(accepted + sampledOut + sum(rejected) + sum(dropped) + unconfirmed + inFlight).toBe(
    counts.in,
  );
  expect(written + sum(counts.rejectedAfterAcknowledge) + kept).toBe(accepted);
};

const span = (name: string) => ({
  resourceSpans: [
    { scopeSpans: [{ spans: [{ traceId: "1".repeat(32), spanId: "2".repeat(16), name }] }] },
  ],
});
const points = (count: number, name: string) => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          metrics: [
            { name, gauge: { dataPoints: Array.from({ length: count }, () => ({ asInt: "1" })) } },
          ],
        },
      ],
    },
  ],
});
const large = "x".repeat(2 * bytesMax);
let objects = 0;

const inObject = (body: (storage: SpillStorage) => Promise<void>): Promise<void> => {
  objects += 1;
  const stub = FORWARDER.get(FORWARDER.idFromName(`late-${objects}`));
  return runInDurableObject(stub, (_object: ForwarderObject, { storage }) => body(storage));
};

test("items that prove too large after they were acknowledged are a term of their own, and the ledger balances", () =>
  inObject(async (storage) => {
    const log = new TestLog();
    const system = new System(storage, log, "a run");
    for (const topic of ["otlp_spans", "otlp_metrics"]) log.down.add(topic);
    for (const name of ["one", large, "two", large]) await system.post("/v1/traces", span(name));
    await system.post("/v1/metrics", points(3, "small"));
    await system.post("/v1/metrics", points(5, large));
    checkLedger(await system.counts("spans"), 0, 4);
    log.down.clear();
    await system.alarm();
    expect([log.on("otlp_spans"), log.on("otlp_metrics"), log.on("weir-rejected")]).toEqual([
      2, 1, 3,
    ]);
    const spans = await system.counts("spans");
    expect(spans).toMatchObject({
      in: 4,
      accepted: 4,
      rejected: {},
      rejectedAfterAcknowledge: { "too-large": 2 },
    });
    checkLedger(spans, log.on("otlp_spans"));
    const metrics = await system.counts("metrics");
    expect(metrics.rejectedAfterAcknowledge).toEqual({ "too-large": 5 });
    checkLedger(metrics, 3);
    expect((await system.counts("logs")).rejectedAfterAcknowledge).toEqual({});
    expect(await system.metrics()).toContain(
      'weir_edge_rejected_after_acknowledge_items_total{signal="spans",reason="too-large"} 2',
    );
    // The sender of one that comes while the log is there is told: it was not acknowledged.
    await system.post("/v1/traces", span("three"));
    checkLedger(await system.counts("spans"), log.on("otlp_spans"));
  }));

test("each is counted once, however often it is replayed and whatever instance does it", () =>
  inObject(async (storage) => {
    const log = new TestLog();
    log.down.add("otlp_spans");
    const first = new System(storage, log, "a run");
    await first.post("/v1/traces", span(large));
    log.down.clear();
    log.mute.add("weir-rejected");
    await first.alarm();
    expect((await first.counts("spans")).rejectedAfterAcknowledge).toEqual({});
    // It is there, but nobody said so: the next instance writes it again.
    const second = new System(storage, log, "a run");
    log.mute.clear();
    await second.alarm();
    expect(log.on("weir-rejected")).toBe(2);
    for (const system of [first, second, new System(storage, log, "a run")])
      expect((await system.counts("spans")).rejectedAfterAcknowledge).toEqual({ "too-large": 1 });
  }));

test("each send from the storage that ends in doubt makes one more repeat possible", () =>
  inObject(async (storage) => {
    const log = new TestLog();
    log.down.add("otlp_metrics");
    const system = new System(storage, log, "a run");
    await system.post("/v1/metrics", points(3, "small"));
    log.down.clear();
    log.mute.add("otlp_metrics");
    await system.alarm();
    await system.alarm();
    log.mute.clear();
    await system.alarm();
    expect(log.on("otlp_metrics")).toBe(3);
    const counts = await system.counts("metrics");
    expect(counts).toMatchObject({ accepted: 3, repeatable: 6, rejectedAfterAcknowledge: {} });
    checkLedger(counts, 3);
  }));

test("what an earlier run acknowledged is no part of this run's ledger", () =>
  inObject(async (storage) => {
    const log = new TestLog();
    log.down.add("otlp_spans");
    await new System(storage, log, "before").post("/v1/traces", span(large));
    log.down.clear();
    const system = new System(storage, log, "now");
    await system.alarm();
    expect(log.on("weir-rejected")).toBe(1);
    checkLedger(await system.counts("spans"), 0);
    log.down.add("otlp_spans");
    await system.post("/v1/traces", span(large));
    log.down.clear();
    await system.alarm();
    const counts = await system.counts("spans");
    expect(counts.rejectedAfterAcknowledge).toEqual({ "too-large": 1 });
    checkLedger(counts, 0);
  }));

test("one that even weir-rejected does not take stays kept, and counts as on its way", () =>
  inObject(async (storage) => {
    const log = new TestLog();
    log.down.add("otlp_spans");
    const system = new System(storage, log, "a run");
    await system.post("/v1/traces", span(large));
    log.down.clear();
    const append = log.append.bind(log);
    log.append = (records) =>
      records[0]?.topic === "weir-rejected"
        ? Promise.resolve({ states: new Uint8Array([oversize]), message: "no", isDown: false })
        : append(records);
    await system.alarm();
    expect(system.commit.state().spilledRecords).toBe(1);
    checkLedger(await system.counts("spans"), 0, 1);
    log.append = append;
    system.timeMs += 60_000;
    await system.alarm();
    expect([system.commit.state().spilledRecords, log.on("weir-rejected")]).toEqual([0, 1]);
    checkLedger(await system.counts("spans"), 0);
  }));
