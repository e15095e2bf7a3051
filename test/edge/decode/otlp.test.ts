import { createHash } from "node:crypto";

import { describe, expect, test } from "vitest";

import { anyTenant } from "../any-tenant.ts";
import { FakeEdge } from "../fake-edge.ts";
import { fixedLimits } from "../../../edge/limits.ts";
import type { PathInput, Routed } from "../../../edge/route/routed.ts";
import { keyPartition } from "../../../schemas/hash/murmur2.ts";
import { field, fieldsOf, number } from "../protobuf-bytes.ts";
import { refusedOf } from "../refused.ts";

const input = (body: Uint8Array): PathInput => ({
  body,
  mediaType: "application/x-protobuf",
  tenant: anyTenant,
  receivedMs: 0,
  itemsMax: 100_000,
});

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const id = (bytes: number, seed: number): Uint8Array => new Uint8Array(bytes).fill(seed + 1);
const attribute = (key: string, value: string): Uint8Array =>
  join(field(1, key), field(2, field(1, value)));

const span = (trace: number, name: string): Uint8Array =>
  field(2, field(1, id(16, trace)), field(2, id(8, trace)), field(5, name));

/** One resource, one scope, the given items; the envelopes' schema URLs after them. */
const request = (service: string, ...items: readonly Uint8Array[]): Uint8Array =>
  field(
    1,
    field(1, field(1, attribute("service.name", service))),
    field(2, field(1, field(1, "scope")), ...items, field(3, "scope-url")),
    field(3, "resource-url"),
  );

/** The same as it stands in records: the schema URLs before what is inside. */
const regrouped = (service: string, ...items: readonly Uint8Array[]): Uint8Array =>
  field(
    1,
    field(1, field(1, attribute("service.name", service))),
    field(3, "resource-url"),
    field(2, field(1, field(1, "scope")), field(3, "scope-url"), ...items),
  );

type Tree = { readonly resource: Uint8Array; readonly scopes: readonly (readonly Uint8Array[])[] };

/** Items of a request by resource and scope, read by hand. */
const treesOf = (body: Uint8Array): readonly Tree[] =>
  fieldsOf(body).map(({ value }) => {
    const parts = fieldsOf(value as Uint8Array);
    return {
      resource: parts.find(({ tag }) => tag === 1)?.value as Uint8Array,
      scopes: parts
        .filter(({ tag }) => tag === 2)
        .map((scope) =>
          fieldsOf(scope.value as Uint8Array)
            .filter(({ tag }) => tag === 2)
            .map((item) => item.value as Uint8Array),
        ),
    };
  });

const textAt = (item: Uint8Array, tag: number): string =>
  new TextDecoder().decode(fieldsOf(item).find((part) => part.tag === tag)?.value as Uint8Array);

