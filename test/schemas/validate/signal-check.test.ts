import { describe, expect, it } from "vitest";

import { createLogScan, createMetricScan } from "../../../schemas/otlp/signal-scan.ts";
import type { FindingRule } from "../../../schemas/validate/finding-rules.ts";
import { finding } from "../../../schemas/validate/finding-table.ts";
import { foundStride, readPlace } from "../../../schemas/validate/found.ts";
import { ValidationPlan } from "../../../schemas/validate/plan.ts";
import { SignalCheck } from "../../../schemas/validate/signal-check.ts";
import { outcome } from "../../../schemas/validate/trace-pass.ts";
import type { ResolvedGroup } from "../../../schemas/weaver/resolved.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { smallRegistry } from "../../oracles/small-registry.ts";
import { everyLevel, rulesOf, tablesOf } from "../../oracles/validation-agreement.ts";

const tables = tablesOf(smallRegistry);
const text = (key: string, stringValue: string): Plain => ({ key, value: { stringValue } });
const method = text("http.request.method", "GET");
const service = [text("user", "checkout"), text("any.thing", "x")];

/** Keys of the small registry break naming rules; here only the rest is looked at. */
const beside = new Set<number>([
  finding.missingNamespace,
  finding.illegalNamespace,
  finding.unexpectedAttribute,
  finding.optInAttribute,
]);

type Result = {
  /** `code key record place`; the place as list.item.index. */
  readonly findings: readonly string[];
  readonly partitionOf: readonly number[];
  readonly check: SignalCheck;
};

