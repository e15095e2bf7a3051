import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { depthBodies, feedDepth } from "../../../engine/feed/depth-feed.ts";
import type { DepthFeedMessage } from "../../../engine/feed/depth.ts";
import { Poster } from "../../../engine/feed/poster.ts";
import { transactionsOf } from "../../../engine/feed/recorded-transactions.ts";
import { feedTransactions } from "../../../engine/feed/transaction-feed.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { allSignaturesVerify } from "../../../engine/sniff/verify-signature.ts";
import { runSeed, seeded } from "../../random.ts";
import { fakeClock } from "./fake-clock.ts";

type Body = {
  readonly transactions: readonly { slot: string; index: number; transaction: string }[];
};

const collecting = (inFlightMax = 4) => {
  const bodies: string[] = [];
  const clock = fakeClock();
  const stop = new AbortController();
  const poster = new Poster({
    url: "http://edge.test/",
    apiKey: null,
    fetch: async (_url, init) => {
      await Promise.resolve();
      bodies.push(init?.body as string);
      return new Response("{}");
    },
    sleepMs: clock.sleepMs,
    nowMs: () => Number(clock.nowNs() / 1_000_000n),
    random: () => 0,
    inFlightMax,
    signal: stop.signal,
  });
  return { bodies, clock, stop, poster };
};

describe("the transaction feed", () => {
  it("sends the pool over and over, each time with a place of its own", async () => {
    const { bodies, clock, stop, poster } = collecting();
    const pool = [1, 2, 3].map((byte) => ({ wire: new Uint8Array([byte, 0, 255]), keys: [] }));
    const sleepMs = async (ms: number): Promise<void> => {
      await clock.sleepMs(ms);
      if (poster.totals.sent >= 1000) stop.abort();
    };
    await feedTransactions({
      pool,
      random: (count) => new Uint8Array(count),
      perSecond: 500,
      poster,
      clock: { ...clock, sleepMs },
      signal: stop.signal,
    });
    await poster.drain();
    const sent = bodies.flatMap((body) => (JSON.parse(body) as Body).transactions);
    expect(sent.length).toBe(poster.totals.accepted);
    expect(sent.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(sent.map(({ slot, index }) => `${slot}/${index}`)).size).toBe(sent.length);
    // Two seconds are five slots of 400 ms.
    expect(new Set(sent.map(({ slot }) => slot)).size).toBeGreaterThanOrEqual(5);
    expect(new Set(sent.map(({ transaction }) => transaction))).toEqual(
      new Set(pool.map(({ wire }) => Buffer.from(wire).toString("base64"))),
    );
  });

  it("signs again what it sends again, so that no transaction is a replay", async () => {
    const { bodies, clock, stop, poster } = collecting();
    const mix = await createTransactionMix({ seed: runSeed("again"), count: 40 });
    const pool = mix.filter(({ keys }) => keys.length > 0);
    const random = seeded(runSeed("blockhash"));
    const sleepMs = async (ms: number): Promise<void> => {
      await clock.sleepMs(ms);
      if (poster.totals.sent >= 3 * pool.length) stop.abort();
    };
    await feedTransactions({
      pool,
      random: (count) => random.bytes(count),
      perSecond: 500,
      poster,
      clock: { ...clock, sleepMs },
      signal: stop.signal,
    });
    await poster.drain();
    const sent = bodies
      .flatMap((body) => (JSON.parse(body) as Body).transactions)
      .map(({ transaction }) => Uint8Array.from(Buffer.from(transaction, "base64")));
    expect(sent.length).toBeGreaterThanOrEqual(3 * pool.length);
    expect(new Set(sent.map((wire) => Buffer.from(wire.slice(1, 65)).toString("hex"))).size).toBe(
      sent.length,
    );
    expect(sent.filter((wire) => !allSignaturesVerify(wire))).toEqual([]);
    expect(sent.slice(0, pool.length)).toEqual(pool.map(({ wire }) => wire));
  });
});

const depthMessage = (symbol: string, message: string): DepthFeedMessage => ({
  venue: "binance-spot",
  symbol,
  receiveNs: 1_723_161_253_937_085_768n,
  message,
});