describe("spans", () => {
  test("of one trace share a partition, which the key's hash gives", () => {
    const spans = Array.from({ length: 60 }, (_, at) => span(at % 20, `span ${at}`));
    const routed = new FakeEdge().edge.paths.spans(input(request("shop", ...spans))) as Routed;
    expect(routed.items).toBe(60);
    expect(routed.records.reduce((sum, record) => sum + record.items, 0)).toBe(60);
    const names: string[] = [];
    for (const { partition, key, value, topic } of routed.records) {
      expect(topic).toBe("otlp_spans");
      expect(keyPartition(key ?? id(0, 0), 0, 32, 6)).toBe(partition);
      for (const item of treesOf(value).flatMap(({ scopes }) => scopes.flat())) {
        const trace = fieldsOf(item)[0]?.value as Uint8Array;
        const hex = Buffer.from(Buffer.from(trace).toString("hex"));
        expect(keyPartition(hex, 0, 32, 6)).toBe(partition);
        names.push(textAt(item, 5));
      }
    }
    expect(names.sort()).toEqual(spans.map((_, at) => `span ${at}`).sort());
  });

  test("keep their resource, scope and schema URLs in each record", () => {
    const body = join(request("a", span(1, "x"), span(2, "y")), request("b", span(1, "z")));
    const { records } = new FakeEdge().edge.paths.spans(input(body)) as Routed;
    for (const { value } of records) {
      for (const { resource, scopes } of treesOf(value)) {
        expect(Buffer.from(resource).toString()).toContain("service.name");
        expect(scopes).toHaveLength(1);
      }
      expect(Buffer.from(value).toString()).toContain("scope-url");
      expect(Buffer.from(value).toString()).toContain("resource-url");
    }
  });

  test("of one trace alone are the request as it came", () => {
    const body = request("a", span(7, "x"), span(7, "y"));
    const { records, items } = new FakeEdge().edge.paths.spans(input(body)) as Routed;
    expect(records.map(({ value }) => value)).toEqual([body]);
    expect([items, records[0]?.items]).toEqual([2, 2]);
    const { key, partition } = records[0] ?? {};
    expect(keyPartition(key ?? id(0, 0), 0, 32, 6)).toBe(partition);
  });

  test("stay together, in turn and with no key, where traces have no partition", () => {
    const { paths } = new FakeEdge({ PARTITION_BY_TRACE: "off" }).edge;
    const body = request("a", ...Array.from({ length: 20 }, (_, at) => span(at, `span ${at}`)));
    const sent = [1, 2, 3].map(() => (paths.spans(input(body)) as Routed).records);
    expect(sent.map(([record]) => record?.partition)).toEqual([0, 1, 2]);
    for (const [record, ...others] of sent) {
      expect(others).toEqual([]);
      expect(record).toMatchObject({ key: null, value: body, items: 20 });
    }
  });

  test("that are out leave the others together too", () => {
    const { paths } = new FakeEdge({ PARTITION_BY_TRACE: "off" }).edge;
    const huge = span(3, "x".repeat(1_100_000));
    const body = request("a", span(1, "x"), huge, span(2, "y"));
    const { records, rejections } = paths.spans(input(body)) as Routed;
    expect(rejections.total).toBe(1);
    const kept = records.filter(({ topic }) => topic === "otlp_spans");
    const items = kept.flatMap(({ value }) =>
      treesOf(value).flatMap(({ scopes }) => scopes.flat()),
    );
    expect(items.map((item) => textAt(item, 5))).toEqual(["x", "y"]);
    expect(new Set(kept.map(({ partition }) => partition)).size).toBe(1);
  });

  test("without a trace id go to one partition after the other, with no key", () => {
    const path = { route: new FakeEdge().edge.paths.spans };
    const body = request("a", field(2, field(5, "nameless")));
    const partitions = [1, 2, 3].map(() => {
      const { records } = path.route(input(body)) as Routed;
      expect(records[0]?.key).toBeNull();
      return records[0]?.partition;
    });
    expect(partitions).toEqual([0, 1, 2]);
  });

  test("larger than a record can hold are rejected, the others are kept", () => {
    const huge = span(1, "x".repeat(1_100_000));
    const routed = new FakeEdge().edge.paths.spans(
      input(request("a", span(1, "ok"), huge, span(1, "ok"))),
    ) as Routed;
    expect([routed.items, routed.rejections.total]).toEqual([3, 1]);
    expect(routed.rejections.first[0]).toMatchObject({ index: 1, reason: "too-large" });
    expect(routed.records.reduce((sum, { items }) => sum + items, 0)).toBe(2);
    const [refused, ...others] = refusedOf(routed);
    expect(others).toEqual([]);
    expect(refused?.head).toMatchObject({ topic: "otlp_spans", mode: "reject", items: 1 });
    expect(refused?.head.findings[0]).toMatchObject({ id: "too-large" });
    const whole = regrouped("a", huge);
    expect(refused?.head.findings[0]?.message).toBe(
      `${whole.byteLength} bytes, limit valueBytesMax=1044480`,
    );
    const sha256 = createHash("sha256").update(whole).digest("hex");
    expect(refused?.head.cut).toEqual({ bytes: whole.byteLength, sha256 });
    expect(refused?.original).toEqual(whole.subarray(0, 65_536));
  });

  test("larger than a record can hold have a record each, in the order of their partitions", () => {
    const huge = [1, 2, 3].map((at) => span(at, `${at} ${"x".repeat(1_100_000)}`));
    const routed = new FakeEdge().edge.paths.spans(input(request("a", ...huge))) as Routed;
    expect(routed.rejections.total).toBe(3);
    const bytes = refusedOf(routed).map(({ head }) => head.cut?.sha256);
    const expected = huge.map((one) =>
      createHash("sha256").update(regrouped("a", one)).digest("hex"),
    );
    expect(new Set(bytes)).toEqual(new Set(expected));
  });

  test("that only their resource makes too large share a record when each would repeat it", () => {
    const attributes = Array.from({ length: 3 }, (_, at) =>
      field(1, field(1, `k${at}`), field(2, field(1, "x".repeat(400_000)))),
    );
    const spans = Array.from({ length: 100 }, (_, at) => span(at, `s${at}`));
    const body = field(1, field(1, ...attributes), field(2, ...spans));
    const routed = new FakeEdge().edge.paths.spans(input(body)) as Routed;
    expect([routed.items, routed.rejections.total]).toEqual([100, 100]);
    const refused = refusedOf(routed);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.head).toMatchObject({ items: 100, itemsOmitted: 99 });
    expect(refused[0]?.head.cut?.bytes).toBe(body.byteLength);
  });

  test("that the check refuses and no record can hold stand alone too, with their findings", () => {
    const bad = field(
      2,
      field(1, id(16, 1)),
      field(2, id(8, 1)),
      field(5, "workflow.execute"),
      number(6, 1),
      field(9, field(1, "workflow.id"), field(2, field(1, "x".repeat(1_040_000)))),
    );
    const small = field(
      2,
      field(1, id(16, 2)),
      field(2, id(8, 2)),
      field(5, "workflow.execute"),
      number(6, 1),
    );
    const routed = new FakeEdge().edge.paths.spans(input(request("a", small, bad))) as Routed;
    expect(routed.rejections.total).toBe(2);
    const refused = refusedOf(routed);
    expect(refused.map(({ head }) => head.items)).toEqual([1, 1]);
    for (const { head } of refused)
      expect(head.findings.map(({ id: name }) => name)).toContain("required_attribute_not_present");
    expect(refused.map(({ original }) => original)).toEqual([
      regrouped("a", small),
      regrouped("a", bad),
    ]);
  });

  test("are split into records below the bound, in order", () => {
    const spans = Array.from({ length: 30 }, (_, at) => span(1, `${at} ${"x".repeat(100_000)}`));
    const { records } = new FakeEdge().edge.paths.spans(input(request("a", ...spans))) as Routed;
    expect(records.length).toBeGreaterThanOrEqual(3);
    expect(records.every(({ value }) => value.byteLength <= 1_048_576 - 4096)).toBe(true);
    const order = records.flatMap(({ value }) =>
      treesOf(value).flatMap(({ scopes }) =>
        scopes.flat().map((item) => textAt(item, 5).split(" ")[0]),
      ),
    );
    expect(order).toEqual(spans.map((_, at) => String(at)));
  });
});

