// The engine of one process: shared memory, the threads over it, and the supervisor that keeps them
// alive. Everything here runs on the control thread and never touches a record.
import { setTimeout as sleep } from "node:timers/promises";

import type { LogPlace } from "../log/open-log.ts";
import { sniffDefaults, type SniffSettings } from "../sniff/sniff-settings.ts";
import type { RestartLimits } from "../supervise/restart-budget.ts";
import { restartDefaults } from "../supervise/restart-budget.ts";
import { Supervisor } from "../supervise/supervisor.ts";
import { createWorkerMemory } from "../supervise/worker-cells.ts";
import type { DrainReport } from "./drain-report.ts";
import { drainReport } from "./drain-report.ts";
import { handOver } from "./hand-over.ts";
import type { EngineMemory } from "./memory.ts";
import { createEngineMemory } from "./memory.ts";
import type { ThreadDiedError } from "./thread.ts";
import type { ThreadName } from "./workers.ts";
import { EngineThreads } from "./workers.ts";

const consumerGroup = "weir-engine";
const hangMsDefault = 5_000;

export type EngineOptions = {
  /** Kafka's address, or the directory of the embedded log, which the engine then serves. */
  readonly log: { readonly kafka: string } | { readonly directory: string; readonly port: number };
  readonly runId: string;
  /** What the sniffer checks and how it hands off; the defaults of sniff-settings.ts without it. */
  readonly sniff?: SniffSettings;
  /** One line for each failure and restart. */
  readonly note?: (line: string) => void;
  /** How often threads are restarted before the engine fails. */
  readonly restarts?: Partial<RestartLimits>;
  /** A thread without a heartbeat for so long is killed and replaced. Default 5 s. */
  readonly hangMs?: number;
  /** Other modules for some threads, as tests of failures have. */
  readonly threadFiles?: { readonly [name in ThreadName]?: URL };
};

/** A failure that restarts did not cure. */
type ThreadFailure = { readonly thread: string; readonly message: string };

export type Engine = {
  readonly memory: EngineMemory;
  /** Where the embedded log takes records over REST; null on Kafka. */
  readonly restUrl: string | null;
  /** Settles when a thread failed for good; what it did is uncommitted. */
  readonly failed: Promise<ThreadFailure>;
  /** Shows and steers the threads: states, restarts and errors, in the order of their start. */
  readonly steering: Pick<Supervisor, "workers" | "pause" | "resume" | "restart">;
  /** Stops in the order of the data within one deadline; says what was drained. */
  readonly stop: (deadlineMs: number) => Promise<DrainReport>;
};

/** @throws ThreadStartError when a thread cannot start, after all others were ended. */
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const { log, sniff = sniffDefaults } = options;
  const memory = createEngineMemory(sniff.verifyThreads);
  let firstDeath: { readonly thread: string; readonly error: ThreadDiedError } | null = null;
  const threads = new EngineThreads({
    memory,
    workers: createWorkerMemory(),
    log: placeOf(log, memory),
    served: "kafka" in log ? null : log,
    group: consumerGroup,
    runId: options.runId,
    files: options.threadFiles ?? {},
    sniff,
    onDied: (thread, error) => {
      firstDeath ??= { thread, error };
      supervisor.report(thread, error.message);
    },
  });
  const supervisor = supervisorOf(options, threads, memory);
  try {
    await supervisor.start();
  } catch (error) {
    throw startError(error, firstDeath);
  }
  return {
    memory,
    restUrl: "kafka" in log ? null : `http://127.0.0.1:${threads.logPort}`,
    failed: supervisor.failed.then(({ name, message }) => ({ thread: name, message })),
    steering: {
      workers: () => supervisor.workers(),
      pause: (name) => supervisor.pause(name),
      resume: (name) => supervisor.resume(name),
      restart: (name) => supervisor.restart(name),
    },
    stop: (deadlineMs) => drainReport(memory, () => supervisor.stop(deadlineMs)),
  };
};

export class ThreadStartError extends Error {
  override name = "ThreadStartError";
}

const startError = (
  error: unknown,
  death: { readonly thread: string; readonly error: ThreadDiedError } | null,
): Error => {
  const cause = error instanceof Error ? error : new Error(String(error));
  return new ThreadStartError(
    death === null ? cause.message : `thread=${death.thread} did not start: ${death.error.message}`,
    { cause },
  );
};

const placeOf = (log: EngineOptions["log"], { wake }: EngineMemory): LogPlace =>
  "kafka" in log ? { kafka: log.kafka } : { directory: log.directory, wake };

const supervisorOf = (
  { restarts, hangMs, note }: EngineOptions,
  threads: EngineThreads,
  memory: EngineMemory,
): Supervisor =>
  new Supervisor({
    workers: threads.workers(),
    limits: { ...restartDefaults, ...restarts },
    hangMs: hangMs ?? hangMsDefault,
    handOver: (dead) => handOver(memory, dead, threads.living("ingest")),
    quiesce: () => threads.quiesce(),
    clock: {
      nowMs: () => performance.now(),
      sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
    },
    random: Math.random,
    note: note ?? (() => undefined),
  });
