import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { promisify } from "node:util";

import type { ISocketFactory } from "kafkajs";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Producer, ProducerOptions } from "../../../schemas/kafka/producer.ts";
import { createProducer, sendsWaitingMax } from "../../../schemas/kafka/producer.ts";
import type { ProducerRecord } from "../../../schemas/kafka/topic-messages.ts";
import { offsetsOf } from "../../../schemas/kafka/topic-messages.ts";
import type { TestBroker } from "../../kafka-broker.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { makeTopic } from "../../kafka-topic.ts";

const record = (topic: string, text: string, partition = 0): ProducerRecord => ({
  topic,
  partition,
  key: null,
  value: new TextEncoder().encode(text),
  headers: {},
  timestampMs: 1_700_000_000_000,
});

const timing = { connectTimeoutMs: 20_000, requestTimeoutMs: 30_000, sendDeadlineMs: 60_000 };

/** Sockets that are cut when the broker has FIRST and says so, unheard, `cuts` times. */
const cuttingSockets = (): { factory: ISocketFactory; cuts: number } => {
  const state = { cuts: 0, factory: {} as ISocketFactory };
  state.factory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    const write = socket.write.bind(socket);
    const cutting = (data: Buffer, encoding: BufferEncoding): boolean => {
      if (state.cuts > 0 && Buffer.isBuffer(data) && data.includes("FIRST")) {
        state.cuts -= 1;
        socket.removeAllListeners("data");
        socket.once("data", () => socket.destroy(new Error("cut")));
      }
      return write(data, encoding);
    };
    socket.write = cutting as typeof socket.write;
    return socket;
  };
  return state;
};

