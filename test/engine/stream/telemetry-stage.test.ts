import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { Aggregate } from "../../../engine/stream/aggregate.ts";
import { msOf } from "../../../engine/stream/observe-otlp.ts";
import {
  malformedPayload,
  type StreamTopic,
  TelemetryStage,
} from "../../../engine/stream/telemetry-stage.ts";
import { type PlainItem, type PlainRecord, plainWindows } from "../../oracles/stream-windows.ts";
import { runSeed, seeded } from "../../random.ts";
import { encodeRequest, fromOtlpJson, logs, type SpanShape, traces } from "./otlp-messages.ts";
import { randomRecords, smallOptions } from "./window-case.ts";

const t0 = 1_700_000_000_000;
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

const running = (topic: StreamTopic) => {
  const emitted: Aggregate[] = [];
  const stage = new TelemetryStage({
    windows: smallOptions,
    onEmit: (aggregate) => emitted.push(aggregate),
  });
  stage.assign([{ topic, partition: 1, offset: 0, metadata: "" }]);
  let offset = 0;
  const give = (request: Uint8Array, receiveMs = t0, at = (offset += 1)): number => {
    // In the middle of shared memory, as the ring has it.
    const bytes = new Uint8Array(new SharedArrayBuffer(request.length + 32)).fill(0xff);
    bytes.set(request, 16);
    const end = 16 + request.length;
    return stage.onTelemetry({ topic, partition: 1, offset: at, receiveMs, bytes, start: 16, end });
  };
  const flush = (): Aggregate[] => {
    stage.tick(t0);
    stage.tick(t0 + 60_000);
    stage.tick(t0 + 120_000);
    return emitted;
  };
  return { stage, give, flush };
};

