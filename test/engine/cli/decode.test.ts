import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { decode } from "../../../engine/cli/decode.ts";
import { JsonEncoder } from "../../../schemas/otlp/json-encode.ts";
import { messageType, signals } from "../../../schemas/otlp/messages.ts";
import { expectedObject } from "../../oracles/otlp-agreement.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { randomMessage } from "../../oracles/otlp-random.ts";
import { runSeed, seeded } from "../../random.ts";
import { parsedLines, runCommand } from "./captured-io.ts";
import { fileOf } from "./input-files.ts";

type Line = { readonly [name: string]: unknown };

const run = async (...words: readonly string[]) => {
  const { lines, ...ran } = await runCommand(decode, words);
  return { ...ran, lines: parsedLines<Line>(lines) };
};

const bigSpan = {
  traceId: Buffer.from("5b8efff798038103d269b633813fc60c", "hex"),
  spanId: Buffer.from("eee19b7ec3c1b174", "hex"),
  name: "GET /",
  kind: 2,
  startTimeUnixNano: "9007199254740993",
  attributes: [{ key: "n", value: { intValue: "9007199254740993" } }],
};

const request = (...spans: readonly object[]): Uint8Array<ArrayBuffer> =>
  protoEncode("ExportTraceServiceRequest", {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: [{ scope: { name: "lib" }, spans, schemaUrl: "s" }],
        schemaUrl: "r",
      },
    ],
  });

