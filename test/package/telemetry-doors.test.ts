// The doors for telemetry, used together as a program would: JSON in, protobuf, a sampling decision,
// a check against a registry.
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import {
  createLogScan,
  createTraceScan,
  JsonEncoder,
  jsonSignal,
  logWord,
  MessageCheck,
  messageType,
  readMessage,
  RequestDecoder,
  resourceStride,
  resourceWord,
  scanCode,
  scanCodeText,
  type Signal,
  signals,
  textAt,
} from "../../engine/doors/otlp.ts";
import {
  adjustedCountOf,
  digits,
  probabilityOf,
  defaultPolicy,
  readHeadSettings,
  RequestSampler,
  type SampledSignal,
  thresholdOf,
} from "../../engine/doors/sampling.ts";
import {
  LiveCheck,
  Problems,
  problemText,
  type Profile,
  readInput,
  resolveRegistry,
  type Sample,
} from "../../engine/doors/validate.ts";

const text = (value: string) => ({ stringValue: value });
const span = {
  traceId: "0123456789abcdef01f3456789abcdef",
  spanId: "0123456789abcdef",
  name: "GET /books",
  kind: 2,
  startTimeUnixNano: "1700000000000000000",
  endTimeUnixNano: "1700000000001000000",
  attributes: [
    { key: "http.request.method", value: text("GET") },
    { key: "http.response.status_code", value: text("two hundred") },
  ],
};
const request = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: text("shop") }] },
      scopeSpans: [{ spans: [span] }],
    },
  ],
};

const encoded = (): Uint8Array => {
  const json = new TextEncoder().encode(JSON.stringify(request));
  expect(jsonSignal(json, 0, json.length)).toBe("traces");
  const type = messageType(signals.traces.request);
  const result = new JsonEncoder().encode(json, 0, json.length, type);
  if (!result.ok) throw new Error(`${result.path}: ${result.message}`);
  return result.bytes;
};

describe("weir/otlp", () => {
  it("takes JSON to protobuf and back", () => {
    const lines = [...new RequestDecoder("traces").decode(encoded())];
    expect(lines).toEqual([{ line: expect.objectContaining(span) }]);
  });

  it("says where a request is cut off", () => {
    const bytes = encoded();
    const scan = createTraceScan();
    expect(scan.scan(bytes, 0, bytes.length)).toBe(scanCode.ok);
    expect(scan.count).toBe(1);
    const code = scan.scan(bytes, 0, bytes.length - 1);
    expect(code).not.toBe(scanCode.ok);
    expect(scanCodeText(code)).not.toMatch(/unknown/);
  });

  it("has the columns of each row that a scan fills", () => {
    const log = { severityNumber: 9, eventName: "sold" };
    const resource = { attributes: [{ key: "service.name", value: text("shop") }] };
    const one = { resource: { attributes: [] }, scopeLogs: [{ logRecords: [{}] }] };
    const two = { resource, scopeLogs: [{ logRecords: [log] }] };
    const json = new TextEncoder().encode(JSON.stringify({ resourceLogs: [one, two] }));
    const type = messageType(signals.logs.request);
    const result = new JsonEncoder().encode(json, 0, json.length, type);
    if (!result.ok) throw new Error(result.message);
    const { bytes } = result;
    const scan = createLogScan();
    expect(scan.scan(bytes, 0, bytes.length)).toBe(scanCode.ok);
    const { records, resources, layout } = scan;
    const word = (rows: Int32Array, column: number): number => rows[column] ?? 0;
    const name = textAt(
      bytes,
      word(records, layout.stride + logWord.eventNameStart),
      word(records, layout.stride + logWord.eventNameEnd),
    );
    const row = resourceStride * word(records, layout.stride + logWord.resource);
    const service = textAt(
      bytes,
      word(resources, row + resourceWord.serviceNameStart),
      word(resources, row + resourceWord.serviceNameEnd),
    );
    expect([name, service, row / resourceStride]).toEqual(["sold", "shop", 1]);
  });

  it("reads a message that was checked, and ends at one that is none", () => {
    const bytes = encoded();
    const type = messageType(signals.traces.request);
    const check = new MessageCheck();
    expect(check.check(bytes, 0, bytes.length, type)).toBe(scanCode.ok);
    expect(readMessage(bytes, 0, bytes.length, type)).toMatchObject(request);
    const cut = [...bytes.keys()].filter((end) => check.check(bytes, 0, end, type) !== scanCode.ok);
    expect(cut.length).toBeGreaterThan(100);
    for (const end of cut) expect(() => readMessage(bytes, 0, end, type)).toThrow("MessageCheck");
    // Eight bytes are asked for, four are there: a packed field of doubles.
    const packed = new Uint8Array([0x3a, 4, 0, 0, 0, 0]);
    const points = messageType("HistogramDataPoint");
    expect(check.check(packed, 0, packed.length, points)).not.toBe(scanCode.ok);
    expect(() => readMessage(packed, 0, packed.length, points)).toThrow("truncated");
  });

  it("names a signal that there is not, and those that there are", () => {
    const spans = "spans" as Signal;
    const known = "signal=spans, one of traces, metrics, logs";
    expect(() => new RequestDecoder(spans)).toThrow(known);
    expect(() => [...readInput(encoded(), spans)]).toThrow(known);
    const sampler = new RequestSampler(defaultPolicy);
    for (const signal of ["spans", "metrics"])
      expect(() => [...sampler.sample(signal as SampledSignal, encoded())]).toThrow(
        `signal=${signal}, one of traces, logs`,
      );
  });
});