describe.skipIf(!kafkaAvailable())("the producer on a real Kafka (needs Java 17, Maven)", () => {
  let broker: TestBroker;
  let kafka: Kafka;

  beforeAll(async () => {
    broker = await startBroker();
    kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  });

  afterAll(async () => {
    await broker.close();
  });

  const newTopic = async (numPartitions = 1, bytesMax = 1_048_588): Promise<string> => {
    const topic = `producer-${randomUUID()}`;
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: "max.message.bytes", value: `${bytesMax}` }];
    await makeTopic(admin, { topic, numPartitions, configEntries });
    await admin.disconnect();
    return topic;
  };

  /** Everything in partition 0, in order. */
  const held = async (topic: string): Promise<string[]> => {
    const admin = kafka.admin();
    await admin.connect();
    const end = Number((await admin.fetchTopicOffsets(topic))[0]?.high);
    await admin.disconnect();
    const values: string[] = [];
    if (end === 0) return values;
    const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          values.push(String(message.value));
          if (Number(message.offset) === end - 1) resolve();
        },
      });
    });
    await consumer.disconnect();
    return values;
  };

  const using = async (
    options: Partial<ProducerOptions>,
    body: (producer: Producer) => Promise<void>,
  ): Promise<void> => {
    const brokers = [broker.bootstrap];
    const producer = createProducer({ brokers, clientId: "test", ...timing, ...options });
    try {
      await body(producer);
    } finally {
      await producer.disconnect();
    }
  };

  test("offsets come back in the order of the records, over partitions", async () => {
    const topic = await newTopic(2);
    await using({}, async (producer) => {
      const records = [0, 1, 0, 1, 1].map((partition) => record(topic, "x", partition));
      expect(await producer.send(records)).toEqual([0, 0, 1, 1, 2]);
      expect(await producer.send([])).toEqual([]);
      expect(producer.clients()).toBe(1);
    });
  });

  test("kafkajs' own encoder does the same when it is asked for", async () => {
    const topic = await newTopic(2);
    await using({ encoder: "kafkajs" }, async (producer) => {
      const records = [0, 1, 0].map((partition) => record(topic, "x", partition));
      expect(await producer.send(records)).toEqual([0, 0, 1]);
    });
  });

  test.skipIf(!existsSync("/usr/bin/kcat"))(
    "librdkafka reads keys, headers and partitions and finds every checksum right (needs kcat)",
    async () => {
      const topic = await newTopic(2);
      const sent: ProducerRecord[] = Array.from({ length: 300 }, (_, i) => ({
        ...record(topic, "v".repeat((i * 37) % 5000) + i, i % 2),
        key: i % 3 === 0 ? null : Buffer.from(`key-${i}`),
        headers: i % 5 === 0 ? {} : { "weir-sequence": String(i), "weir-tenant": "größe" },
      }));
      await using({}, async (producer) => {
        await producer.send(sent);
      });
      const args = ["-b", broker.bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-q"];
      const format = "%p|%o|%K|%k|%h|%T|%s\n";
      const kcat = [...args, "-X", "check.crcs=true", "-f", format];
      const { stdout } = await promisify(execFile)("kcat", kcat, { maxBuffer: 1 << 24 });
      const expected = sent.map(({ partition, key, value, headers, timestampMs }, i) => {
        const list = Object.entries(headers).map(([name, text]) => `${name}=${text}`);
        const keyText = `${key === null ? -1 : key.length}|${Buffer.from(key ?? []).toString()}`;
        const place = `${partition}|${Math.floor(i / 2)}`;
        const text = Buffer.from(value).toString();
        return `${place}|${keyText}|${list.join(",")}|${timestampMs}|${text}`;
      });
      expect(stdout.trimEnd().split("\n").toSorted()).toEqual(expected.toSorted());
    },
  );

  test("sends that were called together are written in the order of the calls", async () => {
    const topic = await newTopic();
    await using({}, async (producer) => {
      const texts = Array.from({ length: 50 }, (_, i) => `${i}`);
      const offsets = await Promise.all(texts.map((text) => producer.send([record(topic, text)])));
      expect(offsets.flat()).toEqual(texts.map(Number));
      expect(await held(topic)).toEqual(texts);
    });
  });

  test("records beyond one batch's limit are split, in order", async () => {
    const topic = await newTopic();
    await using({}, async (producer) => {
      const texts = Array.from({ length: 25 }, (_, i) => `${i}`.padEnd(100_000, "."));
      const offsets = await producer.send(texts.map((text) => record(topic, text)));
      expect(offsets).toEqual(texts.map((_, i) => i));
      expect(await held(topic)).toEqual(texts);
    });
  });

  test("every record that was acknowledged after a cut connection is in the topic", async () => {
    const topic = await newTopic();
    const sockets = cuttingSockets();
    await using({ socketFactory: sockets.factory }, async (producer) => {
      await producer.send([record(topic, "ZERO")]);
      sockets.cuts = Infinity;
      const first = producer.send([record(topic, "FIRST")]);
      await expect(first).rejects.toMatchObject({ code: "unreachable", retryable: true });
      await expect(first).rejects.toMatchObject({
        fate: { acknowledged: new Set(), isInDoubt: true },
      });
      sockets.cuts = 0;
      await producer.send([record(topic, "SECOND")]);
      await producer.send([record(topic, "THIRD")]);
      expect(producer.clients()).toBe(2);
      // FIRST failed, and may be there: its bytes had reached the broker.
      expect(await held(topic)).toEqual(["ZERO", "FIRST", "SECOND", "THIRD"]);
    });
  });

  test("canary: kafkajs alone acknowledges SECOND and drops it", async () => {
    const topic = await newTopic();
    const sockets = cuttingSockets();
    const bare = new Kafka({
      brokers: [broker.bootstrap],
      connectionTimeout: timing.connectTimeoutMs,
      logLevel: logLevel.NOTHING,
      socketFactory: sockets.factory,
    });
    const producer = bare.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { retries: 1, initialRetryTime: 50 },
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const send = (value: string) => producer.send({ topic, messages: [{ value }] });
    await send("ZERO");
    sockets.cuts = Infinity;
    await expect(send("FIRST")).rejects.toThrow("cut");
    sockets.cuts = 0;
    await send("SECOND");
    await send("THIRD");
    await producer.disconnect();
    expect(await held(topic)).toEqual(["ZERO", "FIRST", "THIRD"]);
  });

  test("a retry inside one send that the broker had written is written once", async () => {
    const topic = await newTopic();
    const sockets = cuttingSockets();
    await using({ socketFactory: sockets.factory }, async (producer) => {
      await producer.send([record(topic, "ZERO")]);
      sockets.cuts = 1;
      expect(await producer.send([record(topic, "FIRST")])).toEqual([1]);
      expect(producer.clients()).toBe(1);
      expect(await held(topic)).toEqual(["ZERO", "FIRST"]);
    });
  });

  test("a send that has to connect first is not cut in its connection by a shorter deadline", async () => {
    const far = createServer((socket) => {
      setTimeout(() => {
        const upstream = connect(Number(broker.bootstrap.split(":")[1]), "127.0.0.1");
        for (const end of [socket, upstream]) end.on("error", () => upstream.destroy());
        socket.pipe(upstream).pipe(socket);
      }, 400);
    });
    far.listen(0, "127.0.0.1");
    await once(far, "listening");
    const topic = await newTopic();
    const brokers = [`127.0.0.1:${(far.address() as AddressInfo).port}`];
    const deadlines = { sendDeadlineMs: 200, connectDeadlineMs: timing.sendDeadlineMs };
    await using({ brokers, ...deadlines }, async (producer) => {
      expect(await producer.send([record(topic, "FIRST")])).toEqual([0]);
    });
    far.close();
  });

  test("a send that outlives its deadline fails with timeout and the next one works", async () => {
    const topic = await newTopic();
    const sockets = cuttingSockets();
    const brokers = [broker.bootstrap];
    const options = { brokers, clientId: "test", ...timing, socketFactory: sockets.factory };
    const producer = createProducer(options);
    try {
      await producer.send([record(topic, "ZERO")]);
      options.sendDeadlineMs = 400;
      sockets.cuts = Infinity;
      const first = producer.send([record(topic, "FIRST")]);
      const behind = producer.send([record(topic, "BEHIND")]);
      await expect(first).rejects.toMatchObject({ code: "timeout", retryable: true });
      await expect(behind).rejects.toMatchObject({ code: "timeout" });
      sockets.cuts = 0;
      options.sendDeadlineMs = timing.sendDeadlineMs;
      await producer.send([record(topic, "SECOND")]);
      expect((await held(topic)).at(-1)).toBe("SECOND");
      expect(await held(topic)).not.toContain("BEHIND");
    } finally {
      await producer.disconnect();
    }
  });

  test("what one partition acknowledged beside another that refused is told", async () => {
    const wide = await newTopic();
    const narrow = await newTopic(1, 200);
    await using({}, async (producer) => {
      const records = [record(narrow, "x".repeat(500)), record(wide, "a"), record(wide, "b")];
      const fate = { acknowledged: new Set([1, 2]), isInDoubt: true };
      await expect(producer.send(records)).rejects.toMatchObject({ fate });
      expect([await held(wide), await held(narrow)]).toEqual([["a", "b"], []]);
    });
  });

  test("a batch that is too large costs no new client, and what follows it is written in order", async () => {
    const topic = await newTopic(1, 200);
    const other = await newTopic(1, 200);
    const large = "x".repeat(500);
    const refused = { code: "record-too-large" };
    await using({}, async (producer) => {
      for (const text of ["a", "b", "c"]) {
        await expect(producer.send([record(topic, large)])).rejects.toMatchObject(refused);
        await producer.send([record(topic, text)]);
      }
      expect(producer.clients()).toBe(1);
      // Of another partition beside it kafkajs takes the numbers back too, and those were written.
      const beside = producer.send([record(topic, "d"), record(other, large)]);
      await expect(beside).rejects.toMatchObject(refused);
      await producer.send([record(topic, "e")]);
      expect(producer.clients()).toBe(2);
      expect(await held(topic)).toEqual(["a", "b", "c", "d", "e"]);
    });
  });

  test("a missing topic or partition and an oversize record are told apart", async () => {
    const topic = await newTopic();
    await using({}, async (producer) => {
      const missing = { code: "topic-missing", retryable: false };
      await expect(producer.send([record("no-such-topic", "x")])).rejects.toMatchObject(missing);
      await expect(producer.send([record(topic, "x", 9)])).rejects.toMatchObject(missing);
      const oversize = producer.send([record(topic, "x".repeat(2_000_000))]);
      const tooLarge = { code: "record-too-large", retryable: false };
      await expect(oversize).rejects.toMatchObject(tooLarge);
      expect(await producer.send([record(topic, "y")])).toEqual([0]);
    });
  });
});

