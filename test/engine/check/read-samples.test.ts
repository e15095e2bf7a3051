import { describe, expect, it } from "vitest";

import {
  exactDouble,
  exactInteger,
  numberKind,
  numberOf,
} from "../../../engine/check/exact-json.ts";
import { partsMax, readLine, readSamples } from "../../../engine/check/read-samples.ts";
import { inferType } from "../../../engine/check/sample.ts";

const types = (json: string): unknown[] =>
  readSamples(json).map((read) => ("message" in read ? read.message : read.body["type"]));

const faults = (samples: unknown): unknown[] =>
  readSamples(JSON.stringify(samples)).map((read) => ("message" in read ? read : null));

describe("readSamples", () => {
  it("infers types, also those that Weaver has no word for", () => {
    const values =
      '"x" 1 1.0 1.5 1e2 true null {} [] [null] ["a",null] [1,2] [1,2.5] [2.5,1] [true] [1,"a"]';
    const list = values.split(" ").map((value) => `{"attribute":{"name":"a","value":${value}}}`);
    expect(types(`[${list.join()}]`)).toEqual([
      "string",
      "int",
      "double",
      "double",
      "double",
      "boolean",
      null,
      "map",
      "[]",
      "[]",
      "string[]",
      "int[]",
      "double[]",
      "double[]",
      "boolean[]",
      "mixed[]",
    ]);
  });

  it("keeps the type that a sample names, and refuses one that is none", () => {
    const sample = (type: string): object => ({ attribute: { name: "a", value: 1, type } });
    expect(types(JSON.stringify([sample("string")]))).toEqual(["string"]);
    expect(faults([sample("text")])).toMatchObject([
      { at: "[0].attribute.type", message: expect.stringContaining('found "text"') as string },
    ]);
  });

  it("keeps every digit of a number", () => {
    const json =
      '[{"attribute":{"name":"a","value":9007199254740993}},{"attribute":{"name":"b","value":42.0}}]';
    const bodies = readSamples(json).map((read) => ("message" in read ? null : read.body));
    expect(JSON.stringify(bodies)).toContain('"value":9007199254740993,"type":"int"');
    expect(JSON.stringify(bodies)).toContain('"value":42.0,"type":"double"');
  });

  it("takes an integer beyond 64 bits for a double", () => {
    expect(types('[{"attribute":{"name":"a","value":18446744073709551616}}]')).toEqual(["double"]);
    expect(types('[{"attribute":{"name":"a","value":18446744073709551615}}]')).toEqual(["int"]);
  });

  it("says where a sample is wrong and reads the others", () => {
    const good = { attribute: { name: "a" } };
    const read = faults([
      good,
      { span: { name: "s" } },
      { span: { name: "s", kind: "client", attributes: [{ value: 1 }] } },
      { metric: { name: "m", instrument: "gauge", unit: "", data_points: [{ attributes: [] }] } },
      { log: {} },
      { span: { name: "s", kind: "client", span_events: 7 } },
      { span: { name: "s", kind: "client", span_links: [7] } },
      { profile: {} },
      7,
      good,
    ]);
    expect(read).toEqual([
      null,
      {
        at: "[1].span.kind",
        message: "found nothing, expected one of client, server, producer, consumer, internal",
      },
      { at: "[2].span.attributes[0].name", message: "found nothing, expected a text" },
      { at: "[3].metric.data_points[0].count", message: "found nothing, expected a number" },
      { at: "[4].log.event_name", message: "found nothing, expected a text" },
      { at: "[5].span.span_events", message: "expected a list" },
      { at: "[6].span.span_links[0]", message: "expected an object" },
      { at: "[7]", message: expect.stringContaining("found keys profile") as string },
      { at: "[8]", message: expect.stringContaining("found no object") as string },
      null,
    ]);
  });

  it("limits the parts of a sample", () => {
    const attributes = Array.from({ length: partsMax + 1 }, () => ({ name: "a" }));
    expect(faults([{ resource: { attributes } }])).toEqual([
      { at: "[0].resource.attributes", message: `more than partsMax=${partsMax} parts` },
    ]);
  });

  it("takes an event for a log, and a document that is one sample", () => {
    expect(readSamples('{"event":{"event_name":"e"}}')).toMatchObject([
      { kind: "log", key: "event" },
    ]);
  });

  it("says what is wrong with a text that is no JSON", () => {
    expect(readSamples("{")).toMatchObject([{ at: "document" }]);
  });
});

describe("readLine", () => {
  it("reads names, and values as JSON or else as text", () => {
    const lines = ["a.b", " a.b = 42 ", "a.b=42.0", "a.b=GET", 'a.b="42"', "a.b=x=y", "a.b=[1,2]"];
    expect(lines.map((line) => readLine(line)?.body)).toMatchObject([
      { name: "a.b", value: null, type: null },
      { name: "a.b", value: 42, type: "int" },
      { name: "a.b", type: "double" },
      { name: "a.b", value: "GET", type: "string" },
      { name: "a.b", value: "42", type: "string" },
      { name: "a.b", value: "x=y", type: "string" },
      { name: "a.b", value: [1, 2], type: "int[]" },
    ]);
    expect(readLine("  ")).toBeNull();
  });
});

describe("exact numbers", () => {
  it("are written as they were and can be compared", () => {
    const numbers = [exactInteger("-9223372036854775808"), exactDouble(3), exactDouble(1e300)];
    expect(JSON.stringify(numbers)).toBe("[-9223372036854775808,3.0,1e+300]");
    expect(numbers.map(numberKind)).toEqual(["int", "double", "double"]);
    expect(numbers.map(numberOf)).toEqual([-(2 ** 63), 3, 1e300]);
    expect([exactDouble(Number.NaN), exactDouble(Infinity)]).toEqual([null, null]);
    expect(inferType(exactDouble(-0))).toBe("double");
    expect(numberOf("3")).toBeNaN();
  });
});
