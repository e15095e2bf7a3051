import { describe, expect, it } from "vitest";

import { Regroup } from "../../../schemas/otlp/regroup.ts";
import { createLogScan, createTraceScan } from "../../../schemas/otlp/signal-scan.ts";
import { fate } from "../../../schemas/sampling/head-decisions.ts";
import { headRuleNames, HeadRules } from "../../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../../schemas/sampling/head-sampler.ts";
import { defaultPolicy, readHeadSettings } from "../../../schemas/sampling/head-settings.ts";
import type { TenantPolicy } from "../../../schemas/sampling/head-settings.ts";
import { allDigits } from "../../../schemas/sampling/threshold.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import type { PlainSpan } from "../../oracles/plain-sampling.ts";
import { oracleThreshold, plainDecision, readPlainState } from "../../oracles/plain-sampling.ts";
import type { Random } from "../../random.ts";
import { runSeed, seeded } from "../../random.ts";

const traces = "ExportTraceServiceRequest";
const logs = "ExportLogsServiceRequest";
const traceScan = createTraceScan();
const logScan = createLogScan();
const sampler = new HeadSampler({ hasDecisions: true });
const regroup = new Regroup(1 << 20);

const policyOf = (json: unknown): TenantPolicy => {
  const read = readHeadSettings(json);
  if (!read.ok) throw new Error(read.faults.join("; "));
  return read.settings.others;
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const list = (plain: Plain, name: string): readonly Plain[] => (plain[name] ?? []) as Plain[];

/** What the log would hold: the kept records, decoded by protobufjs. */
const kept = (signal: "traces" | "logs", partitionOf: Int32Array): readonly Plain[] => {
  const scan = signal === "traces" ? traceScan : logScan;
  const [message] = regroup.build(scan, partitionOf, 1, sampler.edits);
  if (message === undefined) return [];
  expect(scan.scan(message.bytes, 0, message.bytes.length)).toBe(0);
  const request = protoDecode(signal === "traces" ? traces : logs, message.bytes);
  const names =
    signal === "traces"
      ? ["resourceSpans", "scopeSpans", "spans"]
      : ["resourceLogs", "scopeLogs", "logRecords"];
  const [resources = "", scopes = "", records = ""] = names;
  return list(request, resources).flatMap((resource) =>
    list(resource, scopes).flatMap((scope) => list(scope, records)),
  );
};

const spanRequest = (spans: readonly object[], service = "checkout"): Uint8Array =>
  protoEncode(traces, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
        scopeSpans: [{ spans }],
      },
    ],
  });

const sampleSpans = (
  spans: readonly object[],
  rules: HeadRules,
  service = "checkout",
): Int32Array => {
  const bytes = spanRequest(spans, service);
  expect(traceScan.scan(bytes, 0, bytes.length)).toBe(0);
  const partitionOf = new Int32Array(traceScan.count);
  sampler.passSpans(traceScan, rules, partitionOf);
  return partitionOf;
};

const logRecords = (records: readonly object[], rules: HeadRules): Int32Array => {
  const bytes = protoEncode(logs, { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] });
  expect(logScan.scan(bytes, 0, bytes.length)).toBe(0);
  const partitionOf = new Int32Array(logScan.count);
  sampler.passLogs(logScan, rules, partitionOf);
  return partitionOf;
};

const idOf = (randomness: string): Buffer =>
  Buffer.from(`112233445566778899${randomness.padStart(14, "0")}`, "hex");

const plainRules = {
  error: 0n,
  slow: oracleThreshold(0.5, 4),
  base: oracleThreshold(0.01, 4),
  slowNs: 1_000_000_000n,
};

const states = [
  "",
  "ot=th:8",
  "ot=th:0",
  "ot=th:fd70a",
  "ot=th:fff",
  "ot=th:FFF",
  "v=1,ot=rv:ffffffffffffff",
  "ot=rv:80000000000000;th:4;x:y,w=2",
  "ot=rv:0",
  "vendor=abc",
  `long=${"x".repeat(150)},ot=th:8`,
];

const randomSpan = (random: Random): PlainSpan => {
  const startNs = 1_700_000_000_000_000_000n + BigInt(random.below(2 ** 31));
  // Around the limit of one second, and around nothing, some of them negative.
  const near = random.pick([0n, 1_000_000_000n, 4_294_967_296n, 20_000_000_000n]);
  const highest = random.below(2) === 0 ? "ff" : "";
  const id = Buffer.from(random.bytes(16)).toString("hex");
  return {
    traceId: id.slice(0, 18) + (highest + id.slice(18)).slice(0, 14),
    isError: random.below(6) === 0,
    startNs,
    endNs: startNs + near + BigInt(random.below(5) - 2),
    traceState: random.pick(states),
  };
};