describe("logs", () => {
  const log = (text: string, trace?: number): Uint8Array =>
    field(2, field(3, text), ...(trace === undefined ? [] : [field(9, id(16, trace))]));

  test("with a trace id go where its spans are, the others to the request's partition", () => {
    const routed = new FakeEdge().edge.paths.logs(
      input(request("a", log("x", 1), log("y"), log("z", 1))),
    ) as Routed;
    expect(routed.items).toBe(3);
    const keyed = routed.records.find(({ key }) => key !== null);
    expect(new TextDecoder().decode(keyed?.key ?? id(0, 0))).toBe("02".repeat(16));
    expect(routed.records.every(({ topic }) => topic === "otlp_logs")).toBe(true);
  });
});

describe("metrics", () => {
  const metric = (name: string, points: number): Uint8Array => {
    const data = Array.from({ length: points }, () => field(1, number(8, 0)));
    return field(2, field(1, name), field(5, ...data));
  };

  test("are counted by data points and stay together in one record", () => {
    const routed = new FakeEdge().edge.paths.metrics(
      input(request("a", metric("m", 3), metric("n", 2))),
    ) as Routed;
    expect(routed.items).toBe(5);
    expect(routed.records.map(({ items, key }) => [items, key])).toEqual([[5, null]]);
  });
});

