// The edge's real bundle in real workerd over real HTTP; the log behind it is the test's.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import type { EdgeBundle } from "../../../engine/up/edge-bundle.ts";
import {
  type EdgeOptions,
  type RunningEdge,
  bundleEdge,
  startEdge,
} from "../../../engine/up/edge-process.ts";
import { FrameReader } from "../../../schemas/market/frame.ts";
import { transactionBytes, transactionJson } from "../../edge/decode/solana-bytes.ts";
import {
  countsOf,
  jsonType,
  protobufType,
  spanNames,
  tracesBody,
  transactionsBody,
} from "./edge-client.ts";
import { RestLogStub } from "./rest-log-stub.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const outDir = join(root, ".weir", "edge");
const folder = mkdtempSync(join(tmpdir(), "weir-edge-"));

const log = new RestLogStub();
let bundle: EdgeBundle;
let edge: RunningEdge;
let storage = 0;

type SpillStatus = { readonly forwarder: { readonly spilledRecords: number } };

const start = (
  vars: EdgeOptions["vars"] = {},
  more: Pick<EdgeOptions, "shortPauses"> = {},
): Promise<RunningEdge> => {
  storage += 1;
  return startEdge({
    bundle,
    port: 0,
    host: "127.0.0.1",
    vars: {
      LOG_KIND: "rest",
      REST_URL: log.url,
      RUN_ID: "run-1",
      SAMPLE: "off",
      WAIT_MS_MAX: "60000",
      ...vars,
    },
    storageDir: join(folder, `storage-${storage}`),
    ...more,
  });
};

const post = (
  path: string,
  body: Uint8Array | string,
  headers: { readonly [name: string]: string },
  url = edge.url,
): Promise<Response> => fetch(url + path, { method: "POST", body, headers });

beforeAll(async () => {
  await log.start();
  bundle = await bundleEdge({ root, outDir });
  edge = await start();
});

afterEach(() => {
  log.release();
  log.records.length = 0;
});

afterAll(async () => {
  await edge.stop();
  await log.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the bundle", () => {
  test("is found again for the same sources", async () => {
    const once = await bundleEdge({ root, outDir });
    const again = await bundleEdge({ root, outDir });
    expect(again).toEqual(once);
    expect(existsSync(bundle.front.path)).toBe(true);
  });

  test("knows the object and the variables of wrangler.toml", () => {
    expect(bundle.objects).toEqual([{ binding: "FORWARDER", className: "ForwarderObject" }]);
    expect(bundle.vars).toMatchObject({ LOG_KIND: "kafka" });
  });
});

