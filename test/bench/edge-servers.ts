// What a benchmark of the edge runs: a real Kafka on the second core, with the load generator, and our
// edge in workerd, alone on the first.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Admin, Kafka, logLevel } from "kafkajs";

import { type EdgeOptions, bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import type { KeyValueServer } from "../../engine/up/key-value-server.ts";
import { publishRegistry } from "../../engine/up/registry-publisher.ts";
import { topicNames, topics } from "../../schemas/topics.ts";
import { type TestBroker, kafkaAvailable, startBroker } from "../kafka-broker.ts";
import { pin, type Server } from "./bench-server.ts";
import { buildSpanLoad } from "./span-load.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The Collector collects into larger batches than our topics take, and cannot split them. */
const messageBytesMax = "8000000";
/** A load of minutes must not fill the disk: 8 GB over all partitions, looked at every 5 s. */
const retention = { "retention.bytes": "1073741824", "segment.bytes": "67108864" };
const deletion = { "log.retention.check.interval.ms": 5000, "log.segment.delete.delay.ms": 1000 };
/** With the heap of tests it stops for 5 to 9 ms every 1.5 s to collect what is young. */
const heap = { heap: "2g", jvmFlags: ["-Xms2g", "-Xmn1500m", "-XX:+AlwaysPreTouch"] };

const adminOf = async ({ bootstrap }: TestBroker): Promise<Admin> => {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  return admin;
};

/** A real Kafka with our topics, on the second core. */
const startEdgeBroker = async (): Promise<TestBroker> => {
  const broker = await startBroker({ quick: false, ...heap, properties: deletion });
  pin(broker.pid, 1);
  const admin = await adminOf(broker);
  const entries = { "max.message.bytes": messageBytesMax, ...retention };
  await admin.createTopics({
    topics: topicNames.map((topic) => ({
      topic,
      numPartitions: topics[topic].partitions,
      configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
    })),
  });
  await admin.disconnect();
  return broker;
};

/** Lets the broker delete the spans that it has, within seconds: else it does so in a later run. */
export const deleteSpans = async (broker: TestBroker): Promise<void> => {
  const admin = await adminOf(broker);
  const offsets = await admin.fetchTopicOffsets("otlp_spans");
  const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
  await admin.deleteTopicRecords({ topic: "otlp_spans", partitions });
  await admin.disconnect();
};

/** What a benchmark of the edge needs beside the server under test. */
export type EdgeRig = { readonly broker: TestBroker; readonly binary: string };

/**
 * Runs `body` with a broker, and with the load generator on its core. Needs Go, or the generator
 * built before, and Java with Maven; says what it leaves out.
 */
export const withEdgeRig = async (
  name: string,
  body: (rig: EdgeRig) => Promise<void>,
): Promise<void> => {
  const binary = buildSpanLoad();
  if (binary === null || !kafkaAvailable()) {
    console.log(`${name} left out: it needs the load generator, Java and Maven`);
    return;
  }
  const broker = await startEdgeBroker();
  // Children inherit it: the load generator.
  pin(process.pid, 1);
  try {
    await body({ broker, binary });
  } finally {
    await broker.close();
  }
};

/** The registry that the load's spans are of; without it the bundle's own is used, as is said. */
const officialRegistry = (): Promise<KeyValueServer> | null => {
  const path = join(root, "../shared/data/registry/semantic-conventions-1.40.0");
  const note = (line: string): void => console.log(line.replace(path, "official"));
  if (existsSync(path)) return publishRegistry({ path, note });
  console.log("official registry not there: the bundle's own validates");
  return null;
};

/** `vars` over those of wrangler.toml; `shortPauses` as of the setting. */
export const startWeir = async (
  name: string,
  { vars, shortPauses = false }: Pick<EdgeOptions, "vars" | "shortPauses">,
): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-edge-"));
  const bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge-bundles") });
  const registry = await officialRegistry();
  const keyValues = registry === null ? {} : { REGISTRIES: registry.address };
  const place = { port: 0, host: "127.0.0.1", storageDir: folder };
  const edge = await startEdge({ bundle, vars, shortPauses, keyValues, ...place });
  pin(edge.pid, 0);
  const stop = async (): Promise<void> => {
    await edge.stop();
    await registry?.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { name, tracesUrl: `${edge.url}/v1/traces`, pid: edge.pid, stop };
};
