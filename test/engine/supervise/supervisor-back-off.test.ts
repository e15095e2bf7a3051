// A restart that is asked for while a failed worker waits for its own.
import { expect, it } from "vitest";

import { restartDefaults } from "../../../engine/supervise/restart-budget.ts";
import { Supervisor } from "../../../engine/supervise/supervisor.ts";
import type { Worker } from "../../../engine/supervise/worker.ts";
import { settled } from "./settled.ts";

it("starts a worker once, and at once, that is asked to restart while it waits for its start", async () => {
  const done: string[] = [];
  const workerOf = (name: string): Worker => ({
    name,
    critical: true,
    strategy: "rest_for_one",
    start: async () => void done.push(`start ${name}`),
    stop: async () => undefined,
    kill: async () => void done.push(`kill ${name}`),
    rest: null,
    heartbeat: () => 0,
  });
  const never = new Promise<void>(() => undefined);
  const supervisor = new Supervisor({
    workers: ["a", "b", "c"].map(workerOf),
    limits: restartDefaults,
    hangMs: 1_000_000,
    handOver: async (names) => void done.push(`hand over ${[...names].join(" ")}`),
    quiesce: async () => undefined,
    clock: { nowMs: () => 0, sleep: () => never },
    random: () => 0.5,
    note: () => undefined,
  });
  const states = (): string =>
    supervisor
      .workers()
      .map(({ state }) => state)
      .join(", ");
  await supervisor.start();
  done.length = 0;
  supervisor.report("b", "broken");
  await settled();
  expect(states()).toBe("Running, Error, Stopped");
  await supervisor.restart("b");
  await settled();
  expect(done).toEqual(["kill b", "kill b", "kill c", "hand over b c", "start b", "start c"]);
  expect(states()).toBe("Running, Running, Running");
});
