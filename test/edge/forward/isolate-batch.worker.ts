// The Worker of isolate-batch.test.ts: batching as the edge has it, and a version that breaks a
// rule of it, before an object that takes its time.
import { DurableObject } from "cloudflare:workers";

import { IsolateBatch } from "../../../edge/forward/isolate-batch.ts";

const answerMs = 150;
const pollMs = 5;
const pollsMax = 20_000;
/** Of a round of the test. */
const requests = 20;

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Requests that are gathered, so far. */
let gathered = 0;
/** How many there are at the end of the round. */
const wholeRounds = (): number => Math.ceil(gathered / requests) * requests;

/** Resolves when all requests of the round have come: however slow the machine, they wait together. */
const allGathered = async (): Promise<void> => {
  const until = wholeRounds();
  for (let poll = 0; poll < pollsMax; poll += 1) {
    if (gathered >= until) return;
    await later(pollMs);
  }
};

/** Answers at once or later. */
export class Slow extends DurableObject {
  async take(ms: number): Promise<void> {
    if (ms > 0) await later(ms);
  }
}

type Env = { readonly SLOW: DurableObjectNamespace<Slow> };
type Result = { readonly item: number; readonly call: number } | string;
type Way = (item: number, env: Env, ctx: ExecutionContext) => Promise<Result>;

const slow = (env: Env): DurableObjectStub<Slow> => env.SLOW.get(env.SLOW.idFromName("one"));

let latest: Env | undefined;
let calls = 0;
const newBatch = (take: (object: DurableObjectStub<Slow>) => Promise<void>) =>
  new IsolateBatch<number, Result>(
    {
      callBytesMax: 1000,
      callItemsMax: 1000,
      waitBytesMax: 1_000_000,
      itemsMax: 1000,
      waitMsMax: 120_000,
      callMsMax: 120_000,
      leadMsMax: 250,
      lingerMs: 1,
    },
    async (items) => {
      if (latest === undefined) throw new Error("no environment");
      calls += 1;
      const call = calls;
      await take(slow(latest));
      return items.map((item) => ({ item, call }));
    },
    (why) => why,
  );

const good = (ms: number): Way => {
  const batch = newBatch((object) => object.take(ms));
  return (item, env, ctx) => {
    latest = env;
    return batch.submit(item, 1, ctx);
  };
};

/** Calls are answered when all requests of the round have come. */
const whenGathered = (): Way => {
  const batch = newBatch(async (object) => {
    await allGathered();
    await object.take(0);
  });
  return (item, env, ctx) => {
    latest = env;
    gathered += 1;
    return batch.submit(item, 1, ctx);
  };
};

let waiting: (() => void)[] | undefined;
/** Breaks FB2: each has a promise of its own, and nothing else that it waits for. */
const noTimer: Way = async (item, env, ctx) => {
  gathered += 1;
  const own = new Promise<void>((resolve) => {
    if (waiting !== undefined) {
      waiting.push(resolve);
      return;
    }
    const list = [resolve];
    waiting = list;
    const lead = async (): Promise<void> => {
      await allGathered();
      // The last to come is found to wait for nothing only when its turn is over.
      await slow(env).take(answerMs);
      waiting = undefined;
      for (const wake of list) wake();
    };
    ctx.waitUntil(lead());
  });
  await own;
  return { item, call: 0 };
};

const ways: { readonly [path: string]: Way } = {
  "/good": good(answerMs),
  "/at-once": good(0),
  "/gathered": whenGathered(),
  "/no-timer": noTimer,
};

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const way = ways[pathname];
    if (way === undefined) return new Response("ready");
    return Response.json(await way(Number(searchParams.get("item")), env, ctx));
  },
};
