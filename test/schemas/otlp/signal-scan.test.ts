import { isDeepStrictEqual } from "node:util";

import { describe, expect, it } from "vitest";

import { defaultLimits, scanCode, scanCodeText } from "../../../schemas/otlp/limits.ts";
import type { Signal } from "../../../schemas/otlp/messages.ts";
import { signals } from "../../../schemas/otlp/messages.ts";
import type { SignalScan } from "../../../schemas/otlp/signal-scan.ts";
import {
  createLogScan,
  createMetricScan,
  createTraceScan,
} from "../../../schemas/otlp/signal-scan.ts";
import { decodedRows, scannedRows } from "../../oracles/otlp-columns.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import { randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";

const scans: { readonly [signal in Signal]: SignalScan } = {
  traces: createTraceScan(),
  metrics: createMetricScan(),
  logs: createLogScan(),
};
const signalNames = Object.keys(signals) as Signal[];
const recordsEach = 34_000;

describe("signal scan", () => {
  it.each(signalNames)("reads every %s record as protobufjs does", (signal) => {
    const random = seeded(runSeed(`scan ${signal}`));
    const { request } = signals[signal];
    const scan = scans[signal];
    let records = 0;
    while (records < recordsEach) {
      // A few messages are encoded once and mixed anew: encoding is the slow part.
      const bytes = protoEncode(request, randomMessage(random, request, 60));
      const before = random.below(3);
      const padded = new Uint8Array(before + bytes.length + 2).fill(0xff);
      padded.set(bytes, before);
      const code = scan.scan(padded, before, before + bytes.length);
      expect(scanCodeText(code)).toBe(scanCodeText(scanCode.ok));
      const found = scannedRows(signal, scan);
      const expected = decodedRows(signal, protoDecode(request, bytes));
      if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected);
      records += scan.count;
    }
  });
});

const span = (...body: readonly number[]): Uint8Array =>
  Uint8Array.of(0x0a, body.length + 4, 0x12, body.length + 2, 0x12, body.length, ...body);

const codeOf = (bytes: Uint8Array): number => scans.traces.scan(bytes, 0, bytes.length);

describe("malformed requests", () => {
  it("takes an empty request", () => {
    expect(codeOf(new Uint8Array(0))).toBe(scanCode.ok);
    expect(scans.traces.count).toBe(0);
  });

  it.each([
    ["a length past the end", [0x0a, 16, 1, 2], scanCode.truncated],
    ["a fixed field past the end", [0x39, 1, 2, 3], scanCode.truncated],
    ["a tag without a value", [0x2a], scanCode.truncated],
    [
      "a varint without end",
      [0x30, ...Array.from({ length: 11 }, () => 0x80)],
      scanCode.varintTooLong,
    ],
    ["a start of a group", [0xa3, 1], scanCode.badWireType],
    ["a wire type that does not exist", [0xa6, 1], scanCode.badWireType],
    ["field number 0", [0x02, 0], scanCode.fieldZero],
    [
      "a trace id of 15 bytes",
      [0x0a, 15, ...Array.from({ length: 15 }, () => 7)],
      scanCode.badIdLength,
    ],
    [
      "a span id of 16 bytes",
      [0x12, 16, ...Array.from({ length: 16 }, () => 7)],
      scanCode.badIdLength,
    ],
    ["a tag of more than 32 bits", [0xf8, 0xff, 0xff, 0xff, 0x7f, 0], scanCode.badTag],
    ["a length of more than 31 bits", [0x2a, 0xff, 0xff, 0xff, 0xff, 0x0f], scanCode.badLength],
  ])("refuses %s with a code and its place", (_, body, code) => {
    const bytes = span(...body);
    expect(scanCodeText(codeOf(bytes))).toBe(scanCodeText(code));
    expect(scans.traces.errorAt).toBe(6);
  });

  it("takes the last of a repeated scalar and merges a repeated status", () => {
    const bytes = span(0x2a, 1, 65, 0x2a, 1, 66, 0x7a, 2, 0x18, 2, 0x7a, 3, 0x12, 1, 77);
    expect(codeOf(bytes)).toBe(scanCode.ok);
    const [row] = scannedRows("traces", scans.traces);
    expect(row).toMatchObject({ name: "B", status: 2 });
  });

  it("skips unknown fields of every wire type", () => {
    const numbers = [0x90, 6, 0x80, 1, 0x91, 6, 1, 2, 3, 4, 5, 6, 7, 8];
    const bytes = span(...numbers, 0x92, 6, 2, 9, 9, 0x95, 6, 1, 2, 3, 4, 0x2a, 1, 65);
    expect(codeOf(bytes)).toBe(scanCode.ok);
    expect(scannedRows("traces", scans.traces)[0]).toMatchObject({ name: "A", kind: 0 });
  });

  it("refuses a resource that comes twice", () => {
    expect(codeOf(Uint8Array.of(0x0a, 4, 0x0a, 0, 0x0a, 0))).toBe(scanCode.repeatedMessage);
  });

  it("starts anew after a refusal", () => {
    const bad = span(0x2a, 1, 65, 0x30, 2, 0x0a, 3, 1, 1, 1);
    const good = span(0x0a, 0);
    expect(codeOf(bad)).toBe(scanCode.badIdLength);
    expect(codeOf(good)).toBe(scanCode.ok);
    expect(scannedRows("traces", scans.traces)[0]).toMatchObject({ name: "", kind: 0 });
  });

  it("names each count that is over its limit", () => {
    const message = {
      resourceSpans: Array.from({ length: 3 }, () => ({
        scopeSpans: Array.from({ length: 3 }, () => ({
          spans: Array.from({ length: 3 }, () => ({
            attributes: [{ key: "a" }, { key: "b" }, { key: "c" }],
            events: [{}, {}, {}],
            links: [{}, {}, {}],
          })),
        })),
      })),
    };
    const bytes = protoEncode("ExportTraceServiceRequest", message);
    const limited = [
      ["requestBytesMax", scanCode.requestTooLarge],
      ["resourcesMax", scanCode.tooManyResources],
      ["scopesMax", scanCode.tooManyScopes],
      ["recordsMax", scanCode.tooManyRecords],
      ["attributesMax", scanCode.tooManyAttributes],
      ["eventsMax", scanCode.tooManyEvents],
      ["linksMax", scanCode.tooManyLinks],
    ] as const;
    for (const [limit, code] of limited) {
      const scan = createTraceScan({ ...defaultLimits, [limit]: 2 });
      expect(scanCodeText(scan.scan(bytes, 0, bytes.length))).toBe(scanCodeText(code));
    }
  });
});
