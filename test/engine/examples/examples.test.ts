// Every example is run as a user would run it, and what it prints is held against what must be true,
// worked out here by other means.
import { readdirSync } from "node:fs";

import { describe, expect, it, onTestFinished } from "vitest";

import { FakeJito } from "../send/fake-jito.ts";
import { FakeSolana } from "../send/fake-solana.ts";
import { exampleList, runExample } from "./run-example.ts";

describe("npm run example", () => {
  it("lists every example there is, and names them to who asks for another", async () => {
    const folder = new URL("../../../engine/examples/", import.meta.url);
    const files = readdirSync(folder)
      .filter((name) => !/^main\.ts$|\.stage\.ts$/.test(name))
      .map((name) => name.replace(/\.ts$/, ""));
    expect(files).toHaveLength(10);
    const { out } = await exampleList();
    const listed = out.trim().split("\n");
    expect(new Set(listed.map((line) => line.split(" ")[0]))).toEqual(new Set(files));
    expect(listed).toHaveLength(10);
    const wrong = await exampleList("rings");
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("ring-threads")]);
  });
});

describe("example", () => {
  it("ring-threads loses, reorders and changes nothing while the writer waits for room", async () => {
    const [counts, ring] = await runExample("ring-threads");
    expect(counts).toEqual({
      written: 20_000,
      messages: 20_000,
      faults: 0,
      inFlight: 0,
      droppedFull: 0,
    });
    expect(ring).toMatchObject({ capacityBytes: 16_384 });
    expect(Number(ring?.["writerWaits"])).toBeGreaterThan(0);
    expect(Number(ring?.["usedBytesHigh"])).toBeLessThanOrEqual(16_384);
  });

  it("market-pipeline applies every update, and no look at the book finds it crossed", async () => {
    const lines = await runExample("market-pipeline");
    const last = lines.at(-1);
    expect(last).toEqual({
      items: 5001,
      inFlight: 0,
      applied: 5000,
      gaps: 0,
      stale: 0,
      levelUpdates: 15_000,
      crossed: 0,
    });
    // The generator's walk, without a book.
    let middle = 60_000;
    for (let i = 1; i <= 5000; i += 1) middle += (i * 7) % 13 < 7 ? 1 : -1;
    const top = lines.at(-2);
    expect(top).toMatchObject({ venue: "binance-spot", state: "synced", updateId: 5100 });
    expect([top?.["bid"], top?.["ask"]]).toEqual([String(middle - 0.5), String(middle + 0.5)]);
    for (const { look, bid, ask } of lines) {
      if (look !== undefined && bid !== null) expect(Number(ask) - Number(bid)).toBe(1);
    }
  });

  it("price-monitor ends with exactly the last quotes of all makers", async () => {
    const [watched, end] = await runExample("price-monitor");
    // Half spreads of the last round: 2 + maker + round % 7.
    const halves = [0, 1, 2].map((maker) => 2 + maker + (4999 % 7));
    const half = Math.min(...halves);
    expect(end).toEqual({
      updates: 3 * (5000 * 4 - 2),
      failures: 0,
      bid: 500 - half,
      ask: 500 + half,
      spread: 2 * half,
      bidTotal: 30,
      askTotal: 30,
    });
    expect(Number(watched?.["quoted"])).toBeGreaterThan(0);
    // No maker ever quotes closer than 2 or wider than 10.
    expect(Number(watched?.["spreadMin"])).toBeGreaterThanOrEqual(4);
    expect(Number(watched?.["spreadMax"])).toBeLessThanOrEqual(20);
  });

  it("arbitrage finds the one that earns after fees, and believes no stale book", async () => {
    const [found, counts] = await runExample("arbitrage");
    const earns = (size: number, bought: number, sold: number): number =>
      size * (sold * (1 - 0.0002) - bought * (1 + 0.0004));
    const net = earns(1, 100, 100.35) + earns(1.5, 100.1, 100.35) + earns(0.5, 100.1, 100.3);
    expect(earns(1, 100.4, 100.3)).toBeLessThan(0);
    expect(found).toMatchObject({
      buy: { venue: "binance-spot", updateId: 1, to: "100.10" },
      sell: { venue: "binance-usdm", updateId: 2, to: "100.30" },
    });
    expect(Number(found?.["size"])).toBe(3);
    expect(Number(found?.["net"])).toBeCloseTo(net, 9);
    expect(counts).toMatchObject({ found: 1, stale: 2 });
  });

  it("price-filter passes all and only what is within the limits", async () => {
    const [seen, reading] = await runExample("price-filter");
    const prices = Array.from({ length: 10_000 }, (_, id) => 980_000 + ((id * 7919) % 10_000) * 4);
    const within = prices.filter((price) => price >= 995_000 && price <= 1_005_000);
    expect(seen).toMatchObject({
      given: 10_000,
      passed: within.length,
      outside: 0,
      priceLowest: Math.min(...within),
      priceHighest: Math.max(...within),
    });
    expect(reading).toMatchObject({
      stage: "price-filter",
      counters: {
        received: 10_000,
        passed: within.length,
        below: prices.filter((price) => price < 995_000).length,
        above: prices.filter((price) => price > 1_005_000).length,
      },
    });
  });

  it("aggregation joins by price and side, and no size is lost", async () => {
    const lines = await runExample("aggregation");
    const groups = lines.slice(0, -1);
    // 60 records, 50 us apart: the window of 1000 us is over with the 21st and the 41st.
    expect(groups.map(({ atUs }) => atUs)).toEqual(
      [1050, 2050, 3000].flatMap((us) => Array(10).fill(us)),
    );
    for (const us of [1050, 2050, 3000]) {
      const keys = groups
        .filter(({ atUs }) => atUs === us)
        .map((g) => `${String(g["side"])} ${String(g["price"])}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
    const sizeIn = Array.from({ length: 60 }, (_, id) => 1 + (id % 7)).reduce((a, b) => a + b, 0);
    expect(groups.reduce((sum, { size }) => sum + Number(size), 0)).toBe(sizeIn);
    expect(lines.at(-1)).toMatchObject({
      recordsIn: 60,
      sizeIn,
      recordsOut: 30,
      sizeOut: sizeIn,
      counters: { received: 60, emitted: 30, lost: 0 },
    });
  });

  it("solana-submitter sends nothing unless it is told to", async () => {
    const [dry, counts] = await runExample("solana-submitter");
    expect(dry).toMatchObject({ outcome: { kind: "dry-run" } });
    expect(counts).toEqual({ requests: { accepted: 0, failed: 0 } });
  });

  it("solana-submitter takes a node's blockhash, simulates, and follows until it landed", async () => {
    const chain = new FakeSolana();
    const url = await chain.server.listen();
    const blocks = setInterval(() => chain.advance(1), 50);
    onTestFinished(async () => {
      clearInterval(blocks);
      await chain.server.close();
    });
    const [simulated, sent] = await runExample("solana-submitter", "--url", url, "--live");
    expect(simulated).toMatchObject({ simulated: { ok: true, value: { err: null } } });
    expect(sent).toMatchObject({ outcome: { kind: "landed", err: null } });
    const { signature } = (sent?.["outcome"] ?? {}) as { signature: string };
    expect(chain.sendsOf(signature)).toBeGreaterThanOrEqual(1);
    expect(new Set(chain.server.calls("sendTransaction").map(([base64]) => base64)).size).toBe(1);
  });

  it("jito-bundle tips each of its bundles, sends none unless told to, and refuses one untipped", async () => {
    const [first, second, untipped] = await runExample("jito-bundle");
    expect(first).toMatchObject({ transactions: 3, outcome: { kind: "dry-run" } });
    expect(second).toMatchObject({ transactions: 4, outcome: { kind: "dry-run" } });
    expect(untipped).toMatchObject({
      withoutTip: { kind: "invalid", reason: expect.stringContaining("tip: ") },
    });
  });

  it("jito-bundle sends both bundles to a region and follows them to the block", async () => {
    const region = new FakeJito(() => performance.now());
    const url = await region.server.listen();
    const blocks = setInterval(() => {
      for (const id of region.bundles.keys()) region.land(id, 280_999_030);
    }, 50);
    onTestFinished(async () => {
      clearInterval(blocks);
      await region.server.close();
    });
    const lines = await runExample("jito-bundle", "--region", url, "--live");
    expect([...region.bundles.values()].map((bundle) => bundle.length)).toEqual([3, 4]);
    const ends = lines.filter(({ end }) => end !== undefined);
    expect(ends.map(({ bundleId }) => String(bundleId)).toSorted()).toEqual(
      [...region.bundles.keys()].toSorted(),
    );
    for (const { end } of ends) expect(end).toEqual({ kind: "landed", slot: 280_999_030 });
  });

  it("stage-metrics shows each stage's counts, and they add up from one to the next", async () => {
    const [first, second, third, fourth, fifth] = await runExample("stage-metrics");
    expect(first).toMatchObject({
      prefilter: { received: 400, passed: 100, rejected: { "not-watched": 300 }, inFlight: 0 },
    });
    expect(second).toMatchObject({ extract: { received: 100, passed: 100, inFlight: 0 } });
    const { own } = third as { own: { histograms: { age: { count: number } } } };
    expect(own).toMatchObject({ stage: "candidate-log", counters: { seen: 100 } });
    expect(own.histograms.age.count).toBe(100);
    expect(fourth).toMatchObject({ ring: { written: 100, read: 100, inFlight: 0 } });
    expect(fifth).toMatchObject({ lastEvent: { trace_id: "396" } });
  });

  it("prometheus-endpoint is scraped with what the thread counted", async () => {
    const [at, answer, ...rest] = await runExample("prometheus-endpoint");
    expect(at?.["url"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(answer).toMatchObject({ status: 200, type: expect.stringContaining("version=0.0.4") });
    const lines = rest.map(({ line }) => String(line));
    expect(lines).toContain('square_roots_done_total{stage="square-roots"} 1000000');
    expect(lines).toContain(`square_roots_last{stage="square-roots"} ${Math.sqrt(999)}`);
    expect(lines).toContain('square_roots_turn_seconds_count{stage="square-roots"} 1000');
    expect(lines).toContain("# TYPE square_roots_turn_seconds histogram");
  });
});
