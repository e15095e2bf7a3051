import { describe, expect, it } from "vitest";

import type { Json } from "../../../engine/check/exact-json.ts";
import { LiveCheck } from "../../../engine/check/live-check.ts";
import { otlpSamples } from "../../../engine/check/otlp-samples.ts";
import { readInput } from "../../../engine/check/read-input.ts";
import type { Sample } from "../../../engine/check/sample.ts";
import type { Signal } from "../../../schemas/otlp/messages.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { attribute, checkAll, group, registryOf } from "./registries.ts";

const samplesOf = (bytes: Uint8Array, signal: Signal): readonly Sample[] => {
  const read = otlpSamples(bytes, signal);
  if ("fault" in read) throw new Error(read.fault);
  return read.samples;
};

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

const traces = protoEncode("ExportTraceServiceRequest", {
  resourceSpans: [
    {
      resource: { attributes: [text("service.name", "shop")] },
      scopeSpans: [
        {
          scope: { name: "lib", attributes: [text("scope.key", "x")] },
          spans: [
            {
              name: "GET /",
              kind: 2,
              status: { code: 2, message: "late" },
              attributes: [
                text("a", "b"),
                { key: "i", value: { intValue: "9007199254740993" } },
                { key: "d", value: { doubleValue: 42 } },
                { key: "t", value: { boolValue: true } },
                { key: "l", value: { arrayValue: { values: [{ intValue: "1" }] } } },
                { key: "m", value: { kvlistValue: { values: [] } } },
                { key: "y", value: { bytesValue: Buffer.from("x") } },
                { key: "n" },
              ],
              events: [{ name: "e", attributes: [text("ea", "1")] }],
              links: [{ attributes: [text("la", "1")] }],
            },
          ],
        },
        { spans: [{ name: "plain" }] },
      ],
    },
  ],
});

const plain = (samples: readonly Sample[]): Json[] =>
  samples.map(({ kind, body }) => ({ [kind]: JSON.parse(JSON.stringify(body)) as unknown }));

describe("otlpSamples", () => {
  it("gives the resource, a scope with attributes, and each span", () => {
    expect(plain(samplesOf(traces, "traces"))).toMatchObject([
      { resource: { attributes: [{ name: "service.name", value: "shop", type: "string" }] } },
      { instrumentation_scope: { name: "lib", attributes: [{ name: "scope.key" }] } },
      {
        span: {
          name: "GET /",
          kind: "server",
          status: { code: "error", message: "late" },
          span_events: [{ name: "e", attributes: [{ name: "ea" }] }],
          span_links: [{ attributes: [{ name: "la" }] }],
        },
      },
      { span: { name: "plain", kind: "internal", status: null } },
    ]);
  });

  it("types values exactly, also those that it shows no value of", () => {
    const [, , span] = samplesOf(traces, "traces");
    const attributes = span?.body["attributes"] as Json[];
    expect(attributes.map(({ type }) => type)).toEqual([
      "string",
      "int",
      "double",
      "boolean",
      "int[]",
      "map",
      "bytes",
      null,
    ]);
    expect(JSON.stringify(attributes[1])).toContain('"value":9007199254740993');
    expect(JSON.stringify(attributes[2])).toContain('"value":42.0');
  });

  it("calls an array of arrays mixed, as no type of a registry is one", () => {
    const inner = { arrayValue: { values: [{ stringValue: "a" }] } };
    const attributes = [{ key: "a", value: { arrayValue: { values: [inner] } } }];
    const request = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: "x", attributes }] }] }],
    });
    const read = otlpSamples(request, "traces");
    expect(JSON.stringify(read)).toContain('"type":"mixed[]"');
  });

  it("gives every kind of metric its instrument and points", () => {
    const point = {
      attributes: [text("a", "b")],
      exemplars: [{ filteredAttributes: [text("f", "g")], asInt: "3" }],
    };
    const summed = { attributes: [text("a", "b")] };
    const metrics = [
      { name: "g", unit: "s", gauge: { dataPoints: [{ ...point, asDouble: 2 }] } },
      { name: "c", sum: { isMonotonic: true, dataPoints: [{ ...point, asInt: "7" }] } },
      { name: "u", sum: { dataPoints: [point] } },
      { name: "h", histogram: { dataPoints: [{ ...point, count: "5", bucketCounts: ["5"] }] } },
      { name: "e", exponentialHistogram: { dataPoints: [{ ...point, count: "5", scale: 3 }] } },
      { name: "s", summary: { dataPoints: [{ ...summed, count: "5", sum: 2.5 }] } },
      { name: "x" },
    ];
    const request = protoEncode("ExportMetricsServiceRequest", {
      resourceMetrics: [{ scopeMetrics: [{ metrics }] }],
    });
    const exemplars = [{ value: 3, filtered_attributes: [{ name: "f" }] }];
    const common = { attributes: [{ name: "a" }], exemplars };
    expect(plain(samplesOf(request, "metrics"))).toMatchObject([
      { metric: { instrument: "gauge", unit: "s", data_points: [{ ...common, value: 2 }] } },
      { metric: { instrument: "counter", data_points: [{ ...common, value: 7 }] } },
      { metric: { instrument: "updowncounter", data_points: [{ ...common, value: null }] } },
      { metric: { instrument: "histogram", data_points: [{ count: 5, bucket_counts: [5] }] } },
      { metric: { instrument: "histogram", data_points: [{ count: 5, scale: 3 }] } },
      { metric: { instrument: "Summary", data_points: [{ count: 5, sum: 2.5 }] } },
      { metric: { instrument: "Unspecified", data_points: null } },
    ]);
  });

  it("gives log records with their event names", () => {
    const request = protoEncode("ExportLogsServiceRequest", {
      resourceLogs: [
        {
          scopeLogs: [
            {
              logRecords: [
                { eventName: "e", severityNumber: 9, body: { stringValue: "hello" } },
                { body: { kvlistValue: { values: [] } } },
              ],
            },
          ],
        },
      ],
    });
    expect(plain(samplesOf(request, "logs"))).toMatchObject([
      { log: { event_name: "e", severity_number: 9, body: "hello" } },
      { log: { event_name: "", body: null } },
    ]);
  });

  it("says at which byte a request is not well-formed", () => {
    expect(otlpSamples(traces.subarray(0, 40), "traces")).toMatchObject({
      at: expect.any(Number) as number,
    });
  });

  it("holds exponential histograms that came by OTLP to nothing in profile weaver", () => {
    const registry = registryOf(
      group("metric", "metric.e", {
        metric_name: "e.size",
        instrument: "histogram",
        unit: "",
        attributes: [attribute("e.key", { requirement_level: "required" })],
      }),
    );
    const points = { dataPoints: [{ count: "1" }] };
    const request = protoEncode("ExportMetricsServiceRequest", {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                { name: "e.size", exponentialHistogram: points },
                { name: "e.size", histogram: points },
              ],
            },
          ],
        },
      ],
    });
    const count = (profile: "weaver" | "weir"): number =>
      checkAll(new LiveCheck(registry, profile), samplesOf(request, "metrics")).length;
    expect([count("weaver"), count("weir")]).toEqual([1, 2]);
  });
});

