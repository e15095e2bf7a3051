import { describe, expect, it } from "vitest";

import { murmur2 } from "../../../schemas/hash/murmur2.ts";
import type { Signal } from "../../../schemas/otlp/messages.ts";
import { signals } from "../../../schemas/otlp/messages.ts";
import { Regroup } from "../../../schemas/otlp/regroup.ts";
import type { SignalScan } from "../../../schemas/otlp/signal-scan.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../../schemas/otlp/signal-scan.ts";
import { partitionByTraceId } from "../../../schemas/otlp/trace-partition.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import { randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";

const scans: { readonly [signal in Signal]: SignalScan } = {
  traces: createTraceScan(),
  metrics: createMetricScan(),
  logs: createLogScan(),
};
const names: { readonly [signal in Signal]: readonly [string, string, string] } = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
};

const list = (plain: Plain, name: string): readonly Plain[] => (plain[name] ?? []) as Plain[];

type Placed = { readonly record: Plain; readonly around: unknown };

/** Every record with all that stands around it, in the order of the request. */
const placed = (signal: Signal, request: Plain): Placed[] => {
  const [resources, scopes, records] = names[signal];
  return list(request, resources).flatMap((resource) =>
    list(resource, scopes).flatMap((scope) =>
      list(scope, records).map((record) => ({
        record,
        around: [resource["resource"], resource["schemaUrl"], scope["scope"], scope["schemaUrl"]],
      })),
    ),
  );
};

describe("regroup", () => {
  it.each(Object.keys(signals) as Signal[])(
    "gives each partition exactly its %s, with resource, scope and schema URLs",
    (signal) => {
      const random = seeded(runSeed(`regroup ${signal}`));
      const { request } = signals[signal];
      const scan = scans[signal];
      for (let i = 0; i < 300; i += 1) {
        const bytes = protoEncode(request, randomMessage(random, request, 12));
        expect(scan.scan(bytes, 0, bytes.length)).toBe(0);
        const partitions = 1 + random.below(5);
        const partitionOf = Int32Array.from(
          { length: scan.count },
          () => random.below(partitions + 1) - 1,
        );
        const messageBytesMax = random.pick([100, 1_000, 10_000, 1 << 20]);
        const regroup = new Regroup(messageBytesMax);
        const messages = regroup.build(scan, partitionOf, partitions);
        const oversize = new Set(regroup.oversize.subarray(0, regroup.oversizeCount));
        const all = placed(signal, protoDecode(request, bytes));
        for (let partition = 0; partition < partitions; partition += 1) {
          const own = messages.filter((message) => message.partition === partition);
          const found = own.flatMap((message) =>
            placed(signal, protoDecode(request, message.bytes)),
          );
          const expected = all.filter(
            (_, at) => partitionOf[at] === partition && !oversize.has(at),
          );
          expect(found).toEqual(expected);
        }
        for (const message of messages) {
          expect(message.bytes.length).toBeLessThanOrEqual(messageBytesMax);
          expect(message.bytes.buffer).toBe(messages[0]?.bytes.buffer);
          expect(scan.scan(message.bytes, 0, message.bytes.length)).toBe(0);
          expect(scan.count).toBe(message.records);
        }
      }
    },
  );

  it("fills messages up to the limit and reports a record that fits in none", () => {
    const spans = [10, 10, 10, 500, 10].map((length) => ({ name: "n".repeat(length) }));
    const request = "ExportTraceServiceRequest";
    const bytes = protoEncode(request, { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const scan = scans.traces;
    scan.scan(bytes, 0, bytes.length);
    // Two spans of 14 bytes in a scope field of 2 + 28 and a resource field of 2 + 30.
    const regroup = new Regroup(32);
    const messages = regroup.build(scan, new Int32Array(5), 1);
    expect(messages.map(({ bytes: { length }, records }) => [length, records])).toEqual([
      [32, 2],
      [18, 1],
      [18, 1],
    ]);
    expect([...regroup.oversize.subarray(0, regroup.oversizeCount)]).toEqual([3]);
  });

  it("keeps a single record byte for byte, unknown fields too", () => {
    const span = [0x2a, 1, 65, 0x92, 6, 1, 7];
    const body = [0x12, span.length, ...span];
    const bytes = Uint8Array.of(0x0a, body.length + 2, 0x12, body.length, ...body);
    const scan = scans.traces;
    scan.scan(bytes, 0, bytes.length);
    const [message] = new Regroup(1000).build(scan, new Int32Array(1), 1);
    expect(message?.bytes).toEqual(bytes);
  });
});

describe("partition by trace id", () => {
  it("is the murmur2 of the hex trace id, and one of the caller's choice without an id", () => {
    const random = seeded(runSeed("partition"));
    const ids = Array.from({ length: 40 }, () => random.bytes(random.below(3) === 0 ? 0 : 16));
    const spans = ids.flatMap((traceId) => [{ traceId }, { traceId }]);
    const bytes = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ spans }] }],
    });
    const scan = scans.traces;
    scan.scan(bytes, 0, bytes.length);
    const into = new Int32Array(scan.count);
    partitionByTraceId(scan, { partitions: 6, unkeyed: 5 }, into);
    const expected = spans.map(({ traceId }) => {
      const key = new TextEncoder().encode(Buffer.from(traceId).toString("hex"));
      return key.length === 0 ? 5 : (murmur2(key, 0, key.length) & 0x7fffffff) % 6;
    });
    expect([...into]).toEqual(expected);
  });
});