async function* once<T>(value: T): AsyncGenerator<T> {
  await Promise.resolve();
  yield value;
}

describe("the depth feed", () => {
  it("sends the venue's own text in order, one venue and symbol per request", async () => {
    const { bodies, stop, poster } = collecting(1);
    const exact = '{"u":12345678901234567890,"p":"0.10"}';
    const batch = [
      depthMessage("BTCUSDT", exact),
      depthMessage("BTCUSDT", "{}"),
      depthMessage("ETHUSDT", "{}"),
      depthMessage("BTCUSDT", "[]"),
    ];
    await feedDepth({ batches: once(batch), poster, signal: stop.signal });
    const receive = '"receiveNs":"1723161253937085768"';
    expect(bodies).toEqual([
      `{"venue":"binance-spot","symbol":"BTCUSDT","messages":[{${receive},"message":${exact}},{${receive},"message":{}},{${receive},"message":[]}]}`,
      `{"venue":"binance-spot","symbol":"ETHUSDT","messages":[{${receive},"message":{}}]}`,
    ]);
    expect(poster.totals.accepted).toBe(4);
  });

  it("keeps a request within its size, however large the messages are", () => {
    const large = JSON.stringify("x".repeat(700_000));
    const bodies = [...depthBodies([1, 2, 3].map(() => depthMessage("BTCUSDT", large)))];
    expect(bodies.map(({ items }) => items)).toEqual([1, 1, 1]);
  });

  it("stops between two requests", async () => {
    const { stop, poster } = collecting(1);
    stop.abort();
    const batch = [depthMessage("BTCUSDT", "{}")];
    await feedDepth({ batches: once(batch), poster, signal: stop.signal });
    expect(poster.totals.sent).toBe(0);
  });
});

describe("recorded transactions", () => {
  const read = (bytes: Uint8Array) => {
    const faults: string[] = [];
    const found = [...transactionsOf(bytes, (text) => faults.push(text))];
    return { found: found.map((wire) => Array.from(wire)), faults };
  };

  it("are read from frames of length and bytes", () => {
    expect(read(new Uint8Array([2, 0, 0, 0, 7, 8, 1, 0, 0, 0, 9]))).toEqual({
      found: [[7, 8], [9]],
      faults: [],
    });
  });

  it("say where a frame is cut", () => {
    expect(read(new Uint8Array([1, 0, 0, 0, 9, 5, 0, 0, 0, 1]))).toEqual({
      found: [[9]],
      faults: ["frame at byte 5: reaches past the end of 10 bytes"],
    });
  });

  it("are read from base64 lines, and name the line that is none", () => {
    expect(read(Buffer.from("AQID\n\n#\nBAUG\n"))).toEqual({
      found: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      faults: ["line 3: expected base64, found #"],
    });
  });

  it("are read from answers of an RPC node, one document or one per line", () => {
    const document = JSON.stringify({ result: { slot: 5, transaction: ["AQID", "base64"] } });
    expect(read(Buffer.from(document)).found).toEqual([[1, 2, 3]]);
    expect(read(Buffer.from(`${document}\nnonsense\n${document}`))).toEqual({
      found: [
        [1, 2, 3],
        [1, 2, 3],
      ],
      faults: ["line 2: found no JSON"],
    });
  });

  it("are read from a list of answers, behind one that is none too", () => {
    const document = { slot: 5, transaction: ["AQID", "base64"] };
    const { found, faults } = read(Buffer.from(JSON.stringify([document, {}, document])));
    expect(found).toHaveLength(2);
    expect(faults).toEqual([expect.stringMatching(/^\[1\]: expected a getTransaction/)]);
  });

  const block = new URL("../../../../shared/data/solana/chainstorage-block.json", import.meta.url);
  it.skipIf(!existsSync(block))("are read from a recorded block (needs shared/data)", () => {
    const { found, faults } = read(readFileSync(block));
    expect(faults).toEqual([]);
    expect(found.length).toBeGreaterThan(0);
  });
});
