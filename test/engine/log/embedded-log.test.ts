import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";

import { afterEach, expect, test, vi } from "vitest";

import { wakeBytes } from "../../../engine/log/embedded/wake.ts";
import type { EmbeddedLogOptions } from "../../../engine/log/embedded-log.ts";
import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import type { EventLog, NewRecord } from "../../../engine/log/event-log.ts";
import type { TopicTable } from "../../../engine/log/topic-table.ts";
import { runSeed, seeded } from "../../random.ts";
import { loadTopics, loadValue } from "./append-load.ts";

const directories: string[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "weir-test-log-"));
  directories.push(directory);
  return directory;
};

const hourMs = 3_600_000;
const topics: TopicTable = {
  t: { partitions: 2, retentionMs: hourMs, messageBytesMax: 1 << 20 },
};

const opened = async (options: EmbeddedLogOptions): Promise<EventLog> => {
  const log = openEmbeddedLog({ topics, ...options });
  await log.createTopics();
  return log;
};

const record = (value: string | Uint8Array, partition = 0): NewRecord => ({
  topic: "t",
  partition,
  key: null,
  value: typeof value === "string" ? Buffer.from(value) : value,
  headers: {},
  timestampMs: 1_000,
});

const load = new URL("append-load.ts", import.meta.url).href;

/** Runs the load for a random time, kills it, returns what it said was acknowledged. */
const acknowledgedUntilKilled = async (
  directory: string,
  run: number,
  afterLines: number,
): Promise<string[]> => {
  const code = `import(${JSON.stringify(load)}).then((m) => m.appendLoad(${JSON.stringify(directory)}, ${run}))`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const reading = createInterface({ input: child.stdout });
  reading.on("line", (line) => {
    lines.push(line);
    if (lines.length === afterLines) child.kill("SIGKILL");
  });
  await once(reading, "close");
  return lines;
};

test("every acknowledged record survives a SIGKILL under load, at several points", async () => {
  const directory = newDirectory();
  const random = seeded(runSeed("embedded log kill"));
  for (let run = 0; run < 5; run += 1) {
    const lines = await acknowledgedUntilKilled(directory, run, 1 + random.below(1500));
    // Opening needs no repair, and the dead process' lock is gone.
    const log = openEmbeddedLog({ directory, topics: loadTopics });
    for (const line of lines) {
      const [partition = 0, offset = 0, number = 0] = line.split(" ").map(Number);
      const [found] = await log.read({ topic: "load", partition, offset }, 1);
      expect(found?.offset).toBe(offset);
      expect(Buffer.from(found?.value ?? []).equals(loadValue(run, number))).toBe(true);
    }
    for (const [partition, { end }] of (await log.offsets("load")).entries()) {
      const all = await log.read({ topic: "load", partition, offset: 0 }, 1e6);
      expect(all.map(({ offset }) => offset)).toEqual(Array.from({ length: end }, (_, i) => i));
    }
    await log.close();
  }
});

test("a second process on the directory gets a clear error", async () => {
  const directory = newDirectory();
  const log = await opened({ directory });
  const url = new URL("../../../engine/log/embedded-log.ts", import.meta.url).href;
  const code = `import("${url}").then((m) => m.openEmbeddedLog({ directory: "${directory}" }))
    .catch((error) => console.log(error.code, error.message))`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  expect(line).toContain("locked");
  expect(line).toContain(`${directory} is in use by process ${process.pid}`);
  await log.close();
  await (await opened({ directory })).close();
});

test("a process of the same number in another container does not come in as a thread", async () => {
  const directory = newDirectory();
  const url = new URL("../../../engine/log/embedded-log.ts", import.meta.url).href;
  const code = `import("${url}").then((m) => m.openEmbeddedLog({ directory: "${directory}" }))
    .then(() => { setInterval(() => { gc(); console.log("opened"); }, 100); })`;
  // A log that nobody keeps is garbage; the directory must stay taken.
  const words = ["--expose-gc", "-e", code];
  const holder = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface({ input: holder.stdout }), "line");
  // As the holder would have it with our number; ours has our namespace with it.
  writeFileSync(join(directory, "owner"), `${process.pid}\n`);
  expect(() => openEmbeddedLog({ directory, topics })).toThrow("locked");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await (await opened({ directory })).close();
});

test("a directory that cannot be made is named, with the reason", () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  const directory = join(file, "log");
  expect(() => openEmbeddedLog({ directory, topics })).toThrow(
    `${directory} cannot be written: ENOTDIR`,
  );
});

