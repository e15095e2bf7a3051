// What the sink makes of the producer's answers; the producer is the test's.
import { describe, expect, test } from "vitest";

import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { producerSink } from "../../../edge/forward/kafka-sink.ts";
import type { SinkRecord } from "../../../edge/forward/sink.ts";
import { ProducerError, type ProducerErrorCode } from "../../../schemas/kafka/producer-error.ts";
import { sinkRecord } from "./scripted-sink.ts";

const { acknowledged, refused, unknown, oversize, repeatable } = recordState;

/**
 * Takes records up to a size as a broker does: each partition's records or none of them, and an
 * error that names no partition. After `sendsMax` it is gone.
 */
const setUp = (bytesMax: number, sendsMax = Number.POSITIVE_INFINITY) => {
  const written: SinkRecord[] = [];
  let sends = 0;
  const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
    sends += 1;
    if (sends > sendsMax) return Promise.reject(new ProducerError("unreachable", "gone"));
    const byPartition = [...Map.groupBy(records, ({ partition }) => partition).values()];
    const isTaken = (part: readonly SinkRecord[]): boolean =>
      part.every(({ value }) => value.byteLength <= bytesMax);
    for (const part of byPartition) if (isTaken(part)) written.push(...part);
    if (byPartition.every(isTaken)) return Promise.resolve(records.map(() => 0));
    return Promise.reject(new ProducerError("record-too-large", "too large"));
  };
  return { written, sink: producerSink({ send, disconnect: () => Promise.resolve() }) };
};

const failing = (code: ProducerErrorCode, fate: ProducerError["fate"]) => {
  const send = (): Promise<never> => {
    const error = new ProducerError(code, "why");
    error.fate = fate;
    return Promise.reject(error);
  };
  return producerSink({ send, disconnect: () => Promise.resolve() });
};

const marked = (...sizes: readonly number[]): readonly SinkRecord[] =>
  sizes.map((bytes, partition) => sinkRecord(partition, bytes));

describe("records that are too large for the broker", () => {
  test.each([[[9]], [[9, 1]], [[1, 9]], [[1, 9, 1, 1, 9, 9, 1]], [[1, 1, 1, 1, 1, 1, 9, 1, 1]]])(
    "of %j in one partition are told alone, the others are written once, in order",
    async (sizes) => {
      const { sink, written } = setUp(5);
      const records = sizes.map((bytes) => sinkRecord(3, bytes));
      const { states, isDown } = await sink.append(records);
      const expected = sizes.map((bytes) => (bytes > 5 ? oversize : acknowledged));
      expect(Array.from(states)).toEqual(expected);
      expect(written).toEqual(records.filter(({ value }) => value.byteLength <= 5));
      expect(isDown).toBe(false);
    },
  );

  test("make repeats of what other partitions took with them: twice at most, and told", async () => {
    const { sink, written } = setUp(5);
    const sizes = [1, 1, 1, 9, 1, 1, 1, 9, 1, 1, 1, 1];
    const records = sizes.map((bytes, at) => sinkRecord(at % 4, bytes));
    const { states } = await sink.append(records);
    for (const [at, record] of records.entries()) {
      const times = written.filter((one) => one === record).length;
      const isLarge = sizes[at] === 9;
      expect([times, states[at]]).toEqual(
        isLarge ? [0, oversize] : [at % 4 === 3 ? 1 : 2, repeatable],
      );
    }
    const last = written.filter(({ partition }) => partition === 3);
    expect(last).toEqual([records[11]]);
  });

  test("leave in doubt what was with them when the broker goes before it is sent again", async () => {
    const { sink } = setUp(5, 2);
    const { states, isDown } = await sink.append(marked(1, 9, 1));
    expect([Array.from(states), isDown]).toEqual([[repeatable, unknown, unknown], true]);
  });
});

describe("a failed send", () => {
  test.each([
    ["unreachable", false, refused, true],
    ["unreachable", true, unknown, true],
    ["timeout", false, refused, true],
    ["timeout", true, unknown, true],
    ["authentication", false, refused, true],
    ["sequence", true, unknown, false],
    ["topic-missing", false, refused, false],
    ["refused", true, unknown, false],
  ] as const)("%s, in doubt %s", async (code, isInDoubt, state, isDown) => {
    const sink = failing(code, { acknowledged: 1, isInDoubt });
    const result = await sink.append(marked(1, 1, 1));
    expect(Array.from(result.states)).toEqual([acknowledged, state, state]);
    const isLoginRefused = code === "authentication";
    expect(result).toMatchObject({ isDown, isLoginRefused, message: `${code}: why` });
  });
});
