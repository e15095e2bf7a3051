// Events of a running engine, threads and all, on their way out: to the topic of the embedded log
// and as OTLP logs to a real Collector; and a receiver that never answers, which costs nothing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { eventType, eventTypes } from "../../../engine/events/event-layout.ts";
import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import type { EventLine } from "../../../engine/events/event-line.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import type { EventRule } from "../../../engine/export/event-rule.ts";
import { type ExportSettings, startExports } from "../../../engine/export/exports.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import type { LogRecord } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { sniffDefaults } from "../../../engine/sniff/sniff-settings.ts";
import { readValue } from "../../../engine/tail/read-value.ts";
import { keyPartition } from "../../../schemas/hash/murmur2.ts";
import { topics } from "../../../schemas/topics.ts";
import { type Collector, startCollector } from "../../collector.ts";
import { weir } from "../../end-to-end/weir-process.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { until } from "../../until.ts";
import { endedAfterEach } from "./running-parts.ts";
import { isEvent } from "./sniffer-event-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-exports-"));
const mix = await createTransactionMix({ seed: runSeed("exports"), count: 200 });

const everyEvent = (every: number): EventRule =>
  Object.fromEntries(eventTypes.map((type) => [type, every])) as EventRule;

const parts = endedAfterEach();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = async (name: string, exports: ExportSettings, eventSampleEvery = 1) => {
  const directory = join(folder, name);
  const running = await startEngine({
    log: { directory, port: 0 },
    runId: "exports-test",
    sniff: { ...sniffDefaults, eventSampleEvery },
    exports,
  });
  parts.engine = running;
  const opened = await openLog({ directory });
  parts.log = opened;
  const counts = () => takeSnapshot(running.memory, running.lanes).counts;
  const handle = async (times: number): Promise<void> => {
    const before = counts().foreignTransactions;
    for (let i = 0; i < times; i += 1) {
      const value = transactionFrame(mix.map(({ wire }) => wire));
      const partition = i % topics["weir-transactions"].partitions;
      const record = { topic: "weir-transactions", partition, key: null, headers: {} };
      await opened.append([{ ...record, value, timestampMs: 1 }]);
    }
    await until(() => counts().foreignTransactions >= before + times * mix.length, "handled");
  };
  const written = async (): Promise<readonly (LogRecord & { readonly partition: number })[]> => {
    const ends = await opened.offsets("weir-events");
    const reads = ends.map(async (_, partition) => {
      const place = { topic: "weir-events", partition, offset: 0 };
      const records = await opened.read(place, 100_000);
      return records.map((record) => Object.assign(record, { partition }));
    });
    return (await Promise.all(reads)).flat();
  };
  return { running, counts, handle, written };
};

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

