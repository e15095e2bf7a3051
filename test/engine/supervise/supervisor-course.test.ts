// A supervisor under any course of events: workers that die, fail to start and to rest, and people
// who pause, resume and restart them meanwhile. What it says of each is what each is.
import { expect, it } from "vitest";

import { restartDefaults } from "../../../engine/supervise/restart-budget.ts";
import { Supervisor } from "../../../engine/supervise/supervisor.ts";
import type { Worker } from "../../../engine/supervise/worker.ts";
import { type Random, runSeed, seeded } from "../../random.ts";
import { settled } from "./settled.ts";

const yields = async (random: Random): Promise<void> => {
  for (let i = random.below(4); i > 0; i -= 1) {
    await (random.below(2) === 0 ? settled() : Promise.resolve());
  }
};

/** One that is alive or dead, and paused or not; told to start only when it is dead. */
class Fake {
  isAlive = false;
  isPaused = false;
  failures = 0;
  readonly name: string;
  readonly #random: Random;
  #lives = 0;
  #beats = 0;

  constructor(name: string, random: Random) {
    this.name = name;
    this.#random = random;
  }

  asWorker(): Worker {
    return {
      name: this.name,
      critical: false,
      strategy: this.#random.pick(["one_for_one", "rest_for_one"]),
      sideBySide: this.#random.pick([true, false]),
      start: () => this.#start(),
      stop: () => this.#end(),
      kill: () => this.#end(),
      rest: { pause: () => this.#rest(true), resume: () => this.#rest(false) },
      heartbeat: () => {
        this.#beats += 1;
        return this.#beats;
      },
    };
  }

  async #start(): Promise<void> {
    expect([this.name, this.isAlive]).toEqual([this.name, false]);
    this.#lives += 1;
    const life = this.#lives;
    this.isAlive = true;
    this.isPaused = false;
    await yields(this.#random);
    if (this.#random.next() < this.failures) this.isAlive = false;
    if (!this.isAlive || life !== this.#lives) throw new Error("died");
  }

  async #end(): Promise<void> {
    this.#lives += 1;
    this.isAlive = false;
    await yields(this.#random);
  }

  async #rest(isPaused: boolean): Promise<void> {
    await yields(this.#random);
    if (!this.isAlive) throw new Error("dead");
    this.isPaused = isPaused;
  }
}

const supervised = (fakes: readonly Fake[], random: Random): Supervisor => {
  const time = { ms: 0 };
  return new Supervisor({
    workers: fakes.map((fake) => fake.asWorker()),
    limits: { ...restartDefaults, windowMs: 500 },
    hangMs: 1_000_000,
    handOver: async (names) => {
      const living = fakes.filter(({ name, isAlive }) => names.has(name) && isAlive);
      expect(living).toEqual([]);
      await yields(random);
    },
    quiesce: () => yields(random),
    clock: {
      nowMs: () => time.ms,
      sleep: async (ms, signal) => {
        // The deadline of a stop never comes.
        if (signal !== undefined) return new Promise(() => undefined);
        await yields(random);
        time.ms += ms;
      },
    },
    random: random.next,
    note: () => undefined,
  });
};

const disturb = (fake: Fake, supervisor: Supervisor, random: Random): Promise<unknown> => {
  const { name } = fake;
  const kind = random.below(4);
  if (kind === 0 && fake.isAlive) {
    fake.isAlive = false;
    supervisor.report(name, "died");
  }
  if (kind === 1) return supervisor.pause(name);
  if (kind === 2) return supervisor.resume(name);
  return kind === 3 ? supervisor.restart(name) : yields(random);
};

it("keeps alive what it says is up, paused what it says is paused, and ends all", async () => {
  const random = seeded(runSeed("supervisor course"));
  const seen = new Set<string>();
  for (let run = 0; run < 150; run += 1) {
    const fakes = Array.from("abcd", (name) => new Fake(name, random));
    const supervisor = supervised(fakes, random);
    await supervisor.start();
    const failures = random.pick([0, 0.15, 0.6]);
    for (const fake of fakes) fake.failures = failures;
    const asked: Promise<unknown>[] = [];
    for (let step = 0; step < 30; step += 1) {
      asked.push(disturb(random.pick(fakes), supervisor, random).catch(() => undefined));
      await yields(random);
    }
    await Promise.all(asked);
    // The last failures are still being repaired.
    for (let turn = 0; turn < 100; turn += 1) await settled();
    for (const [i, { state }] of supervisor.workers().entries()) {
      const { isAlive, isPaused } = fakes[i] as Fake;
      const is = isAlive ? (isPaused ? "Paused" : "Running") : "Error";
      expect([run, i, state]).toEqual([run, i, is]);
      seen.add(state);
    }
    await supervisor.stop(1000);
    expect(fakes.filter(({ isAlive }) => isAlive)).toEqual([]);
    expect(new Set(supervisor.workers().map(({ state }) => state))).toEqual(new Set(["Stopped"]));
  }
  expect([...seen].sort()).toEqual(["Error", "Paused", "Running"]);
});
