// Our produce requests against those of the unmodified kafkajs, byte by byte.
import { createRequire } from "node:module";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { crc32c } from "../../../schemas/kafka/crc32c.ts";
import { encodeProduceRequest } from "../../../schemas/kafka/produce-request.ts";
import { HeaderBlock } from "../../../schemas/kafka/header-block.ts";
import type { ProducerRecord } from "../../../schemas/kafka/topic-messages.ts";
import { byTopic } from "../../../schemas/kafka/topic-messages.ts";

const require = createRequire(import.meta.url);
type Encoded = { readonly buffer: Buffer };
const kafkajsRequest = require("kafkajs/src/protocol/request.js") as (
  call: object,
) => Promise<Encoded>;
const kafkajsCrc = require("kafkajs/src/protocol/recordBatch/crc32C/index.js") as (
  bytes: Buffer,
) => number;
const versions = [3, 4, 5, 6, 7] as const;
const produceOf = (version: number): ((call: object) => object) =>
  require(`kafkajs/src/protocol/requests/produce/v${version}/request.js`) as never;

type Part = { readonly topic: string; readonly partition: number; records: ProducerRecord[] };
type Numbers = { producerId: string; producerEpoch: number; firstSequence: number };

const partsOf = (records: readonly ProducerRecord[]): readonly Part[] => {
  const parts: Part[] = [];
  for (const record of records) {
    const { topic, partition } = record;
    const part = parts.find((p) => p.topic === topic && p.partition === partition);
    if (part === undefined) parts.push({ topic, partition, records: [record] });
    else part.records.push(record);
  }
  return parts;
};

const callOf = (
  records: readonly ProducerRecord[],
  numbers: Numbers,
  messagesOf: (part: readonly ProducerRecord[]) => unknown,
): never => {
  const { producerId, producerEpoch, firstSequence } = numbers;
  const byName = Map.groupBy(partsOf(records), ({ topic }) => topic);
  const topicData = Array.from(byName, ([topic, parts]) => ({
    topic,
    partitions: parts.map((part) => ({
      partition: part.partition,
      firstSequence,
      messages: messagesOf(part.records),
    })),
  }));
  return { acks: -1, timeout: 5000, producerId, producerEpoch, topicData } as never;
};

const theirs = async (
  records: readonly ProducerRecord[],
  numbers: Numbers,
  version: number,
): Promise<string> => {
  const call = callOf(records, numbers, (part) => byTopic(part)[0]?.messages);
  const request = produceOf(version)(call);
  const encoded = await kafkajsRequest({ correlationId: 77, clientId: "weir-ü", request });
  return Buffer.from(encoded.buffer).toString("hex");
};

const ours = (records: readonly ProducerRecord[], numbers: Numbers, version: number): string => {
  const call = callOf(records, numbers, (part) => ({ length: part.length, records: part }));
  const head = { version, correlationId: 77, clientId: "weir-ü", checksum: crc32c };
  return encodeProduceRequest(call, head).toString("hex");
};

const base: ProducerRecord = {
  topic: "otlp_spans",
  partition: 0,
  key: null,
  value: new Uint8Array([1, 2, 3]),
  headers: {},
  timestampMs: 1_700_000_000_000,
};
const numbers: Numbers = { producerId: "4000000000123", producerEpoch: 3, firstSequence: 70_000 };
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 31);

const changed = (change: Partial<ProducerRecord>): ProducerRecord =>
  Object.assign({}, base, change);

const common = new HeaderBlock({ "weir-tenant": "größe €", "weir-run": "", x: "y".repeat(200) });

const cases: readonly (readonly [string, readonly ProducerRecord[]])[] = [
  ["one record without key and headers", [base]],
  ["an empty value and an empty key", [{ ...base, value: bytes(0), key: bytes(0) }]],
  ["a key of 64 and of 63 bytes", [63, 64].map((length) => changed({ key: bytes(length) }))],
  [
    "headers, some of them empty or not ASCII",
    [{ ...base, headers: { "weir-tenant": "größe €", "weir-run": "", ß: "x".repeat(200) } }],
  ],
  [
    "headers in common, with and without others",
    [{}, { "weir-sequence": "7" }].map((headers) => changed({ common, headers })),
  ],
  [
    "several partitions and topics, interleaved",
    [0, 5, 1, 5, 0].map((partition, i) =>
      changed({
        topic: i === 3 ? "weir-depth" : "otlp_spans",
        partition,
        value: bytes(i * 40),
      }),
    ),
  ],
  [
    "times out of order, far apart",
    [500, 0, 86_400_000].map((ms) => changed({ timestampMs: base.timestampMs + ms })),
  ],
  ["200 records: offset deltas of two bytes", Array.from({ length: 200 }, () => base)],
  ["values around 8191 bytes", [8190, 8191, 8192].map((n) => changed({ value: bytes(n) }))],
  ["a value of a megabyte", [{ ...base, value: bytes(1_000_003) }]],
];

describe("a produce request equals that of kafkajs", () => {
  test.each(cases)("%s", async (_name, records) => {
    expect(ours(records, numbers, 7) === (await theirs(records, numbers, 7))).toBe(true);
  });

  test.each(versions)("version %i", async (version) => {
    const records = cases.flatMap(([, list]) => list.slice(0, 3));
    expect(ours(records, numbers, version) === (await theirs(records, numbers, version))).toBe(
      true,
    );
  });

  test("without a producer id", async () => {
    const none: Numbers = { producerId: "-1", producerEpoch: -1, firstSequence: 0 };
    expect(ours([base], none, 7)).toBe(await theirs([base], none, 7));
  });

  test("for records of any shape", async () => {
    const array = fc.uint8Array({ maxLength: 300 });
    const record: fc.Arbitrary<ProducerRecord> = fc.record({
      topic: fc.constantFrom("a", "topic-b"),
      partition: fc.nat(4),
      key: fc.option(array),
      value: array,
      headers: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 8, unit: "binary" }),
        fc.string({ maxLength: 70, unit: "binary" }),
        { maxKeys: 4, noNullPrototype: true },
      ),
      timestampMs: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
        expect(ours(records, numbers, 7)).toBe(await theirs(records, numbers, 7));
      }),
      { numRuns: 200 },
    );
  });
});

describe("CRC-32C", () => {
  test("has the check value of its definition", () => {
    const check = Buffer.from("123456789");
    expect(crc32c(check, 0, check.length)).toBe(0xe3069283);
  });

  test("equals that of kafkajs at every alignment and length", () => {
    const all = Buffer.from(bytes(200));
    for (let from = 0; from < 20; from += 1)
      for (let to = from; to < 120; to += 1)
        expect(crc32c(all, from, to)).toBe(kafkajsCrc(all.subarray(from, to)));
  });
});
