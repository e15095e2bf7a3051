// What no record can hold, on the real edge in front of real logs whose limit for spans is lower
// than our own: every span that was sent is on its topic or on weir-rejected, and its sender knows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { startRestServer } from "../../../engine/log/rest-server.ts";
import { contractTopics } from "../../../engine/log/topic-table.ts";
import { bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";
import { readRefused } from "../../../schemas/rejected-value.ts";
import { readTopic } from "../../end-to-end/expected-outputs.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { countsOf, jsonType, spanNames } from "./edge-client.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-oversize-"));
const topics = {
  ...contractTopics,
  otlp_spans: { ...contractTopics["otlp_spans"]!, messageBytesMax: 300_000 },
};

type Place = {
  readonly log: EventLog;
  readonly vars: { readonly [name: string]: string };
  readonly close: () => Promise<void>;
};

const onKafka = async (): Promise<Place> => {
  const broker = await startBroker();
  const log = createKafkaLog({ brokers: [broker.bootstrap], topics });
  const close = async (): Promise<void> => {
    await log.close();
    await broker.close();
  };
  return { log, vars: { LOG_KIND: "kafka", KAFKA_BROKERS: broker.bootstrap }, close };
};

const onEmbeddedLog = async (): Promise<Place> => {
  const log = openEmbeddedLog({ directory: join(folder, "log"), topics });
  const rest = await startRestServer({ log, port: 0, topics });
  const close = async (): Promise<void> => {
    await rest.close();
    await log.close();
  };
  return { log, vars: { LOG_KIND: "rest", REST_URL: rest.url }, close };
};

const span = (trace: number, name: string) => ({
  traceId: trace.toString(16).padStart(32, "0"),
  spanId: "eee19b7ec3c1b174",
  name,
});

const post = async (url: string, ...spans: readonly object[]) => {
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const response = await fetch(`${url}/v1/traces`, { method: "POST", body, headers: jsonType });
  const { partialSuccess } = (await response.json()) as {
    readonly partialSuccess?: { readonly rejectedSpans?: string; readonly errorMessage: string };
  };
  return [response.status, partialSuccess?.rejectedSpans, partialSuccess?.errorMessage];
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ["Kafka (needs Java 17 and Maven)", onKafka, kafkaAvailable()],
  ["the embedded log", onEmbeddedLog, true],
] as const)("on %s", (name, start, isAvailable) => {
  test.skipIf(!isAvailable)(
    "spans that are too large are told, counted and kept aside",
    async () => {
      const { log, vars, close } = await start();
      await log.createTopics();
      const edge = await startEdge({
        bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
        port: 0,
        host: "127.0.0.1",
        vars: { SAMPLE: "off", ...vars },
        storageDir: join(folder, name),
      });
      const aboveOurs = span(1, `a${"x".repeat(1_100_000)}`);
      const aboveTheLogs = span(2, `b${"x".repeat(400_000)}`);
      const small = [3, 4, 5].map((trace) => span(trace, `small ${trace}`));
      const [status, rejected, message] = await post(edge.url, ...small, aboveOurs);
      expect([status, rejected]).toEqual([200, "1"]);
      expect(message).toContain("1 x too-large (first: item 3");
      const later = await Promise.all([
        post(edge.url, aboveTheLogs),
        ...[6, 7, 8].map((trace) => post(edge.url, span(trace, `small ${trace}`))),
      ]);
      expect(later[0]).toEqual([200, "1", "1 span rejected: 1 x too-large"]);
      expect(later.slice(1)).toEqual([6, 7, 8].map(() => [200, undefined, undefined]));
      expect(await countsOf(edge.url, "spans")).toMatchObject({
        in: 8,
        accepted: 6,
        rejected: { "too-large": 2 },
        unconfirmed: 0,
        inFlight: 0,
      });
      const forwarder = (
        (await (await fetch(`${edge.url}/status`)).json()) as { forwarder: object }
      ).forwarder;
      expect(forwarder).toMatchObject({ rejectedRecords: 1, isLogDown: false, spilledTotal: 0 });
      const kept = (await readTopic(log, "otlp_spans"))
        .flat()
        .flatMap(({ value }) => spanNames(value));
      expect(new Set(kept)).toEqual(new Set([3, 4, 5, 6, 7, 8].map((trace) => `small ${trace}`)));
      const refused = (await readTopic(log, "weir-rejected"))
        .flat()
        .map(({ value }) => readRefused(value));
      const whole = refused.find((one) => one?.head.cut === undefined);
      expect(whole?.head).toMatchObject({ topic: "otlp_spans", findings: [{ id: "too-large" }] });
      expect(spanNames(whole?.original ?? new Uint8Array())).toEqual([aboveTheLogs.name]);
      const cut = refused.find((one) => one?.head.cut !== undefined);
      expect(cut?.head).toMatchObject({ items: 1, findings: [{ id: "too-large" }] });
      expect(Buffer.from(cut?.original ?? []).toString()).toContain(aboveOurs.name.slice(0, 1000));
      expect(refused).toHaveLength(2);
      await edge.stop();
      await close();
    },
  );
});
