// npm run bench -- sample: nanoseconds per span of a 1000-span request for the head sampler alone,
// at several rates, without and with incoming tracestate, with the output written, and in the same
// run a plain twin with BigInt, strings and a Map. The scan is not counted.
import { recordWord, spanWord } from "../../schemas/otlp/record-layout.ts";
import { Regroup } from "../../schemas/otlp/regroup.ts";
import type { SignalScan } from "../../schemas/otlp/signal-scan.ts";
import { createLogScan, createTraceScan } from "../../schemas/otlp/signal-scan.ts";
import { HeadRules } from "../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
import { defaultPolicy } from "../../schemas/sampling/head-settings.ts";
import { protoEncode } from "../oracles/otlp-proto.ts";
import { oracleThreshold, plainDecision } from "../oracles/plain-sampling.ts";
import { seeded } from "../random.ts";
import type { BenchOptions } from "./harness.ts";
import { report, timeNs } from "./harness.ts";
import { traceBody } from "./otlp-body.ts";

const spans = 1000;
const partitions = 6;
const goalNs = 60;

type Work = readonly [what: string, rounds: number, body: () => number, goalNs?: number];

const scanned = (body: Uint8Array): SignalScan => {
  const scan = createTraceScan();
  const code = scan.scan(body, 0, body.length);
  if (code !== 0 || scan.count !== spans) throw new Error(`scan code=${code} count=${scan.count}`);
  return scan;
};

const logBody = (): Uint8Array => {
  const random = seeded(2);
  const records = Array.from({ length: spans }, (_, index) => ({
    traceId: random.bytes(16),
    severityNumber: 9,
    body: { stringValue: `order ${index} was placed` },
    attributes: ["code.file.path", "thread.name", "log.iostream"].map((key) => ({
      key,
      value: { stringValue: "some value" },
    })),
  }));
  return protoEncode("ExportLogsServiceRequest", {
    resourceLogs: [{ scopeLogs: [{ logRecords: records }] }],
  });
};

const rulesAt = (base: number): HeadRules =>
  new HeadRules({ ...defaultPolicy, rates: { ...defaultPolicy.rates, base } });

const ownWorks = (body: Uint8Array): Work[] => {
  const sampler = new HeadSampler({ hasDecisions: false });
  const regroup = new Regroup(1 << 20);
  const partitionOf = new Int32Array(spans);
  const deal = (): void => {
    for (let i = 0; i < spans; i += 1) partitionOf[i] = (i >> 3) % partitions;
  };
  const pass = (scan: SignalScan, rules: HeadRules) => (): number => {
    deal();
    sampler.passSpans(scan, rules, partitionOf);
    return 1;
  };
  const written = (scan: SignalScan, rules: HeadRules) => (): number => {
    deal();
    sampler.passSpans(scan, rules, partitionOf);
    return regroup.build(scan, partitionOf, partitions, sampler.edits).length;
  };
  const asIs = (scan: SignalScan) => (): number => {
    deal();
    return regroup.build(scan, partitionOf, partitions).length;
  };
  const plain = scanned(body);
  const stated = (state: string): SignalScan => scanned(traceBody(seeded(1), spans, state));
  const thresholds = stated("ot=th:8");
  const crowded = stated("vendor=abcdefghijklmnop,ot=th:c;rv:f23456789abcde");
  const logs = createLogScan();
  const logBytes = logBody();
  logs.scan(logBytes, 0, logBytes.length);
  const passLogs = (): number => {
    deal();
    sampler.passLogs(logs, rulesLow, partitionOf);
    return 1;
  };
  const rulesLow = rulesAt(0.01);
  const all = rulesAt(1);
  return [
    ["sample 1 %", 300, pass(plain, rulesLow), goalNs],
    ["sample 100 %", 300, pass(plain, all), goalNs],
    ["sample 1 %, incoming ot=th:8", 300, pass(thresholds, rulesLow)],
    ["sample 1 %, incoming vendor, th, rv", 300, pass(crowded, rulesLow)],
    ["sample 100 %, incoming vendor, th, rv", 300, pass(crowded, all)],
    ["sample 1 % of log records", 300, passLogs],
    ["6 partitions written as they are", 200, asIs(plain)],
    ["sample 100 % + 6 partitions written", 200, written(plain, all)],
    ["sample 1 % + 6 partitions written", 200, written(plain, rulesLow)],
  ];
};

const bits = (words: Int32Array, at: number): bigint =>
  (BigInt(words[at + 1] ?? 0) << 32n) | BigInt.asUintN(32, BigInt(words[at] ?? 0));

/** From the same rows, so that only the decision is compared. */
const twinWork = (scan: SignalScan): Work => {
  const { bytes, records, layout } = scan;
  const text = new TextDecoder();
  const rules = {
    error: 0n,
    slow: oracleThreshold(0.5, 4),
    base: oracleThreshold(0.01, 4),
    slowNs: 1_000_000_000n,
  };
  const twin = (): number => {
    const states = new Map<number, string>();
    for (let i = 0; i < scan.count; i += 1) {
      const row = i * layout.stride;
      const at = records[row + recordWord.traceIdAt] ?? 0;
      const start = records[row + spanWord.traceStateStart] ?? 0;
      const decision = plainDecision(
        {
          traceId: Buffer.from(bytes.subarray(at, at + 16)).toString("hex"),
          isError: records[row + spanWord.statusCode] === 2,
          startNs: bits(records, row + spanWord.startTimeLow),
          endNs: bits(records, row + spanWord.endTimeLow),
          traceState: text.decode(bytes.subarray(start, records[row + spanWord.traceStateEnd])),
        },
        rules,
      );
      if (decision.isKept) states.set(i, `ot=th:${decision.threshold.toString(16)}`);
    }
    return states.size;
  };
  return ["plain twin: BigInt and strings, 1 %", 30, twin];
};

/** One line for each way, with its ratio to the plain twin. */
export const run = ({ smoke }: BenchOptions): void => {
  const body = traceBody(seeded(1), spans);
  let rivalNs = Number.NaN;
  for (const [what, rounds, work, goal] of [twinWork(scanned(body)), ...ownWorks(body)]) {
    let sum = 0;
    const timing = { warmups: smoke ? 2 : rounds, rounds: smoke ? 3 : rounds, operations: spans };
    const { median, min, max } = timeNs(timing, () => {
      sum += work();
    });
    if (sum === 0) throw new Error(`${what} did nothing`);
    if (Number.isNaN(rivalNs)) rivalNs = median;
    report({
      benchmark: "sample",
      what,
      nsPerSpan: median,
      min,
      max,
      fasterThanTwin: rivalNs / median,
      goalNs: goal,
    });
  }
};
