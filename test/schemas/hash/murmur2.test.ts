import { createRequire } from "node:module";

import { Partitioners } from "kafkajs";
import { describe, expect, it } from "vitest";

import {
  keyPartition,
  murmur2,
  murmur2OfTraceId,
  traceIdPartition,
} from "../../../schemas/hash/murmur2.ts";
import { runSeed, seeded } from "../../random.ts";

// Golden vectors of Apache Kafka's UtilsTest.testMurmur2 (Apache-2.0).
const golden: readonly (readonly [string, number])[] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

const kafkaMurmur2 = createRequire(import.meta.url)(
  "kafkajs/src/producer/partitioners/default/murmur2.js",
) as (key: Buffer) => number; // anything but a Buffer it would turn into text

const partitioner = Partitioners.DefaultPartitioner();
const kafkaPartition = (key: Uint8Array, partitions: number): number =>
  partitioner({
    topic: "t",
    partitionMetadata: Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 0,
      replicas: [],
      isr: [],
    })),
    message: { key: Buffer.from(key), value: null },
  });

describe("murmur2", () => {
  it.each(golden)("hashes %s as the Java client does", (text, hash) => {
    const bytes = new TextEncoder().encode(text);
    expect(murmur2(bytes, 0, bytes.length)).toBe(hash);
  });

  it("agrees with kafkajs on random keys of every length, at any offset", () => {
    const random = seeded(runSeed("murmur2"));
    for (let i = 0; i < 5_000; i += 1) {
      const before = random.below(5);
      const bytes = random.bytes(before + random.below(70) + random.below(3));
      const start = Math.min(before, bytes.length);
      const key = bytes.subarray(start);
      expect(murmur2(bytes, start, bytes.length)).toBe(kafkaMurmur2(Buffer.from(key)) | 0);
      const partitions = 1 + random.below(60);
      expect(keyPartition(bytes, start, bytes.length, partitions)).toBe(
        kafkaPartition(key, partitions),
      );
    }
  });

  it("hashes a trace id as its 32 lower-case hex characters", () => {
    const random = seeded(runSeed("murmur2 trace id"));
    for (let i = 0; i < 2_000; i += 1) {
      const bytes = random.bytes(20);
      const hex = Buffer.from(bytes.subarray(3, 19)).toString("hex");
      const key = new TextEncoder().encode(hex);
      expect(murmur2OfTraceId(bytes, 3)).toBe(murmur2(key, 0, 32));
      expect(traceIdPartition(bytes, 3, 6)).toBe(kafkaPartition(key, 6));
    }
  });
});
