// What makes the run of a client a failure; the clients themselves run by `npm run clients` only.
import { expect, it } from "vitest";

import { faults, parseReport } from "./client-report.ts";

const asked = { valid: 3, invalid: 2 };
const none = { in: 0, accepted: 0, rejected: 0, sampledOut: 0 };
const counts = {
  spans: { in: 6, accepted: 3, rejected: 3, sampledOut: 0 },
  logs: none,
  metrics: none,
};
const partialSuccess = [
  { part: "invalid spans", rejected: 2, message: "two" },
  { part: "over the limit", rejected: 1, message: "one" },
];

const reportWith = (changes: { readonly [name: string]: unknown }) => {
  const signals = {
    spans: { sent: 6, exported: 6, failed: 0 },
    logs: { sent: 0, exported: 0, failed: 0 },
    metrics: { sent: 0, exported: 0, failed: 0 },
  };
  const fixed = { language: "Test", sdk: "1.0.0", signals, partialSuccess, toldBy: "", sdkLog: [] };
  return parseReport(`warning\n${JSON.stringify({ ...fixed, ...changes })}\n`);
};

it("finds nothing wrong when the client and the edge agree", () => {
  expect(faults(reportWith({}), counts, asked)).toEqual([]);
});

it("finds a client that was not told what the edge rejected", () => {
  expect(faults(reportWith({ partialSuccess: [] }), counts, asked)).toEqual([
    "spans: the edge rejected 3, the client was told 0",
    "invalid spans: 0 rejected, expected 2",
    "over the limit: 0 rejected, expected 1",
  ]);
});

it("finds failed exports and items that the edge never saw", () => {
  const logs = { sent: 2, exported: 1, failed: 1 };
  const { signals } = reportWith({});
  expect(faults(reportWith({ signals: { ...signals, logs } }), counts, asked)).toEqual([
    "logs: sent=2 exported=1 failed=1",
    "logs: sent=2, the edge counted 0",
  ]);
});

it("finds valid spans that the edge did not accept", () => {
  const spans = { ...counts.spans, accepted: 1, sampledOut: 2 };
  expect(faults(reportWith({}), { ...counts, spans }, asked)).toEqual([
    "spans: 3 valid, 1 accepted",
  ]);
});

it("refuses output that is no report", () => {
  expect(() => parseReport("Traceback: no such module\n")).toThrow(SyntaxError);
});
