// The way from the Worker to the objects; the objects are the test's.
import { describe, expect, test } from "vitest";

import { readConfig } from "../../../edge/config.ts";
import { type FramedRequest, decodeAppendFrame } from "../../../edge/forward/append-frame.ts";
import {
  type ForwardOutcome,
  outcomeOf,
  recordState,
} from "../../../edge/forward/forward-outcome.ts";
import { objectForwarder } from "../../../edge/forward/object-forwarder.ts";
import { postAnswer } from "../../../edge/forward/posted-frame.ts";
import type { OutgoingRecord } from "../../../edge/route/outgoing-record.ts";

type Append = (requests: readonly FramedRequest[], shard: string) => ForwardOutcome | undefined;
type Call = { readonly shard: string; readonly requests: readonly FramedRequest[] };

type Namespace = Parameters<typeof objectForwarder>[0];

const setUp = (append: Append, vars: { readonly [name: string]: string } = {}) => {
  const calls: Call[] = [];
  const taken = async (frame: Uint8Array, shard: string) => {
    const requests = decodeAppendFrame(frame) ?? [];
    calls.push({ shard, requests });
    await Promise.resolve();
    return append(requests, shard);
  };
  const namespace = {
    idFromName: (name: string) => name,
    get: (shard: string) => ({
      append: (frame: Uint8Array) => taken(frame, shard),
      fetch: async (_url: string, { body }: { readonly body: Uint8Array }) =>
        postAnswer(await taken(body, shard)),
      state: () =>
        Promise.resolve({
          log: "fake",
          sends: 2,
          isSending: shard.endsWith("1"),
          rejectedAfterAcknowledge: shard.endsWith("1") ? { spans: 2, logs: 1 } : { spans: 3 },
        }),
    }),
  };
  const config = readConfig({ KAFKA_BROKERS: "a:1", LINGER_MS: "0", ...vars });
  return { calls, forwarder: objectForwarder(namespace as object as Namespace, config) };
};

const record = (partition: number, bytes = 1): OutgoingRecord => ({
  topic: "otlp_spans",
  partition,
  key: null,
  value: new Uint8Array(bytes),
  items: 1,
});
const head = { tenant: "t", receivedMs: 1 };
const background = { waitUntil: () => undefined };
const good: Append = () => ({ code: "acknowledged" });
const partitions = ({ requests }: Call): readonly number[] =>
  requests.flatMap(({ records }) => records.map(({ partition }) => partition));

