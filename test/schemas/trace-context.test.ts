import { describe, expect, it } from "vitest";

import {
  readTraceparent,
  sampledTraceparent,
  traceparentChars,
} from "../../schemas/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

describe("W3C trace context", () => {
  it("is read as it was written", () => {
    const text = sampledTraceparent(traceId, spanId);
    expect(text).toHaveLength(traceparentChars);
    expect(readTraceparent(text)).toEqual({ traceId, spanId, isSampled: true });
  });

  // Examples of the specification and of its test suite.
  it.each([
    [`00-${traceId}-${spanId}-00`, false],
    [`00-${traceId}-${spanId}-03`, true],
    [`00-${traceId}-${spanId}-02`, false],
    [`cc-${traceId}-${spanId}-01`, true],
    [`cc-${traceId}-${spanId}-01-what-the-future-will-be-like`, true],
  ])("takes %s, sampled: %s", (text, isSampled) => {
    expect(readTraceparent(text)).toEqual({ traceId, spanId, isSampled });
  });

  it.each([
    "",
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-what`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-0x`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}0-${spanId}-01`,
    `cc-${traceId}-${spanId}-01.what`,
    ` 00-${traceId}-${spanId}-01`,
  ])("refuses %j", (text) => {
    expect(readTraceparent(text)).toBeNull();
  });
});
