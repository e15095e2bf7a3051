import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { prometheusText } from "../../../edge/metrics/prometheus-text.ts";
import { FakeEdge } from "../fake-edge.ts";

test("counts of a request stand in the text, each under its labels", async () => {
  const edge = new FakeEdge({ SAMPLE: "on", SAMPLE_RATE: "1" });
  const span = {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name: "workflow.execute",
  };
  const spans = [span, { ...span, name: "other" }];
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  await edge.post("/v1/traces", "application/json", body);
  await edge.post("/v1/traces", "text/plain", "");
  const response = await edge.request("/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).split("\n");
  for (const line of [
    'weir_edge_requests_total{status="200"} 1',
    'weir_edge_requests_total{status="415"} 1',
    'weir_edge_refusals_total{code="unsupported-media-type"} 1',
    'weir_edge_items_total{signal="spans",outcome="in"} 2',
    'weir_edge_items_total{signal="spans",outcome="sampled_out"} 0',
    'weir_edge_rejected_items_total{signal="spans",reason="required_attribute_not_present"} 1',
    'weir_edge_findings_total{signal="spans",finding="schema_not_found"} 1',
    'weir_edge_violations_total{signal="spans",name="workflow.execute"} 1',
    'weir_edge_sampling_total{tenant="default",signal="spans",count="sampled"} 1',
    'weir_edge_sampling_base_rate{tenant="default"} 1',
    'weir_edge_sampling_effective_rate{tenant="default",signal="spans"} 1',
  ])
    expect(lines).toContain(line);
  expect(lines.some((line) => line.includes('outcome="in_flight"'))).toBe(false);
});

test("copies that the log may hold are no outcome, as they may be more than the accepted items", () => {
  const spans = { in: 3, accepted: 3, sampledOut: 0, unconfirmed: 0, repeatable: 6, inFlight: 0 };
  const lines = prometheusText({ signals: { spans } }).split("\n");
  expect(lines).toContain('weir_edge_repeatable_items_total{signal="spans"} 6');
  const items = lines.filter((line) => line.startsWith("weir_edge_items_total{"));
  expect(items).toEqual([
    'weir_edge_items_total{signal="spans",outcome="in"} 3',
    'weir_edge_items_total{signal="spans",outcome="accepted"} 3',
    'weir_edge_items_total{signal="spans",outcome="sampled_out"} 0',
    'weir_edge_items_total{signal="spans",outcome="unconfirmed"} 0',
  ]);
});

test("every line is one of the format, whatever a label holds", () => {
  const text = prometheusText({ refusals: { 'a"\\\n': 1 } });
  expect(text).toContain('weir_edge_refusals_total{code="a\\"\\\\\\n"} 1\n');
  for (const line of text.trimEnd().split("\n"))
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{.+\})? \d+(?:\.\d+)?)$/);
});

test("why the log is out of reach, and what its forwarder keeps meanwhile, are told", () => {
  const forwarder = {
    logFault: "login-refused",
    outages: 2,
    loginRefusals: 3,
    refusedWrites: 2,
    queueBytes: 7,
    callers: 1,
    sends: 9,
    failedSends: 8,
    spilledRecords: 4,
    spilledBytes: 500,
    storageFailures: 0,
  };
  const lines = prometheusText({ forwarder }).split("\n");
  for (const line of [
    'weir_edge_log_down{fault="unreachable"} 0',
    'weir_edge_log_down{fault="login-refused"} 1',
    "weir_edge_log_outages_total 2",
    "weir_edge_login_refusals_total 3",
    "weir_edge_refused_writes_total 2",
    "weir_edge_queue_bytes 7",
    "weir_edge_queue_callers 1",
    "weir_edge_sends_total 9",
    "weir_edge_failed_sends_total 8",
    "weir_edge_spilled_records 4",
    "weir_edge_spilled_bytes 500",
    "weir_edge_storage_failures_total 0",
  ])
    expect(lines).toContain(line);
});

test("what each tenant sent, and what was refused to it, is told", async () => {
  const hash = createHash("sha256").update("k").digest("hex");
  const tenant = { name: "acme", keys: [hash], signals: ["logs"], requestsPerS: 1, status: true };
  const edge = new FakeEdge({ TENANTS: JSON.stringify({ tenants: [tenant] }) });
  const key = { "x-api-key": "k" };
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] });
  expect((await edge.post("/v1/traces", "application/json", "{}", key)).status).toBe(403);
  expect((await edge.post("/v1/logs", "application/json", body, key)).status).toBe(200);
  expect((await edge.post("/v1/logs", "application/json", body, key)).status).toBe(429);
  const lines = (await (await edge.request("/metrics", { headers: key })).text()).split("\n");
  for (const line of [
    'weir_edge_tenant_requests_total{tenant="acme"} 3',
    'weir_edge_tenant_refused_requests_total{tenant="acme"} 2',
    'weir_edge_tenant_items_total{tenant="acme"} 2',
    "weir_edge_arriving_bytes 0",
    "weir_edge_held_bytes 0",
    "weir_edge_waiting_requests 0",
    'weir_edge_document_fault{document="tenants"} 0',
  ])
    expect(lines).toContain(line);
});

test("a document that is not used is told", () => {
  const status = { registry: { error: "bad" }, access: { storeError: "" } };
  const lines = prometheusText(status).split("\n");
  expect(lines).toContain('weir_edge_document_fault{document="registry"} 1');
  expect(lines).toContain('weir_edge_document_fault{document="tenants"} 0');
});

test("it wants the same right as /status", async () => {
  const edge = new FakeEdge({ API_KEYS: "secret" });
  expect((await edge.request("/metrics")).status).toBe(401);
});