describe("what is posted is in the log before the 200", () => {
  test("spans as protobuf, one trace in one partition, with the headers of a record", async () => {
    const response = await post("/v1/traces", tracesBody(100, 1), protobufType);
    expect(response.status).toBe(200);
    expect(await response.bytes()).toHaveLength(0);
    const names = log.records.flatMap(({ value }) => spanNames(value));
    expect(names.sort()).toEqual(Array.from({ length: 100 }, (_, at) => `span 1.${at}`).sort());
    const [first] = log.records;
    expect(first?.topic).toBe("otlp_spans");
    expect(first?.key?.toString()).toMatch(/^[0-9a-f]{32}$/);
    expect(first?.headers).toMatchObject({
      "weir-schema": "urn:weir:otlp_proto:1",
      "weir-tenant": "default",
      "weir-run": "run-1",
      "content-encoding": "identity",
    });
    expect(first?.headers["weir-received-ms"]).toMatch(/^\d{13}$/);
    const ids = log.records.map(({ headers }) => headers["weir-sequence"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("gzip bodies", async () => {
    const response = await post("/v1/traces", gzipSync(tracesBody(10, 2)), {
      ...protobufType,
      "content-encoding": "gzip",
    });
    expect(response.status).toBe(200);
    expect(log.records.flatMap(({ value }) => spanNames(value))).toHaveLength(10);
  });

  test("spans to an edge with short pauses, whose flags V8 knows", async () => {
    const short = await start({}, { shortPauses: true });
    try {
      const response = await post("/v1/traces", tracesBody(10, 4), protobufType, short.url);
      expect(response.status).toBe(200);
      expect(log.records.flatMap(({ value }) => spanNames(value))).toHaveLength(10);
    } finally {
      await short.stop();
    }
  });

  test("bodies without a length", async () => {
    const chunks = new ReadableStream({
      start(controller) {
        controller.enqueue(tracesBody(10, 3));
        controller.close();
      },
    });
    const response = await fetch(`${edge.url}/v1/traces`, {
      method: "POST",
      body: chunks,
      headers: protobufType,
      duplex: "half",
    });
    expect(response.status).toBe(200);
    expect(log.records.flatMap(({ value }) => spanNames(value))).toHaveLength(10);
  });

  test("transactions, good ones among bad ones", async () => {
    const transactions = [transactionJson(1), { transaction: "AAAA" }, transactionJson(2)];
    const response = await post("/v1/transactions", JSON.stringify({ transactions }), jsonType);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      accepted: 2,
      rejected: 1,
      first: [{ index: 1 }],
    });
    const reader = new FrameReader();
    const wires = log.records.flatMap(({ value }) => {
      const found: Buffer[] = [];
      reader.open(
        new DataView(value.buffer, value.byteOffset, value.byteLength),
        0,
        value.byteLength,
      );
      while (reader.next()) found.push(value.subarray(reader.itemStart + 24, reader.itemEnd));
      return found;
    });
    const expected = [1, 2].map((seed) => Buffer.from(transactionBytes(seed)).toString("hex"));
    expect(wires.map((wire) => wire.toString("hex")).sort()).toEqual(expected.sort());
  });

  test("depth messages", async () => {
    const message = { e: "depthUpdate", E: 1, s: "BTCUSDT", U: 1, u: 2, b: [["1.5", "2"]], a: [] };
    const body = { venue: "binance-spot", messages: [{ receiveNs: "5", message }] };
    const response = await post("/v1/depth", JSON.stringify(body), jsonType);
    expect(await response.json()).toMatchObject({ accepted: 1, rejected: 0 });
    expect(log.records[0]).toMatchObject({ topic: "weir-depth" });
    expect(log.records[0]?.key?.toString()).toBe("binance-spot:BTCUSDT");
  });
});

describe("acknowledgement", () => {
  test("comes after the log's, and what arrived meanwhile shares the next send", async () => {
    const before = log.requests;
    log.mode = "hold";
    let answered = 0;
    const send = async (seed: number): Promise<number> => {
      const body = transactionsBody(seed);
      const response = await post("/v1/transactions", body, jsonType);
      answered += 1;
      return response.status;
    };
    const first = send(1);
    while (log.held.length === 0) await new Promise(setImmediate);
    const others = Array.from({ length: 20 }, (_, seed) => send(seed + 10));
    for (;;) {
      if ((await countsOf(edge.url, "transactions")).inFlight === 21) break;
    }
    expect(answered).toBe(0);
    log.release();
    expect(await Promise.all([first, ...others])).toEqual(Array.from({ length: 21 }, () => 200));
    expect(log.requests - before).toBeLessThanOrEqual(3);
  });

  test("is counted although the client has left meanwhile", async () => {
    const before = await countsOf(edge.url, "transactions");
    log.mode = "hold";
    const leave = new AbortController();
    const response = fetch(`${edge.url}/v1/transactions`, {
      method: "POST",
      body: transactionsBody(1),
      headers: jsonType,
      signal: leave.signal,
    });
    while (log.held.length === 0) await new Promise(setImmediate);
    leave.abort();
    await expect(response).rejects.toThrow();
    log.release();
    for (;;) {
      const { accepted, inFlight } = await countsOf(edge.url, "transactions");
      if (accepted === before.accepted + 1 && inFlight === 0) break;
    }
  });

  test.each(["fail", "drop"] as const)(
    "does not come when the log answers with %s: 503, Retry-After, counted as unconfirmed",
    async (mode) => {
      const plain = await start({ SPILL_BYTES_MAX: "0" });
      try {
        log.mode = mode;
        const body = transactionsBody(1);
        const response = await post("/v1/transactions", body, jsonType, plain.url);
        expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
        expect(await response.json()).toMatchObject({ code: 14 });
        const after = await countsOf(plain.url, "transactions");
        expect(after).toMatchObject({ unconfirmed: 1, inFlight: 0 });
        log.release();
        // The circuit is open for a moment.
        await vi.waitFor(async () => {
          const again = await post("/v1/transactions", body, jsonType, plain.url);
          expect(again.status).toBe(200);
        }, 120_000);
      } finally {
        await plain.stop();
      }
    },
  );

  test("is only given for what comes into the log, while the log comes and goes", async () => {
    const acknowledged: string[] = [];
    const send = async (seed: number): Promise<void> => {
      const name = `span ${seed}.0`;
      const headers = protobufType;
      const response = await post("/v1/traces", tracesBody(1, seed % 15), headers);
      await response.bytes();
      if (response.status === 200) acknowledged.push(name.replace(String(seed), String(seed % 15)));
    };
    const modes = ["answer", "fail", "answer", "drop", "answer"] as const;
    for (const [at, mode] of modes.entries()) {
      log.mode = mode;
      await Promise.all(Array.from({ length: 30 }, (_, i) => send(at * 30 + i)));
    }
    expect(acknowledged.length).toBe(150);
    // What the log did not take was kept, and comes; some of it perhaps twice, known by its ids.
    await vi.waitFor(async () => {
      const status = (await (await fetch(`${edge.url}/status`)).json()) as SpillStatus;
      expect(status.forwarder.spilledRecords).toBe(0);
    }, 120_000);
    const idOf = ({ headers }: (typeof log.records)[number]): string =>
      `${headers["weir-producer"]}/${headers["weir-sequence"]}`;
    const byId = new Map(log.records.map((record) => [idOf(record), record]));
    const written = Array.from(byId.values(), ({ value }) => spanNames(value)).flat();
    expect(written.sort()).toEqual(acknowledged.sort());
  });

  test("is refused at once when the queue is full, and the rest is served", async () => {
    const small = await start({ QUEUE_CALLERS_MAX: "3" });
    try {
      log.mode = "hold";
      const body = transactionsBody(1);
      const all = Array.from({ length: 8 }, () =>
        post("/v1/transactions", body, jsonType, small.url).then((response) => response.status),
      );
      const refused = Promise.race(all);
      expect(await refused).toBe(503);
      for (;;) {
        const { rejected } = await countsOf(small.url, "transactions");
        if (rejected["overloaded"] === 5) break;
      }
      log.release();
      const statuses = await Promise.all(all);
      expect(statuses.filter((code) => code === 200)).toHaveLength(3);
    } finally {
      await small.stop();
    }
  });
});

describe("refusals over HTTP", () => {
  test.each([
    ["GET", "/v1/traces", {}, 405],
    ["POST", "/v1/nothing", jsonType, 404],
    ["POST", "/v1/traces", { "content-type": "text/plain" }, 415],
    ["POST", "/v1/transactions", jsonType, 400],
  ])("%s %s with %j is %i", async (method, path, headers, expected) => {
    const init = method === "GET" ? { method } : { method, headers, body: "{" };
    const response = await fetch(edge.url + path, init);
    expect(response.status).toBe(expected);
    expect(await response.json()).toHaveProperty("message");
  });

  test("a body above the limit is 413, though its sender is still sending", async () => {
    const response = await post("/v1/traces", new Uint8Array(17 << 20), protobufType);
    expect(response.status).toBe(413);
  });

  test("a large body with a wrong key is 401, not a broken connection", async () => {
    const closed = await start({ API_KEYS: "key" });
    try {
      for (let i = 0; i < 5; i += 1) {
        const headers = protobufType;
        const response = await post("/v1/traces", new Uint8Array(5 << 20), headers, closed.url);
        expect(response.status).toBe(401);
        await response.bytes();
      }
    } finally {
      await closed.stop();
    }
  });

  test("keys go through the environment, and a wrong one is 401", async () => {
    const closed = await start({ API_KEYS: 'k"1\\$' });
    try {
      const body = JSON.stringify({ transactions: [] });
      const answers = await Promise.all(
        ["wrong", 'k"1\\$'].map((key) =>
          post("/v1/transactions", body, { ...jsonType, "x-api-key": key }, closed.url),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual([401, 200]);
    } finally {
      await closed.stop();
    }
  });

  test("a setting that cannot be used is named by every answer", async () => {
    const broken = await start({ WAIT_MS_MAX: "soon" });
    try {
      const response = await fetch(`${broken.url}/livez`);
      expect(response.status).toBe(500);
      expect(await response.text()).toContain("WAIT_MS_MAX");
    } finally {
      await broken.stop();
    }
  });
});
