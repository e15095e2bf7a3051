// Checklist J: the JSON mapping. Bodies go through the whole edge; what reaches the log is read
// back as protobuf, so nothing but the bytes counts.
import { describe, expect, test } from "vitest";

import { messageType } from "../../../schemas/otlp/messages.ts";
import { readMessage } from "../../../schemas/otlp/read-message.ts";
import { FakeEdge } from "../fake-edge.ts";
import { json, spansJson } from "./otlp-requests.ts";

const ids = { traceId: "5B8EFFF798038103d269b633813fc60C", spanId: "eEe19B7EC3C1b174" };

type Refused = { readonly status: number; readonly message: string };

/** The one record of a request as the log has it, or the refusal. */
const sent = async (path: string, body: string): Promise<unknown> => {
  const edge = new FakeEdge();
  const response = await edge.post(path, json, body);
  if (response.status !== 200) {
    const { message } = (await response.json()) as { message: string };
    return { status: response.status, message } satisfies Refused;
  }
  const [record] = edge.sent;
  if (record === undefined) return undefined;
  const [name, resources, scopes, items] = {
    "/v1/traces": ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
    "/v1/metrics": ["ExportMetricsServiceRequest", "resourceMetrics", "scopeMetrics", "metrics"],
    "/v1/logs": ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
  }[path] as ["ExportTraceServiceRequest", string, string, string];
  type Tree = { readonly [key: string]: readonly Tree[] };
  const tree = readMessage(record.value, 0, record.value.byteLength, messageType(name)) as unknown;
  return (tree as Tree)[resources]?.[0]?.[scopes]?.[0]?.[items]?.[0];
};

