import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { Problems } from "../../../engine/registry/problem.ts";
import { resolveRegistry } from "../../../engine/registry/resolve-registry.ts";
import { defaultLimits, scanCode } from "../../../schemas/otlp/limits.ts";
import { Regroup } from "../../../schemas/otlp/regroup.ts";
import type {
  RequirementLevel,
  ResolvedAttribute,
  ResolvedGroup,
} from "../../../schemas/weaver/resolved.ts";
import { finding } from "../../../schemas/validate/finding-table.ts";
import { statesMax } from "../../../schemas/validate/shapes.ts";
import { outcome } from "../../../schemas/validate/trace-pass.ts";
import { protoDecode, protoEncode } from "../../oracles/otlp-proto.ts";
import type { Plain } from "../../oracles/otlp-proto.ts";
import { damaged, randomMessage } from "../../oracles/otlp-random.ts";
import { randomSpans } from "../../oracles/random-spans.ts";
import { smallDefinitions, smallRegistry } from "../../oracles/small-registry.ts";
import { ValidationAgreement, findingsOf } from "../../oracles/validation-agreement.ts";
import { runSeed, seeded } from "../../random.ts";

const request = "ExportTraceServiceRequest";
const partitions = { partitions: 6, unkeyed: 2 };

const text = (key: string, stringValue: string): Plain => ({ key, value: { stringValue } });
const int = (key: string, intValue: number): Plain => ({ key, value: { intValue } });

const requestOf = (
  spans: readonly Plain[],
  resource: readonly Plain[] = [],
): Uint8Array<ArrayBuffer> =>
  protoEncode(request, {
    resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }],
  });

const agreement = (): ValidationAgreement => new ValidationAgreement({ registry: smallRegistry });

/** The small registry's keys are no good names, and most do not belong to the span at hand. */
const beside = new Set<number>([
  finding.missingNamespace,
  finding.illegalNamespace,
  finding.unexpectedAttribute,
]);

/** Findings of one span, but those beside the point: `code key place`. */
const findings = (span: Plain): string[] => {
  const one = agreement();
  one.fused.run(requestOf([span]), one.plan, partitions);
  return findingsOf(one.fused, one.tables)
    .filter((line) => !beside.has(Number.parseInt(line, 10)))
    .map((line) => line.replace(/ 0 (-?\d+)$/, " $1"));
};

/** Definitions of the small registry at this level. */
const known = (level: RequirementLevel, ...names: readonly string[]): ResolvedAttribute[] =>
  smallDefinitions
    .filter(({ name }) => names.includes(name))
    .map(({ name, type, brief }) => ({ name, type, brief, requirement_level: level }));
const groupOf = (id: string, ...attributes: readonly ResolvedAttribute[]): ResolvedGroup => ({
  id: `span.${id}`,
  type: "span",
  brief: "",
  attributes,
});

