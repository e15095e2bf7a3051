// The real edge in workerd in front of a real Kafka, each of which can be killed and started again
// on its own data, and spans that keep coming while they are. Every span has a name of its own and
// is sent once, so that the topic tells afterwards what was lost and what came twice.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { EdgeBundle } from "../../engine/up/edge-bundle.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { type KafkaNode, startKafkaNode } from "../../engine/log/kafka-node.ts";
import { openLog } from "../../engine/log/open-log.ts";
import { protobufType, spanNames, tracesBody } from "../engine/up/edge-client.ts";
import { readTopic } from "../read-topic.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A killed broker may come back once its session has ended, by default 9 s later. */
const properties = { "broker.session.timeout.ms": 1000, "broker.heartbeat.interval.ms": 200 };

export type EdgeForwarder = {
  readonly spilledRecords: number;
  readonly spilledBytes: number;
  readonly spilledTotal: number;
  readonly isLogDown: boolean;
  readonly outages: number;
};

/** What a topic holds: how often each span came, and the header ids that it came with. */
export type Held = ReadonlyMap<string, { readonly times: number; readonly ids: Set<string> }>;

export class EdgeAndKafka {
  readonly #folder = mkdtempSync(join(tmpdir(), "weir-spill-"));
  #bundle: EdgeBundle | undefined;
  #kafka: KafkaNode | undefined;
  #edge: RunningEdge | undefined;
  #kafkaPort = 0;
  #edgePort = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#edgePort}`;
  }

  get isKafkaUp(): boolean {
    return this.#kafka !== undefined;
  }

  async start(): Promise<void> {
    await this.startKafka();
    const log = await openLog({ kafka: this.#bootstrap });
    await log.createTopics();
    await log.close();
    this.#bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge") });
  }

  async startKafka(): Promise<void> {
    const dataDirectory = join(this.#folder, "kafka");
    this.#kafka = await startKafkaNode({ dataDirectory, port: this.#kafkaPort, properties });
    this.#kafkaPort = Number(this.#kafka.bootstrap.split(":")[1]);
  }

  /** kill -9, and waits until it is gone. */
  async killKafka(): Promise<void> {
    const node = this.#kafka;
    this.#kafka = undefined;
    if (node === undefined) return;
    process.kill(node.pid, "SIGKILL");
    await node.exited;
  }

  /** On the storage that the last one left. */
  async startEdge(vars: { readonly [name: string]: string }): Promise<void> {
    if (this.#bundle === undefined) throw new Error("start first");
    this.#edge = await startEdge({
      bundle: this.#bundle,
      port: this.#edgePort,
      host: "127.0.0.1",
      storageDir: join(this.#folder, "edge"),
      vars: { LOG_KIND: "kafka", KAFKA_BROKERS: this.#bootstrap, SAMPLE: "off", ...vars },
    });
    this.#edgePort = Number(new URL(this.#edge.url).port);
  }

  /** kill -9, and waits until it is gone. */
  async killEdge(): Promise<void> {
    if (this.#edge === undefined) return;
    process.kill(this.#edge.pid, "SIGKILL");
    await this.#edge.exited;
  }

  async status(): Promise<{ readonly forwarder: EdgeForwarder; readonly signals: unknown }> {
    const response = await fetch(`${this.url}/status`);
    return (await response.json()) as { forwarder: EdgeForwarder; signals: unknown };
  }

  /** Waits until nothing acknowledged is outside of Kafka. @throws after `msMax`. */
  async drained(msMax: number): Promise<void> {
    const endMs = Date.now() + msMax;
    for (;;) {
      const { forwarder } = await this.status();
      if (forwarder.spilledRecords === 0) return;
      if (Date.now() > endMs) throw new Error(`not drained: ${JSON.stringify(forwarder)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async held(): Promise<Held> {
    const log = await openLog({ kafka: this.#bootstrap });
    const partitions = await readTopic(log, "otlp_spans");
    await log.close();
    const held = new Map<string, { times: number; ids: Set<string> }>();
    for (const { value, headers } of partitions.flat()) {
      const id = ["weir-producer", "weir-sequence"]
        .map((name) => Buffer.from(headers[name] ?? []).toString())
        .join("/");
      for (const name of spanNames(value)) {
        const entry = held.get(name) ?? { times: 0, ids: new Set() };
        entry.times += 1;
        entry.ids.add(id);
        held.set(name, entry);
      }
    }
    return held;
  }

  async close(): Promise<void> {
    await this.#edge?.stop();
    await this.#kafka?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #bootstrap(): string {
    return `127.0.0.1:${this.#kafkaPort}`;
  }
}

const started = new Set<SpanSenders>();

/** Also those of a test that failed half-way. */
export const stopSenders = async (): Promise<void> => {
  await Promise.all(Array.from(started, (senders) => senders.stop()));
  started.clear();
};

let firstNumber = 0;
const numbersOfSenders = 10_000_000;

/** Connections that send one span after the other until they are stopped. */
export class SpanSenders {
  /** Names of the spans whose requests were answered with 200. */
  readonly acknowledged: string[] = [];
  /** Requests answered otherwise, by status; 0: the connection broke. */
  readonly others = new Map<number, number>();
  /** Retry-After of the refused ones. */
  readonly retryAfter = new Set<string | null>();
  slowestMs = 0;
  #next: number;
  #isStopped = false;
  readonly #running: Promise<void>[];

  constructor(url: () => string, connections: number) {
    this.#next = firstNumber;
    // Two senders of one topic must not share numbers.
    firstNumber += numbersOfSenders;
    started.add(this);
    this.#running = Array.from({ length: connections }, () => this.#send(url));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  async #send(url: () => string): Promise<void> {
    while (!this.#isStopped) {
      const seed = this.#next;
      this.#next += 1;
      const startMs = performance.now();
      const status = await fetch(`${url()}/v1/traces`, {
        method: "POST",
        body: tracesBody(1, seed),
        headers: protobufType,
      }).then(
        async (response) => {
          await response.arrayBuffer();
          if (!response.ok) this.retryAfter.add(response.headers.get("retry-after"));
          return response.status;
        },
        () => 0,
      );
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
      if (status === 200) this.acknowledged.push(`span ${seed}.0`);
      else this.others.set(status, (this.others.get(status) ?? 0) + 1);
      // Leaves the machine to Kafka, which has to start.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
