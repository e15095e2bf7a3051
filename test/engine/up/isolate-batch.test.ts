// Batching over the requests of one isolate in the real workerd, where its rules come from: what
// holds them answers everybody, what breaks one does not.
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { RunningEdge } from "../../../engine/up/edge-process.ts";
import { startWorker } from "../../edge/worker-process.ts";

const requests = 20;
const manyRequests = 30_000;
const items = Array.from({ length: requests }, (_, at) => at);
const source = new URL("../../edge/forward/isolate-batch.worker.ts", import.meta.url);

let edge: RunningEdge;

beforeAll(async () => {
  const object = { binding: "SLOW", className: "Slow" };
  edge = await startWorker({ path: fileURLToPath(source), object });
});

afterAll(() => edge.stop());

type Answer = { readonly status: number; readonly item?: number; readonly call?: number };

const ask = async (way: string, item: number, signal?: AbortSignal): Promise<Answer> => {
  const url = `${edge.url}/${way}?item=${item}`;
  const response = await fetch(url, signal === undefined ? {} : { signal });
  const text = await response.text();
  if (response.status !== 200) return { status: response.status };
  return { status: 200, ...(JSON.parse(text) as object) };
};

const statuses = (answers: readonly Answer[]): readonly number[] =>
  answers.map(({ status }) => status);
const allGood = items.map(() => 200);

describe("requests that share calls", () => {
  test("are all answered, each with its own, in two calls", async () => {
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(items.map((item) => ask("gathered", item)));
      expect(statuses(answers)).toEqual(allGood);
      expect(answers.map(({ item }) => item)).toEqual(items);
      // One call for those that came first, one for all that came while it was in flight.
      expect(new Set(answers.map(({ call }) => call)).size).toBeLessThanOrEqual(2);
    }
  });

  test("are still answered in their own context when V8 has optimised the batching (FB1)", async () => {
    // An answer with a body can only be made in the context of its own request.
    const counts = new Map<number, number>();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < manyRequests) {
        next += 1;
        const { status } = await ask("at-once", next);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(items.map(client));
    expect([...counts.keys()]).toEqual([200]);
  });

  test("are all answered when the client of the one that leads has left (FB3)", async () => {
    const leaver = new AbortController();
    const left = ask("good", 99, leaver.signal).catch(() => "left");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const others = Promise.all(items.map((item) => ask("good", item)));
    await new Promise((resolve) => setTimeout(resolve, 30));
    leaver.abort();
    // On a busy machine it may have had its answer already.
    await left;
    expect(statuses(await others)).toEqual(allGood);
  });
});

describe("canary", () => {
  test("who waits without a timer of its own is ended as hung (FB2)", async () => {
    const answers = await Promise.all(items.map((item) => ask("no-timer", item)));
    expect(statuses(answers)).not.toEqual(allGood);
  });
});
