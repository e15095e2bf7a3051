// The Worker of isolate-batch.test.ts: batching as the edge has it, and a version that breaks a
// rule of it, before an object that takes its time.
import { DurableObject } from "cloudflare:workers";

import { IsolateBatch } from "../../../edge/forward/isolate-batch.ts";

const answerMs = 150;

/** Says how many items it was given, at once or later. */
export class Slow extends DurableObject {
  async take(items: number, ms: number): Promise<number> {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    return items;
  }
}

type Env = { readonly SLOW: DurableObjectNamespace<Slow> };
type Result = { readonly item: number; readonly together: number } | string;
type Way = (item: number, env: Env, ctx: ExecutionContext) => Promise<Result>;

const call = (env: Env, items: number, ms = answerMs): Promise<number> =>
  env.SLOW.get(env.SLOW.idFromName("one")).take(items, ms);

let latest: Env | undefined;
const newBatch = (ms: number) =>
  new IsolateBatch<number, Result>(
    {
      callBytesMax: 1000,
      callItemsMax: 1000,
      waitBytesMax: 1_000_000,
      itemsMax: 1000,
      waitMsMax: 5000,
      callMsMax: 6000,
      leadMsMax: 250,
      lingerMs: 1,
    },
    async (items) => {
      if (latest === undefined) throw new Error("no environment");
      const together = await call(latest, items.length, ms);
      return items.map((item) => ({ item, together }));
    },
    (why) => why,
  );

const good = (ms: number): Way => {
  const batch = newBatch(ms);
  return (item, env, ctx) => {
    latest = env;
    return batch.submit(item, 1, ctx);
  };
};

let waiting: ((together: number) => void)[] | undefined;
/** Breaks FB2: each has a promise of its own, and nothing else that it waits for. */
const noTimer: Way = async (item, env, ctx) => {
  const own = new Promise<number>((resolve) => {
    if (waiting !== undefined) {
      waiting.push(resolve);
      return;
    }
    const list = [resolve];
    waiting = list;
    const lead = async (): Promise<void> => {
      const together = await call(env, 1);
      waiting = undefined;
      for (const wake of list) wake(together);
    };
    ctx.waitUntil(lead());
  });
  return { item, together: await own };
};

const ways: { readonly [path: string]: Way } = {
  "/good": good(answerMs),
  "/at-once": good(0),
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
