// What brokers say to a produce request, read as the unmodified kafkajs reads it.
import { createRequire } from "node:module";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decodeProduceAnswer } from "../../../schemas/kafka/produce-answer.ts";

const require = createRequire(import.meta.url);
const versions = [3, 4, 5, 6, 7] as const;
type Reader = { decode(payload: Buffer): Promise<unknown> };
const kafkajsReader = (version: number): Reader =>
  require(`kafkajs/src/protocol/requests/produce/v${version}/response.js`) as Reader;

const offset = fc.oneof(
  fc.constant(-1n),
  fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) }),
);
const partition = fc.record({
  partition: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  errorCode: fc.integer({ min: -1, max: 120 }),
  offsets: fc.tuple(offset, offset, offset),
});
const topic = fc.record({
  name: fc.string({ unit: "binary", maxLength: 40 }),
  partitions: fc.array(partition, { maxLength: 5 }),
});
const answer = fc.record({
  topics: fc.array(topic, { maxLength: 4 }),
  throttleMs: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  version: fc.constantFrom(...versions),
});
type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const int64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

const encoded = ({ topics, throttleMs, version }: Answer): Buffer => {
  const parts = [int32(topics.length)];
  for (const { name, partitions } of topics) {
    const text = Buffer.from(name);
    parts.push(int16(text.length), text, int32(partitions.length));
    for (const { partition: id, errorCode, offsets } of partitions) {
      parts.push(int32(id), int16(errorCode));
      for (const value of offsets.slice(0, version < 5 ? 2 : 3)) parts.push(int64(value));
    }
  }
  return Buffer.concat([...parts, int32(throttleMs)]);
};

describe("produce answers", () => {
  test("are read as kafkajs reads them, in every version", async () => {
    const property = fc.asyncProperty(answer, async (given) => {
      const payload = encoded(given);
      const theirs = await kafkajsReader(given.version).decode(payload);
      expect(decodeProduceAnswer(payload, given.version)).toEqual(theirs);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  test("that end early are a fault, wherever they end", () => {
    const offsets: [bigint, bigint, bigint] = [7n, -1n, 0n];
    const partitions = [{ partition: 3, errorCode: 0, offsets }];
    const whole = encoded({ topics: [{ name: "a", partitions }], throttleMs: 0, version: 7 });
    for (let bytes = 0; bytes < whole.length; bytes += 1)
      expect(() => decodeProduceAnswer(whole.subarray(0, bytes), 7)).toThrow(RangeError);
  });
});
