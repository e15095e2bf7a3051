// What becomes of records that a log with lower limits than ours takes at no time.
import { expect, test } from "vitest";

import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { rejectingSink } from "../../../edge/forward/rejecting-sink.ts";
import { cutRefused } from "../../../edge/route/refused-record.ts";
import { type Sink, type SinkRecord, failedAppend } from "../../../edge/forward/sink.ts";
import { HeaderBlock } from "../../../schemas/kafka/header-block.ts";
import { type RefusedHead, readRefused, writeRefused } from "../../../schemas/rejected-value.ts";
import { sinkRecord } from "./scripted-sink.ts";

const { acknowledged, oversize, refused, unknown, unplaced } = recordState;

const head: RefusedHead = {
  topic: "otlp_logs",
  mode: "quarantine",
  registry: "v",
  items: 4,
  findings: [],
  itemsOmitted: 4,
};

/** Takes values up to a size, by topic. */
const setUp = (bytesMax: { readonly [topic: string]: number }, rejectedState = acknowledged) => {
  const written: SinkRecord[] = [];
  let rejections = 0;
  let appends = 0;
  const inner: Sink = {
    append: (records) => {
      appends += 1;
      const states = Uint8Array.from(records, ({ topic, value }) => {
        if (value.byteLength > (bytesMax[topic] ?? 0)) return oversize;
        return topic === "weir-rejected" ? rejectedState : acknowledged;
      });
      written.push(...records.filter((_, at) => states[at] === acknowledged));
      const isDown = rejectedState !== acknowledged && records[0]?.topic === "weir-rejected";
      const isAll = states.every((state) => state === acknowledged);
      return Promise.resolve({ states, message: isAll ? "" : "too large: limit 100", isDown });
    },
    close: () => Promise.resolve(),
  };
  const sink = rejectingSink(inner, () => (rejections += 1));
  return { sink, written, appends: () => appends, rejections: () => rejections };
};

const large = (bytes: number): SinkRecord => ({
  ...sinkRecord(3, 0),
  value: Uint8Array.from({ length: bytes }, (_, at) => at % 251),
  common: new HeaderBlock({ "weir-tenant": "acme", "weir-schema": "urn:weir:otlp_proto:1" }),
  headers: { "weir-sequence": "7" },
});

test("a record that the log takes at no time stands whole on weir-rejected, by its own ids", async () => {
  const { sink, written, rejections } = setUp({ otlp_spans: 100, "weir-rejected": 10_000 });
  const record = large(5000);
  const { states, isDown } = await sink.append([sinkRecord(0, 1), record, sinkRecord(0, 2)]);
  expect([Array.from(states), isDown]).toEqual([[acknowledged, oversize, acknowledged], false]);
  expect(rejections()).toBe(1);
  const letter = written.find(({ topic }) => topic === "weir-rejected");
  expect(letter?.common).toBeUndefined();
  expect(letter?.headers).toEqual({
    "weir-tenant": "acme",
    "weir-sequence": "7",
    "weir-schema": "urn:weir:weir_refused:1",
  });
  expect(new TextDecoder().decode(letter?.key ?? undefined)).toBe("acme");
  const read = readRefused(letter?.value ?? new Uint8Array());
  expect(read?.original).toEqual(record.value);
  expect(read?.head).toMatchObject({
    topic: "otlp_spans",
    mode: "reject",
    findings: [{ id: "too-large", message: "record of 5000 bytes: too large: limit 100" }],
  });
});

test("its beginning stands there when weir-rejected takes no large record either", async () => {
  const { sink, written } = setUp({ otlp_spans: 100, "weir-rejected": 70_000 });
  const record = large(200_000);
  expect(Array.from((await sink.append([record])).states)).toEqual([oversize]);
  const read = readRefused(written[0]?.value ?? new Uint8Array());
  expect(read?.head.cut?.bytes).toBe(200_000);
  expect(read?.original).toEqual(record.value.subarray(0, 65_536));
  // The same for what was on its way to weir-rejected.
  const own = { ...record, topic: "weir-rejected", value: writeRefused(head, record.value) };
  expect(Array.from((await sink.append([own])).states)).toEqual([oversize]);
  expect(written[1]?.value).toEqual(cutRefused(head, record.value));
});

test("a record that the log takes nothing of is told as nowhere", async () => {
  const { sink, written, rejections } = setUp({ otlp_spans: 100, "weir-rejected": 10 });
  expect(Array.from((await sink.append([large(200_000)])).states)).toEqual([unplaced]);
  const own = { ...large(200), topic: "weir-rejected" };
  expect(Array.from((await sink.append([own])).states)).toEqual([unplaced]);
  expect([written, rejections()]).toEqual([[], 0]);
});

test.each([refused, unknown])(
  "a log that went away meanwhile decides, with state %d: the record may be tried again",
  async (state) => {
    const { sink, rejections } = setUp({ otlp_spans: 1, "weir-rejected": 1e6 }, state as never);
    const result = await sink.append([large(50), sinkRecord(0, 1)]);
    expect(Array.from(result.states)).toEqual([state, acknowledged]);
    expect([result.isDown, rejections()]).toEqual([true, 0]);
  },
);

test("many oversize records go to weir-rejected in one append, each counted and there once", async () => {
  const { sink, written, appends, rejections } = setUp({
    otlp_spans: 100,
    "weir-rejected": 10_000,
  });
  const records = Array.from({ length: 50 }, (_, at) => ({
    ...large(at === 7 ? 200_000 : 500 + at),
    headers: { "weir-sequence": `${at}` },
  }));
  const { states } = await sink.append(records);
  expect(new Set(states.filter((_, at) => at !== 7))).toEqual(new Set([oversize]));
  expect([states[7], rejections()]).toEqual([unplaced, 49]);
  expect(written.map(({ headers }) => Number(headers["weir-sequence"]))).toEqual(
    Array.from(records.keys()).filter((at) => at !== 7),
  );
  expect(appends()).toBe(3);
});

test("a log that is gone when they are refused is not asked for weir-rejected", async () => {
  const appends: (readonly SinkRecord[])[] = [];
  const sink = rejectingSink(
    {
      append: (records) => {
        appends.push(records);
        const states = new Uint8Array([oversize, refused]);
        return Promise.resolve({ states, message: "gone", isDown: true });
      },
      close: () => Promise.resolve(),
    },
    () => undefined,
  );
  const { states, isDown } = await sink.append([large(500), large(500)]);
  expect([Array.from(states), isDown, appends.length]).toEqual([[refused, refused], true, 1]);
});

test("a sink without an oversize record is asked once", async () => {
  let calls = 0;
  const sink = rejectingSink(
    {
      append: (records) => {
        calls += 1;
        return Promise.resolve(
          failedAppend(records.length, refused, { message: "", isDown: true }),
        );
      },
      close: () => Promise.resolve(),
    },
    () => undefined,
  );
  await sink.append([sinkRecord(0, 1)]);
  expect(calls).toBe(1);
});
