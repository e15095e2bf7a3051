// The servers of the edge benchmark, each in front of the same Kafka and alone on the first core:
// our edge in workerd, and the Collector of the peers.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Kafka, logLevel } from "kafkajs";

import { type EdgeOptions, bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import type { KeyValueServer } from "../../engine/up/key-value-server.ts";
import { publishRegistry } from "../../engine/up/registry-publisher.ts";
import { topicNames, topics } from "../../schemas/topics.ts";
import { type TestBroker, kafkaAvailable, startBroker } from "../kafka-broker.ts";
import { buildSpanLoad } from "./span-load.ts";

/** A running server under test. */
export type Server = {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const collectorSource = join(root, "../shared/peers/collector");
const collectorFolder = join(root, ".weir", "collector");
const readyMsMax = 10_000;

/** Keeps a process with all its threads on one core; does nothing where that is not possible. */
const pin = (pid: number, core: number): boolean => {
  if (cpus().length < 2) return false;
  try {
    execFileSync("taskset", ["-acp", String(core), String(pid)], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** The Collector collects into larger batches than our topics take, and cannot split them. */
const messageBytesMax = "8000000";
/** A load of minutes must not fill the disk: 4 GB over all partitions, looked at every 5 s. */
const retention = { "retention.bytes": "536870912", "segment.bytes": "67108864" };
const deletion = { "log.retention.check.interval.ms": 5000, "log.segment.delete.delay.ms": 1000 };

/** A real Kafka with our topics, on the second core. */
const startEdgeBroker = async (): Promise<TestBroker> => {
  const broker = await startBroker({ quick: false, heap: "768m", properties: deletion });
  pin(broker.pid, 1);
  const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
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

/** Resident memory of a process in MB. */
export const residentMb = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024);
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
  return { name, url: edge.url, pid: edge.pid, stop };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};

const buildCollector = (): string | null => {
  const binary = join(collectorFolder, "testcol");
  if (existsSync(binary)) return binary;
  if (!existsSync(collectorSource)) {
    console.log("Collector left out: ../shared/peers/collector is not there");
    return null;
  }
  try {
    mkdirSync(collectorFolder, { recursive: true });
    for (const file of ["go.mod", "go.sum", "main.go"])
      cpSync(join(collectorSource, file), join(collectorFolder, file));
    const args = ["build", "-trimpath", "-ldflags=-s -w", "-o", "testcol", "."];
    const env = { ...process.env, CGO_ENABLED: "0" };
    console.log("building the Collector, once (some minutes)");
    execFileSync("go", args, { cwd: collectorFolder, stdio: "pipe", env });
    return binary;
  } catch (error) {
    console.log(`Collector left out: go build failed: ${String(error)}`);
    return null;
  }
};

/** Null, with the reason printed, where it cannot be built. */
export const startCollector = async (kafka: string): Promise<Server | null> => {
  const binary = buildCollector();
  if (binary === null) return null;
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ["--config", join(collectorSource, "kafka-sync.yaml")], {
    // One thread for Go code, as it has one core.
    env: { ...process.env, KAFKA: kafka, OTLP_HTTP: address, GOMAXPROCS: "1" },
    stdio: "ignore",
  });
  const endMs = Date.now() + readyMsMax;
  for (;;) {
    const answer = await fetch(`http://${address}/`).catch(() => null);
    if (answer !== null) break;
    if (child.exitCode !== null || Date.now() > endMs) throw new Error("Collector did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const pid = child.pid ?? 0;
  pin(pid, 0);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  };
  return { name: "collector: forward", url: `http://${address}`, pid, stop };
};
