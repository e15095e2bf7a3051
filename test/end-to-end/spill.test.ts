// Nothing that the edge acknowledged is lost when Kafka or the edge's own process are killed
// (kill -9) under load. WEIR_KILLS=25 kills each that often; WEIR_SEED repeats a run.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { kafkaAvailable } from "../kafka-broker.ts";
import { runSeed, seeded } from "../random.ts";
import { EdgeAndKafka, type Held, SpanSenders, stopSenders } from "./edge-and-kafka.ts";

const kills = Number(process.env["WEIR_KILLS"] ?? 4);
const seed = runSeed("spill");
const timeoutMs = 60_000 + kills * 10_000;

const vars = { WAIT_MS_MAX: "4000" };
const impatient = { WAIT_MS_MAX: "2000" };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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
      await pause(300);
      for (let i = 0; i < kills; i += 1) {
        await system.killKafka();
        await pause(random.below(600));
        await system.startKafka();
        await pause(random.below(800));
      }
      await senders.stop();
      await system.drained(20_000);
      const result = account(await system.held(), senders.acknowledged);
      say("Kafka killed", senders, result);
      expect(result.lost).toEqual([]);
      expect(senders.others).toEqual(new Map());
      expect(senders.acknowledged.length).toBeGreaterThan(kills * 50);
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
        await pause(random.below(500));
        if (random.below(3) > 0)
          await (system.isKafkaUp ? system.killKafka() : system.startKafka());
        await pause(random.below(500));
        await system.killEdge();
        await system.startEdge(vars);
      }
      if (!system.isKafkaUp) await system.startKafka();
      await pause(500);
      await senders.stop();
      await system.drained(20_000);
      const result = account(await system.held(), senders.acknowledged);
      say("edge killed", senders, result);
      expect(result.lost).toEqual([]);
      expect(senders.acknowledged.length).toBeGreaterThan(kills * 20);
    },
    timeoutMs,
  );

  test("sends what it kept after a restart without being asked", async () => {
    await system.startEdge(impatient);
    await system.killKafka();
    const senders = new SpanSenders(() => system.url, 2);
    await pause(2500);
    await senders.stop();
    const { forwarder } = await system.status();
    expect(forwarder.spilledRecords).toBe(senders.acknowledged.length);
    expect(forwarder.spilledRecords).toBeGreaterThan(10);
    await system.killEdge();
    await system.startKafka();
    await system.startEdge(impatient);
    // No request goes to the edge: the alarm alone starts the object.
    await vi.waitFor(
      async () => expect(account(await system.held(), senders.acknowledged).lost).toEqual([]),
      { timeout: 20_000, interval: 500 },
    );
  });

  test("refuses with 503 and Retry-After when its storage is full, and takes again later", async () => {
    await system.startEdge({ ...impatient, SPILL_BYTES_MAX: "20000" });
    await system.killKafka();
    const senders = new SpanSenders(() => system.url, 4);
    await pause(3000);
    await senders.stop();
    const { forwarder } = await system.status();
    expect(forwarder.spilledBytes).toBeLessThanOrEqual(20_000);
    expect([...senders.others.keys()]).toEqual([503]);
    expect([...senders.retryAfter]).toEqual(["1"]);
    await system.startKafka();
    await system.drained(20_000);
    const again = new SpanSenders(() => system.url, 1);
    await pause(300);
    await again.stop();
    expect([again.others.size, again.acknowledged.length > 0]).toEqual([0, true]);
    const held = await system.held();
    expect(account(held, senders.acknowledged).lost).toEqual([]);
  });
});