describe("weir decode", () => {
  it("shows a protobuf span with its resource and scope, 64-bit values as text", async () => {
    const { code, lines } = await run(fileOf(gzipSync(request(bigSpan))));
    expect(code).toBe(0);
    expect(lines).toEqual([
      {
        traceId: "5b8efff798038103d269b633813fc60c",
        spanId: "eee19b7ec3c1b174",
        parentSpanId: "",
        name: "GET /",
        kind: 2,
        startTimeUnixNano: "9007199254740993",
        endTimeUnixNano: "0",
        attributes: [{ key: "n", value: { intValue: "9007199254740993" } }],
        events: [],
        links: [],
        status: {},
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        resourceSchemaUrl: "r",
        scope: { attributes: [], name: "lib" },
        scopeSchemaUrl: "s",
      },
    ]);
  });

  it("reads several JSON requests of different signals, one on each line", async () => {
    const json = [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"},{"name":"b"}]}]}]}',
      "",
      "{}",
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9}]}]}]}',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"isMonotonic":true,',
      '"dataPoints":[{"asInt":1},{"asInt":"2"}]}}]}]}]}',
    ].join("\n");
    const { code, lines, notes } = await run(fileOf(`\n${json}`));
    expect(notes).toEqual([]);
    expect(code).toBe(0);
    expect(lines.map((line) => [line["name"], line["type"], line["asInt"]])).toEqual([
      ["a", undefined, undefined],
      ["b", undefined, undefined],
      [undefined, undefined, undefined],
      ["m", "sum", "1"],
      ["m", "sum", "2"],
    ]);
  });

  it("names file, place and expectation of a bad record and goes on with the next", async () => {
    const bad = { ...bigSpan, traceId: Buffer.from("0102", "hex") };
    const nested = { ...bigSpan, links: [{ spanId: Buffer.from("01", "hex") }] };
    const path = fileOf(request(bigSpan, bad, nested, { ...bigSpan, name: "last" }));
    const { code, lines, notes } = await run(path);
    expect(code).toBe(1);
    expect(lines.map((line) => line["name"])).toEqual(["GET /", "last"]);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toMatch(
      /^\S+input-\d+: byte \d+: badIdLength: .*; expected a well-formed Span/,
    );
  });

  it("names a resource and a scope that cannot be read, once each, and shows their records", async () => {
    const bytes = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "bad resource" }] },
          scopeSpans: [
            { scope: { name: "bad scope" }, spans: [{ name: "a" }, { name: "b" }] },
            { scope: { name: "good" }, spans: [{ name: "c" }] },
          ],
        },
      ],
    });
    const noUtf8 = Buffer.from(bytes.buffer);
    for (const text of ["bad resource", "bad scope"]) noUtf8[noUtf8.indexOf(text)] = 0xff;
    const { code, lines, notes } = await run(fileOf(bytes));
    expect(code).toBe(1);
    expect(lines.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(notes.toSorted()).toEqual([
      expect.stringMatching(/byte \d+: badUtf8: .*; expected a well-formed InstrumentationScope$/),
      expect.stringMatching(/byte \d+: badUtf8: .*; expected a well-formed Resource$/),
    ]);
  });

  it("shows texts that look like a number's default", async () => {
    const bytes = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ scope: { name: "0" }, spans: [{ name: "0" }] }] }],
    });
    const { lines } = await run(fileOf(bytes));
    expect(lines).toMatchObject([{ name: "0", scope: { name: "0" }, startTimeUnixNano: "0" }]);
  });

  it("merges a status that comes twice, a default in the second included", async () => {
    const twice = [0x7a, 0x05, 0x12, 0x01, 0x61, 0x18, 0x02, 0x7a, 0x02, 0x18, 0x00];
    const bytes = [0x0a, 4 + twice.length, 0x12, 2 + twice.length, 0x12, twice.length, ...twice];
    const { lines } = await run("--signal", "traces", fileOf(Uint8Array.from(bytes)));
    expect(lines).toMatchObject([{ status: { message: "a" } }]);
    expect(lines[0]?.["status"]).not.toHaveProperty("code");
  });

  it("shows the metadata of a metric with each of its points", async () => {
    const metric =
      '{"name":"m","gauge":{"dataPoints":[{"asInt":1}]},"metadata":[{"key":"k","value":{"intValue":2}}]}';
    const { lines } = await run(
      fileOf(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}]}]}]}`),
    );
    const metadata = [{ key: "k", value: { intValue: "2" } }];
    expect(lines).toMatchObject([{ name: "m", type: "gauge", asInt: "1", metadata }]);
  });

  it("shows what stands before the cut of a packed file, says where it is, and goes on", async () => {
    const requests = Array.from(
      { length: 2_000 },
      (_, i) => `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"${i * 7919}"}]}]}]}\n`,
    );
    const packed = gzipSync(requests.join(""));
    const cut = fileOf(packed.subarray(0, packed.length / 2));
    const { code, lines, notes } = await run(cut, fileOf(gzipSync(requests[0] ?? "")));
    expect(code).toBe(1);
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.at(-2)).toMatchObject({ name: String((lines.length - 2) * 7919) });
    expect(lines.at(-1)).toMatchObject({ name: "0" });
    expect(notes.at(-1)).toMatch(/: after \d+ bytes of its content: unexpected end of file$/);
    const strict = await run("--strict", cut);
    expect([strict.lines.length, strict.notes.length]).toEqual([lines.length - 1, 1]);
  });

  it("ends at the first fault with --strict", async () => {
    const bad = { ...bigSpan, traceId: Buffer.from("0102", "hex") };
    const { code, lines, notes } = await run(
      "--strict",
      fileOf(request(bad, bigSpan)),
      fileOf("{}"),
    );
    expect([code, lines.length, notes.length]).toEqual([1, 0, 1]);
  });

  it("names the path of a bad JSON value and goes on with the next line", async () => {
    const path = fileOf(
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}\n{"resourceSpans":[}\n' +
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"ok"}]}]}]}',
    );
    const { code, lines, notes } = await run(path);
    expect(code).toBe(1);
    expect(lines).toHaveLength(1);
    expect(notes[0]).toContain("resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hex");
    expect(notes[1]).toMatch(/byte \d+: expected a value, found \}/);
  });

  it("shows the good records of a JSON request, wherever the bad ones stand among them", async () => {
    const good = ["a", "b", "c"].map((name) => `{"name":"${name}"}`);
    const bad = ['{"traceId":"xyz"}', '{"name":"x","kind":"SPAN_KIND_SERVER"}', "7"];
    const numbers = [0, 1, 2];
    for (const order of numbers.flatMap((g) => numbers.map((b) => [g, b] as const))) {
      const [first, second] = order;
      const spans = [
        ...good.slice(0, first),
        ...bad.slice(0, second),
        good[2],
        ...bad.slice(second),
      ];
      const list = spans.join(" ,\n ");
      const { code, lines, notes } = await run(
        fileOf(
          `{"resourceSpans":[{"scopeSpans":[{"spans":[ ${list} ]},{"spans":[{"name":"d"}]}]}]}`,
        ),
      );
      const names = [...["a", "b"].slice(0, first), "c", "d"];
      expect([code, lines.map(({ name }) => name)]).toEqual([1, names]);
      expect(notes).toHaveLength(bad.length);
      // Records keep their numbers.
      expect(notes[2]).toContain(`spans[${spans.lastIndexOf("7")}]: expected {, found 7`);
    }
  });

  it("shows no request whose resource is wrong, and names all that is", async () => {
    const resource = '{"attributes":[{"key":5}]}';
    const { code, lines, notes } = await run(
      fileOf(
        `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"x"},{}]}]},{"resource":${resource}}]}`,
      ),
    );
    expect([code, lines]).toEqual([1, []]);
    expect(notes).toEqual([
      expect.stringContaining("logRecords[0].severityNumber: expected an integer"),
      expect.stringContaining("resourceLogs[1].resource.attributes[0].key: expected a string"),
    ]);
  });

  it("says of another text what it is not, in no words of protobuf", async () => {
    const { code, lines, notes } = await run(fileOf('[{"resourceSpans":[]}]\n'), fileOf("hello\n"));
    expect([code, lines]).toEqual([1, []]);
    expect(notes).toEqual([
      expect.stringMatching(
        /: byte 0: found \[\{"resourceSpans":\[\]\}\], expected an object of OTLP/,
      ),
      expect.stringMatching(
        /: byte 0: found hello, expected an object of OTLP\/JSON, or OTLP protobuf$/,
      ),
    ]);
  });

  it("refuses a signal that was not asked for, and a missing file", async () => {
    const { code, notes } = await run("--signal", "logs", fileOf('{"resourceSpans":[]}'), "/none");
    expect(code).toBe(1);
    expect(notes[0]).toContain("found resourceSpans, expected resourceLogs");
    expect(notes[1]).toContain("/none");
    await expect(run("--signal", "spans", "x")).rejects.toThrow("--signal must be one of traces");
    await expect(run()).rejects.toThrow("decode needs FILE");
  });

  it("shows random spans so that the lines make the same spans again", async () => {
    const random = seeded(runSeed("decode"));
    const name = signals.traces.request;
    const encoder = new JsonEncoder();
    for (let i = 0; i < 50; i += 1) {
      const bytes = protoEncode(name, randomMessage(random, name, 3));
      const { code, lines } = await run("--signal", "traces", fileOf(bytes));
      expect(code).toBe(0);
      const json = new TextEncoder().encode(JSON.stringify({ spans: lines }));
      const encoded = encoder.encode(json, 0, json.length, messageType("ScopeSpans"));
      if (!encoded.ok) throw new Error(encoded.message);
      const spans = allSpans(expectedObject(name, bytes));
      const again = (expectedObject("ScopeSpans", encoded.bytes) as Line)["spans"] ?? [];
      expect((again as Line[]).map(withoutEmptyStatus)).toEqual(spans.map(withoutEmptyStatus));
    }
  });
});

const list = (value: unknown, name: string): Line[] => ((value as Line)[name] ?? []) as Line[];

const allSpans = (value: unknown): Line[] =>
  list(value, "resourceSpans").flatMap((resource) =>
    list(resource, "scopeSpans").flatMap((scope) => list(scope, "spans")),
  );

const withoutEmptyStatus = ({ status = {}, ...span }: Line): Line => ({ ...span, status });