describe("binding of a span", () => {
  const bound = (span: Plain): string => {
    const one = agreement();
    one.fused.run(requestOf([span]), one.plan, partitions);
    const group = one.fused.groupOf[0] ?? -1;
    return group < 0 ? "" : one.tables.groupId(group);
  };

  it("goes by weir.match before any other name", () => {
    expect(bound({ name: "order 12" })).toBe("order.submit");
    expect(bound({ name: "exact-match" })).toBe("order.submit");
    expect(bound({ name: "my order" })).toBe("");
  });

  it("goes by the exact name, with or without the signal before it", () => {
    expect(bound({ name: "http.client" })).toBe("span.http.client");
    expect(bound({ name: "span.http.client" })).toBe("span.http.client");
  });

  it("goes by the declared pattern of names", () => {
    expect(bound({ name: "pay rent now" })).toBe("span.pay");
    expect(bound({ name: "pay rent later" })).toBe("");
  });

  it("goes by the last name of a span that has two, again and again", () => {
    const one = agreement();
    const field = (tag: number, bytes: readonly number[]): number[] => [
      tag,
      bytes.length,
      ...bytes,
    ];
    const named = (...names: readonly string[]): Uint8Array<ArrayBuffer> => {
      const span = names.flatMap((name) => field(0x2a, [...new TextEncoder().encode(name)]));
      return Uint8Array.from(field(0x0a, field(0x12, field(0x12, span))));
    };
    for (const name of ["http.client", "span.http.client", "order 12", "nobody's"]) {
      for (let i = 0; i < 3; i += 1) one.assert(named(name));
      one.assert(named(name, "pay rent now"));
      expect(one.tables.groupId(one.fused.groupOf[0] ?? 0)).toBe("span.pay");
      one.assert(named("pay rent now", name));
    }
  });

  it("goes by kind and a telling attribute when the name says nothing", () => {
    const attributes = [text("http.request.method", "GET")];
    expect(bound({ name: "GET /", kind: 2, attributes })).toBe("span.http.server");
    expect(bound({ name: "GET /", kind: 3, attributes })).toBe("span.http.client");
    expect(bound({ name: "GET /", kind: 4, attributes })).toBe("");
  });

  it("prefers the definition that lacks least, then the one that knows most", () => {
    const system = text("db.system", "redis");
    expect(bound({ kind: 3, attributes: [system] })).toBe("span.db.client");
    expect(bound({ kind: 3, attributes: [system, int("db.index", 1)] })).toBe(
      "span.db.redis.client",
    );
  });

  it("counts required attributes twice and opt_in ones not at all when two lack the same", () => {
    const groups = [
      ...smallRegistry.groups,
      groupOf("first", ...known("required", "k", "is.ok")),
      groupOf("second", ...known("required", "k"), ...known("recommended", "is.ok", "user")),
      groupOf("opt", ...known("required", "rpc.code"), ...known("opt_in", "http.url")),
      groupOf("more", ...known("required", "rpc.code"), ...known("recommended", "http.url")),
    ];
    const one = new ValidationAgreement({ registry: { ...smallRegistry, groups } });
    const isOk = { key: "is.ok", value: { boolValue: true } };
    const spans = [
      { attributes: [int("k", 1), isOk, text("user", "x")] },
      { attributes: [int("rpc.code", 1), text("http.url", "/")] },
    ];
    one.assertPlain(requestOf(spans));
    const bound = [0, 1].map((i) => one.tables.groupId(one.fused.groupOf[i] ?? 0));
    expect(bound).toEqual(["span.first", "span.more"]);
  });

  it("takes no kind as internal", () => {
    expect(findings({ name: "order 1", attributes: [text("user.id", "u123")] })).toEqual([]);
    expect(findings({ name: "order 1", kind: 3, attributes: [text("user.id", "u123")] })).toEqual([
      `${finding.kindMismatch}  -1`,
    ]);
  });
});

describe("findings of a span", () => {
  const order = (...attributes: readonly Plain[]): string[] =>
    findings({ name: "order 1", attributes: [text("user.id", "u123"), ...attributes] });

  it("are its absent required attributes, under the group", () => {
    expect(findings({ name: "http.client", kind: 3 })).toEqual([
      `${finding.requiredAttribute} http.request.method -3`,
      `${finding.requiredAttribute} http.url -3`,
    ]);
  });

  it("are conditions that hold, of status, presence and value", () => {
    const server = {
      name: "http.server",
      kind: 2,
      attributes: [text("http.request.method", "GET")],
    };
    expect(findings(server)).toEqual([]);
    expect(findings({ ...server, status: { code: 2 } })).toEqual([
      `${finding.conditionMet} http.status -2`,
    ]);
    expect(order(int("rpc.code", 0))).toEqual([]);
    expect(order(int("rpc.code", 1))).toEqual([`${finding.conditionMet} is.ok -6`]);
  });

  it("are no mismatch for ints among doubles", () => {
    const isMismatch = (...values: readonly Plain[]): boolean =>
      order({ key: "user.loads", value: { arrayValue: { values } } }).includes(
        `${finding.typeMismatch} user.loads 1`,
      );
    expect(isMismatch({ intValue: 1 }, { doubleValue: 2.5 }, { intValue: 3 })).toBe(false);
    expect(isMismatch({ doubleValue: 2.5 }, { intValue: 1 })).toBe(false);
    expect(isMismatch({ doubleValue: 2.5 }, { boolValue: true }, { doubleValue: 1 })).toBe(true);
  });

  it("are values outside of an enum, of a range, of a length, of a pattern", () => {
    expect(order(int("rpc.code", 7))).toEqual([`${finding.undefinedEnumVariant} rpc.code 1`]);
    expect(order(int("rpc.code", -7))).toEqual([]);
    expect(order(text("rpc.code", "0"))).toEqual([`${finding.undefinedEnumVariant} rpc.code 1`]);
    expect(order(int("http.status", 99))).toEqual([`${finding.belowMin} http.status 1`]);
    expect(order(int("http.status", 600))).toEqual([`${finding.aboveMax} http.status 1`]);
    expect(order(text("http.url", "é".repeat(12)))).toEqual([]);
    expect(order(text("http.url", "é".repeat(13)))).toEqual([`${finding.tooLong} http.url 1`]);
    const bad = findings({ name: "order 1", attributes: [text("user.id", "u1")] });
    expect(bad).toEqual([`${finding.patternMismatch} user.id 0`]);
  });

  it("take an integer for a double, not a double for an integer", () => {
    expect(order(int("ratio", 1))).toEqual([]);
    const double = { key: "rpc.code", value: { doubleValue: 2 } };
    expect(order(double)).toEqual([`${finding.typeMismatch} rpc.code 1`]);
  });

  it("want the dot of a template, prefer the longest, and the exact key above all", () => {
    const strings = { arrayValue: { values: [{ stringValue: "a" }] } };
    const codes = (key: string, value: Plain): string[] =>
      order({ key, value }).map((line) => line.split(" ", 2).join(" "));
    expect(codes("http.header.accept", strings)).toEqual([
      `${finding.templateAttribute} http.header`,
    ]);
    expect(codes("http.header.x.y", { stringValue: "a" })).toEqual([
      `${finding.templateAttribute} http.header.x`,
      `${finding.notStable} http.header.x`,
    ]);
    expect(codes("http.header.x.exact", { intValue: 1 })).toEqual([]);
    expect(codes("http.headers", strings)).toContain(`${finding.missingAttribute} `);
    expect(codes("http.header.", strings)).toContain(`${finding.missingAttribute} `);
  });
});

