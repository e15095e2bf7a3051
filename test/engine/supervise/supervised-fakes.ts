// A supervisor of workers that do nothing but write down what is done to them.
import { restartDefaults } from "../../../engine/supervise/restart-budget.ts";
import type { SupervisorOptions } from "../../../engine/supervise/supervisor.ts";
import { Supervisor } from "../../../engine/supervise/supervisor.ts";
import type { RestartStrategy, Worker } from "../../../engine/supervise/worker.ts";

type Fake = {
  readonly strategy?: RestartStrategy;
  readonly critical?: boolean;
  readonly sideBySide?: boolean;
  /** Awaited by every start, with its number. */
  readonly onStart?: (start: number) => Promise<void>;
  readonly onStop?: () => Promise<void>;
};

type Rig = {
  readonly supervisor: Supervisor;
  readonly workers: Worker[];
  readonly done: string[];
  readonly slept: number[];
  readonly time: { nowMs: number };
  readonly beats: Map<string, number>;
  /** Its `resolve` is the deadline of a stop. */
  readonly late: { resolve: () => void };
  readonly states: () => string;
};

/** Workers a, b, c, ... that write down what is done to them; time moves only by sleeping. */
export const rig = (fakes: readonly Fake[], options: Partial<SupervisorOptions> = {}): Rig => {
  const done: string[] = [];
  const beats = new Map<string, number>();
  const starts = new Map<string, number>();
  const time = { nowMs: 0 };
  const workers = fakes.map((fake, index): Worker => {
    const name = "abcdef"[index] ?? "";
    return {
      name,
      critical: fake.critical ?? true,
      strategy: fake.strategy ?? "one_for_one",
      sideBySide: fake.sideBySide ?? false,
      start: async () => {
        const start = (starts.get(name) ?? 0) + 1;
        starts.set(name, start);
        done.push(`start ${name}`);
        await fake.onStart?.(start);
      },
      stop: async () => {
        done.push(`stop ${name}`);
        await fake.onStop?.();
      },
      kill: async () => {
        done.push(`kill ${name}`);
      },
      rest: {
        pause: async () => void done.push(`pause ${name}`),
        resume: async () => void done.push(`resume ${name}`),
      },
      heartbeat: () => beats.get(name) ?? 0,
    };
  });
  const slept: number[] = [];
  const supervisor = new Supervisor({
    workers,
    limits: restartDefaults,
    hangMs: 1_000_000,
    handOver: async (names) => void done.push(`hand over ${[...names].join(" ")}`),
    quiesce: async () => void done.push("quiesce"),
    clock: {
      nowMs: () => time.nowMs,
      sleep: (ms, signal) => {
        // The deadline of a stop: late when the test says so.
        if (signal !== undefined && ms > 0) {
          return new Promise((resolve) => {
            late.resolve = resolve;
          });
        }
        slept.push(ms);
        time.nowMs += ms;
        return Promise.resolve();
      },
    },
    random: () => 0.5,
    note: () => undefined,
    ...options,
  });
  const late: { resolve: () => void } = { resolve: () => undefined };
  const states = (): string =>
    supervisor
      .workers()
      .map(({ name, state, restarts }) => `${name} ${state} ${restarts}`)
      .join(", ");
  return { supervisor, workers, done, slept, time, beats, late, states };
};
