import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { Kafka, logLevel } from "kafkajs";
import { afterAll, describe, expect, test } from "vitest";

import { kafkaAvailable } from "../../kafka-broker.ts";

const main = fileURLToPath(new URL("../../../engine/main.ts", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "weir-test-kafka-"));

afterAll(() => {
  rmSync(data, { recursive: true, force: true });
});

const weir = (words: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess =>
  spawn(process.execPath, [main, "kafka", ...words], { env, stdio: ["ignore", "pipe", "pipe"] });

type Ready = { kafka: { bootstrap: string; pid: number } };

const ready = async (child: ChildProcess): Promise<Ready["kafka"]> => {
  child.stderr?.resume();
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const [line] = (await once(lines, "line")) as [string];
  return (JSON.parse(line) as Ready).kafka;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const gone = async (pid: number): Promise<void> => {
  await expect.poll(() => isAlive(pid), { interval: 50 }).toBe(false);
};

const topicsOf = async (bootstrap: string): Promise<string[]> => {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: "kept" }] });
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics;
};

describe.skipIf(!kafkaAvailable())("weir kafka (needs Java 17, Maven)", () => {
  test("prints its address, serves, and ends with 0 on SIGTERM", async () => {
    const child = weir(["--port", "0", "--data", data]);
    const { bootstrap, pid } = await ready(child);
    expect(bootstrap).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await topicsOf(bootstrap)).toContain("kept");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    await gone(pid);
  });

  test("ends with 0 when it is stopped while it starts, and leaves no JVM behind", async () => {
    const own = mkdtempSync(join(data, "early-"));
    const child = weir(["--port", "0", "--data", own]);
    const said = text(child.stderr ?? process.stdin);
    child.stdout?.resume();
    // Kafka's own first act in its folder, a second before it serves.
    await expect.poll(() => existsSync(join(own, "server.properties")), { interval: 5 }).toBe(true);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await said).toContain("stopped before Kafka served");
    // Its lock on the folder is free: the next one starts.
    const next = weir(["--port", "0", "--data", own]);
    const { pid } = await ready(next);
    next.kill("SIGTERM");
    await once(next, "exit");
    await gone(pid);
  });

  test("keeps its data, and the JVM dies with a killed parent", async () => {
    const child = weir(["--port", "0", "--data", data]);
    const { bootstrap, pid } = await ready(child);
    expect(await topicsOf(bootstrap)).toContain("kept");
    child.kill("SIGKILL");
    await once(child, "exit");
    await gone(pid);
  });

  test("a taken port is a clear error with exit code 3", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const child = weir(["--port", `${port}`, "--data", data]);
    const [note, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
    expect(note).toContain(`port-taken: 127.0.0.1:${port}: listen EADDRINUSE`);
    expect(code).toBe(3);
    taken.close();
  });

  test("data stays in a folder whose name is not ASCII, whatever the locale", async () => {
    const folder = join(data, "Größe € 1");
    const child = weir(["--port", "0", "--data", folder], { ...process.env, LC_ALL: "C" });
    await ready(child);
    expect(existsSync(join(folder, "log", "meta.properties"))).toBe(true);
    const second = weir(["--port", "0", "--data", folder]);
    const [note, [code]] = await Promise.all([text(second.stderr!), once(second, "exit")]);
    expect(note).toMatch(
      /^weir: data-unusable: \S+ € 1: another Kafka runs on it; choose .*--data\n$/,
    );
    expect(code).toBe(3);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  test("a folder that cannot hold the data is a clear error with exit code 3", async () => {
    const child = weir(["--port", "0", "--data", `${data},b`]);
    const [note, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
    expect(note).toContain(`data-unusable: ${data},b: Kafka takes no comma in its path`);
    expect(code).toBe(3);
  });
});

test("without Java the error says what to install, with exit code 3", async () => {
  const child = weir(["--port", "0"], { PATH: "/nonexistent" });
  const [note, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
  expect(note).toContain("java-missing: found no java program, Apache Kafka needs Java 17");
  expect(code).toBe(3);
});

test("a wrong port is a usage error", async () => {
  const child = weir(["--port", "99999"]);
  const [note, [code]] = await Promise.all([text(child.stderr!), once(child, "exit")]);
  expect(note).toContain("--port must be an integer from 0 to 65535");
  expect(code).toBe(2);
});
