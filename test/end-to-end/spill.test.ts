// Nothing that the edge acknowledged is lost when Kafka or the edge's own process are killed
// (kill -9) under load. WEIR_KILLS=25 kills each that often; WEIR_SEED repeats a run.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { kafkaAvailable } from "../kafka-broker.ts";
import { runSeed, seeded } from "../random.ts";
import { until } from "../until.ts";
import { EdgeAndKafka, type Held, SpanSenders, stopSenders } from "./edge-and-kafka.ts";

const kills = Number(process.env["WEIR_KILLS"] ?? 2);
const seed = runSeed("spill");
const timeoutMs = 300_000 + kills * 30_000;

const vars = { WAIT_MS_MAX: "20000" };

const drainMsMax = 120_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until so many more are acknowledged: whatever is down, they are. */
const answers = async ({ acknowledged }: SpanSenders, more: number): Promise<void> => {
  const wanted = acknowledged.length + more;
  await until(() => acknowledged.length >= wanted, `${more} more acknowledged`);
};

type Account = { readonly lost: readonly string[]; readonly repeats: number };

/** @throws when a span came twice with different header ids: such a repeat cannot be told. */
const account = (held: Held, acknowledged: readonly string[]): Account => {
  const lost = acknowledged.filter((name) => !held.has(name));
  let repeats = 0;
  for (const [name, { times, ids }] of held) {
    if (ids.size > 1) throw new Error(`${name} came with ids ${[...ids].join(", ")}`);
    repeats += times - 1;
  }
  return { lost, repeats };
};

const say = (what: string, senders: SpanSenders, result: Account): void => {
  const { acknowledged, others, slowestMs } = senders;
  const line = { what, seed, kills, acknowledged: acknowledged.length };
  const rest = { repeats: result.repeats, others: Object.fromEntries(others), slowestMs };
  console.log(JSON.stringify({ ...line, ...rest }));
};

describe.skipIf(!kafkaAvailable())("the edge before a real Kafka (needs Java 17 and Maven)", () => {
  const system = new EdgeAndKafka();

  beforeAll(() => system.start());
  afterEach(async () => {
    await stopSenders();
    if (!system.isKafkaUp) await system.startKafka();
    await system.killEdge();
  });
  afterAll(() => system.close());

  test(
    "loses nothing when Kafka is killed under load, and makes nobody wait for it",
    async () => {
      const random = seeded(seed);
      await system.startEdge(vars);
      const senders = new SpanSenders(() => system.url, 8);
      await answers(senders, 10);
      for (let i = 0; i < kills; i += 1) {
        await system.killKafka();
        await answers(senders, 50);
        await pause(random.below(600));
        await system.startKafka();
        await pause(random.below(800));
      }
      await senders.stop();
      await system.drained(drainMsMax);
      const result = account(await system.held(), senders.acknowledged);
      say("Kafka killed", senders, result);
      expect(result.lost).toEqual([]);
      expect(senders.others).toEqual(new Map());
      expect((await system.status()).forwarder).toMatchObject({ isLogDown: false });
    },
    timeoutMs,
  );

  test(
    "loses nothing when the edge is killed at random points, Kafka up or down",
    async () => {
      const random = seeded(seed + 1);
      await system.startEdge(vars);
      const senders = new SpanSenders(() => system.url, 8);
      for (let i = 0; i < kills; i += 1) {
        await answers(senders, 20);
        await pause(random.below(500));
        if (random.below(3) > 0)
          await (system.isKafkaUp ? system.killKafka() : system.startKafka());
        await pause(random.below(500));
        await system.killEdge();
        await system.startEdge(vars);
      }
      if (!system.isKafkaUp) await system.startKafka();
      await answers(senders, 20);
      await senders.stop();
      await system.drained(drainMsMax);
      const result = account(await system.held(), senders.acknowledged);
      say("edge killed", senders, result);
      expect(result.lost).toEqual([]);
    },
    timeoutMs,
  );

  test("sends what it kept after a restart without being asked", async () => {
    await system.startEdge(vars);
    await system.killKafka();
    const senders = new SpanSenders(() => system.url, 2);
    await answers(senders, 20);
    await senders.stop();
    const { forwarder } = await system.status();
    expect(forwarder.spilledRecords).toBe(senders.acknowledged.length);
    await system.killEdge();
    await system.startKafka();
    await system.startEdge(vars);
    // No request goes to the edge: the alarm alone starts the object.
    await vi.waitFor(
      async () => expect(account(await system.held(), senders.acknowledged).lost).toEqual([]),
      { timeout: drainMsMax, interval: 500 },
    );
  });

  test("refuses with 503 and Retry-After when its storage is full, and takes again later", async () => {
    await system.startEdge({ ...vars, SPILL_BYTES_MAX: "20000" });
    await system.killKafka();
    const senders = new SpanSenders(() => system.url, 4);
    await until(() => (senders.others.get(503) ?? 0) > 10, "refusals");
    await senders.stop();
    const { forwarder } = await system.status();
    expect(forwarder.spilledBytes).toBeLessThanOrEqual(20_000);
    expect([...senders.others.keys()]).toEqual([503]);
    expect([...senders.retryAfter]).toEqual(["1"]);
    await system.startKafka();
    await system.drained(drainMsMax);
    const again = new SpanSenders(() => system.url, 1);
    await answers(again, 10);
    await again.stop();
    expect(again.others.size).toBe(0);
    const held = await system.held();
    expect(account(held, senders.acknowledged).lost).toEqual([]);
  });
});