describe("the producer without a broker", () => {
  const options = { brokers: ["127.0.0.1:1"], clientId: "test", ...timing };

  test("fails with unreachable, and again with a new client", async () => {
    const producer = createProducer(options);
    const unreachable = { code: "unreachable", retryable: true };
    const sent = producer.send([record("t", "x")]);
    await expect(sent).rejects.toMatchObject(unreachable);
    await expect(sent).rejects.toMatchObject({
      fate: { acknowledged: new Set(), isInDoubt: false },
    });
    expect(producer.clients()).toBe(1);
    await producer.disconnect();
    await producer.disconnect();
    const closed = { code: "closed", retryable: false };
    await expect(producer.send([record("t", "x")])).rejects.toMatchObject(closed);
  });

  test("a send that may take longer than the deadline of the others has its time", async () => {
    const silent = createServer((socket) => void socket.on("error", () => undefined));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
    const producer = createProducer({ ...options, brokers, sendDeadlineMs: 20 });
    const within = async (msMin: number): Promise<number> => {
      const error: unknown = await producer.send([record("t", "x")], msMin).catch((why) => why);
      return Number(/^timeout: no answer within (\d+) ms$/.exec((error as Error).message)?.[1]);
    };
    expect(await within(0)).toBeLessThanOrEqual(20);
    expect(await within(1000)).toBeGreaterThan(20);
    await producer.disconnect();
    silent.close();
  });

  test("refuses calls beyond the queue's limit and holds no caller past its deadline", async () => {
    const producer = createProducer({ ...options, sendDeadlineMs: 200 });
    const calls = Array.from({ length: sendsWaitingMax + 2 }, () =>
      producer.send([record("t", "x")]).then(
        () => "sent",
        (error: { code: string }) => error.code,
      ),
    );
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((code) => code === "timeout")).toHaveLength(sendsWaitingMax + 1);
    expect(outcomes.at(-1)).toBe("queue-full");
    await producer.disconnect();
  });

  test("an answer that leaves a partition out is a failure", () => {
    const answer = [{ topicName: "t", partition: 0, errorCode: 0, baseOffset: "5" }];
    expect(offsetsOf([record("t", "a"), record("t", "b")], answer)).toEqual([5, 6]);
    expect(() => offsetsOf([record("t", "a", 1)], answer)).toThrow("partition 1 of t");
    const unknown = [{ topicName: "t", partition: 0, errorCode: 0, baseOffset: "-1" }];
    expect(() => offsetsOf([record("t", "a")], unknown)).toThrow("no offset");
  });
});