const request = {
  metrics: ["ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** Codes of what is found in one record whose bytes `edit` has changed, by the registry's tables. */
const codesOf = (
  signal: "metrics" | "logs",
  record: Plain,
  edit: (bytes: Buffer) => void,
  of = tables,
): readonly number[] => {
  const [name, resources, scopes, records] = request[signal];
  const bytes = protoEncode(name, { [resources]: [{ [scopes]: [{ [records]: [record] }] }] });
  edit(Buffer.from(bytes.buffer));
  const scan = signal === "metrics" ? createMetricScan() : createLogScan();
  expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
  const check = new SignalCheck(signal);
  const plan = new ValidationPlan({ tables: of, levels: everyLevel(), rules: rulesOf([]) });
  check.run(scan, plan, new Int32Array(1));
  const { rows, count } = check.found;
  return Array.from({ length: count }, (_, i) => rows[i * foundStride] ?? 0);
};

describe("booleans in odd but legal bytes", () => {
  it("are true when they are not 0", () => {
    const queue = { name: "queue.size", unit: "{item}", sum: { isMonotonic: true } };
    const two = (bytes: Buffer): void => {
      bytes[bytes.indexOf("1801", 0, "hex") + 1] = 2;
    };
    expect(codesOf("metrics", queue, two)).toContain(finding.unexpectedInstrument);
  });

  it("are false when more bytes than one say 0", () => {
    const isOk = { name: "is.ok", type: "boolean", brief: "" };
    const condition = { "weir.condition": { attribute: "is.ok", equals: false } };
    const level = { conditionally_required: "when it is not" };
    const user = { name: "user.id", type: "string", brief: "", requirement_level: level };
    const flagged: ResolvedGroup = {
      id: "event.flagged",
      type: "event",
      name: "flagged",
      brief: "",
      attributes: [
        { ...isOk, requirement_level: "recommended" },
        { ...user, annotations: condition },
      ],
    };
    const own = tablesOf({ ...smallRegistry, groups: [...smallRegistry.groups, flagged] });
    // An int of three bytes becomes a boolean of three.
    const attributes = [{ key: "is.ok", value: { intValue: 16_384 } }];
    const zero = (bytes: Buffer): void =>
      bytes.set([0x10, 0x80, 0x80, 0x00], bytes.indexOf("18808001", 0, "hex"));
    const found = codesOf("logs", { eventName: "flagged", attributes }, zero, own);
    expect(found).toContain(finding.conditionMet);
  });
});

const run = (
  signal: "metrics" | "logs",
  records: readonly Plain[],
  resource: readonly Plain[] = service,
  rules: readonly FindingRule[] = [],
): Result => {
  const isMetrics = signal === "metrics";
  const heads = { resource: { attributes: resource } };
  const bytes = isMetrics
    ? protoEncode("ExportMetricsServiceRequest", {
        resourceMetrics: [{ ...heads, scopeMetrics: [{ metrics: records }] }],
      })
    : protoEncode("ExportLogsServiceRequest", {
        resourceLogs: [{ ...heads, scopeLogs: [{ logRecords: records }] }],
      });
  const scan = isMetrics ? createMetricScan() : createLogScan();
  expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
  const plan = new ValidationPlan({ tables, levels: everyLevel(), rules: rulesOf(rules) });
  const check = new SignalCheck(signal);
  const partitionOf = new Int32Array(scan.count);
  check.run(scan, plan, partitionOf);
  const { found } = check;
  const findings = Array.from({ length: found.count }, (_, i) => {
    const [code = 0, attribute = 0, record = 0, place = 0] = found.rows.subarray(i * foundStride);
    const where = readPlace(place);
    const at = where === null ? "" : ` ${where.list}.${where.item}.${where.index}`;
    const key = attribute < 0 ? "" : ` ${tables.attributeName(attribute)}`;
    return { code, line: `${code}${key} ${record}${at}` };
  });
  return {
    findings: findings.filter(({ code }) => !beside.has(code)).map(({ line }) => line),
    partitionOf: [...partitionOf],
    check,
  };
};

const duration = (...points: readonly (readonly Plain[])[]): Plain => ({
  name: "http.server.duration",
  unit: "s",
  histogram: { dataPoints: points.map((attributes) => ({ attributes })) },
});

const full = [method, { key: "http.status", value: { intValue: 200 } }];

describe("metrics", () => {
  it("that are as defined have no finding", () => {
    const { findings, check } = run("metrics", [duration(full, full)]);
    expect(findings).toEqual([]);
    expect(tables.groupId(check.groupOf[0] ?? -1)).toBe("metric.http.server.duration");
  });

  it("are looked up by name; deprecated ones are told", () => {
    const sum = { dataPoints: [{}], isMonotonic: false };
    expect(run("metrics", [{ name: "nope.nope", gauge: {} }]).findings).toEqual([
      `${finding.missingMetric} 0`,
    ]);
    expect(run("metrics", [{ name: "queue.size", unit: "{item}", sum }]).findings).toEqual([
      `${finding.deprecated} 0`,
      `${finding.notStable} 0`,
    ]);
  });

  it("have their instrument by their data, and a unit", () => {
    const codes = (metric: Plain): string[] =>
      run("metrics", [metric]).findings.map((line) => line.split(" ", 1).join(""));
    const { histogram, ...named } = duration(full);
    expect(codes({ ...named, exponentialHistogram: histogram })).toEqual([]);
    expect(codes({ ...named, gauge: {} })).toEqual([String(finding.unexpectedInstrument)]);
    expect(codes({ ...named, summary: {} })).toEqual([String(finding.unexpectedInstrument)]);
    expect(codes(named)).toEqual([String(finding.unexpectedInstrument)]);
    expect(codes({ ...duration(full), unit: "ms" })).toEqual([String(finding.unitMismatch)]);
    const queue = { name: "queue.size", unit: "{item}", sum: { isMonotonic: true } };
    expect(codes(queue)).toContain(String(finding.unexpectedInstrument));
    expect(codes({ name: "Bad Name", gauge: {} })).toContain(String(finding.invalidFormat));
    // Of a metric without a definition no instrument is expected.
    expect(codes({ name: "x.y", summary: {} })).toEqual([String(finding.missingMetric)]);
  });

  it("are checked point by point, of every kind of data", () => {
    const bad = [text("http.request.method", "BREW")];
    const { findings } = run("metrics", [duration(full, bad)]);
    expect(findings).toEqual([
      `${finding.undefinedEnumVariant} http.request.method 0 4.1.0`,
      `${finding.recommendedAttribute} http.status 0`,
    ]);
    for (const kind of ["gauge", "sum", "exponentialHistogram", "summary"]) {
      const metric = { name: "x.y", [kind]: { dataPoints: [{ attributes: bad }] } };
      expect(run("metrics", [metric]).findings).toContain(
        `${finding.undefinedEnumVariant} http.request.method 0 4.0.0`,
      );
    }
  });

  it("want a resource that satisfies one of their entities", () => {
    const number = { value: { intValue: 1 } };
    const host = [text("db.table", "t"), { key: "k", ...number }];
    expect(run("metrics", [duration(full)], host).findings).toEqual([]);
    expect(run("metrics", [duration(full)], host.slice(1)).findings).toEqual([
      `${finding.entityAssociation} 0`,
    ]);
    expect(run("metrics", [duration(full)], service.slice(0, 1)).findings).toEqual([
      `${finding.entityRecommended} any.thing 0`,
    ]);
  });

  it("are out by the rules, one by one or with their resource", () => {
    const rules = [
      { mode: "reject", finding: "missing_metric", name: "no*" },
      { mode: "quarantine", finding: "unit_mismatch" },
      { mode: "reject", finding: "type_mismatch", signal: "resource" },
    ] as const;
    const metrics = [
      { name: "no.such", gauge: {} },
      { name: "other.one", gauge: {} },
      { ...duration(full), unit: "ms" },
    ];
    const some = run("metrics", metrics, service, rules);
    expect(some.partitionOf).toEqual([outcome.rejected, 0, outcome.quarantined]);
    expect(some.check.tally).toEqual({ warned: 1, rejected: 1, quarantined: 1 });
    const wrong = [{ key: "user", value: { intValue: 1 } }];
    expect(run("metrics", metrics, wrong, rules).partitionOf).toEqual([-2, -2, -3]);
  });
});

describe("log records", () => {
  it("without an event name are checked by their attributes alone", () => {
    const bad = { attributes: [text("rpc.code", "x")] };
    expect(run("logs", [{ attributes: [method] }, bad]).findings).toEqual([
      `${finding.undefinedEnumVariant} rpc.code 1 0.0.0`,
    ]);
  });

  it("with one are held to the event", () => {
    const user = text("user.id", "u123");
    const ok = { key: "is.ok", value: { boolValue: true } };
    expect(run("logs", [{ eventName: "user.login", attributes: [user, ok] }]).findings).toEqual([]);
    expect(run("logs", [{ eventName: "user.login", attributes: [ok] }]).findings).toEqual([
      `${finding.requiredAttribute} user.id 0`,
    ]);
    expect(run("logs", [{ eventName: "user.logout", attributes: [] }]).findings).toEqual([
      `${finding.missingEvent} 0`,
    ]);
  });
});
