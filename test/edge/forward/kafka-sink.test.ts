// What the sink makes of the producer's answers; the producer is the test's.
import { describe, expect, test } from "vitest";

import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { producerSink } from "../../../edge/forward/kafka-sink.ts";
import type { SinkRecord } from "../../../edge/forward/sink.ts";
import { ProducerError, type ProducerErrorCode } from "../../../schemas/kafka/producer-error.ts";
import { sinkRecord } from "./scripted-sink.ts";

const { acknowledged, refused, unknown, oversize } = recordState;

/** Takes records below a size; refuses a send with a larger one as a broker does. */
const setUp = (bytesMax: number) => {
  const written: number[] = [];
  const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
    if (records.some(({ value }) => value.byteLength > bytesMax))
      return Promise.reject(new ProducerError("record-too-large", "too large"));
    written.push(...records.map(({ partition }) => partition));
    return Promise.resolve(records.map(() => 0));
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
    "of %j are told alone, the others are written once, in order",
    async (sizes) => {
      const { sink, written } = setUp(5);
      const { states, isDown } = await sink.append(marked(...sizes));
      const expected = sizes.map((bytes) => (bytes > 5 ? oversize : acknowledged));
      expect(Array.from(states)).toEqual(expected);
      expect(written).toEqual([...sizes.keys()].filter((at) => (sizes[at] ?? 0) <= 5));
      expect(isDown).toBe(false);
    },
  );
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
