import { describe, expect, it } from "vitest";

import { ConfigError, readConfig } from "../../../edge/config.ts";
import { recoveryMsMax } from "../../../edge/sample/budget-controller.ts";
import { type SampleOutcome, Sampler } from "../../../edge/sample/sampler.ts";
import { Regroup } from "../../../schemas/otlp/regroup.ts";
import type { SignalScan } from "../../../schemas/otlp/signal-scan.ts";
import { createLogScan, createTraceScan } from "../../../schemas/otlp/signal-scan.ts";
import type { HeadSettings } from "../../../schemas/sampling/head-settings.ts";
import { field, number } from "../protobuf-bytes.ts";

const environment = { LOG_KIND: "kafka", KAFKA_BROKERS: "a:1" };

const settings = (variables: { readonly [name: string]: string } = {}): HeadSettings => {
  const { sampling } = readConfig({ ...environment, ...variables });
  if (sampling === null) throw new Error("sampling is off");
  return sampling;
};

const status = (code: number): Uint8Array => field(15, number(3, code));

/** A trace id whose randomness rises evenly with the index. */
const traceId = (index: number, count: number): Uint8Array => {
  const id = new Uint8Array(16).fill(7);
  new DataView(id.buffer).setUint32(9, Math.floor((index * 2 ** 32) / count));
  return field(1, id);
};

/** Evenly random spans; every tenth is an error. */
const scanOf = (count: number): SignalScan => {
  const spans = Array.from({ length: count }, (_, index) =>
    field(2, traceId(index, count), index % 10 === 9 ? status(2) : status(0)),
  );
  const bytes = field(1, field(2, ...spans));
  const scan = createTraceScan();
  expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
  return scan;
};

const thousand = scanOf(1000);

/** What a pass did, whose request is taken. */
const taken = (outcome: SampleOutcome): SampleOutcome => {
  outcome.count();
  return outcome;
};

type Row = { readonly [name: string]: unknown };
const tenantRow = (sampler: Sampler, tenant: string): Row => sampler.snapshot()[tenant] as Row;

