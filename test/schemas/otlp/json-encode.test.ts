import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { JsonEncoded } from "../../../schemas/otlp/json-encode.ts";
import { JsonEncoder, jsonSignal } from "../../../schemas/otlp/json-encode.ts";
import type { MessageName, Signal } from "../../../schemas/otlp/messages.ts";
import { messageType, signals } from "../../../schemas/otlp/messages.ts";
import type { JsonObject } from "../../../schemas/otlp/read-message.ts";
import { readMessage } from "../../../schemas/otlp/read-message.ts";
import { expectedObject } from "../../oracles/otlp-agreement.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";

const encoder = new JsonEncoder();

const encode = (type: MessageName, json: string): JsonEncoded => {
  const bytes = new TextEncoder().encode(`  ${json}  `);
  return encoder.encode(bytes, 1, bytes.length - 1, messageType(type));
};

const read = (type: MessageName, json: string): JsonObject => {
  const result = encode(type, json);
  if (!result.ok) throw new Error(`${result.path} at ${result.at}: ${result.message}`);
  return readMessage(result.bytes, 0, result.bytes.length, messageType(type));
};

const refusal = (type: MessageName, json: string): string => {
  const result = encode(type, json);
  return result.ok ? "taken" : `${result.path}: ${result.message}`;
};

