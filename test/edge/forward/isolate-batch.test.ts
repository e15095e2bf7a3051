// The batching of one isolate's requests, with the clock in the test's hand. What workerd makes of
// it under load is test/engine/up/isolate-batch.test.ts.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Background } from "../../../edge/forward/forwarder.ts";
import { type BatchLimits, IsolateBatch } from "../../../edge/forward/isolate-batch.ts";

const limits: BatchLimits = {
  callBytesMax: 100,
  callItemsMax: 3,
  lingerMs: 0,
  waitBytesMax: 300,
  itemsMax: 1000,
  waitMsMax: 1000,
  callMsMax: 1500,
  leadMsMax: 100,
};

type Result = string;
type Call = { readonly items: readonly string[]; readonly answer: () => void };

/** A request's context, which remembers what it was given. */
class Request implements Background {
  readonly work: Promise<unknown>[] = [];

  waitUntil(work: Promise<unknown>): void {
    this.work.push(work);
  }
}

const setUp = (changed: Partial<BatchLimits> = {}) => {
  const calls: Call[] = [];
  const batch = new IsolateBatch<string, Result>(
    { ...limits, ...changed },
    (items) =>
      new Promise((resolve) => {
        calls.push({ items, answer: () => resolve(items.map((item) => `${item}!`)) });
      }),
    (why) => why,
  );
  const submit = (item: string, bytes = 10, request = new Request()): Promise<Result> =>
    batch.submit(item, bytes, request);
  return { calls, submit };
};

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("sharing", () => {
  test("one call is in flight, what comes meanwhile goes together in the next, each gets its own result", async () => {
    const { calls, submit } = setUp();
    const results = ["a", "b", "c"].map((item) => submit(item));
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([["a"]]);
    calls[0]?.answer();
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
    calls[1]?.answer();
    expect(await Promise.all(results)).toEqual(["a!", "b!", "c!"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a call stops at its bounds of items and of bytes, in order", async () => {
    const { calls, submit } = setUp();
    const sizes = [10, 10, 10, 10, 60, 60, 200];
    const results = sizes.map((bytes, at) => submit(String(at), at === 6 ? 80 : bytes));
    for (let i = 0; i < 6; i += 1) {
      await settle();
      calls.at(-1)?.answer();
    }
    await Promise.all(results);
    expect(calls.map(({ items }) => items.join(""))).toEqual(["0", "123", "4", "5", "6"]);
  });

  test("more bytes than may wait are refused at once", async () => {
    const { calls, submit } = setUp();
    const first = submit("a", 300);
    const second = submit("b", 200);
    expect(await submit("c", 200)).toBe("full");
    calls[0]?.answer();
    await settle();
    calls[1]?.answer();
    expect(await Promise.all([first, second])).toEqual(["a!", "b!"]);
  });
});

describe("lingering", () => {
  const lingering = { lingerMs: 5, callItemsMax: 20 };

  test("a lone request waits lingerMs, and what comes meanwhile shares its call", async () => {
    const { calls, submit } = setUp(lingering);
    const first = submit("a");
    await vi.advanceTimersByTimeAsync(4);
    const second = submit("b");
    expect(calls).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.map(({ items }) => items)).toEqual([["a", "b"]]);
    calls[0]?.answer();
    expect(await Promise.all([first, second])).toEqual(["a!", "b!"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("those who are many already are not kept waiting", async () => {
    const { calls, submit } = setUp(lingering);
    const first = submit("a");
    await vi.advanceTimersByTimeAsync(5);
    const others = Array.from({ length: 8 }, (_, at) => submit(String(at)));
    calls[0]?.answer();
    await settle();
    expect(calls.map(({ items }) => items.length)).toEqual([1, 8]);
    calls[1]?.answer();
    await Promise.all([first, ...others]);
  });

  test("who leaves while it waits for company is not sent", async () => {
    const { calls, submit } = setUp({ ...lingering, leadMsMax: 2, waitMsMax: 2 });
    const first = submit("a");
    await vi.advanceTimersByTimeAsync(5);
    expect(await first).toBe("not-sent");
    await vi.advanceTimersByTimeAsync(10);
    expect(calls).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("when a leader is gone while it waits for company, another leads within leadMsMax", async () => {
    const { calls, submit } = setUp(lingering);
    inEndedRequest(() => submit("a"));
    const second = submit("b");
    await vi.advanceTimersByTimeAsync(105);
    expect(calls.map(({ items }) => items)).toEqual([["a", "b"]]);
    calls[0]?.answer();
    expect(await second).toBe("b!");
  });
});

test("more items than may be there are refused at once, until one has its result", async () => {
  const { calls, submit } = setUp({ itemsMax: 2 });
  const both = [submit("a"), submit("b")];
  expect(await submit("c")).toBe("full");
  calls[0]?.answer();
  await both[0];
  const third = submit("d");
  await settle();
  calls[1]?.answer();
  await settle();
  calls[2]?.answer();
  expect(await Promise.all([...both, third])).toEqual(["a!", "b!", "d!"]);
});

describe("FB1: each request awaits a promise that it made itself", () => {
  test("no two requests get the same promise, and the leader's is not theirs", async () => {
    const { calls, submit } = setUp();
    const leader = new Request();
    const results = [submit("a", 10, leader), submit("b"), submit("c")];
    expect(new Set([...results, ...leader.work]).size).toBe(4);
    await settle();
    calls[0]?.answer();
    await settle();
    calls[1]?.answer();
    await Promise.all(results);
  });
});

describe("FB2: each waiting request holds a timer of its own", () => {
  test("also the leader, and until it has its result", async () => {
    const { calls, submit } = setUp();
    const results = ["a", "b", "c"].map((item) => submit(item));
    for (const passedMs of [0, 99, 100, 350]) {
      await vi.advanceTimersByTimeAsync(passedMs);
      expect(vi.getTimerCount()).toBe(3);
    }
    calls[0]?.answer();
    await settle();
    expect(vi.getTimerCount()).toBe(2);
    calls[1]?.answer();
    await Promise.all(results);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("FB3: the call is given to its request's waitUntil", () => {
  test("of the request that leads, and it lasts as long as the call", async () => {
    const { calls, submit } = setUp();
    const requests = [new Request(), new Request(), new Request()];
    const results = requests.map((request, at) => submit(String(at), 10, request));
    expect(requests.map(({ work }) => work.length)).toEqual([1, 0, 0]);
    let isOver = false;
    const over = requests[0]?.work[0]?.then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    calls[0]?.answer();
    await over;
    await settle();
    expect(requests.map(({ work }) => work.length)).toEqual([1, 1, 0]);
    calls[1]?.answer();
    await Promise.all(results);
  });
});

describe("FB4: nobody waits for ever", () => {
  test("an item past its deadline leaves when it was not sent, and is never sent", async () => {
    const { calls, submit } = setUp();
    const first = submit("a");
    await vi.advanceTimersByTimeAsync(10);
    const second = submit("b");
    await vi.advanceTimersByTimeAsync(1100);
    expect(await second).toBe("not-sent");
    calls[0]?.answer();
    expect(await first).toBe("a!");
    const third = submit("c");
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([["a"], ["c"]]);
    calls[1]?.answer();
    expect(await third).toBe("c!");
  });

  test("a call without an answer is given up: its items have none, others are sent", async () => {
    const { calls, submit } = setUp({ waitMsMax: 5000 });
    const first = submit("a");
    const second = submit("b");
    await vi.advanceTimersByTimeAsync(1650);
    expect(await first).toBe("no-answer");
    expect(calls.map(({ items }) => items)).toEqual([["a"], ["b"]]);
    calls[1]?.answer();
    expect(await second).toBe("b!");
    // What comes of the first call now must not disturb the turns.
    const third = submit("c");
    await settle();
    const fourth = submit("d");
    calls[0]?.answer();
    await settle();
    expect(calls.map(({ items }) => items)).toEqual([["a"], ["b"], ["c"]]);
    calls[2]?.answer();
    await settle();
    calls[3]?.answer();
    expect(await Promise.all([third, fourth])).toEqual(["c!", "d!"]);
  });

  test("when the next leader is gone, another of those who wait leads within leadMsMax", async () => {
    const { calls, submit } = setUp();
    const first = submit("a");
    // The context of "b" ends before it can lead: its promise's reactions never run.
    inEndedRequest(() => submit("b"));
    const third = submit("c");
    await settle();
    calls[0]?.answer();
    expect(await first).toBe("a!");
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(calls.map(({ items }) => items)).toEqual([["a"], ["b", "c"]]);
    calls[1]?.answer();
    expect(await third).toBe("c!");
  });
});

type Executor = (resolve: () => void, reject: () => void) => void;

/** Runs `body` so that the promises it makes are never heard of again, as in an ended request. */
const inEndedRequest = (body: () => unknown): void => {
  const noTimer = vi.spyOn(globalThis, "setTimeout").mockImplementation((() => 0) as never);
  const original = globalThis.Promise;
  class Deaf extends original<unknown> {
    static override get [Symbol.species](): PromiseConstructor {
      return original;
    }

    constructor(executor: Executor) {
      super(() => undefined);
      executor(
        () => undefined,
        () => undefined,
      );
    }
  }
  globalThis.Promise = Deaf as never;
  try {
    void body();
  } finally {
    globalThis.Promise = original;
    noTimer.mockRestore();
  }
};

describe("a clock that is set back", () => {
  test("makes nobody wait for longer, neither for a call nor for its answer", async () => {
    const { submit } = setUp();
    const results = Promise.all(["a", "b"].map((item) => submit(item)));
    await settle();
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(limits.callMsMax + 2 * limits.leadMsMax);
    expect(await Promise.race([results, Promise.resolve("waits")])).toEqual([
      "no-answer",
      "not-sent",
    ]);
  });
});