describe("one object", () => {
  test("small requests share calls, each gets its own states back", async () => {
    const refuseOdd: Append = (requests) => {
      const all = requests.flatMap(({ records }) => records);
      const states = Uint8Array.from(all, ({ partition }) =>
        partition % 2 === 1 ? recordState.refused : recordState.acknowledged,
      );
      return outcomeOf(states, "odd", "unavailable");
    };
    const { calls, forwarder } = setUp(refuseOdd);
    const sends = [[0], [1, 2], [4, 6], [8, 9]].map((list) =>
      forwarder.send(
        head,
        list.map((partition) => record(partition)),
        background,
      ),
    );
    const outcomes = await Promise.all(sends);
    expect(calls.map(({ requests }) => requests.length)).toEqual([1, 3]);
    expect(outcomes.map(({ code }) => code)).toEqual([
      "acknowledged",
      "unavailable",
      "acknowledged",
      "unavailable",
    ]);
    expect(outcomes[1]).toMatchObject({ states: new Uint8Array([2, 1]) });
    expect(outcomes[3]).toMatchObject({ states: new Uint8Array([1, 2]) });
  });

  test("a large request goes alone and waits for nobody", async () => {
    const { calls, forwarder } = setUp(good);
    const sends = [1, 1, 200_000, 1].map((bytes, at) =>
      forwarder.send(head, [record(at, bytes)], background),
    );
    await Promise.all(sends);
    expect(calls.map(partitions)).toEqual([[0], [2], [1, 3]]);
  });

  test.each([
    ["small", 1],
    ["large", 200_000],
  ])("the states of a %s request's records come back as they are", async (_size, bytes) => {
    const states = new Uint8Array([recordState.repeatable, recordState.oversize]);
    const { forwarder } = setUp(() => outcomeOf(states, "why", "unavailable"));
    const outcome = await forwarder.send(head, [record(0, bytes), record(1)], background);
    expect(outcome).toEqual({ code: "settled", message: "why", states });
  });

  test.each([
    ["small", 1],
    ["large", 200_000],
  ])("an object of another version refuses a %s request", async (_size, bytes) => {
    const { forwarder } = setUp(() => undefined);
    const outcome = await forwarder.send(head, [record(0, bytes)], background);
    expect(outcome).toMatchObject({ code: "unavailable", states: new Uint8Array([2]) });
  });

  test("more requests than may wait are told the settings that bound them", async () => {
    const { forwarder } = setUp(good, { QUEUE_CALLERS_MAX: "1" });
    const first = forwarder.send(head, [record(0)], background);
    const second = await forwarder.send(head, [record(0)], background);
    expect(second).toMatchObject({
      code: "overloaded",
      message: "the isolate's queue is full: QUEUE_CALLERS_MAX=1 or QUEUE_BYTES_MAX=33554432",
    });
    expect(await first).toEqual({ code: "acknowledged" });
  });

  test("an object that fails tells by its words", async () => {
    const broken = setUp(() => {
      throw new Error("gone");
    }).forwarder.send(head, [record(0), record(1)], background);
    expect(await broken).toMatchObject({ code: "unconfirmed", states: new Uint8Array([3, 3]) });
    const diskFull = setUp(() => {
      throw new Error("database or disk is full: SQLITE_FULL");
    }).forwarder.send(head, [record(0)], background);
    expect(await diskFull).toMatchObject({
      code: "storage-failed",
      message: expect.stringContaining("the forwarder's storage failed"),
      states: new Uint8Array([3]),
    });
    // All that is seen of a write that failed, where workerd does not say why.
    const inside = setUp(() => {
      throw new Error("internal error; reference = x");
    }).forwarder.send(head, [record(0)], background);
    expect(await inside).toMatchObject({ code: "storage-failed", states: new Uint8Array([3]) });
    const full = setUp(() => {
      throw Object.assign(new Error("busy"), { overloaded: true });
    }).forwarder.send(head, [record(0)], background);
    expect(await full).toMatchObject({ code: "overloaded", states: new Uint8Array([2]) });
  });
});

describe("several objects", () => {
  test("each partition is always written by the same one, and states come back in order", async () => {
    const refuseTwo: Append = (requests, shard) => {
      if (shard !== "forwarder-2") return { code: "acknowledged" };
      const count = requests.reduce((sum, { records }) => sum + records.length, 0);
      return outcomeOf(new Uint8Array(count).fill(recordState.refused), "two", "unavailable");
    };
    const { calls, forwarder } = setUp(refuseTwo, { FORWARDER_SHARDS: "3" });
    const places = [5, 0, 1, 2, 3, 4];
    const outcome = await forwarder.send(
      head,
      places.map((at) => record(at)),
      background,
    );
    expect(Object.fromEntries(calls.map((call) => [call.shard, partitions(call)]))).toEqual({
      "forwarder-0": [0, 3],
      "forwarder-1": [1, 4],
      "forwarder-2": [5, 2],
    });
    const states = new Uint8Array([2, 1, 1, 2, 1, 1]);
    expect(outcome).toEqual({ code: "unavailable", message: "two", states });
    const single = await forwarder.send(head, [record(7)], background);
    expect([single.code, calls.at(-1)?.shard]).toEqual(["acknowledged", "forwarder-1"]);
  });

  test("their states are shown as one", async () => {
    const { forwarder } = setUp(good, { FORWARDER_SHARDS: "2" });
    expect(await forwarder.state()).toEqual({
      log: "fake",
      sends: 4,
      isSending: true,
      rejectedAfterAcknowledge: { spans: 5, logs: 1 },
      shards: 2,
    });
  });
});
