import { describe, expect, it } from "vitest";

import { defaultLimits } from "../../../schemas/otlp/limits.ts";
import { KnownHeads } from "../../../schemas/validate/known-heads.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { smallRegistry } from "../../oracles/small-registry.ts";
import { ValidationAgreement } from "../../oracles/validation-agreement.ts";

const text = (key: string, stringValue: string): Plain => ({ key, value: { stringValue } });

const bytesOf = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(length).fill(7).fill(length & 255, length - 2);

const nowhere = { start: 0, end: 0 };

const isKept = (known: KnownHeads, length: number): boolean => {
  const bytes = bytesOf(length);
  known.keep(bytes, { start: 0, end: length }, 1, nowhere);
  return known.find(new DataView(bytes.buffer), 0, length, 1) >= 0;
};

describe("known heads", () => {
  it("take a resource or scope for a known one only when each of its bytes is the same", () => {
    const rules = [{ mode: "off", finding: "missing_attribute" }] as const;
    const one = new ValidationAgreement({ registry: smallRegistry, rules });
    const method = text("http.request.method", "GET");
    const named = { attributes: [method, text("service.name", "shop")] };
    const scope = { name: "http", attributes: [method, text("user.id", "u123")] };
    const spans = [{ name: "GET /", kind: 3 }];
    const bytes = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [
        { resource: named, scopeSpans: [{ scope, spans }] },
        { resource: { attributes: [method] }, scopeSpans: [{ scope: { name: "other" }, spans }] },
      ],
    });
    for (let i = 0; i < 3; i += 1) one.assertProof(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const other = bytes.slice();
        other[at] = (other[at] ?? 0) ^ (1 << bit);
        one.assert(other);
        one.assertProof(other);
        one.assertProof(bytes);
      }
    }
  });

  it("are neither very short nor very long", () => {
    expect([7, 8, 1024, 1025].map((length) => isKept(new KnownHeads(), length))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("are of one message: a scope is no resource", () => {
    const known = new KnownHeads();
    const bytes = bytesOf(20);
    known.keep(bytes, { start: 0, end: 20 }, 1, { start: 4, end: 9 });
    const view = new DataView(bytes.buffer);
    expect(known.find(view, 0, 20, 2)).toBe(-1);
    const slot = known.find(view, 0, 20, 1);
    expect([known.nameStart(slot), known.nameEnd(slot)]).toEqual([4, 9]);
  });

  it("are forgotten when the limits are others", () => {
    const known = new KnownHeads();
    known.open(defaultLimits);
    expect(isKept(known, 30)).toBe(true);
    known.open({ ...defaultLimits });
    expect(known.find(new DataView(bytesOf(30).buffer), 0, 30, 1)).toBe(-1);
  });
});