const encoded = (span: PlainSpan, index: number): object => ({
  traceId: Buffer.from(span.traceId, "hex"),
  spanId: Buffer.from(index.toString(16).padStart(16, "0"), "hex"),
  traceState: span.traceState,
  name: `span ${index}`,
  startTimeUnixNano: span.startNs.toString(),
  endTimeUnixNano: span.endNs.toString(),
  status: span.isError ? { code: 2 } : { code: 1 },
});

describe("head sampler over spans", () => {
  it("decides as its plain twin and sends on the threshold that was applied", () => {
    const random = seeded(runSeed("head sampler"));
    const rules = new HeadRules(defaultPolicy);
    for (let round = 0; round < 200; round += 1) {
      const spans = Array.from({ length: 30 }, () => randomSpan(random));
      const expected = spans.map((span) => plainDecision(span, plainRules));
      const partitionOf = sampleSpans(spans.map(encoded), rules);
      expected.forEach((decision, index) => {
        const isKept = sampler.decisions.fate(index) === fate.kept;
        expect([index, isKept]).toEqual([index, decision.isKept]);
        expect(partitionOf[index]).toBe(isKept ? 0 : -1);
        expect(headRuleNames[sampler.decisions.rule(index) as 0]).toBe(decision.rule);
        const { decisions } = sampler;
        expect(BigInt(`0x${allDigits(decisions.randomness(index))}`)).toBe(decision.randomness);
        expect(BigInt(`0x${allDigits(decisions.threshold(index))}`)).toBe(decision.threshold);
      });
      const after = kept("traces", partitionOf);
      const before = spans.flatMap((span, index) =>
        expected[index]?.isKept === true ? [{ ...span, index, decision: expected[index] }] : [],
      );
      expect(after.length).toBe(before.length);
      before.forEach(({ traceState, index, decision }, at) => {
        expect(after[at]?.["name"]).toBe(`span ${index}`);
        const had = readPlainState(traceState);
        const has = readPlainState(textOf(after[at]?.["traceState"] ?? ""));
        expect(has.threshold).toBe(decision.threshold);
        expect(has.randomness).toBe(had.randomness);
        expect([has.others, has.members]).toEqual([had.others, had.members]);
      });
    }
  });

  it("copies a kept span as it is when its tracestate already says the threshold", () => {
    const partitionOf = sampleSpans(
      [{ traceId: idOf("ffffffffffffff"), traceState: "v=1,ot=x:1;th:fd70a" }],
      new HeadRules(defaultPolicy),
    );
    expect([...partitionOf]).toEqual([0]);
    expect(sampler.edits.isEdited(0)).toBe(false);
  });

  it("keeps nested sets of traces as the rate falls, whole traces at one rate", () => {
    const random = seeded(runSeed("nested"));
    const spans = Array.from({ length: 2000 }, () => ({ traceId: random.bytes(16) })).flatMap(
      ({ traceId }) => [{ traceId }, { traceId }, { traceId }],
    );
    let wider = new Set(spans.keys());
    for (const base of [0.9, 0.5, 1 / 3, 0.1, 0.01]) {
      const partitionOf = sampleSpans(spans, new HeadRules(policyOf({ base })));
      const now = new Set([...partitionOf.keys()].filter((index) => partitionOf[index] === 0));
      for (const index of now) expect(wider.has(index)).toBe(true);
      for (let i = 0; i < spans.length; i += 3) {
        expect(now.has(i + 1)).toBe(now.has(i));
        expect(now.has(i + 2)).toBe(now.has(i));
      }
      wider = now;
    }
  });

  it("takes one second as not slow, one nanosecond more as slow", () => {
    const end = (ns: bigint): object => ({
      traceId: idOf("fc000000000000"),
      startTimeUnixNano: "1700000000000000000",
      endTimeUnixNano: (1_700_000_000_000_000_000n + ns).toString(),
    });
    sampleSpans([end(1_000_000_000n), end(1_000_000_001n)], new HeadRules(defaultPolicy));
    expect([sampler.decisions.rule(0), sampler.decisions.rule(1)]).toEqual([2, 1]);
    expect([sampler.decisions.fate(0), sampler.decisions.fate(1)]).toEqual([
      fate.dropped,
      fate.kept,
    ]);
  });

  it("counts a negative duration, which is not slow", () => {
    const span = { traceId: idOf("ffffffffffffff"), startTimeUnixNano: "5", endTimeUnixNano: "4" };
    sampleSpans([span], new HeadRules(defaultPolicy));
    expect(sampler.tally.negativeDurations).toBe(1);
    expect(sampler.decisions.rule(0)).toBe(2);
  });

  it("leaves records alone that were out before", () => {
    const bytes = spanRequest([{ traceId: idOf("ffffffffffffff") }, { traceId: idOf("0") }]);
    traceScan.scan(bytes, 0, bytes.length);
    const partitionOf = Int32Array.of(-1, 0);
    sampler.passSpans(traceScan, new HeadRules(defaultPolicy), partitionOf);
    expect([...partitionOf]).toEqual([-1, -1]);
    expect(sampler.decisions.fate(0)).toBe(fate.none);
    expect([...sampler.tally.dropped]).toEqual([0, 0, 1]);
  });

  it("keeps an error with the threshold that a stricter sampler before it applied", () => {
    const error = { traceId: idOf("ffffffffffffff"), traceState: "ot=th:fff", status: { code: 2 } };
    const inconsistent = { ...error, traceId: idOf("00000000000001") };
    const partitionOf = sampleSpans([error, inconsistent], new HeadRules(defaultPolicy));
    expect(sampler.tally.inconsistent).toBe(1);
    const after = kept("traces", partitionOf).map((span) => span["traceState"]);
    expect(after).toEqual(["ot=th:fff", "ot=th:fff"]);
  });

  it("takes the first override that matches service and operation", () => {
    const rules = new HeadRules(
      policyOf({
        base: 2 ** -30,
        overrides: [
          { service: "check*", operation: "GET /pay", base: 1 },
          { service: "checkout", operation: "GET *", base: 0.5, slow: 1 },
          { service: "cart", base: 1 },
          { operation: "health", base: 0.25 },
        ],
      }),
    );
    const names = ["GET /pay", "GET /payment", "POST /pay", "health"];
    const spans = names.map((name) => ({ name, traceId: idOf("90000000000000") }));
    const sets = (service: string): number[] => {
      sampleSpans(spans, rules, service);
      return names.map((_, index) => sampler.decisions.set(index));
    };
    expect(sets("checkout")).toEqual([1, 2, 0, 4]);
    expect(names.map((_, index) => sampler.decisions.fate(index))).toEqual([1, 1, 2, 2]);
    expect(sets("check")).toEqual([1, 0, 0, 4]);
    expect(sets("cart")).toEqual([3, 3, 3, 3]);
    expect(sets("")).toEqual([0, 0, 0, 4]);
  });

  it("decides a span without a trace id by its bytes and writes that randomness", () => {
    const rules = new HeadRules(policyOf({ base: 0.5 }));
    const spans = Array.from({ length: 400 }, (_, index) => ({
      name: `n${index}`,
      ...(index % 2 === 0 ? {} : { traceId: new Uint8Array(16) }),
      ...(index % 3 === 0 ? { traceState: "v=1" } : {}),
    }));
    const partitionOf = sampleSpans(spans, rules);
    expect(sampler.tally.hashed).toBe(400);
    const after = kept("traces", partitionOf);
    expect(after.length).toBeGreaterThan(150);
    expect(after.length).toBeLessThan(250);
    for (const span of after) {
      const { threshold, randomness, members } = readPlainState(textOf(span["traceState"]));
      expect(threshold).toBe(1n << 55n);
      expect(randomness).toBeGreaterThanOrEqual(1n << 55n);
      expect(members.length).toBe(Number(textOf(span["name"]).slice(1)) % 3 === 0 ? 1 : 0);
    }
    const again = sampleSpans(spans, rules);
    expect(again).toEqual(partitionOf);
  });

  it("reads anew when the next request is in the same array", () => {
    const rules = new HeadRules(defaultPolicy);
    const requests = ["ot=th:fff", "ot=th:ff8"].map((traceState) =>
      spanRequest([{ traceId: idOf("ffffffffffffff"), traceState }]),
    );
    const buffer = new Uint8Array(requests[0]?.length ?? 0);
    const thresholds = requests.map((bytes) => {
      buffer.set(bytes);
      expect(traceScan.scan(buffer, 0, buffer.length)).toBe(0);
      sampler.passSpans(traceScan, rules, new Int32Array(1));
      return allDigits(sampler.decisions.threshold(0)).slice(0, 3);
    });
    expect(thresholds).toEqual(["fff", "ff8"]);
  });

  it("replaces a tracestate whose length is not written in the shortest form", () => {
    const value = new TextEncoder().encode("ot=th:4");
    const id = [0x0a, 16, ...idOf("ffffffffffffff")];
    const span = [...id, 0x1a, 0x80 | value.length, 0, ...value];
    const scope = [0x12, span.length, ...span];
    const body = [0x12, scope.length, ...scope];
    const bytes = Uint8Array.of(0x0a, body.length, ...body);
    expect(traceScan.scan(bytes, 0, bytes.length)).toBe(0);
    const partitionOf = new Int32Array(1);
    sampler.passSpans(traceScan, new HeadRules(policyOf({ base: 0.5 })), partitionOf);
    expect(kept("traces", partitionOf)[0]?.["traceState"]).toBe("ot=th:8");
  });
});