test.each([
  ["with shared memory", new SharedArrayBuffer(wakeBytes)],
  ["by polling", undefined],
])("a reader sees what another thread appends, %s", async (_name, wake) => {
  const options = { directory: newDirectory(), topics, ...(wake === undefined ? {} : { wake }) };
  const log = await opened(options);
  const worker = new Worker(new URL("log-appender.thread.ts", import.meta.url), {
    workerData: options,
  });
  const values: string[] = [];
  const consumer = await log.consume(
    { group: "g", topics: ["t"] },
    {
      onAssigned: async () => undefined,
      onRevoked: async () => undefined,
      onFailed: (error) => {
        throw error;
      },
      onBatch: async ({ records }) => {
        for (const { value } of records) values.push(Buffer.from(value).toString());
      },
    },
  );
  worker.postMessage({ records: [record("a"), record("b")] }, []);
  expect(await once(worker, "message")).toEqual([[0, 1]]);
  // Both connections append: offsets stay dense.
  const answer = once(worker, "message");
  worker.postMessage({ records: [record("d")] }, []);
  const [own] = await Promise.all([log.append([record("c")]), answer]);
  expect([2, 3]).toContain(own[0]);
  await expect.poll(() => values.toSorted()).toEqual(["a", "b", "c", "d"]);
  await consumer.stop();
  worker.postMessage(null, []);
  await once(worker, "exit");
  await log.close();
});

test("a thread that is terminated while it writes holds nobody up", async () => {
  const wake = new SharedArrayBuffer(wakeBytes);
  const options = { directory: newDirectory(), topics, wake };
  const log = await opened(options);
  const appender = new URL("log-appender.thread.ts", import.meta.url);
  for (let run = 0; run < 5; run += 1) {
    const worker = new Worker(appender, { workerData: options });
    let acknowledged = -1;
    worker.on("message", ([offset]: number[]) => (acknowledged = offset ?? -1));
    worker.postMessage({ records: [record(new Uint8Array(50_000))], forever: true }, []);
    await once(worker, "message");
    await log.append([record("beside", 1)]);
    await worker.terminate();
    await log.append([record("after", 1)]);
    expect((await log.offsets("t"))[0]?.end).toBeGreaterThan(acknowledged);
  }
  expect((await log.offsets("t"))[1]?.end).toBe(10);
  await log.close();
});

test("records older than their topic's retention go, by our clock and not the producer's", async () => {
  const directory = newDirectory();
  const short = { t: { partitions: 2, retentionMs: 1_500, messageBytesMax: 1000 } };
  vi.useFakeTimers({ toFake: ["Date"] });
  const log = await opened({ directory, topics: short, retentionCheckMs: 10 });
  await log.append([record("old"), record("old", 1), record("old")]);
  expect(await log.offsets("t")).toEqual([
    { earliest: 0, end: 2 },
    { earliest: 0, end: 1 },
  ]);
  vi.setSystemTime(Date.now() + 1_501);
  await log.append([record("young")]);
  await expect
    .poll(() => log.offsets("t"), { interval: 10 })
    .toEqual([
      { earliest: 2, end: 3 },
      { earliest: 1, end: 1 },
    ]);
  const kept = await log.read({ topic: "t", partition: 0, offset: 0 }, 10);
  expect(kept.map(({ offset }) => offset)).toEqual([2]);
  await log.close();
});

test("old records go also after the clock was set back", async () => {
  const directory = newDirectory();
  const short = { t: { partitions: 2, retentionMs: 1_500, messageBytesMax: 1000 } };
  vi.useFakeTimers({ toFake: ["Date"] });
  const log = await opened({ directory, topics: short, retentionCheckMs: 10 });
  await log.append([record("before")]);
  vi.setSystemTime(Date.now() - hourMs);
  await log.append([record("old", 1)]);
  vi.setSystemTime(Date.now() + 1_501);
  await log.append([record("young")]);
  await expect
    .poll(async () => (await log.offsets("t"))[1], { interval: 10 })
    .toEqual({ earliest: 1, end: 1 });
  await log.close();
});

const bytesMax = 8 << 20;
const chunk = new Uint8Array(200_000).map((_, i) => i);

const fill = async (log: EventLog, records: number): Promise<number> => {
  for (let i = 0; i < records; i += 1) await log.append([record(chunk)]);
  return records;
};

test("at the byte limit the oldest records that nobody needs make room", async () => {
  const directory = newDirectory();
  const log = await opened({ directory, bytesMax });
  expect(await fill(log, 200)).toBe(200);
  const [range] = await log.offsets("t");
  expect(range?.end).toBe(200);
  expect(range?.earliest).toBeGreaterThan(100);
  expect(statSync(join(directory, "log.db")).size).toBeLessThanOrEqual(bytesMax);
  await log.close();
});

test("at the byte limit records that a group needs stay, and the append is refused", async () => {
  const log = await opened({ directory: newDirectory(), bytesMax });
  const held = Promise.withResolvers<void>();
  const consumer = await log.consume(
    { group: "slow", topics: ["t"] },
    {
      onAssigned: async () => undefined,
      onRevoked: async () => undefined,
      onBatch: () => held.promise,
      onFailed: () => undefined,
    },
  );
  await consumer.commit([{ topic: "t", partition: 0, offset: 0, metadata: "" }]);
  await expect(fill(log, 200)).rejects.toMatchObject({ code: "full", retryable: true });
  const [range] = await log.offsets("t");
  expect(range?.earliest).toBe(0);
  const end = range?.end ?? 0;
  expect(await log.read({ topic: "t", partition: 0, offset: 0 }, 1000)).toHaveLength(end);
  // What it has passed is free again.
  await consumer.commit([{ topic: "t", partition: 0, offset: end, metadata: "" }]);
  expect(await log.append([record(chunk)])).toEqual([end]);
  held.resolve();
  await consumer.stop();
  await log.close();
});