describe("events that leave a running engine", () => {
  it("stand on weir-events, each that the rule takes, as their schema says", async () => {
    const { running, counts, handle, written } = await start("topic", {
      eventTopic: true,
      eventEndpoint: "",
      traceEndpoint: "",
      eventRule: () => everyEvent(1),
    });
    await handle(2);
    await until(() => counts().eventTopicSent > 0 && counts().eventTopicWaiting === 0, "sent");
    const inside = readEvents([running.memory.events], { type: null, limit: 10_000 });
    await until(() => counts().eventTopicSent >= inside.length, "all sent");
    const records = await written();
    const events = records.map(({ value }) => JSON.parse(text(value)) as EventLine);
    expect(inside.length).toBeGreaterThan(2 * mix.length);
    expect(events.filter((event) => !isEvent(event))).toEqual([]);
    expect(
      events
        .map((event) => {
          const { unix_us, one_in, lane, ...line } = event as EventLine & {
            readonly [key: string]: unknown;
          };
          expect([typeof unix_us, one_in, lane]).toEqual(["number", 1, 0]);
          return JSON.stringify(line);
        })
        .toSorted(),
    ).toEqual(inside.map((line) => JSON.stringify(line)).toSorted());
    for (const [i, { headers, key: bytes, partition }] of records.entries()) {
      expect(text(bytes)).toBe(events[i]?.trace_id);
      const keyed = bytes ?? new Uint8Array(0);
      expect(keyPartition(keyed, 0, keyed.length, 3)).toBe(partition);
      expect(text(headers["weir-schema"])).toBe("urn:weir:weir_event_json:1");
      expect(text(headers["weir-run"])).toBe("exports-test");
    }
    const numbers = records.map(({ headers }) => Number(text(headers["weir-sequence"])));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(records.map((_, i) => i));
    expect(counts()).toMatchObject({ eventsFollowed: inside.length, eventsLost: 0, eventsLag: 0 });
    const first = records[0] as LogRecord;
    expect(readValue("weir-events", first.value)).toEqual({ event: events[0] });
  });

  it("are chosen by a rule that may change while it runs", async () => {
    const rule = { now: { ...everyEvent(0), bytes_received: 10 } };
    const { counts, handle, written } = await start("rule", {
      eventTopic: true,
      eventEndpoint: "",
      traceEndpoint: "",
      eventRule: () => rule.now,
    });
    await handle(1);
    await until(() => counts().eventTopicSent === mix.length / 10, "one in ten");
    rule.now = { ...everyEvent(0), bytes_received: 2 };
    await until(() => counts().eventsLag === 0, "the rule is looked up");
    await handle(1);
    await until(() => counts().eventTopicSent === mix.length / 10 + mix.length / 2, "one in two");
    const events = (await written()).map(({ value }) => JSON.parse(text(value)) as EventLine);
    expect(new Set(events.map(({ event_type }) => event_type))).toEqual(
      new Set(["bytes_received"]),
    );
    const { eventsFollowed, eventsSampledOut, eventTopicSent } = counts();
    expect(eventsFollowed).toBe(eventsSampledOut + eventTopicSent);
  });

  it("come from every market thread, also from one that is added later", async () => {
    const { running, counts, handle, written } = await start("lanes", {
      eventTopic: true,
      eventEndpoint: "",
      traceEndpoint: "",
      eventRule: () => ({ ...everyEvent(0), bytes_received: 1 }),
    });
    await handle(1);
    await running.steering.scale({ market: 2 });
    await handle(6);
    const total = 7 * mix.length;
    // Records that were not acknowledged when partitions were dealt anew are read again.
    await until(() => counts().eventTopicSent >= total, "all are sent");
    const lanes = (await written()).map(({ value }) => {
      const event = JSON.parse(text(value)) as { readonly lane: number };
      return event.lane;
    });
    expect(new Set(lanes)).toEqual(new Set([0, 1]));
  });

  it("come as log records to an OpenTelemetry Collector where one is built, else to protobufjs", async () => {
    const receiver = await startCollector();
    parts.collector = receiver;
    const { running, counts, handle } = await start("otlp", {
      eventTopic: false,
      eventEndpoint: `${receiver.url}/v1/logs`,
      traceEndpoint: "",
      eventRule: () => everyEvent(1),
    });
    await handle(1);
    const inside = readEvents([running.memory.events], { type: null, limit: 10_000 });
    await until(() => counts().eventLogsSent === inside.length, "sent");
    await until(() => recordsOf(receiver).length === inside.length, "in the file");
    const [request] = receiver.taken() as readonly Taken[];
    expect(attributesOf(request?.resourceLogs[0]?.resource.attributes ?? [])).toMatchObject({
      "service.name": "weir-engine",
      "service.instance.id": "exports-test",
    });
    const got = recordsOf(receiver).map(({ eventName, attributes }) => {
      const { "sniffer.trace_id": trace, "sniffer.reason": reason } = attributesOf(attributes);
      return `${eventName} ${trace} ${reason ?? ""}`;
    });
    const expected = inside.map(
      ({ event_type: type, trace_id: trace, reason, error }) =>
        `sniffer.${type} ${trace} ${reason ?? error ?? ""}`,
    );
    expect(got.toSorted()).toEqual(expected.toSorted());
    expect(await checked(receiver.taken())).toMatch(/^0 /);
  });

  it("cost nothing when their receiver never answers: bounded, dropped and counted", async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const { running, counts, handle } = await start("dead", {
      eventTopic: true,
      eventEndpoint: `http://127.0.0.1:${port}/v1/logs`,
      traceEndpoint: "",
      eventRule: () => everyEvent(1),
    });
    for (let i = 0; i < 10 || counts().eventLogsFull === 0; i += 1) await handle(5);
    // On a machine that is busy the topic's queue may overflow too.
    await until(() => {
      const { eventsLag, eventTopicSent, eventTopicFull, ...now } = counts();
      const left = now.eventsFollowed - now.eventsSampledOut;
      return eventsLag === 0 && eventTopicSent + eventTopicFull === left;
    }, "topic sent");
    const { eventLogsWaiting, eventLogsSent, eventLogsFull, eventLogsFailed, ...rest } = counts();
    expect(eventLogsWaiting).toBeLessThanOrEqual(8192);
    expect(eventLogsSent).toBe(0);
    const left = eventLogsWaiting + eventLogsFull + eventLogsFailed;
    expect(left).toBe(rest.eventsFollowed - rest.eventsSampledOut);
    expect(rest.eventTopicSent + rest.eventTopicFull).toBe(left);
    expect(rest.eventTopicSent).toBeGreaterThan(0);
    const report = await running.stop(60_000);
    expect(report.clean).toBe(true);
    expect(counts().eventLogsShutdown).toBeGreaterThan(0);
    parts.engine = null;
    silent.closeAllConnections();
    silent.close();
  });

  it("end within their deadline when Kafka takes connections and never answers", async () => {
    const sockets = new Set<Socket>();
    const silent = createTcpServer((socket) => sockets.add(socket.on("error", () => undefined)));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const memory = createEngineMemory();
    const exports = await startExports({
      eventTopic: true,
      eventEndpoint: "",
      traceEndpoint: "",
      eventRule: () => everyEvent(1),
      events: { market: [memory.events], submit: createEventMemory() },
      metrics: memory.metrics,
      traces: memory.traces,
      log: { kafka: `127.0.0.1:${(silent.address() as AddressInfo).port}` },
      runId: "exports-test",
    });
    new EventCollector(memory.events).record(eventType.bytesReceived, 1);
    await once(silent, "connection");
    await exports.stop(10);
    expect(takeSnapshot(memory).counts.eventTopicWaiting).toBe(1);
    for (const socket of sockets) socket.destroy();
    silent.close();
  }, 30_000);

  it("never share a number: one that was given up may stand on the topic all the same", async () => {
    const directory = join(folder, "given-up");
    // No folder can be made below it: nothing is sent until it is gone.
    writeFileSync(directory, "");
    const memory = createEngineMemory();
    const exports = await startExports({
      eventTopic: true,
      eventEndpoint: "",
      traceEndpoint: "",
      eventRule: () => everyEvent(1),
      events: { market: [memory.events], submit: createEventMemory() },
      metrics: memory.metrics,
      traces: memory.traces,
      log: { directory },
      runId: "exports-test",
    });
    const counts = () => takeSnapshot(memory).counts;
    const collector = new EventCollector(memory.events);
    collector.record(eventType.bytesReceived, 1);
    await until(() => counts().eventTopicFailed === 1, "given up");
    rmSync(directory);
    const log = await openLog({ directory });
    parts.log = log;
    await log.createTopics();
    collector.record(eventType.bytesReceived, 2);
    await until(() => counts().eventTopicSent === 1, "sent");
    await exports.stop(1_000);
    const reads = (await log.offsets("weir-events")).map((_, partition) =>
      log.read({ topic: "weir-events", partition, offset: 0 }, 10),
    );
    const records = (await Promise.all(reads)).flat();
    expect(records.map(({ headers }) => text(headers["weir-sequence"]))).toEqual(["1"]);
  });
});

/** What `weir check` says of OTLP/JSON requests by our own registry: exit code and findings. */
const checked = async (requests: readonly object[]): Promise<string> => {
  const file = join(folder, "logs.jsonl");
  writeFileSync(file, requests.map((request) => JSON.stringify(request)).join("\n"));
  const registry = fileURLToPath(new URL("../../../schemas/registry", import.meta.url));
  const check = weir("check", "--registry", registry, file);
  const { code } = await check.exited;
  return `${code} ${JSON.stringify(check.lines)} ${check.stderr()}`;
};

type Attribute = {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
};
type LogLine = { readonly eventName: string; readonly attributes: readonly Attribute[] };
type Taken = {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeLogs: readonly { readonly logRecords: readonly LogLine[] }[];
  }[];
};

const recordsOf = (receiver: Collector): readonly LogLine[] =>
  (receiver.taken() as readonly Taken[])
    .flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ scopeLogs }) => scopeLogs)
    .flatMap(({ logRecords }) => logRecords);

const attributesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