describe("JSON encoder", () => {
  it.each(Object.keys(signals) as Signal[])("loses nothing of random %s", (signal) => {
    const random = seeded(runSeed(`json ${signal}`));
    const { request } = signals[signal];
    for (let i = 0; i < 400; i += 1) {
      const bytes = protoEncode(request, randomMessage(random, request, 4));
      const object = readMessage(bytes, 0, bytes.length, messageType(request));
      const json = JSON.stringify(object);
      const result = encode(request, json);
      if (!result.ok) throw new Error(`${result.path}: ${result.message} in ${json}`);
      expect(expectedObject(request, result.bytes)).toEqual(expectedObject(request, bytes));
    }
  });

  it.each([
    ["9007199254740993", "9007199254740993"],
    ['"9007199254740993"', "9007199254740993"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["1e3", "1000"],
    ["12.0", "12"],
    ["9.223372036854775807e18", "9223372036854775807"],
  ])("reads the integer %s exactly", (text, value) => {
    expect(read("AnyValue", `{"intValue": ${text}}`)).toEqual({ intValue: value });
  });

  it("takes ids in hex of any case and as empty text", () => {
    const span = read("Span", '{"traceId":"5B8EFFF798038103d269b633813fc60C","spanId":""}');
    expect(span).toEqual({ traceId: "5b8efff798038103d269b633813fc60c" });
  });

  it("takes doubles by name, bytes in either base64, and text with escapes", () => {
    expect(read("AnyValue", '{"doubleValue":"NaN"}')).toEqual({ doubleValue: "NaN" });
    expect(read("AnyValue", '{"doubleValue":"-Infinity"}')).toEqual({ doubleValue: "-Infinity" });
    expect(read("AnyValue", '{"bytesValue":"-_-_AQ"}')).toEqual({ bytesValue: "+/+/AQ==" });
    const text = String.raw`{"stringValue":"\u00e9\n\ud83d\ude42\ud800x\"\/"}`;
    expect(read("AnyValue", text)).toEqual({ stringValue: 'é\n🙂\uFFFDx"/' });
  });

  it("ignores unknown, snake_case and prototype names, takes null as absent", () => {
    const json =
      '{"trace_id":"x","__proto__":{"name":"y"},"future":[1,{"a":null}],"kind":null,"name":"n"}';
    expect(read("Span", json)).toEqual({ name: "n" });
  });

  it("takes the last of a repeated name, in lists and messages too", () => {
    const json =
      '{"name":"a","events":[{},{}],"status":{"code":2},"name":"b","events":[{"name":"e"}],"status":{}}';
    expect(read("Span", json)).toEqual({ name: "b", events: [{ name: "e" }], status: {} });
    expect(read("Span", String.raw`{"name":"a","n\u0061me":null}`)).toEqual({});
  });

  it.each([
    ["Span", '{"traceId":"W47/95gDgQPSabYzgT/GDA=="}', /^traceId: expected 32 hex.*base64/],
    ["Span", '{"kind":"SPAN_KIND_SERVER"}', /^kind: expected an integer \(enum names/],
    ["Span", '{"flags":4294967296}', /^flags: expected an integer from 0 to 4294967295/],
    ["Span", '{"startTimeUnixNano":"-1"}', /^startTimeUnixNano: expected an integer from 0/],
    ["Span", '{"startTimeUnixNano":1.5}', /found 1.5$/],
    ["Span", '{"name":7}', /^name: expected a string, found 7/],
    ["Span", '{"events":[{},{"name":[]}]}', /^events\[1\].name: expected a string/],
    ["Span", '{"events":{}}', /^events: expected \[, found \{/],
    ["Span", '{"name":"a"', /expected \}, found the end/],
    ["Span", '{"name":"a"} x', /more text after the end/],
    ["Span", '{"name":"a\u0001"}', /control character/],
    ["Span", String.raw`{"name":"\x"}`, /unknown escape/],
    ["Span", '{"x":01}', /malformed number/],
    ["AnyValue", '{"boolValue":"true"}', /^boolValue: expected true or false/],
    ["AnyValue", '{"bytesValue":"A"}', /^bytesValue: base64 of an impossible length/],
    ["AnyValue", `{"x":${"[".repeat(300)}`, /nested deeper than jsonDepthMax=256/],
    ["AnyValue", '{"arrayValue":{"values":['.repeat(300), /nested deeper than jsonDepthMax=256/],
  ] as const)("refuses %s %s and says where and why", (type, json, message) => {
    expect(refusal(type, json)).toMatch(message);
  });

  it("refuses two kinds of data at once where they stand, and takes null for none", () => {
    const points = '{"dataPoints":[]}';
    expect(refusal("ScopeMetrics", `{"metrics":[{},{"gauge":${points},"sum":${points}}]}`)).toBe(
      "metrics[1]: only one may be set of gauge, sum",
    );
    expect(read("Metric", `{"gauge":null,"sum":${points}}`)).toEqual({ sum: {} });
    expect(read("Metric", `{"gauge":${points},"gauge":null,"sum":${points}}`)).toEqual({ sum: {} });
    expect(read("AnyValue", '{"stringValue":"a","intValue":"1"}')).toEqual({ intValue: "1" });
  });

  it("takes escapes in ids, numbers and base64, as those write who escape every slash", () => {
    expect(read("AnyValue", String.raw`{"bytesValue":"+\/+\/AQ=="}`)).toEqual({
      bytesValue: "+/+/AQ==",
    });
    expect(read("AnyValue", String.raw`{"intValue":"\u0031\u0032"}`)).toEqual({ intValue: "12" });
    expect(read("AnyValue", String.raw`{"doubleValue":"\u004eaN"}`)).toEqual({
      doubleValue: "NaN",
    });
    expect(read("Span", String.raw`{"spanId":"\u0030102030405060708","name":"a\/b"}`)).toEqual({
      spanId: "0102030405060708",
      name: "a/b",
    });
    expect(refusal("AnyValue", String.raw`{"intValue":"\x31"}`)).toMatch(/unknown escape/);
  });

  it("keeps every digit at the edges of each kind of integer, and refuses what is beyond", () => {
    const kinds: readonly (readonly [MessageName, string, bigint, bigint])[] = [
      ["Span", "startTimeUnixNano", 0n, 2n ** 64n - 1n],
      ["Buckets", "bucketCounts", 0n, 2n ** 64n - 1n],
      ["AnyValue", "intValue", -(2n ** 63n), 2n ** 63n - 1n],
      ["NumberDataPoint", "asInt", -(2n ** 63n), 2n ** 63n - 1n],
      ["Span", "droppedEventsCount", 0n, 2n ** 32n - 1n],
      ["Span", "flags", 0n, 2n ** 32n - 1n],
      ["Span", "kind", -(2n ** 31n), 2n ** 31n - 1n],
      ["Buckets", "offset", -(2n ** 31n), 2n ** 31n - 1n],
    ];
    const random = seeded(runSeed("json integers"));
    for (const [type, name, min, max] of kinds) {
      const isList = name === "bucketCounts";
      const at = (value: bigint): unknown => {
        const text = isList ? `[${value}]` : String(value);
        const result = encode(type, `{"${name}":${text}}`);
        if (!result.ok) return "refused";
        const read = readMessage(result.bytes, 0, result.bytes.length, messageType(type))[name];
        const one = (isList ? (read as string[])[0] : read) as string | number | undefined;
        return BigInt(one ?? 0);
      };
      for (const value of [min, min + 1n, -1n, 0n, 1n, 127n, 128n, max - 1n, max])
        expect([name, value, at(value)]).toEqual([name, value, value < min ? "refused" : value]);
      for (const value of [min - 1n, max + 1n, max * 10n, 10n ** 19n * 2n, -(10n ** 20n)])
        expect([name, value, at(value)]).toEqual([name, value, "refused"]);
      for (let i = 0; i < 300; i += 1) {
        const bits = BigInt(random.below(64));
        const value = (BigInt(random.below(2 ** 32)) * BigInt(random.below(2 ** 32))) >> bits;
        expect([name, value, at(value)]).toEqual([name, value, value > max ? "refused" : value]);
      }
    }
  });

  it("gives up on names that are repeated for ever, in time that its size bounds", () => {
    const long = `"attributes":[${Array.from({ length: 20_000 }, () => "{}").join(",")}]`;
    const repeats = Array.from({ length: 200_000 }, () => '"name":"x"').join(",");
    expect(refusal("Span", `{${long},${repeats}}`)).toMatch(/^: names are repeated too often/);
    const few = Array.from({ length: 50 }, () => '"name":"x"').join(",");
    expect(read("Span", `{${few}}`)).toEqual({ name: "x" });
  });

  it("refuses a double that is too large for one, and takes the largest", () => {
    for (const text of ["1e309", '"-1e309"', `1${"0".repeat(309)}`])
      expect(refusal("AnyValue", `{"doubleValue":${text}}`)).toMatch(/expected a number/);
    const largest = Number.MAX_VALUE;
    expect(read("AnyValue", `{"doubleValue":${largest}}`)).toEqual({ doubleValue: largest });
  });

  it("refuses numbers of endless digits and what becomes too large", () => {
    const digits = "1".repeat(1_000_000);
    expect(refusal("Span", `{"startTimeUnixNano":${digits}}`)).toMatch(/expected an integer/);
    expect(refusal("AnyValue", `{"doubleValue":${digits}}`)).toMatch(/expected a number/);
    expect(read("AnyValue", `{"doubleValue":1${"0".repeat(308)}}`)).toEqual({ doubleValue: 1e308 });
    const small = new JsonEncoder(1000);
    const counts = new TextEncoder().encode(`{"bucketCounts":[${"0,".repeat(500)}0]}`);
    const type = messageType("HistogramDataPoint");
    expect(small.encode(counts, 0, counts.length, type)).toMatchObject({
      ok: false,
      isTooLarge: true,
    });
  });

  it("hands over what it has written: the next message leaves it alone", () => {
    const text = (length: number): Uint8Array =>
      new TextEncoder().encode(`{"stringValue":"${"x".repeat(length)}"}`);
    const type = messageType("AnyValue");
    for (const length of [10, 3_000_000]) {
      const first = encoder.encode(text(length), 0, length + 18, type);
      const copy = first.ok ? first.bytes.slice() : undefined;
      encoder.encode(text(length + 1), 0, length + 19, type);
      expect(first.ok && Buffer.compare(first.bytes, copy ?? new Uint8Array(0))).toBe(0);
    }
  });

  it("never throws, whatever is cut or changed", () => {
    const random = seeded(runSeed("json damage"));
    const request = "ExportLogsServiceRequest";
    for (let i = 0; i < 300; i += 1) {
      const bytes = protoEncode(request, randomMessage(random, request, 2));
      const object = readMessage(bytes, 0, bytes.length, messageType(request));
      const json = new TextEncoder().encode(JSON.stringify(object));
      for (let j = 0; j < 20; j += 1) {
        const damaged = json.slice(0, random.below(json.length + 1));
        if (damaged.length > 0) damaged[random.below(damaged.length)] = random.below(256);
        const result = encoder.encode(damaged, 0, damaged.length, messageType(request));
        if (!result.ok) expect(result.message).not.toBe("");
      }
    }
  });

  it("knows the signal by its key", () => {
    const signalOf = (json: string): Signal | null => {
      const bytes = new TextEncoder().encode(json);
      return jsonSignal(bytes, 0, bytes.length);
    };
    expect(signalOf('{"x":[1],"resourceLogs":[]}')).toBe("logs");
    expect(signalOf(' {"resourceSpans":')).toBe("traces");
    expect(signalOf("{}")).toBeNull();
    expect(signalOf("[1]")).toBeNull();
  });
});

const examples = new URL("../../../../shared/data/otlp/", import.meta.url);

describe.skipIf(!existsSync(examples))("examples of the specification (shared data)", () => {
  it.each([
    ["trace.json", "traces"],
    ["metrics.json", "metrics"],
    ["logs.json", "logs"],
    ["events.json", "logs"],
  ] as const)("encodes %s without loss", (file, signal) => {
    const text = readFileSync(new URL(file, examples), "utf8");
    const object = read(signals[signal].request, text);
    expect(lowerIds(object)).toEqual(lowerIds(withoutDefaults(JSON.parse(text))));
  });
});

const idNames = new Set(["traceId", "spanId", "parentSpanId"]);

const mapped = (value: unknown, of: (name: string, inner: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map((one) => mapped(one, of));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, of(name, mapped(inner, of))] as const)
      .filter(([, inner]) => inner !== undefined),
  );
};

const lowerIds = (value: unknown): unknown =>
  mapped(value, (name, inner) =>
    idNames.has(name) && typeof inner === "string" ? inner.toLowerCase() : inner,
  );

// Fields without presence are left out when they are the default; numbers in 64-bit fields are text.
const textNames = new Set(["count", "zeroCount", "asInt", "intValue"]);
const withoutDefaults = (value: unknown): unknown =>
  mapped(value, (name, inner) => {
    if (textNames.has(name) && typeof inner === "number") return String(inner);
    if (name === "bucketCounts") return (inner as unknown[]).map(String);
    return inner === 0 && name !== "min" ? undefined : inner;
  });
