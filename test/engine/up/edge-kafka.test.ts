// The edge's real bundle in workerd with a real Kafka behind it: what is acknowledged is there,
// also when the broker is killed while requests run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { EventLog } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { type KafkaNode, startKafkaNode } from "../../../engine/log/kafka-node.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";
import { keyPartition } from "../../../schemas/hash/murmur2.ts";

import { kafkaAvailable } from "../../kafka-broker.ts";
import { readTopic } from "../../read-topic.ts";
import { countsOf, spanNames, statusOf, tracesBody, transactionsBody } from "./edge-client.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-edge-kafka-"));
const decoder = new TextDecoder();

describe.skipIf(!kafkaAvailable())("the edge on a real Kafka (needs Java 17 and Maven)", () => {
  let node: KafkaNode;
  let log: EventLog;
  let edge: RunningEdge;

  const startNode = (port: number): Promise<KafkaNode> =>
    startKafkaNode({ dataDirectory: join(folder, "kafka"), port });

  beforeAll(async () => {
    node = await startNode(0);
    log = createKafkaLog({ brokers: [node.bootstrap] });
    await log.createTopics();
    edge = await startEdge({
      bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
      port: 0,
      host: "127.0.0.1",
      vars: {
        LOG_KIND: "kafka",
        KAFKA_BROKERS: node.bootstrap,
        WAIT_MS_MAX: "30000",
        SAMPLE: "off",
        SPILL_BYTES_MAX: "0",
      },
      storageDir: join(folder, "edge"),
    });
  });

  afterAll(async () => {
    await edge.stop();
    await log.close();
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("spans lie in the partition of their key, with the headers of the edge", async () => {
    expect(await statusOf(`${edge.url}/v1/traces`, tracesBody(200, 1))).toBe(200);
    const partitions = await readTopic(log, "otlp_spans");
    expect(partitions.flat().flatMap(({ value }) => spanNames(value))).toHaveLength(200);
    for (const [partition, records] of partitions.entries()) {
      for (const { key, headers } of records) {
        expect(keyPartition(key ?? new Uint8Array(0), 0, 32, 6)).toBe(partition);
        expect(decoder.decode(headers["weir-schema"])).toBe("urn:weir:otlp_proto:1");
        expect(decoder.decode(headers["weir-tenant"])).toBe("default");
      }
    }
  });

  test("transactions arrive", async () => {
    expect(await statusOf(`${edge.url}/v1/transactions`, transactionsBody(1, 2, 3))).toBe(200);
    expect((await readTopic(log, "weir-transactions")).flat().length).toBeGreaterThan(0);
  });

  test("without a spill nothing that was acknowledged is lost when the broker is killed", async () => {
    const port = Number(node.bootstrap.split(":")[1]);
    const acknowledged: string[] = [];
    const statuses = new Map<number, number>();
    let seed = 100;
    const load = { isRunning: true };
    const client = async (): Promise<void> => {
      while (load.isRunning) {
        seed += 1;
        const name = `span ${seed}.0`;
        const status = await statusOf(`${edge.url}/v1/traces`, tracesBody(1, seed));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 200) acknowledged.push(name);
        // Refusals come at once while the circuit is open.
        else await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const clients = Array.from({ length: 4 }, client);
    const reaches = async (count: number): Promise<void> => {
      while (acknowledged.length < count) await new Promise(setImmediate);
    };
    await reaches(100);
    process.kill(node.pid, "SIGKILL");
    await node.exited;
    while (!statuses.has(503)) await new Promise(setImmediate);
    const before = acknowledged.length;
    node = await startNode(port);
    await reaches(before + 100);
    load.isRunning = false;
    await Promise.all(clients);
    expect(new Set(statuses.keys())).toEqual(new Set([200, 503]));
    const written = new Set(
      (await readTopic(log, "otlp_spans")).flat().flatMap(({ value }) => spanNames(value)),
    );
    expect(acknowledged.filter((name) => !written.has(name))).toEqual([]);
    const counts = await countsOf(edge.url, "spans");
    const { unavailable = 0 } = counts.rejected;
    expect(counts.inFlight).toBe(0);
    expect(counts.in).toBe(counts.accepted + counts.unconfirmed + unavailable);
    expect(counts.accepted).toBe(acknowledged.length + 200);
  });
});
