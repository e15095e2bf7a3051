// Metrics and log records against the registry, on the whole way of a request.
import { expect, test } from "vitest";

import { readRefused } from "../../../schemas/rejected-value.ts";
import { FakeEdge } from "../fake-edge.ts";

const post = async (edge: FakeEdge, path: string, body: object): Promise<unknown> =>
  (await edge.post(path, "application/json", JSON.stringify(body))).json();

const refusedHeads = (edge: FakeEdge) =>
  edge.sends
    .flatMap(({ records }) => records)
    .filter(({ topic }) => topic === "weir-rejected")
    .map(({ value }) => readRefused(value)?.head);

const metrics = (...all: readonly object[]) => ({
  resourceMetrics: [{ scopeMetrics: [{ metrics: all }] }],
});
const outcome = [
  { key: "workflow.outcome", value: { stringValue: "completed" } },
  { key: "workflow.name", value: { stringValue: "order.fulfil" } },
];
const counter = (name: string, unit: string, points: number, attributes: readonly object[]) => ({
  name,
  unit,
  sum: {
    aggregationTemporality: 2,
    isMonotonic: true,
    dataPoints: Array.from({ length: points }, () => ({ asInt: "1", attributes })),
  },
});

test("a metric that contradicts its definition is rejected with all its data points", async () => {
  const edge = new FakeEdge();
  const good = counter("workflow.executions", "{workflow}", 1, outcome);
  const bad = counter("workflow.executions", "s", 3, outcome);
  const unknown = counter("never.heard", "1", 1, []);
  expect(await post(edge, "/v1/metrics", metrics(good, bad, unknown))).toEqual({
    partialSuccess: {
      rejectedDataPoints: "3",
      errorMessage:
        "3 data points rejected: 3 x unit_mismatch in workflow.executions (first: item 1)",
    },
  });
  expect(refusedHeads(edge)).toMatchObject([
    { topic: "otlp_metrics", items: 1, findings: [{ id: "unit_mismatch" }] },
  ]);
  const { metrics: counts } = edge.edge.counters.snapshot()["signals"] as { metrics: object };
  expect(counts).toMatchObject({ in: 5, accepted: 2, rejected: { unit_mismatch: 3 }, inFlight: 0 });
  expect(edge.edge.passes.metrics.report.counts.snapshot()).toMatchObject({
    records: 3,
    mostViolated: { "workflow.executions": 1 },
  });
});

test("a metric without data points that is out is told as such, alone and among others", async () => {
  const empty = counter("workflow.executions", "s", 0, []);
  const alone = "metrics without data points: 1 x unit_mismatch in workflow.executions";
  const edge = new FakeEdge();
  expect(await post(edge, "/v1/metrics", metrics(empty))).toEqual({
    partialSuccess: { errorMessage: alone },
  });
  expect(refusedHeads(edge)).toMatchObject([{ items: 1, mode: "reject" }]);
  const bad = counter("workflow.outcomes", "s", 2, []);
  const other = counter("workflow.executions", "s", 3, outcome);
  expect(await post(edge, "/v1/metrics", metrics(empty, bad, other))).toEqual({
    partialSuccess: {
      rejectedDataPoints: "3",
      errorMessage: `3 data points rejected: 3 x unit_mismatch in workflow.executions (first: item 2); ${alone}`,
    },
  });
  const { metrics: counts } = edge.edge.counters.snapshot()["signals"] as { metrics: object };
  expect(counts).toMatchObject({ in: 5, accepted: 2, rejected: { unit_mismatch: 3 }, inFlight: 0 });
  const rules = [{ mode: "quarantine", finding: "unit_mismatch" }];
  const aside = new FakeEdge({ VALIDATION_RULES: JSON.stringify(rules) });
  expect(await post(aside, "/v1/metrics", metrics(empty))).toEqual({
    partialSuccess: { errorMessage: alone },
  });
});

test("a log record with a value outside its definition is rejected, others go on", async () => {
  const edge = new FakeEdge();
  const log = (value: string) => ({
    body: { stringValue: "x" },
    attributes: [{ key: "workflow.outcome", value: { stringValue: value } }],
  });
  const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [log("failed"), log("lost")] }] }] };
  expect(await post(edge, "/v1/logs", body)).toMatchObject({
    partialSuccess: {
      rejectedLogRecords: "1",
      errorMessage:
        "1 log record rejected: 1 x undefined_enum_variant workflow.outcome in a record without a name (first: item 1)",
    },
  });
  expect(edge.edge.passes.logs.report.counts.snapshot()).toMatchObject({
    mostViolated: { "a record without a name": 1 },
  });
  expect(refusedHeads(edge)).toMatchObject([{ topic: "otlp_logs", items: 1, mode: "reject" }]);
});
