// The doors for telemetry, used together as a program would: JSON in, protobuf, a sampling decision,
// a check against a registry.
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import {
  createTraceScan,
  JsonEncoder,
  jsonSignal,
  messageType,
  RequestDecoder,
  scanCode,
  scanCodeText,
  signals,
} from "../../engine/doors/otlp.ts";
import {
  adjustedCountOf,
  digits,
  probabilityOf,
  readHeadSettings,
  RequestSampler,
  thresholdOf,
} from "../../engine/doors/sampling.ts";
import {
  LiveCheck,
  Problems,
  problemText,
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
});

describe("weir/validate", () => {
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