/** `span` is the text between the braces, so that numbers stay as they are written. */
const span = (text: string): Promise<unknown> =>
  sent("/v1/traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{${text}}]}]}]}`);
const metric = (text: string): Promise<unknown> =>
  sent("/v1/metrics", `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{${text}}]}]}]}`);
const log = (text: string): Promise<unknown> =>
  sent("/v1/logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${text}}]}]}]}`);

describe("ids", () => {
  test("J1: hex of any case is taken", async () => {
    const found = await span(JSON.stringify({ ...ids, parentSpanId: "", name: "x" }).slice(1, -1));
    expect(found).toEqual({
      traceId: ids.traceId.toLowerCase(),
      spanId: ids.spanId.toLowerCase(),
      name: "x",
    });
  });

  test.each([
    ['"traceId":"W47/95gDgQPSabYzgT/GDA=="', /traceId.*base64/],
    ['"spanId":"7uGbfsPBsXQ="', /spanId.*base64/],
    ['"traceId":"5b8efff798038103d269b633813fc6"', /traceId.*32 hex/],
    ['"traceId":"zz8efff798038103d269b633813fc60c"', /traceId.*32 hex/],
    ['"links":[{"spanId":"00"}]', /links\[0\]\.spanId.*16 hex/],
    ['"traceId":12', /traceId.*expected a string/],
  ])("J1: %s is 400 and says what is expected", async (text, message) => {
    expect(await span(text)).toEqual({ status: 400, message: expect.stringMatching(message) });
  });
});

describe("names and numbers", () => {
  test("J2: enums are integers; names are 400", async () => {
    expect(await span('"kind":2,"status":{"code":2}')).toEqual({ kind: 2, status: { code: 2 } });
    const refused = { status: 400, message: expect.stringContaining("enum names") };
    expect(await span('"kind":"SPAN_KIND_SERVER"')).toEqual(refused);
    expect(await span('"status":{"code":"STATUS_CODE_ERROR"}')).toEqual(refused);
    expect(await log('"severityNumber":"SEVERITY_NUMBER_INFO"')).toEqual(refused);
  });

  test("J3: snake_case names are unknown: ignored, not an error", async () => {
    const text = '"trace_id":"x","start_time_unix_nano":[1],"name":"n","droppedAttributesCount":1';
    expect(await span(text)).toEqual({ name: "n", droppedAttributesCount: 1 });
  });

  test("J4: unknown fields of every shape and depth are ignored", async () => {
    const text =
      '"name":"n","future":{"a":[1,{"b":null}],"c":"\\u0041"},"x":-1.5e3,"y":[[],{}],"":true';
    expect(await span(text)).toEqual({ name: "n" });
    expect(await span('"__proto__":{"name":"y"},"constructor":1,"name":"n"')).toEqual({
      name: "n",
    });
  });

  test.each([
    ["1544712660000000001", "1544712660000000001"],
    ['"1544712660000000001"', "1544712660000000001"],
    ["18446744073709551615", "18446744073709551615"],
    ['"18446744073709551615"', "18446744073709551615"],
    ["9007199254740993", "9007199254740993"],
  ])("J5: the time %s keeps every digit", async (text, value) => {
    expect(await span(`"endTimeUnixNano":${text}`)).toEqual({ endTimeUnixNano: value });
  });

  test.each([
    ["9007199254740993", "9007199254740993"],
    ['"-9223372036854775808"', "-9223372036854775808"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["9223372036854775807", "9223372036854775807"],
    ["1e18", "1000000000000000000"],
    ["-0", "0"],
  ])("J5: intValue and asInt %s keep every digit", async (text, value) => {
    expect(await log(`"body":{"intValue":${text}}`)).toEqual({ body: { intValue: value } });
    const asInt = value === "0" ? "0" : value;
    expect(await metric(`"gauge":{"dataPoints":[{"asInt":${text}}]}`)).toEqual({
      gauge: { dataPoints: [{ asInt }] },
    });
  });

  test("J5: count and bucketCounts are taken as text and as numbers, mixed", async () => {
    const point = '"count":"9007199254740993","bucketCounts":[1,"2",18446744073709551615]';
    expect(await metric(`"histogram":{"dataPoints":[{${point}}]}`)).toEqual({
      histogram: {
        dataPoints: [
          { count: "9007199254740993", bucketCounts: ["1", "2", "18446744073709551615"] },
        ],
      },
    });
  });

  test.each(["18446744073709551616", "-1", "1.5", '"0x10"', '" 1"', '""', "true"])(
    "J5: the time %s is 400, never rounded or wrapped",
    async (text) => {
      const refused = { status: 400, message: expect.stringContaining("startTimeUnixNano") };
      expect(await span(`"startTimeUnixNano":${text}`)).toEqual(refused);
    },
  );

  test.each([
    ['"NaN"', "NaN"],
    ['"Infinity"', "Infinity"],
    ['"-Infinity"', "-Infinity"],
    ['"1.5"', 1.5],
    ["-2.5e-3", -0.0025],
    [`${Number.MAX_VALUE}`, Number.MAX_VALUE],
    ["5e-324", 5e-324],
  ])("J6: the double %s is taken as number or text", async (text, value) => {
    expect(await log(`"body":{"doubleValue":${text}}`)).toEqual({ body: { doubleValue: value } });
  });

  test.each(['"nan"', '"inf"', "NaN", '"1,5"', '""', "1e309", '"-1e400"'])(
    "J6: the double %s is 400",
    async (text) => {
      expect(await log(`"body":{"doubleValue":${text}}`)).toMatchObject({ status: 400 });
    },
  );

  test("J7: other bytes are base64", async () => {
    expect(await log('"body":{"bytesValue":"AQID/w=="}')).toEqual({
      body: { bytesValue: "AQID/w==" },
    });
    expect(await log('"body":{"bytesValue":"A*"}')).toMatchObject({ status: 400 });
  });

  test("J8: null and missing are the default; a span without a kind is kept", async () => {
    expect(await span('"name":"n"')).toEqual({ name: "n" });
    expect(await span('"name":"n","kind":0')).toEqual({ name: "n" });
    expect(
      await span('"name":null,"kind":null,"attributes":null,"status":null,"events":null'),
    ).toEqual({});
    expect(await span('"name":"n","attributes":[],"traceId":""')).toEqual({ name: "n" });
  });

  test("J9: the lines of a file are whole requests, each taken as it is", async () => {
    const lines = [spansJson({ name: "a" }), spansJson({ name: "b" }, { name: "c" })].join("\n");
    const edge = new FakeEdge();
    for (const line of lines.split("\n"))
      expect((await edge.post("/v1/traces", json, line)).status).toBe(200);
    expect(edge.sent.reduce((sum, { items }) => sum + items, 0)).toBe(3);
    // A request is one document: lines behind each other are not.
    expect((await edge.post("/v1/traces", json, lines)).status).toBe(400);
  });

  test("JSON becomes the same bytes as protobuf whatever the order of names", async () => {
    const edge = new FakeEdge();
    const span = { traceId: ids.traceId, kind: 2, name: "n" };
    await edge.post("/v1/traces", json, spansJson(span));
    await edge.post(
      "/v1/traces",
      json,
      ` ${spansJson({ name: "n", kind: 2, traceId: ids.traceId })} \n`,
    );
    const [a, b] = edge.sent;
    const read = (value: Uint8Array | undefined): unknown =>
      value && readMessage(value, 0, value.byteLength, messageType("ExportTraceServiceRequest"));
    expect(read(a?.value)).toEqual(read(b?.value));
  });
});
