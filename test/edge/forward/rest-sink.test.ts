import { expect, test, vi } from "vitest";

import { recordState } from "../../../edge/forward/forward-outcome.ts";
import { parseJsonStream } from "../../../edge/forward/json-stream.ts";
import { type RestSinkOptions, restSink } from "../../../edge/forward/rest-sink.ts";
import { HeaderBlock } from "../../../schemas/kafka/header-block.ts";
import { sinkRecord } from "./scripted-sink.ts";

type Call = { readonly url: string; readonly init: RequestInit };

const setUp = (respond: (call: Call) => Response | Promise<Response>) => {
  const calls: Call[] = [];
  const options: RestSinkOptions = {
    url: "http://log",
    cluster: "c 1",
    authorization: "Basic xyz",
    sendMsMax: 1000,
    fetch: (url, init) => {
      calls.push({ url, init });
      return Promise.resolve(respond({ url, init }));
    },
  };
  return { sink: restSink(options), calls };
};

const result = (partition: number, offset: number): string =>
  JSON.stringify({
    error_code: 200,
    cluster_id: "c",
    topic_name: "t",
    partition_id: partition,
    offset,
  });

const { acknowledged, refused, unknown, oversize } = recordState;

test("records go out as concatenated JSON with base64 values and headers, and are acknowledged", async () => {
  const { sink, calls } = setUp(() => new Response(result(1, 5) + result(2, 0)));
  const record = {
    ...sinkRecord(1, 0),
    key: new Uint8Array([1, 2]),
    value: new Uint8Array([255]),
    common: new HeaderBlock({ "weir-run": "ä" }),
    headers: { "weir-sequence": "0" },
    timestampMs: 1000,
  };
  const { states, message } = await sink.append([record, { ...sinkRecord(2, 1), timestampMs: 0 }]);
  expect(Array.from(states)).toEqual([acknowledged, acknowledged]);
  expect(message).toBe("");
  const [{ url, init }] = calls as [Call];
  expect(url).toBe("http://log/v3/clusters/c%201/topics/otlp_spans/records");
  expect(new Headers(init.headers).get("authorization")).toBe("Basic xyz");
  expect(parseJsonStream(init.body as string)).toEqual([
    {
      partition_id: 1,
      headers: [
        { name: "weir-run", value: "w6Q=" },
        { name: "weir-sequence", value: "MA==" },
      ],
      key: { type: "BINARY", data: "AQI=" },
      value: { type: "BINARY", data: "/w==" },
      timestamp: "1970-01-01T00:00:01.000Z",
    },
    {
      partition_id: 2,
      headers: [],
      value: { type: "BINARY", data: "AA==" },
      timestamp: "1970-01-01T00:00:00.000Z",
    },
  ]);
});

test("each topic has its own request, and states keep the order of the records", async () => {
  const { sink, calls } = setUp(({ url }) =>
    url.includes("weir-depth") ? new Response("", { status: 404 }) : new Response(result(0, 1)),
  );
  const records = [{ ...sinkRecord(0, 1), topic: "weir-depth" }, sinkRecord(0, 1)];
  const { states, message } = await sink.append(records);
  expect(calls).toHaveLength(2);
  expect(Array.from(states)).toEqual([refused, acknowledged]);
  expect(message).toContain("404");
});

test("a record's own error refuses that record alone", async () => {
  const error = JSON.stringify({ error_code: 40_301, message: "record too large" });
  const { sink } = setUp(() => new Response(`${result(0, 1)}\r\n${error}\r\n${result(0, 2)}`));
  const answer = await sink.append([0, 0, 0].map((at) => sinkRecord(at, 1)));
  expect(Array.from(answer.states)).toEqual([acknowledged, refused, acknowledged]);
  expect(answer).toMatchObject({ isDown: false, writeFault: "refused" });
  expect(answer.message).toBe("otlp_spans: 40301 record too large");
});

test.each([
  ["a 429", { error_code: 429, message: "slow down" }, refused],
  ["a 5xx", { error_code: 50_003, message: "write timed out" }, unknown],
  ["no error_code and no offset", { hello: 1 }, unknown],
  ["a 200 without an offset", { error_code: 200 }, unknown],
])("%s of every record is a log that is down, of one it is that record's", async (...row) => {
  const [, failure, state] = row;
  const one = JSON.stringify(failure);
  const records = [sinkRecord(0, 1), sinkRecord(0, 1)];
  const all = await setUp(() => new Response(one + one)).sink.append(records);
  expect([Array.from(all.states), all.isDown]).toEqual([[state, state], true]);
  const half = await setUp(() => new Response(one + result(0, 1))).sink.append(records);
  expect([Array.from(half.states), half.isDown]).toEqual([[state, acknowledged], false]);
  expect(half.message).not.toMatch(/undefined|^$/);
});

