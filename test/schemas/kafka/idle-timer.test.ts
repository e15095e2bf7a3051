import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

import { Kafka } from "kafkajs";
import { afterAll, beforeAll, expect, test } from "vitest";

import { remedyIdleTimer } from "../../../schemas/kafka/idle-timer.ts";

// kafkajs' own connection, below its public surface: untyped, so described here.
type Connection = {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(exchange: unknown): Promise<unknown>;
};
type ConnectionClass = new (options: unknown) => Connection;

const require = createRequire(import.meta.url);
const ConnectionOfKafkajs = require("kafkajs/src/network/connection.js") as ConnectionClass;
const Encoder = require("kafkajs/src/protocol/encoder.js") as new () => unknown;

const silent = (): unknown => {
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: nothing, error: nothing, namespace: silent };
};

// Answers every request with its correlation id and no body.
const server = createServer((socket: Socket) => {
  socket.on("data", (request) => {
    const answer = Buffer.alloc(8);
    answer.writeInt32BE(4, 0);
    request.copy(answer, 4, 8, 12);
    socket.write(answer);
  });
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.close();
});

const idleMs = 300;

/** Timers that one connection sets in `idleMs` after it had its answer, or until there are so many. */
const timersOfIdleConnection = async (wanted = 0): Promise<number> => {
  const { port } = server.address() as AddressInfo;
  const connection = new ConnectionOfKafkajs({
    host: "127.0.0.1",
    port,
    logger: silent(),
    requestTimeout: 1000,
    connectionTimeout: 1000,
    socketFactory: (target: { host: string; port: number; onConnect: () => void }) =>
      connect({ host: target.host, port: target.port }, target.onConnect),
  });
  await connection.connect();
  await connection.send({
    request: { apiKey: 18, apiVersion: 0, apiName: "Any", encode: async () => new Encoder() },
    response: { decode: async () => ({}), parse: async () => ({}) },
  });
  const original = globalThis.setTimeout;
  let timers = 0;
  globalThis.setTimeout = new Proxy(original, {
    apply: (target, self, words: Parameters<typeof setTimeout>) => {
      timers += 1;
      return Reflect.apply(target, self, words) as unknown;
    },
  });
  for (;;) {
    await new Promise((resolve) => {
      original(resolve, idleMs);
    });
    if (timers >= wanted) break;
  }
  globalThis.setTimeout = original;
  await connection.disconnect();
  return timers;
};

test("an idle kafkajs connection without the remedy sets timers for ever", async () => {
  expect(await timersOfIdleConnection(21)).toBeGreaterThan(20);
});

test("an idle connection with the remedy sets none", async () => {
  await remedyIdleTimer(new Kafka({ brokers: ["127.0.0.1:1"] }));
  expect(await timersOfIdleConnection()).toBe(0);
});
