// The edge's real bundle in workerd with the embedded log behind its REST endpoint, as `weir up`
// runs it: what is acknowledged is read back from the log.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { EventLog } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { type RestServer, startRestServer } from "../../../engine/log/rest-server.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";
import { keyPartition } from "../../../schemas/hash/murmur2.ts";
import { FrameReader } from "../../../schemas/market/frame.ts";
import { type TopicName } from "../../../schemas/topics.ts";
import { readTopic } from "../../read-topic.ts";
import { countsOf, spanNames, statusOf, tracesBody, transactionsBody } from "./edge-client.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-edge-rest-"));
let log: EventLog;
let rest: RestServer;
let edge: RunningEdge;

beforeAll(async () => {
  log = await openLog({ directory: join(folder, "log") });
  await log.createTopics();
  rest = await startRestServer({ log, port: 0 });
  edge = await startEdge({
    bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
    port: 0,
    host: "127.0.0.1",
    vars: { LOG_KIND: "rest", REST_URL: rest.url, SAMPLE: "off" },
    storageDir: join(folder, "edge"),
  });
});

afterAll(async () => {
  await edge.stop();
  await rest.close();
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

test("spans of many requests at once are in the log exactly once, in their key's partition", async () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  const statuses = await Promise.all(
    seeds.map((seed) => statusOf(`${edge.url}/v1/traces`, tracesBody(50, seed))),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  const partitions = await readTopic(log, "otlp_spans");
  const names = partitions.flat().flatMap(({ value }) => spanNames(value));
  expect(names).toHaveLength(2000);
  expect(new Set(names).size).toBe(2000);
  for (const [partition, records] of partitions.entries()) {
    for (const { key, headers, timestampMs } of records) {
      expect(keyPartition(key ?? new Uint8Array(0), 0, 32, 6)).toBe(partition);
      const receivedMs = new TextDecoder().decode(headers["weir-received-ms"]);
      expect(timestampMs).toBe(Number(receivedMs));
    }
  }
  expect(await countsOf(edge.url, "spans")).toMatchObject({ in: 2000, accepted: 2000 });
});

test("transactions and depth arrive as frames", async () => {
  expect(await statusOf(`${edge.url}/v1/transactions`, transactionsBody(1, 2, 3))).toBe(200);
  const message = { e: "depthUpdate", E: 1, s: "BTCUSDT", U: 1, u: 2, b: [["1.5", "2"]], a: [] };
  const depth = JSON.stringify({ venue: "binance-spot", messages: [{ message }] });
  expect(await statusOf(`${edge.url}/v1/depth`, depth)).toBe(200);
  const reader = new FrameReader();
  const items = async (topic: TopicName): Promise<number> => {
    const counts = (await readTopic(log, topic)).flat().map(({ value }) => {
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      return reader.countItems(view, 0, value.byteLength);
    });
    return counts.reduce((sum, count) => sum + count, 0);
  };
  expect(await items("weir-transactions")).toBe(3);
  expect(await items("weir-depth")).toBe(1);
});

test("a record near the topic's bound is taken, split at it, never refused by the log", async () => {
  const body = transactionsBody(...Array.from({ length: 9000 }, (_, seed) => seed));
  expect(await statusOf(`${edge.url}/v1/transactions`, body)).toBe(200);
  expect(await countsOf(edge.url, "transactions")).toMatchObject({ unconfirmed: 0, inFlight: 0 });
});
