// What no record can hold, on the real edge in front of real logs whose limit for spans is lower
// than our own: every span that was sent is on its topic or on weir-rejected, and its sender knows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test, vi } from "vitest";

import { isBalanced, ledgerEntry } from "../../../engine/ledger/ledger.ts";
import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { startKafkaNode } from "../../../engine/log/kafka-node.ts";
import { startRestServer } from "../../../engine/log/rest-server.ts";
import { contractTopics } from "../../../engine/log/topic-table.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../../engine/up/edge-process.ts";
import { readRefused } from "../../../schemas/rejected-value.ts";
import { readTopic } from "../../read-topic.ts";
import { kafkaAvailable } from "../../kafka-broker.ts";
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
  /** The log goes away and comes again, with all that it holds. */
  readonly leave: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const onKafka = async (): Promise<Place> => {
  const dataDirectory = mkdtempSync(join(folder, "kafka-"));
  let node = await startKafkaNode({ dataDirectory, port: 0 });
  const { bootstrap } = node;
  const port = Number(bootstrap.split(":")[1]);
  const log = createKafkaLog({ brokers: [bootstrap], topics });
  return {
    log,
    vars: { LOG_KIND: "kafka", KAFKA_BROKERS: bootstrap },
    leave: () => node.stop(),
    comeBack: async () => {
      node = await startKafkaNode({ dataDirectory, port });
    },
    close: async () => {
      await log.close();
      await node.stop();
    },
  };
};

const onEmbeddedLog = async (): Promise<Place> => {
  const log = openEmbeddedLog({ directory: mkdtempSync(join(folder, "log-")), topics });
  let rest = await startRestServer({ log, port: 0, topics });
  const { url } = rest;
  return {
    log,
    vars: { LOG_KIND: "rest", REST_URL: url },
    leave: () => rest.close(),
    comeBack: async () => {
      rest = await startRestServer({ log, port: Number(new URL(url).port), topics });
    },
    close: async () => {
      await rest.close();
      await log.close();
    },
  };
};

const span = (trace: number, name: string) => ({
  traceId: trace.toString(16).padStart(32, "0"),
  spanId: "eee19b7ec3c1b174",
  name,
});

const edgeBefore = async (vars: Place["vars"]): Promise<RunningEdge> =>
  startEdge({
    bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
    port: 0,
    host: "127.0.0.1",
    vars: { SAMPLE: "off", RUN_ID: "this run", WAIT_MS_MAX: "60000", ...vars },
    storageDir: mkdtempSync(join(folder, "edge-")),
  });

const forwarderOf = async (url: string): Promise<{ readonly spilledRecords?: number }> => {
  const response = await fetch(`${url}/status`);
  return ((await response.json()) as { readonly forwarder: object }).forwarder;
};

const namesOn = async (log: EventLog): Promise<readonly string[]> =>
  (await readTopic(log, "otlp_spans")).flat().flatMap(({ value }) => spanNames(value));

const refusedOn = async (log: EventLog) =>
  (await readTopic(log, "weir-rejected")).flat().map(({ value }) => readRefused(value));

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
] as const)("on %s", (_name, start, isAvailable) => {
  test.skipIf(!isAvailable)(
    "spans that are too large are told, counted and kept aside",
    async () => {
      const { log, vars, close } = await start();
      await log.createTopics();
      const edge = await edgeBefore(vars);
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
      expect(await forwarderOf(edge.url)).toMatchObject({
        rejectedRecords: 1,
        isLogDown: false,
        spilledTotal: 0,
      });
      const kept = await namesOn(log);
      expect(isBalanced(ledgerEntry(await countsOf(edge.url, "spans"), kept.length))).toBe(true);
      expect(new Set(kept)).toEqual(new Set([3, 4, 5, 6, 7, 8].map((trace) => `small ${trace}`)));
      const refused = await refusedOn(log);
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

  test.skipIf(!isAvailable)(
    "one that was acknowledged while the log was away is told apart, and the ledger balances",
    async () => {
      const { log, vars, leave, comeBack, close } = await start();
      await log.createTopics();
      const edge = await edgeBefore(vars);
      await leave();
      const large = span(1, `b${"x".repeat(400_000)}`);
      const small = [2, 3, 4].map((trace) => span(trace, `small ${trace}`));
      for (const one of [...small.slice(1), large, ...small.slice(0, 1)])
        expect(await post(edge.url, one)).toEqual([200, undefined, undefined]);
      expect((await forwarderOf(edge.url)).spilledRecords).toBe(4);
      await comeBack();
      await vi.waitFor(async () => expect((await forwarderOf(edge.url)).spilledRecords).toBe(0), {
        timeout: 120_000,
        interval: 100,
      });
      const counts = await countsOf(edge.url, "spans");
      expect(counts).toMatchObject({
        in: 4,
        accepted: 4,
        rejected: {},
        rejectedAfterAcknowledge: { "too-large": 1 },
      });
      const refused = await refusedOn(log);
      expect(refused.map((one) => spanNames(one?.original ?? new Uint8Array()))).toEqual([
        [large.name],
      ]);
      const kept = await namesOn(log);
      expect(new Set(kept)).toEqual(new Set(small.map(({ name }) => name)));
      expect(ledgerEntry(counts, kept.length)).toMatchObject({
        in: 4,
        out: 3,
        rejected: { "too-large-after-acknowledge": 1 },
        inFlight: 0,
      });
      expect(isBalanced(ledgerEntry(counts, kept.length))).toBe(true);
      await edge.stop();
      await close();
    },
  );
});