describe("the telemetry stage", () => {
  it("counts spans per service and name with errors and durations", () => {
    const { stage, give, flush } = running("otlp_spans");
    const ok = { name: "GET /", startNs: ns(t0), endNs: ns(t0) + 7n };
    const services = new Map<string | null, SpanShape[]>([
      ["shop", [ok, { ...ok, endNs: ns(t0 + 5000), isError: true }, { ...ok, name: "POST /" }]],
      [null, [{ ...ok, endNs: ns(t0 - 9) }]],
    ]);
    expect(give(traces(services))).toBe(4);
    const rows = flush();
    expect(rows).toMatchObject([
      { service: "shop", name: "GET /", count: 2, errors: 1, durationNsSum: "5000000007" },
      { service: "shop", name: "POST /", count: 1, errors: 0, durationNsMax: "7" },
      { service: "unknown_service", name: "GET /", count: 1, durationNsSum: "0" },
    ]);
    expect(rows[0]?.id).toBe(`otlp_spans/1/${t0}/spans/shop/GET %2F`);
    expect(stage.counters).toMatchObject({ handled: { spans: 4 }, serviceUnknown: 1 });
  });

  it("counts logs by event name, else severity text, else severity band", () => {
    const { stage, give, flush } = running("otlp_logs");
    const timeUnixNano = ns(t0).toString();
    const observed = { observedTimeUnixNano: timeUnixNano };
    const records = [
      { timeUnixNano, severityNumber: 17, severityText: "Error", eventName: "task.failed" },
      { ...observed, severityNumber: 9, severityText: "Information" },
      { ...observed, severityNumber: 12 },
      { ...observed, severityNumber: 21 },
      { ...observed },
      { severityNumber: 99 },
    ];
    expect(give(logs("shop", records))).toBe(6);
    const rows = flush();
    expect(rows.map(({ name, count, errors }) => [name, count, errors])).toEqual([
      ["task.failed", 1, 1],
      ["Information", 1, 0],
      ["INFO", 1, 0],
      ["FATAL", 1, 1],
      ["UNSPECIFIED", 2, 0],
    ]);
    expect(stage.counters.untimed).toBe(1);
  });

  it("counts data points of every kind as handled and puts them into no window", () => {
    const { stage, give, flush } = running("otlp_metrics");
    const dataPoints = [{ asDouble: 1 }, { asDouble: 2 }];
    const metrics = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"].map(
      (kind) => ({ name: kind, [kind]: { dataPoints } }),
    );
    const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
    expect(give(encodeRequest("Metrics", request))).toBe(10);
    expect(stage.counters.handled.metrics).toBe(10);
    expect(flush()).toEqual([]);
    expect(stage.commitPoint("otlp_metrics", 1)).toEqual({
      offset: 2,
      metadata: '{"w":-1,"d":-1,"r":1700000000000}',
    });
  });

  it("counts a malformed request once, nothing in it, and goes on behind it", () => {
    const { stage, give, flush } = running("otlp_spans");
    const good = traces(new Map([["s", [{ name: "n", startNs: ns(t0), endNs: ns(t0) }]]]));
    expect(give(good.subarray(0, good.length - 1))).toBe(malformedPayload);
    expect(stage.commitPoint("otlp_spans", 1).offset).toBe(2);
    expect(give(good)).toBe(1);
    expect(stage.counters).toMatchObject({ malformed: 1, handled: { spans: 1 } });
    expect(flush()).toMatchObject([{ count: 1 }]);
  });

  it("takes what the edge took under any of its limits, or a Collector under none", () => {
    const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
    const attributes = many(1_100, { key: "k", value: { intValue: 1 } });
    const spans = running("otlp_spans");
    const wide = { name: "wide", attributes };
    const resourceSpans = [{ resource: { attributes }, scopeSpans: [{ spans: [wide, {}] }] }];
    expect(spans.give(encodeRequest("Traces", { resourceSpans }))).toBe(2);
    const metrics = running("otlp_metrics");
    const gauge = { dataPoints: many(70_000, {}) };
    const resourceMetrics = [
      ...many(17_000, {}),
      { scopeMetrics: [{ metrics: [{ name: "m", gauge }] }] },
    ];
    expect(metrics.give(encodeRequest("Metrics", { resourceMetrics }))).toBe(70_000);
    expect(spans.stage.counters.malformed + metrics.stage.counters.malformed).toBe(0);
  });

  it("counts names that are no UTF-8 under the overflow key", () => {
    const { stage, give, flush } = running("otlp_spans");
    const name = "nn";
    const request = traces(new Map([["s", [{ name, startNs: ns(t0), endNs: ns(t0) }]]]));
    for (const byte of [0xff, 0xfe]) {
      const broken = Uint8Array.from(request);
      broken[Buffer.from(request).indexOf(name)] = byte;
      give(broken);
    }
    expect(flush()).toMatchObject([{ service: "_other", name: "_other", count: 2 }]);
    expect(stage.counters.windows.overflow).toBe(2);
  });

  it("takes an empty request", () => {
    const { give } = running("otlp_spans");
    expect(give(new Uint8Array(0))).toBe(0);
  });

  it("ignores what it does not read, and refuses what it was not assigned", () => {
    const { stage } = running("otlp_spans");
    stage.assign([{ topic: "weir-depth", partition: 0, offset: 0, metadata: "" }]);
    stage.revoke([{ topic: "otlp_spans", partition: 1 }]);
    expect(() => stage.commitPoint("otlp_spans", 1)).toThrow(/partition=1 was not assigned/);
  });

  it("counts as the plain twin does, from protobuf", () => {
    const seed = runSeed("telemetry stage against the plain twin");
    for (let round = 0; round < 20; round += 1) {
      const records = randomRecords(seeded(seed + round), 100).map(spanLike);
      const { stage, give } = running("otlp_spans");
      const emitted = new Map<string, unknown>();
      const stageTwin = new TelemetryStage({
        windows: smallOptions,
        onEmit: (row) =>
          emitted.set(`${row.windowStartMs}/${row.service}/${row.name}`, {
            count: row.count,
            errors: row.errors,
            sum: BigInt(row.durationNsSum),
            max: BigInt(row.durationNsMax),
            reason: row.reason,
          }),
      });
      stageTwin.assign([{ topic: "otlp_spans", partition: 1, offset: 0, metadata: "" }]);
      for (const [offset, { receiveMs, items }] of records.entries()) {
        const bytes = requestOf(items);
        const end = bytes.length;
        const at = { topic: "otlp_spans", partition: 1, offset, receiveMs } as const;
        stageTwin.onTelemetry({ ...at, bytes, start: 0, end });
        give(bytes, receiveMs, offset);
      }
      expect(emitted, `seed=${seed + round}`).toEqual(plainWindows(records, smallOptions).closed);
      expect(stage.counters).toEqual(stageTwin.counters);
    }
  });
});

