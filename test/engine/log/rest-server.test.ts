import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EventLog, LogRecord } from "../../../engine/log/event-log.ts";
import { LogError } from "../../../engine/log/event-log.ts";
import { JsonObjects } from "../../../engine/log/rest/json-objects.ts";
import { Producing } from "../../../engine/log/rest/produce.ts";
import type { RestServer } from "../../../engine/log/rest-server.ts";
import { startRestServer } from "../../../engine/log/rest-server.ts";
import { keyPartition } from "../../../schemas/hash/murmur2.ts";
import { runSeed, seeded } from "../../random.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-test-rest-"));
const hourMs = 3_600_000;
const topics = { t: { partitions: 4, retentionMs: hourMs, messageBytesMax: 300_000 } };
let log: EventLog;
let server: RestServer;

beforeAll(async () => {
  log = openEmbeddedLog({ directory, topics });
  await log.createTopics();
  server = await startRestServer({ log, port: 0, topics });
});

afterAll(async () => {
  await server.close();
  await log.close();
  rmSync(directory, { recursive: true });
});

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");

type Report = {
  error_code: number;
  message?: string;
  partition_id: number;
  offset: number;
  timestamp: string;
};

const post = async (
  body: string,
  path = "/v3/clusters/weir/topics/t/records",
): Promise<{ status: number; reports: Report[] }> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}${path}`, { method: "POST", headers, body });
  const text = await response.text();
  return { status: response.status, reports: reportsOf(text) };
};

const reportsOf = (text: string): Report[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Report);

const at = async ({ partition_id: partition, offset }: Report): Promise<LogRecord | undefined> =>
  (await log.read({ topic: "t", partition, offset }, 1))[0];

test("one object is produced with its partition, key, headers and time", async () => {
  const body = JSON.stringify({
    partition_id: 2,
    headers: [{ name: "tenant", value: base64("ä") }, { name: "empty" }],
    key: { type: "BINARY", data: base64("key") },
    value: { type: "BINARY", data: base64("value") },
    timestamp: "2026-01-02T03:04:05.678Z",
  });
  const { status, reports } = await post(body);
  expect(status).toBe(200);
  expect(reports).toEqual([
    {
      error_code: 200,
      cluster_id: "weir",
      topic_name: "t",
      partition_id: 2,
      offset: 0,
      timestamp: "2026-01-02T03:04:05.678Z",
      key: { type: "BINARY", size: 3 },
      value: { type: "BINARY", size: 5 },
    },
  ]);
  const found = await at(reports[0] as Report);
  expect(Buffer.from(found?.value ?? []).toString()).toBe("value");
  expect(Buffer.from(found?.key ?? []).toString()).toBe("key");
  expect(Buffer.from(found?.headers["tenant"] ?? []).toString()).toBe("ä");
  expect(found?.headers["empty"]).toHaveLength(0);
  expect(found?.timestampMs).toBe(Date.parse("2026-01-02T03:04:05.678Z"));
});

test("without a partition the key decides as Java's client does, without a key the turn", async () => {
  const keyed = Array.from({ length: 20 }, (_, i) => `key-${i}`);
  const body = keyed.map((data) =>
    JSON.stringify({ key: { type: "STRING", data }, value: { type: "JSON", data: { a: [1] } } }),
  );
  const { reports } = await post(body.join(""));
  expect(reports.map((report) => report.partition_id)).toEqual(
    keyed.map((key) => keyPartition(Buffer.from(key), 0, key.length, 4)),
  );
  expect(Buffer.from((await at(reports[3] as Report))?.value ?? []).toString()).toBe('{"a":[1]}');
  const bare = await post('{"value":{"type":"STRING","data":"x"}}'.repeat(8));
  expect(new Set(bare.reports.map((report) => report.partition_id)).size).toBe(4);
});

test("a bad record among good ones is reported alone, in its place", async () => {
  const good = '{"partition_id":0,"value":{"type":"STRING","data":"good"}}';
  const bad: [string, string][] = [
    ['{"value":{"type":"BINARY","data":"***"}}', "value.data must be base64"],
    ['{"value":{"type":"AVRO","data":"x"}}', "value.type must be BINARY, STRING or JSON"],
    ['{"value":"x"}', "value must be an object"],
    ['{"partition_id":"1"}', "partition_id must be an integer"],
    ['{"headers":[{"name":"a","value":"/w=="}]}', "headers[0].value must be UTF-8"],
    ['{"timestamp":"yesterday"}', "timestamp must be an ISO 8601 time"],
    ['{"value":{]}}', "Bad Request"],
  ];
  const { status, reports } = await post(bad.map(([text]) => `${good}\n${text}`).join("\n"));
  expect(status).toBe(200);
  expect(reports.map((report) => report.error_code)).toEqual(bad.flatMap(() => [200, 400]));
  for (const [i, [, message]] of bad.entries()) {
    expect(reports[2 * i + 1]?.message).toContain(message);
  }
  const offsets = reports.filter((report) => report.error_code === 200);
  expect(offsets.map(({ offset }) => offset - (offsets[0]?.offset ?? 0))).toEqual(
    bad.map((_, i) => i),
  );
  const large = `{"value":{"type":"STRING","data":"${"x".repeat(300_001)}"}}`;
  expect((await post(large)).reports[0]).toMatchObject({ error_code: 413 });
  const other = '{"partition_id":4,"value":{"type":"STRING","data":"x"}}';
  expect((await post(other)).reports[0]).toMatchObject({ error_code: 40403 });
});

test.each([
  ["an unknown topic", "/v3/clusters/weir/topics/none/records", "{}", 404, 40403],
  ["an unknown cluster", "/v3/clusters/other/topics/t/records", "{}", 404, 404],
  ["an unknown path", "/v3/nothing", "{}", 404, 404],
  ["a body that is no object", "/v3/clusters/weir/topics/t/records", "[1]", 400, 400],
  ["a body cut short", "/v3/clusters/weir/topics/t/records", '{"value":{', 400, 400],
  ["an empty body", "/v3/clusters/weir/topics/t/records", " ", 400, 400],
])("%s is an error with status and code", async (...row) => {
  const [, path, body, status, code] = row;
  const answer = await post(body, path);
  expect(answer.status).toBe(status);
  expect(answer.reports[0]?.error_code).toBe(code);
  expect(answer.reports[0]?.message).toBeTypeOf("string");
});

test("another method or content type is refused, and the clusters are listed", async () => {
  const url = `${server.url}/v3/clusters/weir/topics/t/records`;
  expect((await fetch(url)).status).toBe(405);
  expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(415);
  const list = (await (await fetch(`${server.url}/v3/clusters`)).json()) as { data: unknown[] };
  expect(list).toMatchObject({ kind: "KafkaClusterList", data: [{ cluster_id: "weir" }] });
});

test("requests at once are all acknowledged, each record once", async () => {
  const before = await log.offsets("t");
  const bodies = Array.from({ length: 100 }, (_, i) =>
    `{"partition_id":1,"value":{"type":"STRING","data":"${i}"}}`.repeat(3),
  );
  const answers = await Promise.all(bodies.map((body) => post(body)));
  const offsets = answers.flatMap(({ reports }) => reports.map(({ offset }) => offset));
  expect(new Set(offsets).size).toBe(300);
  expect((await log.offsets("t"))[1]?.end).toBe((before[1]?.end ?? 0) + 300);
});

/** A chunked request whose answer can be read while it is being sent. */
const streamed = (): { request: ClientRequest; answer: Promise<IncomingMessage> } => {
  const answer = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest(
    `${server.url}/v3/clusters/weir/topics/t/records`,
    { method: "POST", headers: { "content-type": "application/json" } },
    answer.resolve,
  );
  return { request, answer: answer.promise };
};

test("a streamed request is answered record by record while it goes on", async () => {
  const { request, answer } = streamed();
  request.write('{"partition_id":3,"value":{"type":"STRING","data":"fir');
  request.write('st"}}{"partition_id":3,');
  const response = await answer;
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await expect.poll(() => reportsOf(text)).toHaveLength(1);
  request.write('"value":{"type":"STRING","data":"second"}}');
  await expect.poll(() => reportsOf(text)).toHaveLength(2);
  request.end("oops");
  await new Promise((resolve) => response.once("end", resolve));
  const reports = reportsOf(text);
  expect(reports.map((report) => report.error_code)).toEqual([200, 200, 400]);
  expect(Buffer.from((await at(reports[1] as Report))?.value ?? []).toString()).toBe("second");
});

describe("over a log that fails", () => {
  const failing = (error: LogError): EventLog => ({
    ...log,
    append: async () => {
      throw error;
    },
    describe: async () => [{ topic: "t", partitions: 4 }],
  });

  test.each([
    ["full", 503, 50003],
    ["unreachable", 503, 50003],
    ["refused", 200, 40301],
  ] as const)("%s becomes status %i and code %i", async (code, status, errorCode) => {
    const other = await startRestServer({ log: failing(new LogError(code, "x")), port: 0, topics });
    const response = await fetch(`${other.url}/v3/clusters/weir/topics/t/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"value":{"type":"STRING","data":"x"}}',
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error_code: errorCode });
    await other.close();
  });
});

