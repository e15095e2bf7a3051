// A record's items as read from its bytes are those that the Worker counted when it made it.
import { expect, test } from "vitest";

import { recordItems } from "../../../edge/forward/record-items.ts";
import { transactionJson } from "../decode/solana-bytes.ts";
import { FakeEdge } from "../fake-edge.ts";

const json = "application/json";
const times = (count: number, item: object): readonly object[] =>
  Array.from({ length: count }, () => item);
const traceIds = ["1", "2", "3", "4"].map((digit) => digit.repeat(32));
const spans = traceIds.flatMap((traceId) =>
  times(3, { traceId, spanId: "1".repeat(16), name: "any" }),
);
const point = { asInt: "1" };
const metrics = [
  { name: "a", sum: { aggregationTemporality: 2, dataPoints: times(3, point) } },
  { name: "b", gauge: { dataPoints: times(2, point) } },
  { name: "c", histogram: { aggregationTemporality: 1, dataPoints: times(4, { count: "0" }) } },
  {
    name: "d",
    exponentialHistogram: { aggregationTemporality: 1, dataPoints: times(5, { count: "0" }) },
  },
];
const depth = (u: number) => ({
  message: {
    e: "depthUpdate",
    E: 1_700_000_000_000,
    s: "BTCUSDT",
    U: u,
    u,
    b: [["1.0", "1"]],
    a: [],
  },
});

const bodies = {
  "/v1/traces": { resourceSpans: times(2, { scopeSpans: times(2, { spans }) }) },
  "/v1/metrics": { resourceMetrics: times(2, { scopeMetrics: times(2, { metrics }) }) },
  "/v1/logs": {
    resourceLogs: times(2, {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeLogs: times(2, { logRecords: times(7, { severityNumber: 9 }) }),
    }),
  },
  "/v1/transactions": { transactions: [1, 2, 3, 4, 5].map(transactionJson) },
  "/v1/depth": { venue: "binance-spot", symbol: "BTCUSDT", messages: [1, 2, 3].map(depth) },
};

test("they are the same for every kind of record, and none for weir-rejected", async () => {
  const edge = new FakeEdge();
  for (const [path, body] of Object.entries(bodies))
    expect((await edge.post(path, json, JSON.stringify(body))).status).toBe(200);
  const totals: Record<string, number> = {};
  for (const { topic, value, items } of edge.sent) {
    const counted = recordItems(topic, value);
    expect(counted?.items).toBe(items);
    const signal = counted?.signal ?? "none";
    totals[signal] = (totals[signal] ?? 0) + items;
  }
  expect(totals).toEqual({ spans: 48, metrics: 56, logs: 28, transactions: 5, depth: 3 });
  expect(recordItems("weir-rejected", new Uint8Array(10))).toBeUndefined();
});
