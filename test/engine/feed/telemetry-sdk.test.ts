import { diag } from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";

import { listenToSdk, newTelemetryTotals } from "../../../engine/feed/telemetry-sdk.ts";

afterEach(() => {
  diag.disable();
});

test("an error of the SDK is told as a sentence, once, without its stack", () => {
  const notes: string[] = [];
  listenToSdk(newTelemetryTotals(), (text) => notes.push(text));
  const { stack, message, name } = new TypeError("connect ECONNREFUSED");
  for (let i = 0; i < 2; i += 1) diag.error(JSON.stringify({ stack, message, name }));
  diag.warn("{no JSON");
  expect(notes).toEqual(["TypeError: connect ECONNREFUSED", "{no JSON"]);
});
