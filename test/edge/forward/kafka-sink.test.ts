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

  test("are followed by nothing once the broker is gone: what is behind must not overtake them", async () => {
    const written: SinkRecord[] = [];
    let sends = 0;
    const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
      sends += 1;
      if (sends === 1) return Promise.reject(new ProducerError("record-too-large", "too large"));
      if (sends === 2) return Promise.reject(new ProducerError("unreachable", "gone"));
      written.push(...records);
      return Promise.resolve(records.map(() => 0));
    };
    const sink = producerSink({ send, disconnect: () => Promise.resolve() });
    const { states, isDown } = await sink.append([1, 1, 9, 1].map((bytes) => sinkRecord(0, bytes)));
    expect([Array.from(states), isDown]).toEqual([[refused, refused, refused, refused], true]);
    expect(written).toEqual([]);
  });

  test("leave in doubt what was with them when the broker goes before it is sent again", async () => {
    const { sink } = setUp(5, 2);
    const { states, isDown } = await sink.append(marked(1, 9, 1));
    expect([Array.from(states), isDown]).toEqual([[repeatable, unknown, unknown], true]);
  });
});

/** Three partitions of one topic are there. Others fail beside them if `isKnown`, else before. */
const threePartitions = (isKnown: boolean) => {
  const written: SinkRecord[] = [];
  const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
    const there = records.filter(({ topic, partition }) => topic === "otlp_spans" && partition < 3);
    if (there.length < records.length && !isKnown)
      return Promise.reject(new ProducerError("topic-missing", "no such topic"));
    written.push(...there);
    if (there.length === records.length) return Promise.resolve(records.map(() => 0));
    const error = new ProducerError("topic-missing", "partition 3 has no leader");
    error.fate = { acknowledged: new Set(), isInDoubt: there.length > 0 };
    return Promise.reject(error);
  };
  return { written, sink: producerSink({ send, disconnect: () => Promise.resolve() }) };
};

describe("a topic that is not there as it should be", () => {
  test("with a partition too few holds up its own records only, and repeats none for ever", async () => {
    const { sink, written } = threePartitions(true);
    const records = marked(1, 1, 1, 1, 1);
    const first = await sink.append(records);
    const there = [repeatable, repeatable, repeatable];
    expect([Array.from(first.states), first.isDown]).toEqual([[...there, unknown, unknown], false]);
    expect(first.message).toContain("partition 3 has no leader");
    const again = await sink.append(records.slice(3));
    expect(Array.from(again.states)).toEqual([refused, refused]);
    for (const record of records.slice(0, 3))
      expect(written.filter((one) => one === record)).toHaveLength(2);
  });

  test("refuses its own records, while those of other topics are written once", async () => {
    const { sink, written } = threePartitions(false);
    const other = { ...sinkRecord(0, 1), topic: "otlp_logs" };
    const records = [sinkRecord(1, 1), other, sinkRecord(2, 1), other, sinkRecord(1, 1)];
    const { states, isDown, message } = await sink.append(records);
    const expected = [acknowledged, refused, acknowledged, refused, acknowledged];
    expect([Array.from(states), isDown]).toEqual([expected, false]);
    expect(message).toContain("no such topic");
    expect(written).toEqual(records.filter((record) => record !== other));
  });

  test("leaves in doubt what is of one partition", async () => {
    const sink = failing("refused", { acknowledged: new Set([0]), isInDoubt: true });
    const { states } = await sink.append([sinkRecord(1, 1), sinkRecord(1, 1), sinkRecord(1, 1)]);
    expect(Array.from(states)).toEqual([acknowledged, unknown, unknown]);
  });
});

/** As Kafka does: every partition of the topics that we may write to is written, one answer is the error. */
const withoutRight = (denied: string) => {
  const written: SinkRecord[] = [];
  const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
    const allowed = records.filter(({ topic }) => topic !== denied);
    written.push(...allowed);
    if (allowed.length === records.length) return Promise.resolve(records.map(() => 0));
    const error = new ProducerError("unauthorized", "no right");
    error.fate = { acknowledged: new Set(), isInDoubt: true };
    return Promise.reject(error);
  };
  return { written, sink: producerSink({ send, disconnect: () => Promise.resolve() }) };
};

describe("a topic that our login may not write to", () => {
  test("refuses its records, which are in no doubt, and is named", async () => {
    const { sink } = withoutRight("otlp_spans");
    const { states, message, writeFault, isDown } = await sink.append(marked(1, 1, 1));
    expect(Array.from(states)).toEqual([refused, refused, refused]);
    expect([message, writeFault, isDown]).toEqual([
      "otlp_spans: unauthorized: no right",
      "unauthorized",
      false,
    ]);
  });

  test("leaves those of other topics as possible repeats", async () => {
    const { sink, written } = withoutRight("otlp_logs");
    const other = { ...sinkRecord(0, 1), topic: "otlp_logs" };
    const { states, message } = await sink.append([sinkRecord(0, 1), other, sinkRecord(1, 1)]);
    expect(Array.from(states)).toEqual([repeatable, refused, repeatable]);
    expect(message).toBe("otlp_logs: unauthorized: no right");
    expect(written).toHaveLength(4);
  });
});

describe("a failed send", () => {
  test("leaves in doubt only what no partition acknowledged", async () => {
    const fate = { acknowledged: new Set([0, 2]), isInDoubt: true };
    const { states, isDown } = await failing("unreachable", fate).append(marked(1, 1, 1, 1));
    expect(Array.from(states)).toEqual([acknowledged, unknown, acknowledged, unknown]);
    expect(isDown).toBe(true);
  });

  test("sends nothing again that a partition acknowledged beside one that refused", async () => {
    const sends: (readonly SinkRecord[])[] = [];
    const send = (records: readonly SinkRecord[]): Promise<readonly number[]> => {
      sends.push(records);
      if (records.length < 3) return Promise.resolve(records.map(() => 0));
      const error = new ProducerError("record-too-large", "too large");
      error.fate = { acknowledged: new Set([0]), isInDoubt: true };
      return Promise.reject(error);
    };
    const records = marked(1, 1, 1);
    const sink = producerSink({ send, disconnect: () => Promise.resolve() });
    const { states } = await sink.append(records);
    expect(sends.slice(1).flat()).toEqual(records.slice(1));
    expect(Array.from(states)).toEqual([acknowledged, repeatable, repeatable]);
  });

  test.each([
    ["unreachable", false, refused, true],
    ["unreachable", true, unknown, true],
    ["timeout", false, refused, true],
    ["timeout", true, unknown, true],
    ["authentication", false, refused, true],
    ["sequence", true, unknown, false],
    ["topic-missing", false, refused, false],
  ] as const)("%s, in doubt %s", async (code, isInDoubt, state, isDown) => {
    const sink = failing(code, { acknowledged: new Set([0]), isInDoubt });
    const result = await sink.append(marked(1, 1, 1));
    expect(Array.from(result.states)).toEqual([acknowledged, state, state]);
    const isLoginRefused = code === "authentication";
    const place = code === "topic-missing" ? "otlp_spans: " : "";
    expect(result).toMatchObject({ isDown, isLoginRefused, message: `${place}${code}: why` });
  });
});
