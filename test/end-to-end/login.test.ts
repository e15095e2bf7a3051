// Kafka over TLS with a login, from the engine's side (Node) and from the edge's (workerd).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { openLog } from "../../engine/log/open-log.ts";
import { type RunningEdge, bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { createProducer } from "../../schemas/kafka/producer.ts";
import type { ProducerRecord } from "../../schemas/kafka/topic-messages.ts";
import {
  jsonType,
  protobufType,
  spanNames,
  tracesBody,
  transactionsBody,
} from "../engine/up/edge-client.ts";
import {
  type LoginBroker,
  loginAvailable,
  loginOf,
  setWriteRight,
  startLoginBroker,
} from "../kafka-login.ts";
import { readTopic } from "../read-topic.ts";
import { weir } from "./weir-process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;
const folder = mkdtempSync(join(tmpdir(), "weir-login-"));
const record: ProducerRecord = {
  topic: "otlp_logs",
  partition: 0,
  key: null,
  value: new Uint8Array([1]),
  headers: {},
  timestampMs: 1_700_000_000_000,
};

const spansPost = (seed: number) => ({
  method: "POST",
  body: tracesBody(1, seed),
  headers: protobufType,
});

describe.skipIf(!loginAvailable())("Kafka with TLS and login (needs Java, Maven, openssl)", () => {
  let broker: LoginBroker;

  const edgeVars = (mechanism: (typeof mechanisms)[number]) => {
    const { username, password } = loginOf(mechanism);
    return {
      LOG_KIND: "kafka",
      KAFKA_BROKERS: broker.secure,
      KAFKA_TLS: "true",
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: username,
      KAFKA_SASL_PASSWORD: password,
      WAIT_MS_MAX: "60000",
      SAMPLE: "off",
    };
  };

  const inEdge = async <T>(
    vars: { readonly [name: string]: string },
    body: (url: string, errors: RunningEdge["errors"]) => Promise<T>,
  ): Promise<T> => {
    const edge = await startEdge({
      bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
      port: 0,
      host: "127.0.0.1",
      vars,
      authorities: broker.authorities,
      storageDir: mkdtempSync(join(folder, "edge-")),
    });
    try {
      return await body(edge.url, edge.errors);
    } finally {
      await edge.stop();
    }
  };

  beforeAll(async () => {
    broker = await startLoginBroker();
    const log = await openLog({ kafka: broker.bootstrap });
    await log.createTopics();
    await log.close();
  });

  afterEach(() => {
    for (const name of Object.keys(process.env))
      if (name.startsWith("WEIR_KAFKA_")) delete process.env[name];
  });

  afterAll(async () => {
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(mechanisms)("the producer writes with %s", async (mechanism) => {
    const producer = createProducer({
      brokers: [broker.secure],
      clientId: "login",
      ssl: { ca: [broker.authorities] },
      login: loginOf(mechanism),
      connectTimeoutMs: 20_000,
      requestTimeoutMs: 20_000,
      sendDeadlineMs: 60_000,
    });
    expect(await producer.send([record])).toEqual([expect.any(Number)]);
    await producer.disconnect();
  });

  test("a wrong password is told as such, without the password", async () => {
    const login = { ...loginOf("scram-sha-512"), password: "not the secret" };
    const producer = createProducer({
      brokers: [broker.secure],
      clientId: "login",
      ssl: { ca: [broker.authorities] },
      login,
      connectTimeoutMs: 20_000,
      requestTimeoutMs: 20_000,
      sendDeadlineMs: 60_000,
    });
    const error = await producer.send([record]).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "authentication", retryable: false });
    expect(String(error)).not.toContain("not the secret");
    await producer.disconnect();
  });

  test.each(mechanisms)("the edge writes with %s", async (mechanism) => {
    const seed = 7000 + mechanisms.indexOf(mechanism);
    await inEdge(edgeVars(mechanism), async (url) => {
      const body = tracesBody(3, seed);
      const answer = await fetch(`${url}/v1/traces`, {
        method: "POST",
        body,
        headers: protobufType,
      });
      expect(answer.status).toBe(200);
      const status = await (await fetch(`${url}/status`)).text();
      expect(status).toContain('"spilledTotal":0');
      expect(status).not.toContain(loginOf(mechanism).password);
    });
    const log = await openLog({ kafka: broker.bootstrap });
    const names = (await readTopic(log, "otlp_spans")).flat().flatMap((r) => spanNames(r.value));
    await log.close();
    expect(names).toContain(`span ${seed}.2`);
  });

  test("the edge keeps what a wrong password keeps it from writing, and shows no password", async () => {
    const vars = { ...edgeVars("scram-sha-256"), KAFKA_SASL_PASSWORD: "not the secret" };
    await inEdge(vars, async (url) => {
      const body = tracesBody(1, 8000);
      const answer = await fetch(`${url}/v1/traces`, {
        method: "POST",
        body,
        headers: protobufType,
      });
      expect(answer.status).toBe(200);
      const status = await (await fetch(`${url}/status`)).text();
      expect(JSON.parse(status)).toMatchObject({
        forwarder: {
          isLogDown: true,
          logFault: "login-refused",
          spilledRecords: 1,
          lastError: expect.stringMatching(/^authentication/),
        },
      });
      expect(status).not.toContain("not the secret");
    });
  });

  test("where nothing may be kept a wrong password is 503 by its name, and one line for people", async () => {
    const vars = {
      ...edgeVars("plain"),
      KAFKA_SASL_PASSWORD: "not the secret",
      SPILL_BYTES_MAX: "0",
    };
    await inEdge(vars, async (url, errors) => {
      const body = tracesBody(1, 8001);
      const post = { method: "POST", body, headers: protobufType };
      for (let i = 0; i < 3; i += 1) {
        const answer = await fetch(`${url}/v1/traces`, post);
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
        expect(await answer.text()).toContain("authentication");
      }
      const status = await (await fetch(`${url}/status`)).text();
      expect(JSON.parse(status)).toMatchObject({
        refusals: { "login-refused": 3 },
        signals: { spans: { in: 3, accepted: 0, rejected: { "login-refused": 3 }, inFlight: 0 } },
        forwarder: { logFault: "login-refused" },
      });
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain('weir_edge_log_down{fault="login-refused"} 1');
      const lines = errors().filter(({ line }) => line.includes("the log refuses the login"));
      expect(lines.map(({ count }) => count)).toEqual([1]);
      expect(status + JSON.stringify(errors())).not.toContain("not the secret");
    });
  });

  test("a topic that the login may not write to is 503 by its name, others and what comes later are taken", async () => {
    await setWriteRight(broker, "otlp_spans", false);
    await inEdge(edgeVars("scram-sha-256"), async (url, errors) => {
      for (let i = 0; i < 3; i += 1) {
        const answer = await fetch(`${url}/v1/traces`, spansPost(8002));
        expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
        expect(await answer.text()).toContain("otlp_spans: unauthorized");
      }
      const transactions = { method: "POST", body: transactionsBody(1), headers: jsonType };
      expect((await fetch(`${url}/v1/transactions`, transactions)).status).toBe(200);
      const status = await (await fetch(`${url}/status`)).text();
      expect(JSON.parse(status)).toMatchObject({
        signals: { spans: { in: 3, accepted: 0, inFlight: 0 }, transactions: { accepted: 1 } },
        forwarder: {
          isLogDown: false,
          refusedWrites: 3,
          spilledRecords: 0,
          writeError: expect.stringMatching(/^otlp_spans: unauthorized/),
        },
      });
      const lines = errors().filter(({ line }) => line.includes("the log takes no such records"));
      expect(lines.map(({ count }) => count)).toEqual([1]);
      await setWriteRight(broker, "otlp_spans", true);
      let last = 0;
      for (let i = 0; i < 100 && last !== 200; i += 1) {
        last = (await fetch(`${url}/v1/traces`, spansPost(8003))).status;
        await pause(100);
      }
      expect(last).toBe(200);
    });
    const log = await openLog({ kafka: broker.bootstrap });
    const names = (await readTopic(log, "otlp_spans")).flat().flatMap((r) => spanNames(r.value));
    await log.close();
    expect(names).not.toContain("span 8002.0");
    expect(names).toContain("span 8003.0");
  });

  test("the engine's log takes TLS and login from the environment", async () => {
    const { username, password } = loginOf("scram-sha-512");
    Object.assign(process.env, {
      WEIR_KAFKA_TLS: "true",
      WEIR_KAFKA_CA: broker.authoritiesPath,
      WEIR_KAFKA_SASL_MECHANISM: "scram-sha-512",
      WEIR_KAFKA_SASL_USERNAME: username,
      WEIR_KAFKA_SASL_PASSWORD: password,
    });
    const log = await openLog({ kafka: broker.secure });
    expect((await log.describe()).length).toBeGreaterThan(3);
    await log.close();
    const kafka = ["--kafka", broker.secure, "--seconds", "5", "--data", join(folder, "up")];
    const up = weir("up", "--edge-port", "0", "--control-port", "0", ...kafka);
    const { ready } = (await up.line("ready")) as { ready: { log: string } };
    expect(ready.log).toBe(broker.secure);
    expect((await up.exited).code).toBe(0);
    expect(JSON.stringify(up.lines) + up.stderr()).not.toContain(password);
  });

  test("a variable that cannot be used is named", async () => {
    process.env["WEIR_KAFKA_SASL_MECHANISM"] = "plain";
    await expect(openLog({ kafka: broker.secure })).rejects.toThrow("WEIR_KAFKA_SASL_USERNAME");
    process.env["WEIR_KAFKA_SASL_USERNAME"] = "u";
    process.env["WEIR_KAFKA_SASL_PASSWORD"] = "p";
    await expect(openLog({ kafka: broker.secure })).rejects.toThrow("WEIR_KAFKA_TLS");
  });
});