describe("arrays of OTLP", () => {
  const found = (profile: "weaver" | "weir", values: readonly object[]): readonly unknown[] => {
    const registry = registryOf(
      group("attribute_group", "g", { attributes: [attribute("n.text")] }),
    );
    const attributes = [{ key: "n.text", value: { arrayValue: { values } } }];
    const request = protoEncode("ExportLogsServiceRequest", {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }],
    });
    const told = checkAll(new LiveCheck(registry, profile), samplesOf(request, "logs"));
    return told.map(({ context }) => context["attribute_type"]);
  };

  it.each([
    ["a map", [{ intValue: "1" }, { kvlistValue: { values: [] } }], "int[]", "mixed[]"],
    ["bytes", [{ bytesValue: Buffer.from("x") }, { boolValue: true }], "boolean[]", "mixed[]"],
    ["NaN", [{ intValue: "1" }, { doubleValue: Number.NaN }], "int[]", "double[]"],
  ])("have the type of their other elements beside %s in profile weaver", (_, values, ...types) => {
    expect([found("weaver", values), found("weir", values)]).toEqual(types.map((type) => [type]));
  });

  it("have no type to Weaver with an array in them, or nothing that it sees", () => {
    expect(found("weaver", [{ arrayValue: { values: [] } }])).toEqual([]);
    expect(found("weaver", [{ kvlistValue: { values: [] } }, {}])).toEqual([]);
  });
});

describe("readInput", () => {
  const kinds = (content: Uint8Array | string): string[] => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return [...readInput(bytes, "traces")].map((read) =>
      "message" in read ? `fault ${read.at}` : read.kind,
    );
  };

  it("tells protobuf, OTLP/JSON, samples and lines apart", () => {
    expect(kinds(traces)).toEqual(["resource", "instrumentation_scope", "span", "span"]);
    const json = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}';
    expect(kinds(`${json}\n${json}`)).toEqual(["log", "log", "log", "log"]);
    expect(kinds('\n[{"attribute":{"name":"a"}}]')).toEqual(["attribute"]);
    expect(kinds("\na.b\nc.d=1\n\n")).toEqual(["attribute", "attribute"]);
    expect(kinds("")).toEqual([]);
  });

  const damaged = (): Uint8Array<ArrayBuffer> => {
    const spans = [
      { name: "first" },
      { name: "short id", traceId: Buffer.from("12345") },
      { name: "text", attributes: [text("a", "broken")] },
      { name: "last" },
    ];
    const request = { resourceSpans: [{ scopeSpans: [{ spans }] }] };
    const bytes = Uint8Array.from(protoEncode("ExportTraceServiceRequest", request));
    bytes[Buffer.from(bytes).indexOf("broken")] = 0xff;
    return bytes;
  };

  it("names each bad record of a protobuf request at its byte, and reads the others", () => {
    for (const signal of ["traces", null] as const) {
      const bytes = damaged();
      const idAt = Buffer.from(bytes).indexOf("12345");
      const reads = [...readInput(bytes, signal)];
      expect(reads.map((read) => ("message" in read ? read : read.body["name"]))).toEqual([
        { at: `byte ${idAt - 2}`, message: expect.stringContaining("16 bytes") as string },
        {
          at: expect.stringMatching(/^byte \d+$/) as string,
          message: expect.stringContaining("UTF-8") as string,
        },
        "first",
        "last",
      ]);
    }
  });

  it("takes no bytes for a damaged request of which no record can be read", () => {
    const span = { traceId: Buffer.from("12345"), name: "short id" };
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    const bytes = Uint8Array.from(protoEncode("ExportTraceServiceRequest", request));
    const messages = (signal: Signal | null): string[] =>
      [...readInput(bytes.slice(), signal)].map((read) =>
        "message" in read ? read.message : read.kind,
      );
    expect(messages(null)).toEqual(["neither text nor JSON nor OTLP protobuf"]);
    expect(messages("traces")).toEqual([expect.stringContaining("16 bytes") as string]);
  });

  it("goes on behind a line of JSON that is none", () => {
    expect(
      kinds('{"attribute":{"name":"a"}}\n{"attribute": nonsense}\n{"attribute":{"name":"b"}}'),
    ).toEqual(["attribute", expect.stringMatching(/^fault byte/) as string, "attribute"]);
  });
});