test("a request ends when its sender has gone while the answer waited for it to read", async () => {
  const producing = new Producing({ log, clusterId: "weir", table: topics });
  const ended = Promise.withResolvers<unknown>();
  const own = createServer((request, response) => {
    ended.resolve(producing.request("t", request, response).catch(() => undefined));
  }).listen(0, "127.0.0.1");
  await once(own, "listening");
  // Refused ones, with reports of more than the sockets between the two hold.
  const body = '{"partition_id":"x"}\n'.repeat(120_000);
  const sender = connect((own.address() as AddressInfo).port, "127.0.0.1").pause();
  sender.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
  sender.write(`content-length: ${body.length}\r\n\r\n${body}`);
  await once(sender, "readable");
  sender.destroy();
  await ended.promise;
  own.close();
});

test("a taken port is the system's error", async () => {
  const taken = startRestServer({ log, port: server.port });
  await expect(taken).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("objects are cut alike wherever the chunks end, whatever their strings hold", () => {
  const random = seeded(runSeed("json objects"));
  for (let run = 0; run < 300; run += 1) {
    const objects = Array.from({ length: random.below(6) }, () => {
      const pieces = ["\\", '"', "{", "}", "ä", "\n", "x"];
      const text = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("");
      return JSON.stringify({ [text]: [text, { deeper: text }], n: run });
    });
    const separators = ["", " ", "\n", "\r\n\t"];
    const bytes = Buffer.from(objects.map((text) => random.pick(separators) + text).join(""));
    const cutter = new JsonObjects(10_000);
    const found: string[] = [];
    for (let from = 0; from < bytes.length;) {
      const to = from + 1 + random.below(run % 2 === 0 ? 3 : 40);
      found.push(...cutter.push(bytes.subarray(from, to)));
      from = to;
    }
    cutter.end();
    expect(found.map((text) => text.trim())).toEqual(objects);
  }
  const limited = new JsonObjects(10);
  expect(() => limited.push(Buffer.from('{"a":"aaaaaaaaaa'))).toThrow("objectBytesMax=10");
});