describe("sampler of the edge", () => {
  it("counts what it keeps and drops by rule, and the rates", () => {
    const sampler = new Sampler(settings({ SAMPLE_RATE: "0.1" }), () => 0);
    const partitionOf = new Int32Array(1000);
    const { sampled, sampledOut, edits } = taken(
      sampler.sampleSpans(thousand, "acme", partitionOf),
    );
    expect([sampled, sampledOut]).toEqual([190, 810]);
    const [message] = new Regroup(1 << 20).build(thousand, partitionOf, 1, edits);
    expect(message?.records).toBe(190);
    expect(tenantRow(sampler, "acme")).toMatchObject({
      baseRate: 0.1,
      baseRateConfigured: 0.1,
      spans: { sampled: 190, dropped: 810, error: 100, slow: 0, base: 900, effectiveRate: 0.19 },
      logs: { sampled: 0, dropped: 0, effectiveRate: null },
    });
  });

  it("counts nothing of a request that is not taken, nor holds it against the budget", () => {
    let nowMs = 0;
    const sampler = new Sampler(
      settings({ SAMPLE_RATE: "1", SAMPLE_SPANS_PER_S: "100" }),
      () => nowMs,
    );
    for (; nowMs <= 5000; nowMs += 100) sampler.sampleSpans(thousand, "acme", new Int32Array(1000));
    expect(tenantRow(sampler, "acme")).toMatchObject({
      baseRate: 1,
      spans: { sampled: 0, dropped: 0, error: 0, base: 0, effectiveRate: null },
    });
  });

  it("samples log records by the base rate", () => {
    const records = Array.from({ length: 100 }, (_, index) =>
      field(2, field(9, traceId(index, 100).subarray(2))),
    );
    const bytes = field(1, field(2, ...records));
    const scan = createLogScan();
    expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
    const sampler = new Sampler(settings({ SAMPLE_RATE: "0.25" }), () => 0);
    const { sampled, sampledOut } = taken(sampler.sampleLogs(scan, "acme", new Int32Array(100)));
    expect([sampled, sampledOut]).toEqual([25, 75]);
    expect(tenantRow(sampler, "acme")).toMatchObject({ logs: { base: 100, effectiveRate: 0.25 } });
  });

  it("lowers a tenant's base rate in a burst, its errors stay, and recovers in the stated time", () => {
    let nowMs = 0;
    const variables = { SAMPLE_RATE: "1", SAMPLE_SPANS_PER_S: "2000", SAMPLE_RATE_MIN: "0.05" };
    const sampler = new Sampler(settings(variables), () => nowMs);
    const second = (passes: number): number => {
      let sampled = 0;
      for (let pass = 0; pass < passes; pass += 1) {
        sampled += taken(sampler.sampleSpans(thousand, "acme", new Int32Array(1000))).sampled;
        nowMs += 1000 / passes;
      }
      return sampled;
    };
    expect(second(1)).toBe(1000);
    for (let i = 0; i < 20; i += 1) second(10);
    const { baseRate } = tenantRow(sampler, "acme");
    expect(baseRate).toBeGreaterThan(0.05);
    expect(baseRate).toBeLessThan(0.15);
    // A tenth are errors: 1000 a second; the others fill what is left.
    expect(second(10)).toBeGreaterThan(1700);
    expect(second(10)).toBeLessThan(2200);
    const other = taken(sampler.sampleSpans(thousand, "calm", new Int32Array(1000))).sampled;
    expect(other).toBe(1000);
    const startMs = nowMs;
    while (tenantRow(sampler, "acme")["baseRate"] !== 1) {
      second(1);
      expect(nowMs - startMs).toBeLessThanOrEqual(recoveryMsMax);
    }
  });

  it("gives in to pressure at the floor that is set, and comes back", () => {
    let nowMs = 0;
    const sampler = new Sampler(settings({ SAMPLE_RATE: "0.01" }), () => nowMs);
    const step = (): unknown => {
      taken(sampler.sampleSpans(thousand, "acme", new Int32Array(1000)));
      nowMs += 1000;
      return tenantRow(sampler, "acme")["baseRate"];
    };
    step();
    sampler.pressure = 1;
    for (let i = 0; i < 10; i += 1) step();
    expect(step()).toBe(0.001);
    sampler.pressure = 0;
    for (let i = 0; i < recoveryMsMax / 1000; i += 1) step();
    expect(step()).toBe(0.01);
  });

  it("tells the rate that the next span finds, also when none has come since the burst", () => {
    let nowMs = 0;
    const sampler = new Sampler(
      settings({ SAMPLE_RATE: "1", SAMPLE_SPANS_PER_S: "100" }),
      () => nowMs,
    );
    for (; nowMs <= 5000; nowMs += 100)
      taken(sampler.sampleSpans(thousand, "acme", new Int32Array(1000)));
    expect(Number(tenantRow(sampler, "acme")["baseRate"])).toBeLessThan(0.2);
    nowMs += recoveryMsMax;
    expect(tenantRow(sampler, "acme")["baseRate"]).toBe(1);
  });

  it("forgets a pressure that nothing measures anew, as when it keeps nothing", () => {
    let nowMs = 0;
    const sampler = new Sampler(settings({ SAMPLE_RATE: "0.01" }), () => nowMs);
    const none = scanOf(1);
    const baseRate = (): unknown => {
      taken(sampler.sampleSpans(none, "acme", new Int32Array(1)));
      return tenantRow(sampler, "acme")["baseRate"];
    };
    baseRate();
    sampler.pressure = 1;
    for (; nowMs < 10_000; nowMs += 1000) baseRate();
    expect(baseRate()).toBe(0.001);
    for (; nowMs < 10_000 + recoveryMsMax; nowMs += 1000) baseRate();
    expect(baseRate()).toBe(0.01);
  });

  it("keeps everything at a base rate of 1 without a budget, also under pressure", () => {
    let nowMs = 0;
    const sampler = new Sampler(settings({ SAMPLE_RATE: "1" }), () => nowMs);
    for (; nowMs < 5000; nowMs += 1000) {
      sampler.pressure = 1;
      expect(taken(sampler.sampleSpans(thousand, "acme", new Int32Array(1000))).sampledOut).toBe(0);
    }
  });

  it("has policies by tenant, service and operation", () => {
    const policy = { tenants: { acme: { base: 0.5 }, quiet: { base: 0.001, error: 0.5 } } };
    const sampler = new Sampler(settings({ SAMPLE_POLICY: JSON.stringify(policy) }), () => 0);
    const sampled = (tenant: string): number =>
      taken(sampler.sampleSpans(thousand, tenant, new Int32Array(1000))).sampled;
    expect(["acme", "quiet", "other"].map((tenant) => sampled(tenant))).toEqual([550, 50, 109]);
  });

  it("tells only so many tenants apart", () => {
    const policy = { tenants: { acme: { base: 1 } } };
    const sampler = new Sampler(settings({ SAMPLE_POLICY: JSON.stringify(policy) }), () => 0);
    const one = scanOf(1);
    for (let i = 0; i < 300; i += 1)
      taken(sampler.sampleSpans(one, `tenant ${i}`, new Int32Array(1)));
    taken(sampler.sampleSpans(one, "acme", new Int32Array(1)));
    const tenants = Object.keys(sampler.snapshot());
    expect(tenants.length).toBe(258);
    expect(tenants.slice(-2)).toEqual(["other tenants", "acme"]);
    expect(tenantRow(sampler, "other tenants")).toMatchObject({ spans: { dropped: 44 } });
  });
});

describe("sampling settings", () => {
  it("are the rates of the documentation by default, and off when told", () => {
    expect(settings().others).toEqual({
      rates: { error: 1, slow: 0.5, base: 0.01, logs: null, slowMs: 1000 },
      overrides: [],
      spansPerSMax: 0,
      baseFloor: 0.001,
    });
    expect(readConfig({ ...environment, SAMPLE: "off" }).sampling).toBeNull();
  });

  it.each([
    ["SAMPLE", { SAMPLE: "maybe" }],
    ["SAMPLE_RATE", { SAMPLE_RATE: "0" }],
    ["SAMPLE_RATE_SLOW", { SAMPLE_RATE_SLOW: "1.1" }],
    ["SAMPLE_SPANS_PER_S", { SAMPLE_SPANS_PER_S: "-1" }],
    ["SAMPLE_POLICY: expected JSON", { SAMPLE_POLICY: "{secret" }],
    [
      "SAMPLE_POLICY: policy.tenants.acme.base",
      { SAMPLE_POLICY: '{"tenants":{"acme":{"base":2}}}' },
    ],
  ])("refuse a bad %s", (fault, variables) => {
    expect(() => readConfig({ ...environment, ...variables })).toThrow(ConfigError);
    expect(() => readConfig({ ...environment, ...variables })).toThrow(fault);
    expect(() => readConfig({ ...environment, ...variables })).not.toThrow("secret");
  });
});