describe("weir/sampling", () => {
  it("keeps a span by its trace id alone, and weighs it", () => {
    const read = readHeadSettings({ base: 0.25 });
    if (!read.ok) throw new Error(read.faults.join());
    const sampler = new RequestSampler(read.settings.others);
    const [sampled] = [...sampler.sample("traces", encoded())];
    // The last 56 bits of the trace id against three quarters of 2^56.
    const isKept = BigInt(`0x${span.traceId.slice(-14)}`) >= (3n << 56n) / 4n;
    expect(sampled).toMatchObject({
      line: { traceId: span.traceId, rule: "base", decision: isKept ? "keep" : "drop" },
    });
    const threshold = thresholdOf(0.25);
    expect([digits(threshold), probabilityOf(threshold), adjustedCountOf(threshold)]).toEqual([
      "c",
      0.25,
      4,
    ]);
  });

  it("refuses a number of digits that would round to keeping everything", () => {
    for (const precision of [0, -1, 15, 1.5, Number.NaN])
      expect(() => thresholdOf(0.3, precision)).toThrow(
        `precision=${precision}, integers from 1 to 14`,
      );
    expect([1, 4, 14].map((precision) => digits(thresholdOf(0.3, precision)))).toEqual([
      "b",
      "b333",
      "b3333333333334",
    ]);
  });
});

describe("weir/validate", () => {
  it("checks by a profile that there is", () => {
    const registry = { registry_url: "", schema_url: "", version: "", groups: [] };
    expect(() => new LiveCheck(registry, "off" as Profile)).toThrow(
      "profile=off, one of weir, weaver",
    );
  });

  it("finds the attribute whose type is not the registry's", () => {
    const problems = new Problems();
    const path = fileURLToPath(new URL("../../schemas/registry", import.meta.url));
    const resolved = resolveRegistry(path, problems);
    expect(
      problems
        .list()
        .filter((one) => one.severity === "error")
        .map(problemText),
    ).toEqual([]);
    if (resolved === null) throw new Error("no registry");
    const check = new LiveCheck(resolved.registry, "weir");
    const samples = [...readInput(encoded(), "traces")] as Sample[];
    for (const sample of samples) check.check(sample);
    const found = JSON.stringify(samples.find(({ kind }) => kind === "span")?.body);
    expect(found).toContain("type_mismatch");
    expect(found).toContain("http.response.status_code");
    expect(check.statistics.highest("violation")).toBeGreaterThan(0);
  });
});