test.each([
  ["as a status", () => new Response("no", { status: 413 })],
  [
    "in the result of every record",
    (count: number) =>
      new Response('{"error_code":413,"message":"record too large"}'.repeat(count)),
  ],
])("a record that is too large is told alone, when the log says it %s", async (_what, refusal) => {
  const written: number[] = [];
  const { sink } = setUp(({ init }) => {
    const records = parseJsonStream(init.body as string) as { partition_id: number }[];
    const marks = records.map(({ partition_id: mark }) => mark);
    if (marks.includes(9)) return refusal(marks.length);
    written.push(...marks);
    return new Response(marks.map((mark) => result(mark, 1)).join(""));
  });
  const { states, isDown } = await sink.append([1, 9, 2, 3, 9].map((at) => sinkRecord(at, 1)));
  expect(Array.from(states)).toEqual([
    acknowledged,
    oversize,
    acknowledged,
    acknowledged,
    oversize,
  ]);
  expect([written, isDown]).toEqual([[1, 2, 3], false]);
});

test("a record's own 413 among written ones is that record's alone", async () => {
  const { sink, calls } = setUp(
    () => new Response(`${result(0, 1)}{"error_code":413,"message":"large"}`),
  );
  const { states } = await sink.append([sinkRecord(0, 1), sinkRecord(0, 1)]);
  expect([Array.from(states), calls.length]).toEqual([[acknowledged, oversize], 1]);
});

test("records without a result are unknown", async () => {
  const { sink } = setUp(() => new Response(result(0, 1) + '{"error_code":200,"off'));
  const { states, message } = await sink.append([sinkRecord(0, 1), sinkRecord(0, 1)]);
  expect(Array.from(states)).toEqual([acknowledged, unknown]);
  expect(message).not.toBe("");
});

test.each([
  ["a 4xx", () => new Response("no", { status: 429 }), refused],
  ["a 5xx", () => new Response("no", { status: 502 }), unknown],
  ["a lost connection", () => Promise.reject(new Error("lost")), unknown],
  ["more results than records", () => new Response(result(0, 1) + result(0, 2)), unknown],
])("%s is never an acknowledgement", async (_what, respond, state) => {
  const { states, message } = await setUp(respond).sink.append([sinkRecord(0, 1)]);
  expect(Array.from(states)).toEqual([state]);
  expect(message).not.toBe("");
});

test("a 401 is a login that is refused: the log is down for all, and may take it later", async () => {
  const { sink } = setUp(() => new Response("who?", { status: 401 }));
  expect(await sink.append([sinkRecord(0, 1)])).toEqual({
    states: new Uint8Array([refused]),
    message: "HTTP 401 who?",
    isDown: true,
    isLoginRefused: true,
  });
});

test("an answer without an end is read as far as results can need, and its records are in doubt", async () => {
  let pulled = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 4096;
      controller.enqueue(new TextEncoder().encode(result(0, 1).padEnd(4096)));
    },
    cancel: () => void (isCancelled = true),
  });
  const { sink } = setUp(() => new Response(endless));
  const { states, message, isDown } = await sink.append([sinkRecord(0, 1), sinkRecord(0, 1)]);
  expect([Array.from(states), isDown]).toEqual([[unknown, unknown], true]);
  expect(message).toContain("12288 B to 2 records, limit restResultBytesMax=4096");
  expect([pulled < 65_536, isCancelled]).toEqual([true, true]);
});

test("a redirect is not followed: its records were not written, and its place is named", async () => {
  const location = "http://elsewhere/login?token=x";
  const { sink, calls } = setUp(() => new Response(null, { status: 302, headers: { location } }));
  const answer = await sink.append([sinkRecord(0, 1)]);
  expect(calls.map(({ init }) => init.redirect)).toEqual(["manual"]);
  expect(Array.from(answer.states)).toEqual([refused]);
  expect(answer).toMatchObject({ isDown: false, writeFault: "refused" });
  expect(answer.message).toBe(
    "otlp_spans: HTTP 302 redirects are not followed: http://elsewhere/login",
  );
});

test("the stream parser is not fooled by braces and quotes in strings", () => {
  const tricky = { a: '}{"\\', b: { c: ["{", "}"] } };
  const text = `${JSON.stringify(tricky)}  ${JSON.stringify({ d: 1 })}`;
  expect(parseJsonStream(text)).toEqual([tricky, { d: 1 }]);
});

test("a log that does not answer in time is given up, and its records are in doubt", async () => {
  vi.useFakeTimers();
  try {
    const { sink } = setUp(
      ({ init: { signal } }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );
    const within = async (ms: number, msMin?: number) => {
      let isOver = false;
      const appended = sink.append([sinkRecord(1, 0)], msMin).finally(() => (isOver = true));
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(isOver).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      const { states, message, isDown } = await appended;
      expect(Array.from(states)).toEqual([unknown]);
      expect([message, isDown]).toEqual([`no answer within ${ms} ms`, true]);
    };
    await within(1000);
    await within(3000, 3000);
  } finally {
    vi.useRealTimers();
  }
});