/** Services are told apart by resource; an empty service is no service. */
const spanLike = ({ receiveMs, items }: PlainRecord): PlainRecord => ({
  receiveMs,
  items: items.map(({ service, durationNs, ...rest }) =>
    Object.assign(rest, {
      service: service === "" ? "unknown_service" : service,
      durationNs: durationNs % 2n ** 60n,
    }),
  ),
});

const requestOf = (items: readonly PlainItem[]): Uint8Array =>
  encodeRequest("Traces", {
    resourceSpans: items.map(({ service, name, eventMs, durationNs, isError }) => ({
      resource: {
        attributes: [
          { key: "host.name", value: { stringValue: "h" } },
          { key: "service.name", value: { stringValue: service } },
        ],
      },
      scopeSpans: [
        {
          spans: [
            {
              name,
              startTimeUnixNano: ns(eventMs).toString(),
              endTimeUnixNano: (ns(eventMs) + durationNs).toString(),
              status: { code: isError ? 2 : 1 },
            },
          ],
        },
      ],
    })),
  });

describe("times in nanoseconds", () => {
  it("become whole milliseconds exactly, for every 64-bit value", () => {
    const random = seeded(runSeed("msOf"));
    const edges = [0n, 999_999n, 1_000_000n, 2n ** 63n, 2n ** 64n - 1n];
    const some = Array.from({ length: 20_000 }, () => {
      const near = BigInt(random.below(2 ** 31)) * BigInt(random.below(2 ** 31)) * 1_000_000n;
      return BigInt.asUintN(64, near + BigInt(random.below(3) - 1));
    });
    for (const value of [...edges, ...some]) {
      const [high, low] = [Number(value >> 32n), Number(value & 0xffffffffn)];
      expect(BigInt(msOf(high, low))).toBe(value / 1_000_000n);
    }
  });
});

const examples = new URL("../../../../shared/data/otlp/", import.meta.url);

describe.skipIf(!existsSync(examples))("the specification's examples (needs shared/data)", () => {
  const request = (type: "Traces" | "Logs" | "Metrics", file: string): Uint8Array =>
    encodeRequest(type, fromOtlpJson(readFileSync(new URL(file, examples), "utf8")));

  it("count the span of trace.json", () => {
    const { give, flush } = running("otlp_spans");
    expect(give(request("Traces", "trace.json"), 1_544_712_660_000)).toBe(1);
    expect(flush()).toMatchObject([
      { service: "my.service", windowStartMs: 1_544_712_660_000, durationNsSum: "1000000000" },
    ]);
  });

  it("count the records of logs.json and the points of metrics.json", () => {
    const ofLogs = running("otlp_logs");
    expect(ofLogs.give(request("Logs", "logs.json"), 1_544_712_660_000)).toBe(1);
    expect(ofLogs.flush()).toMatchObject([{ service: "my.service", name: "Information" }]);
    expect(running("otlp_metrics").give(request("Metrics", "metrics.json"))).toBe(4);
  });
});
