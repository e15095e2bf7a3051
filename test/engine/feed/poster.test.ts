import { describe, expect, it } from "vitest";

import { Poster, type PosterOptions } from "../../../engine/feed/poster.ts";
import { fakeClock } from "./fake-clock.ts";
import { startStubEdge } from "./stub-edge.ts";

type Reply = { status: number; headers?: Record<string, string>; body?: string } | Error;

/** A fetch that gives the replies one after the other, the last one for ever. */
const scripted = (...replies: Reply[]) => {
  const bodies: string[] = [];
  const give = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    bodies.push(init?.body as string);
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    await Promise.resolve();
    if (reply === undefined || reply instanceof Error) throw reply ?? new Error("no reply");
    return new Response(reply.body ?? "", reply);
  };
  return { fetch: give as typeof fetch, bodies };
};

const posterWith = (fetchOption: typeof fetch, more: Partial<PosterOptions> = {}) => {
  const clock = fakeClock();
  const stop = new AbortController();
  const poster = new Poster({
    url: "http://edge.test/v1/transactions",
    apiKey: null,
    fetch: fetchOption,
    sleepMs: clock.sleepMs,
    nowMs: () => Number(clock.nowNs() / 1_000_000n),
    random: () => 0.5,
    inFlightMax: 2,
    signal: stop.signal,
    ...more,
  });
  return { poster, clock, stop };
};

const lost = Object.assign(new TypeError("fetch failed"), {
  cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
});

describe("the poster", () => {
  it("counts what the edge accepts and what it rejects", async () => {
    const { fetch } = scripted({ status: 200, body: '{"accepted":7,"rejected":3,"reasons":{}}' });
    const { poster } = posterWith(fetch);
    await poster.post("{}", 10);
    await poster.drain();
    expect(poster.totals).toEqual({ sent: 10, accepted: 7, rejected: 3, failed: 0 });
  });

  it.each([429, 502, 503, 504])("sends the same batch again after %i", async (status) => {
    const { fetch, bodies } = scripted({ status }, { status: 200 });
    const { poster } = posterWith(fetch);
    await poster.post("batch", 4);
    await poster.drain();
    expect(bodies).toEqual(["batch", "batch"]);
    expect(poster.totals).toEqual({ sent: 4, accepted: 4, rejected: 0, failed: 0 });
    expect(poster.causes.get(`status ${status}`)).toBe(1);
  });

  it.each([400, 401, 403, 404, 413, 415, 500])("does not retry after %i", async (status) => {
    const { fetch, bodies } = scripted({ status }, { status: 200 });
    const { poster } = posterWith(fetch);
    await poster.post("batch", 4);
    await poster.drain();
    expect(bodies).toHaveLength(1);
    expect(poster.totals).toEqual({ sent: 4, accepted: 0, rejected: 4, failed: 0 });
  });

  it("waits as long as Retry-After says, in seconds and as a date, and else backs off", async () => {
    const start = fakeClock(1_700_000_000_000).nowNs();
    const date = new Date(Number(start / 1_000_000n) + 9000).toUTCString();
    const { fetch } = scripted(
      { status: 503, headers: { "retry-after": "2" } },
      { status: 429, headers: { "retry-after": date } },
      { status: 503, headers: { "retry-after": "86400" } },
      { status: 503 },
      { status: 503, headers: { "retry-after": "soon" } },
      { status: 200 },
    );
    const { poster, clock } = posterWith(fetch);
    await poster.post("{}", 1);
    await poster.drain();
    expect(clock.sleeps).toEqual([2000, 7000, 30_000, 600, 1200]);
    expect(poster.retries).toBe(5);
  });

  it("gives up after the last attempt, with longer and longer waits up to a limit", async () => {
    const { fetch, bodies } = scripted(lost);
    const { poster, clock } = posterWith(fetch);
    await poster.post("{}", 5);
    await poster.drain();
    expect(bodies).toHaveLength(8);
    expect(clock.sleeps).toEqual([75, 150, 300, 600, 1200, 2400, 3750]);
    expect(poster.totals).toEqual({ sent: 5, accepted: 0, rejected: 0, failed: 5 });
    expect([...poster.causes]).toEqual([["ECONNREFUSED", 8]]);
  });

  it("does not retry once it is stopped", async () => {
    const { fetch, bodies } = scripted({ status: 503 });
    const { poster, stop } = posterWith(fetch);
    stop.abort();
    await poster.post("{}", 5);
    await poster.drain();
    expect(bodies).toHaveLength(1);
    expect(poster.totals.failed).toBe(5);
  });

  it("cuts what hangs a while after it was stopped", async () => {
    const hanging = async (_url: unknown, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new Error("cut")));
      });
    const { poster, stop } = posterWith(hanging, { limits: { stopMsMax: 1 } });
    await poster.post("{}", 3);
    stop.abort();
    await Promise.all([poster.drain(), new Promise((resolve) => setTimeout(resolve, 20))]);
    expect(poster.totals).toEqual({ sent: 3, accepted: 0, rejected: 0, failed: 3 });
  });

  it("has at most inFlightMax requests under way, and makes the feed wait", async () => {
    let underWay = 0;
    let most = 0;
    const slow = async (): Promise<Response> => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      underWay -= 1;
      return new Response('{"rejected":0}');
    };
    const { poster } = posterWith(slow, { inFlightMax: 3 });
    for (let i = 0; i < 20; i += 1) await poster.post("{}", 1);
    await poster.drain();
    expect(most).toBe(3);
    expect(poster.totals).toEqual({ sent: 20, accepted: 20, rejected: 0, failed: 0 });
  });

  it("keeps the order with one place, retries included", async () => {
    const { fetch, bodies } = scripted({ status: 503 }, { status: 503 }, { status: 200 });
    const { poster } = posterWith(fetch, { inFlightMax: 1 });
    await poster.post("first", 1);
    await poster.post("second", 1);
    expect(bodies).toEqual(["first", "first", "first", "second"]);
  });

  it("speaks HTTP: JSON with a bearer token, over a real connection", async () => {
    const edge = await startStubEdge(() => ({ status: 200, body: '{"accepted":1,"rejected":1}' }));
    const url = `${edge.url}/v1/transactions`;
    const { poster } = posterWith(fetch, { url, apiKey: "secret" });
    await poster.post('{"transactions":[]}', 2);
    await poster.drain();
    await edge.close();
    expect(edge.posted[0]?.headers).toMatchObject({
      authorization: "Bearer secret",
      "content-type": "application/json",
    });
    expect(poster.totals).toEqual({ sent: 2, accepted: 1, rejected: 1, failed: 0 });
  });

  it("does not read an answer without end", async () => {
    const body = `{"rejected":1,"x":"${"y".repeat(200_000)}"}`;
    const edge = await startStubEdge(() => ({ status: 200, body }));
    const { poster } = posterWith(fetch, { url: edge.url });
    await poster.post("{}", 2);
    await poster.drain();
    await edge.close();
    expect(poster.totals).toEqual({ sent: 2, accepted: 2, rejected: 0, failed: 0 });
  });
});
