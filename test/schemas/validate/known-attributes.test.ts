import { describe, expect, it } from "vitest";

import { KnownAttributes } from "../../../schemas/validate/known-attributes.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { damaged } from "../../oracles/otlp-random.ts";
import { smallRegistry } from "../../oracles/small-registry.ts";
import { ValidationAgreement } from "../../oracles/validation-agreement.ts";
import { runSeed, seeded } from "../../random.ts";

const state = 7;

/** An attribute in the usual encoding whose value is this text. */
const attributeOf = (value: string): DataView => {
  const text = new TextEncoder().encode(value);
  const head = [0x4a, 8 + text.length, 0x0a, 2, 0x61, 0x62, 0x12, 2 + text.length, 0x0a];
  return new DataView(Uint8Array.from([...head, text.length, ...text]).buffer);
};

const keep = (known: KnownAttributes, value: string): void => {
  const view = attributeOf(value);
  known.keep(view, { at: 0, next: view.byteLength, state, target: 8 });
};

const bytesOf = ({ entries }: KnownAttributes): Uint8Array =>
  new Uint8Array(entries.buffer).slice();

/** Entries of the state: one in 128 bytes, which begins with it. */
const kept = ({ entries }: KnownAttributes): number => {
  let count = 0;
  for (let at = 0; at < entries.byteLength; at += 128) {
    if (entries.getInt32(at, true) === state) count += 1;
  }
  return count;
};

const keepMany = (known: KnownAttributes, from: number): void => {
  for (let i = from; i < from + 1000; i += 1) keep(known, `value ${i}`);
};

describe("known attributes", () => {
  it("give up a state that ever new values come to, for a thousand requests", () => {
    const known = new KnownAttributes(10);
    keepMany(known, 0);
    const before = bytesOf(known);
    expect(kept(known)).toBeGreaterThan(150);
    expect(kept(known)).toBeLessThanOrEqual(200);
    keepMany(known, 1000);
    expect(bytesOf(known)).toEqual(before);
    for (let i = 0; i < 1024; i += 1) known.refresh();
    keepMany(known, 1000);
    expect(bytesOf(known)).not.toEqual(before);
  });

  it("change nothing that is said in a state that is given up", () => {
    const random = seeded(runSeed("known attributes, given up"));
    const one = new ValidationAgreement({ registry: smallRegistry });
    const methods = ["GET", "POST", "BREW", "GET"];
    const spanOf = (i: number): Plain => ({
      attributes: [
        { key: "user.id", value: { stringValue: `u${i}` } },
        { key: "http.url", value: { stringValue: `/${i % 7}/${i}` } },
        { key: "http.status", value: { intValue: i } },
        { key: "http.request.method", value: { stringValue: methods[i % methods.length] } },
      ],
    });
    for (let i = 0; i < 900; i += 100) {
      const spans = Array.from({ length: 100 }, (_, k) => spanOf(i + k));
      const bytes = protoEncode("ExportTraceServiceRequest", {
        resourceSpans: [{ scopeSpans: [{ spans }] }],
      });
      one.assertPlain(bytes);
      for (let k = 0; k < 10; k += 1) {
        const broken = damaged(random, bytes);
        one.assert(broken);
        one.assertProof(broken);
      }
    }
  });

  it("keep two that differ only in the middle", () => {
    const known = new KnownAttributes(10);
    keep(known, "first of two");
    keep(known, "other of two");
    expect(kept(known)).toBe(2);
  });

  it("leave out what is too short or too long, and what doubles cannot compare", () => {
    const known = new KnownAttributes(10);
    const long = "x".repeat(100);
    keep(known, long);
    expect(kept(known)).toBe(1);
    known.clear();
    for (const value of ["", "a", `${long}0123456789a`, "\0".repeat(24), `${"\0".repeat(24)}abc`])
      keep(known, value);
    expect(kept(known)).toBe(0);
  });

  it("are forgotten with the states that they name", () => {
    const known = new KnownAttributes(10);
    keepMany(known, 0);
    known.clear();
    expect(kept(known)).toBe(0);
  });
});
