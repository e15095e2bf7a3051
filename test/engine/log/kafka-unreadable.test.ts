// Batches that cannot be inflated: what stands for them, read back by kafkajs, and how a consumer of
// a real Kafka passes one.
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";

import kafkajs from "kafkajs";
import { describe, expect, it } from "vitest";

import { unreadableHeader } from "../../../engine/log/event-log.ts";
import { installKafkaCodecs } from "../../../engine/log/kafka-codecs.ts";
import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import { unreadableRecords } from "../../../engine/log/kafka-unreadable.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const require = createRequire(import.meta.url);

type Message = {
  readonly offset: string;
  readonly value: Buffer | null;
  readonly headers: { readonly [name: string]: Uint8Array | string };
};
type Decode = (decoder: object) => Promise<{ readonly records: readonly Message[] }>;
const decodeBatch = require("kafkajs/src/protocol/recordBatch/v0/decoder.js") as Decode;
const Decoder = require("kafkajs/src/protocol/decoder.js") as new (bytes: Buffer) => object;

/** A batch from offset 100 of three records, the last one five further, with these bytes behind. */
const batchOf = (compression: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(100n, 0);
  head.writeInt32BE(49 + payload.length, 8);
  head.writeInt8(2, 16);
  head.writeInt16BE(compression, 21);
  head.writeInt32BE(5, 23);
  head.writeInt32BE(3, 57);
  return Buffer.concat([head, payload]);
};

const reasonOf = (headers: Message["headers"]): string =>
  Buffer.from(headers[unreadableHeader] ?? "").toString();

describe("a batch that is damaged", () => {
  const { GZIP, Snappy, LZ4, ZSTD } = CompressionTypes;

  it.each([GZIP, Snappy, LZ4, ZSTD])(
    "has empty records up to its last offset (%i)",
    async (type) => {
      installKafkaCodecs();
      const damaged = Buffer.from("neither of the four formats begins like this");
      const { records } = await decodeBatch(new Decoder(batchOf(type, damaged)));
      expect(records.map(({ offset, value }) => [offset, value])).toEqual([
        ["100", null],
        ["101", null],
        ["105", null],
      ]);
      for (const { headers } of records) expect(reasonOf(headers)).toMatch(/\w/);
    },
  );

  it("is an error where its head is not known, or of too many records", () => {
    const reason = new Error("why");
    const whole = batchOf(1, Buffer.from("payload"));
    expect(() => unreadableRecords(Buffer.from("payload"), reason)).toThrow(reason);
    whole.writeInt32BE(200_000, 57);
    whole.writeInt32BE(200_000, 23);
    expect(() => unreadableRecords(whole.subarray(61), reason)).toThrow(reason);
  });
});

it.skipIf(!kafkaAvailable())(
  "a batch that inflates beyond 64 MiB is passed, and says so (needs Java 17, Maven)",
  async () => {
    const broker = await startBroker();
    const topic = "bombed";
    const topics = { [topic]: { partitions: 1, retentionMs: 3_600_000, messageBytesMax: 100_000 } };
    const log = createKafkaLog({ brokers: [broker.bootstrap], topics });
    await log.createTopics();
    const { decompress } = (CompressionCodecs[CompressionTypes.ZSTD] as () => object)() as {
      decompress: unknown;
    };
    const compress = ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer);
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({ compress, decompress });
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    const producer = kafka.producer();
    await producer.connect();
    const send = (...values: readonly Buffer[]) =>
      producer.send({
        topic,
        compression: CompressionTypes.ZSTD,
        messages: values.map((value) => ({ value })),
      });
    await send(Buffer.alloc((64 << 20) + 1), Buffer.from("beside it"));
    await send(Buffer.from("after it"));
    await producer.disconnect();
    const found = await log.read({ topic, partition: 0, offset: 0 }, 3);
    await log.close();
    await broker.close();
    expect(found.map(({ offset, value }) => [offset, Buffer.from(value).toString()])).toEqual([
      [0, ""],
      [1, ""],
      [2, "after it"],
    ]);
    expect(found.map(({ headers }) => reasonOf(headers))).toEqual([
      expect.stringMatching(/^a batch of \d+ bytes inflates to more than 67108864$/),
      expect.stringMatching(/^a batch of \d+ bytes inflates to more than 67108864$/),
      "",
    ]);
  },
);