describe("head sampler over log records", () => {
  const attributes = (record: Plain | undefined): Record<string, unknown> =>
    Object.fromEntries(
      ((record?.["attributes"] ?? []) as { key: string; value: Plain }[]).map(({ key, value }) => [
        key,
        value["stringValue"],
      ]),
    );
  const mark = (name: string, value: string): object => ({
    key: `sampling.${name}`,
    value: { stringValue: value },
  });
  const other = { key: "sampling.thresholx", value: { stringValue: "kept" } };

  it("follow their trace and carry the threshold as an attribute", () => {
    const random = seeded(runSeed("head sampler logs"));
    const rules = new HeadRules(policyOf({ base: 0.25 }));
    const ids = Array.from({ length: 300 }, () => random.bytes(16));
    const partitionOf = logRecords(
      ids.map((traceId) => ({ traceId, attributes: [other] })),
      rules,
    );
    const logFates = [...partitionOf];
    const after = kept("logs", partitionOf);
    expect(after.map((record) => attributes(record))).toEqual(
      after.map(() => ({ "sampling.thresholx": "kept", "sampling.threshold": "c" })),
    );
    const spanFates = [
      ...sampleSpans(
        ids.map((traceId) => ({ traceId })),
        rules,
      ),
    ];
    expect(logFates).toEqual(spanFates);
  });

  it("honour what an earlier sampler wrote on them, and repair what they cannot read", () => {
    const rules = new HeadRules(policyOf({ base: 0.5 }));
    const traceId = idOf("ffffffffffffff");
    const partitionOf = logRecords(
      [
        { traceId, attributes: [mark("threshold", "c"), other] },
        { traceId, attributes: [other, mark("threshold", "4"), other] },
        { traceId, attributes: [mark("randomness", "70000000000000")] },
        { traceId, attributes: [mark("randomness", "90000000000000"), mark("threshold", "XYZ")] },
        { traceId, attributes: [mark("threshold", "c"), mark("threshold", "c")] },
        { traceId, attributes: [mark("threshold", "8")] },
        { traceId, attributes: [{ key: "sampling.threshold", value: { intValue: 8 } }] },
      ],
      rules,
    );
    expect([...partitionOf]).toEqual([0, 0, -1, 0, 0, 0, 0]);
    expect([0, 5].map((index) => sampler.edits.isEdited(index))).toEqual([false, false]);
    expect(sampler.tally.repaired).toBe(3);
    const after = kept("logs", partitionOf);
    const thresholds = after.map((record) => attributes(record)["sampling.threshold"]);
    expect(thresholds).toEqual(["c", "8", "8", "8", "8", "8"]);
    expect(after.map((record) => (record["attributes"] as Plain[]).length)).toEqual([
      2, 3, 2, 1, 1, 1,
    ]);
    expect(attributes(after[2])["sampling.randomness"]).toBe("90000000000000");
  });

  it("without a trace id are decided by their bytes, which they carry on", () => {
    const rules = new HeadRules(policyOf({ base: 0.5 }));
    const records = Array.from({ length: 300 }, (_, index) => ({
      body: { stringValue: `line ${index}` },
    }));
    const after = kept("logs", logRecords(records, rules));
    expect(after.length).toBeGreaterThan(100);
    expect(after.length).toBeLessThan(200);
    for (const record of after) {
      expect(attributes(record)["sampling.threshold"]).toBe("8");
      expect(attributes(record)["sampling.randomness"]).toMatch(/^[89a-f][0-9a-f]{13}$/);
    }
  });

  it("have a rate of their own when one is set, and overrides that name no operation", () => {
    const rules = new HeadRules(
      policyOf({ base: 2 ** -30, logs: 1, overrides: [{ operation: "x", logs: 2 ** -30 }] }),
    );
    expect([...logRecords([{ traceId: idOf("00000000000001") }], rules)]).toEqual([0]);
  });
});