describe("a pass over traces", () => {
  it("says the same by shapes, without them, and as a plain validator", () => {
    const random = seeded(runSeed("trace pass"));
    const one = agreement();
    for (let i = 0; i < 150; i += 1) {
      one.assertPlain(protoEncode(request, randomSpans(random, smallDefinitions)));
    }
    expect(one.plan.shapes.stateCount).toBeGreaterThan(100);
  });

  it("takes exactly what the scanner and the message check take, and makes the scanner's rows", () => {
    const random = seeded(runSeed("trace pass, damaged"));
    const one = agreement();
    for (let i = 0; i < 60; i += 1) {
      const messages = [randomSpans(random, smallDefinitions), randomMessage(random, request, 3)];
      for (const bytes of messages.map((message) => protoEncode(request, message))) {
        one.assertProof(bytes);
        for (let k = 0; k < 12; k += 1) {
          const broken = damaged(random, bytes);
          one.assertProof(broken);
          one.assert(broken);
        }
      }
    }
  });

  it("takes an attribute for a known one only when each of its bytes is the same", () => {
    const one = agreement();
    const attributes = [
      text("http.request.method", "GET"),
      text("url.path", "/api/v1/orders/of/a/customer/with/a/long/path"),
      text("a", "b"),
      text("zeros", "\0".repeat(20)),
      { key: "is.known", value: { boolValue: false } },
      { key: "a.double", value: { doubleValue: -0 } },
      int("http.response.status_code", 200),
    ];
    const bytes = requestOf([{ name: "GET /", kind: 3, attributes }]);
    for (let i = 0; i < 3; i += 1) one.assertPlain(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const other = bytes.slice();
        other[at] = (other[at] ?? 0) ^ (1 << bit);
        one.assert(other);
        one.assertProof(other);
      }
    }
    one.assertPlain(bytes);
  });

  it("says the same under rules that look at names", () => {
    const random = seeded(runSeed("trace pass, rules"));
    const one = new ValidationAgreement({
      registry: smallRegistry,
      rules: [
        { mode: "off", finding: "invalid_value", name: "GET *" },
        { mode: "reject", finding: "undefined_enum_variant", name: "order*" },
        { mode: "quarantine", finding: "type_mismatch", name: "?ay*" },
        { mode: "reject", finding: "required_attribute_not_present" },
        { mode: "off", finding: "not_stable" },
        { mode: "reject", finding: "deprecated", signal: "resource" },
      ],
    });
    let out = 0;
    for (let i = 0; i < 100; i += 1) {
      const bytes = protoEncode(request, randomSpans(random, smallDefinitions));
      one.assert(bytes);
      one.assert(damaged(random, bytes));
      out += one.fused.tally.rejected + one.fused.tally.quarantined;
    }
    expect(out).toBeGreaterThan(0);
  });

  it("rejects a span over a limit alone", () => {
    const limits = { ...defaultLimits, attributesMax: 2, keyBytesMax: 20, valueBytesMax: 30 };
    const one = new ValidationAgreement({ registry: smallRegistry, limits });
    const many = ["a.b", "c.d", "e.f"].map((key) => int(key, 1));
    const spans = [
      { attributes: many },
      { attributes: [int("k".repeat(21), 1)] },
      { attributes: [text("http.url", "x".repeat(40))] },
      { attributes: [int("a.b", 1)] },
    ];
    expect(one.fused.run(requestOf(spans), one.plan, partitions)).toBe(scanCode.ok);
    expect([...one.fused.partitionOf.subarray(0, 3)]).toEqual([
      outcome.overLimit,
      outcome.overLimit,
      outcome.overLimit,
    ]);
    expect([...one.fused.limitOf.subarray(0, 3)]).toEqual([
      scanCode.tooManyAttributes,
      scanCode.keyTooLong,
      scanCode.valueTooLong,
    ]);
    expect(one.fused.tally.overLimit).toBe(3);
    expect(one.fused.partitionOf[3]).toBe(2);
  });

  it("keeps its answers when shapes never end, and begins anew after a while", () => {
    const random = seeded(runSeed("trace pass, flood"));
    const one = agreement();
    const keys = Array.from({ length: 40 }, (_, i) => `flood.key${i}`);
    const flood = (): Plain => ({
      attributes: Array.from({ length: 12 }, () => int(random.pick(keys), 1)),
    });
    let most = 0;
    for (let round = 0; one.plan.shapes.restarts === 0; round += 1) {
      expect(round).toBeLessThan(400);
      const bytes = requestOf(Array.from({ length: 400 }, flood));
      one.fused.run(bytes, one.plan, partitions);
      most = Math.max(most, one.plan.shapes.stateCount);
      if (most < statesMax) continue;
      if (round % 40 === 0) one.assert(protoEncode(request, randomSpans(random, smallDefinitions)));
    }
    expect(most).toBe(statesMax);
    one.assertPlain(protoEncode(request, randomSpans(random, smallDefinitions)));
  });

  it("rejects all spans of a resource that is rejected", () => {
    const rules = [{ mode: "reject", finding: "deprecated", signal: "resource" }] as const;
    const one = new ValidationAgreement({ registry: smallRegistry, rules });
    const spans = [{ name: "a" }, { name: "b" }];
    one.fused.run(requestOf(spans, [text("http.flavor", "1.1")]), one.plan, partitions);
    expect([...one.fused.partitionOf.subarray(0, 2)]).toEqual([outcome.rejected, outcome.rejected]);
    expect(one.fused.tally.rejected).toBe(2);
  });

  it("leaves rows that regrouping copies the kept spans from", () => {
    const rules = [{ mode: "reject", finding: "required_attribute_not_present" }] as const;
    const one = new ValidationAgreement({ registry: smallRegistry, rules });
    const traceId = new Uint8Array(16).fill(7);
    const spans = [
      { name: "http.client", kind: 3, traceId },
      { name: "kept", traceId },
      { name: "unkeyed" },
    ];
    one.fused.run(requestOf(spans), one.plan, partitions);
    const messages = new Regroup(1 << 20).build(one.fused, one.fused.partitionOf, 6);
    const names = messages.flatMap(({ bytes }) =>
      JSON.stringify(protoDecode(request, bytes)).match(/"name":"\w+"/g),
    );
    expect(names.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual([
      '"name":"kept"',
      '"name":"unkeyed"',
    ]);
    expect(one.fused.tally).toMatchObject({ rejected: 1, direct: expect.any(Number) });
  });

  it("warns, and counts a warned span that stays", () => {
    const one = agreement();
    one.fused.run(requestOf([{ name: "nothing knows me" }]), one.plan, partitions);
    expect(one.fused.tally).toMatchObject({ warned: 1, rejected: 0 });
  });

  const official = fileURLToPath(
    new URL("../../../../shared/data/registry/semantic-conventions-1.40.0", import.meta.url),
  );
  it.skipIf(!existsSync(official))(
    "says the same with the official registry (../shared/data/registry)",
    () => {
      const resolved = resolveRegistry(official, new Problems());
      if (resolved === null) throw new Error("not resolved");
      const known = resolved.registry.groups
        .filter(({ type, id }) => type === "span" || id.startsWith("registry."))
        .flatMap(({ attributes }) => attributes);
      const random = seeded(runSeed("trace pass, official"));
      const one = new ValidationAgreement({ registry: resolved.registry });
      for (let i = 0; i < 25; i += 1) {
        one.assertPlain(protoEncode(request, randomSpans(random, known)));
      }
    },
  );
});