describe("JSON", () => {
  const asJson = (value: unknown): PathInput => ({
    ...input(new TextEncoder().encode(JSON.stringify(value))),
    mediaType: "application/json",
  });

  test("becomes the protobuf bytes that the same request has", () => {
    const spans = [1, 2].map((trace) => ({
      traceId: Buffer.from(id(16, trace)).toString("hex").toUpperCase(),
      spanId: Buffer.from(id(8, trace)).toString("hex"),
      name: `span ${trace}`,
      unknown: [1],
    }));
    const resource = {
      attributes: [{ key: "service.name", value: { stringValue: "shop" } }],
    };
    const scopeSpans = [{ scope: { name: "scope" }, spans, schemaUrl: "scope-url" }];
    const body = { resourceSpans: [{ resource, scopeSpans, schemaUrl: "resource-url" }] };
    const fromJson = new FakeEdge().edge.paths.spans(asJson(body)) as Routed;
    const bytes = request("shop", span(1, "span 1"), span(2, "span 2"));
    expect(fromJson).toEqual(new FakeEdge().edge.paths.spans(input(bytes)));
    expect(fromJson.items).toBe(2);
  });

  test("that is empty is an empty request", () => {
    expect(new FakeEdge().edge.paths.spans(asJson({}))).toMatchObject({ items: 0, records: [] });
  });

  test("that is bad is malformed, with path and place", () => {
    const spans = [{ traceId: "AAECAwQFBgcICQoLDA0ODw==", name: "base64" }];
    const refused = new FakeEdge().edge.paths.spans(
      asJson({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    );
    expect(refused).toMatchObject({ code: "malformed" });
    const { message } = refused as { message: string };
    expect(message).toContain("resourceSpans[0].scopeSpans[0].spans[0].traceId");
  });

  test("that is bad far inside says what is wrong all the same", () => {
    let value: object = { boolValue: "no" };
    for (let depth = 0; depth < 60; depth += 1) value = { arrayValue: { values: [value] } };
    const spans = [{ name: "deep", attributes: [{ key: "a", value }] }];
    const refused = new FakeEdge().edge.paths.spans(
      asJson({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    );
    const { message } = refused as { message: string };
    expect(message.length).toBeLessThan(fixedLimits.messageCharsMax);
    expect(message).toMatch(/^body: resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]\.attributes/);
    expect(message).toMatch(/…: expected true or false, found ", at byte \d+$/);
  });

  test("of logs and metrics too", () => {
    const logRecords = [{ body: { stringValue: "x" }, timeUnixNano: "18446744073709551615" }];
    expect(
      new FakeEdge().edge.paths.logs(asJson({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })),
    ).toMatchObject({ items: 1 });
    const metrics = [{ name: "m", sum: { dataPoints: [{ asInt: "1" }, { asInt: 2 }] } }];
    expect(
      new FakeEdge().edge.paths.metrics(
        asJson({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
      ),
    ).toMatchObject({ items: 2 });
  });
});

describe("any signal", () => {
  test.each([
    ["an empty body", new Uint8Array(0)],
    ["a resource without scopes", field(1, field(3, "url"))],
  ])("%s is an empty request", (_what, body) => {
    expect(new FakeEdge().edge.paths.spans(input(body))).toMatchObject({ items: 0, records: [] });
  });

  test.each([
    ["a length past the end", new Uint8Array([0x0a, 5, 1])],
    ["a trace id of 5 bytes", request("a", field(2, field(1, id(5, 1))))],
    ["field number 0", new Uint8Array([0, 1])],
    ["a group", new Uint8Array([0x0b])],
  ])("%s is malformed, with the place", (_what, body) => {
    const refused = new FakeEdge().edge.paths.spans(input(body));
    expect(refused).toMatchObject({ code: "malformed" });
    expect((refused as { message: string }).message).toMatch(/at byte \d+/);
  });

  test.each([
    ["a resource", (a: Uint8Array, b: Uint8Array) => [field(1, a), field(1, b)]],
    ["a scope", (a: Uint8Array, b: Uint8Array) => [field(2, field(1, a), field(1, b))]],
    [
      "a status",
      (a: Uint8Array, b: Uint8Array) => [field(2, field(2, field(15, a), field(15, b)))],
    ],
    [
      "an attribute's value",
      () => [field(1, field(1, field(1, "k"), field(2), field(2, field(1, "v"))))],
    ],
  ])("%s that comes in two parts is merged, as protobuf asks", (_what, parts) => {
    const [one, two] = [field(1, attribute("a", "1")), field(1, attribute("b", "2"))];
    const spans = field(2, span(1, "x"), span(1, "y"));
    const body = field(1, ...parts(one, two), spans);
    const routed = new FakeEdge().edge.paths.spans(input(body)) as Routed;
    expect(routed).toMatchObject({ items: expect.any(Number) as number });
    expect(routed.records.reduce((sum, { items }) => sum + items, 0)).toBe(routed.items);
  });

  test("both parts of a resource reach the records", () => {
    const resource = [attribute("a", "1"), attribute("b", "2")].map((one) =>
      field(1, field(1, one)),
    );
    const body = field(1, ...resource, field(2, span(1, "x")));
    const { records } = new FakeEdge().edge.paths.spans(input(body)) as Routed;
    const [tree] = treesOf(records[0]?.value ?? new Uint8Array(0));
    const attributes = join(field(1, attribute("a", "1")), field(1, attribute("b", "2")));
    expect(tree?.resource).toEqual(attributes);
  });

  test("what is malformed beside it is named", () => {
    const scope = field(2, field(1), field(1), span(1, "x"));
    const bad = field(2, field(2, field(1, id(5, 1))));
    const refused = new FakeEdge().edge.paths.spans(input(field(1, scope, bad)));
    expect(refused).toMatchObject({ code: "malformed" });
    expect((refused as { message: string }).message).toMatch(/badIdLength/);
  });

  test("a path is usable after a refusal", () => {
    const path = { route: new FakeEdge().edge.paths.spans };
    path.route(input(new Uint8Array([0x0a, 5, 1])));
    expect(path.route(input(request("a", span(1, "x"))))).toMatchObject({ items: 1 });
  });

  test("more items than the limit are refused as a whole", () => {
    const body = request("a", span(1, "x"), span(2, "y"));
    expect(new FakeEdge().edge.paths.spans({ ...input(body), itemsMax: 1 })).toMatchObject({
      code: "body-too-large",
    });
  });
});
