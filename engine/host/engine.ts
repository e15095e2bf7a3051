// The engine of one process: shared memory, the threads over it, and the supervisor that keeps them
// alive. Everything here runs on the control thread and never touches a record.
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { LiveSettings, LiveThread } from "../config/live-control.ts";
import type { InputRole } from "../consume/input-rings.ts";
import { createEventMemory } from "../events/event-collector.ts";
import type { EventMemories } from "../export/event-export.ts";
import {
  type ExportFaults,
  type Exports,
  type ExportSettings,
  startExports,
} from "../export/exports.ts";
import type { RejoinOptions } from "../log/event-log.ts";
import { lockDirectory, type Release } from "../log/embedded/lock.ts";
import type { LogPlace } from "../log/open-log.ts";
import { type ResolverSettings, startResolver } from "../resolve/start-resolver.ts";
import { sniffDefaults, type SniffSettings } from "../sniff/sniff-settings.ts";
import { cellOf, MetricCells } from "../metrics/cells.ts";
import { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import type { Submission } from "../submit/outlet.ts";
import type { SubmitSettings } from "../submit/submit-settings.ts";
import { windowDefaults, type WindowOptions } from "../stream/window-options.ts";
import type { ScaleLimits } from "../supervise/auto-scale.ts";
import type { RestartLimits } from "../supervise/restart-budget.ts";
import { restartDefaults } from "../supervise/restart-budget.ts";
import { Supervisor } from "../supervise/supervisor.ts";
import { createWorkerMemory } from "../supervise/worker-cells.ts";
import { type AutoScaler, startAutoScaler } from "./auto-scaler.ts";
import { turnTracingOn } from "../trace/trace-layout.ts";
import type { DrainReport } from "./drain-report.ts";
import { drainReport } from "./drain-report.ts";
import { handOver } from "./hand-over.ts";
import type { Lane } from "./lanes.ts";
import { Lanes } from "./lanes.ts";
import type { EngineMemory, MemorySizes } from "./memory.ts";
import { createEngineMemory, memoryDefaults } from "./memory.ts";
import { checkedThreads, type Scale, scaleOf, type Steering, steeringOf } from "./steering.ts";
import type { ThreadDiedError } from "./thread.ts";
import type { ThreadName } from "./workers.ts";
import { EngineThreads } from "./workers.ts";

const consumerGroup = "weir-engine";
const firstVersion = 1;
const hangMsDefault = 5_000;
/** What leaves the process last is given so long after the threads. */
const exportsStopMsMax = 1_000;

export type EngineOptions = {
  /** Kafka's address, or the directory of the embedded log, which the engine then serves. */
  readonly log: { readonly kafka: string } | { readonly directory: string; readonly port: number };
  readonly runId: string;
  /** What the sniffer checks and how it hands off; the defaults of sniff-settings.ts without it. */
  readonly sniff?: SniffSettings;
  /** Where market threads find settings that change while they run; none change without it. */
  readonly live?: LiveSettings;
  /** Sizes of rings, events and books; those of memory.ts without it. */
  readonly sizes?: Omit<MemorySizes, "replayWindow" | "lookupTables" | "hasTap">;
  /** Windows of the stream threads; those of window-options.ts without it. */
  readonly windows?: WindowOptions;
  /** How Kafka is reached again; as schemas/kafka/client.ts without it. */
  readonly rejoin?: RejoinOptions;
  /** What is made of candidates beside the log: nothing without it. */
  readonly submit?: SubmitSettings | null;
  /** Where lookup tables are looked up: nowhere without it. */
  readonly resolver?: ResolverSettings | null;
  /** Threads of a role at the start; 1 without it. */
  readonly threads?: { readonly [role in InputRole]?: number };
  /** How roles are scaled by how long their records wait; not by themselves without it. */
  readonly scaling?: { readonly [role in InputRole]: ScaleLimits };
  /** What leaves the process about itself; nothing without it. */
  readonly exports?: ExportSettings;
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
  readonly steering: Steering;
  /** Threads that take settings up and do so now: those that rest do when they go on. */
  readonly liveThreads: () => readonly LiveThread[];
  /** Metrics of custom stages; grows and shrinks. */
  readonly stages: StageMetricsSet;
  /** The last ones sent, or in a dry run to be sent; null when nothing is. */
  readonly submissions: () => readonly Submission[] | null;
  /** What went wrong last with what leaves the engine about itself. */
  readonly exportFaults: () => ExportFaults;
  /** Says which version of the configuration runs, for metrics and outputs; 1 at the start. */
  readonly tellVersion: (version: number) => void;
  /** Says whether the last reload was refused, for metrics. */
  readonly tellRefused: (isRefused: boolean) => void;
  /** All lanes that there were, those of the engine's own memory first; grows. */
  readonly lanes: readonly Lane[];
  /** Memories of all event collectors; grows. */
  readonly events: readonly SharedArrayBuffer[];
  /** No role is scaled by itself any more: it is about to stop. */
  readonly endScaling: () => void;
  /** Stops in the order of the data within one deadline; says what was drained. */
  readonly stop: (deadlineMs: number) => Promise<DrainReport>;
};

/** @throws ThreadStartError when a thread cannot start, after all others were ended. */
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const release = lockOf(options.log);
  try {
    const engine = await startThreads(options);
    const stop = async (deadlineMs: number): Promise<DrainReport> =>
      engine.stop(deadlineMs).finally(release);
    return { ...engine, stop };
  } catch (error) {
    release();
    throw error;
  }
};

/** Held here: the threads that use the embedded log come and go. */
const lockOf = (log: EngineOptions["log"]): Release => {
  if ("kafka" in log) return () => undefined;
  try {
    return lockDirectory(resolve(log.directory));
  } catch (error) {
    throw startError(error, null);
  }
};

const startThreads = async (options: EngineOptions): Promise<Engine> => {
  const { log } = options;
  const given = withDefaults(options);
  const { sniff, submit } = given;
  const sizes = sizesOf(options, given);
  const stages = new StageMetricsSet();
  const memory = createEngineMemory(sniff.verifyThreads, sizes);
  if (isTraced(options)) turnTracingOn(memory.traces);
  tellVersion(memory, firstVersion);
  const lanes = new Lanes(memory, sizes);
  const submitEvents = createEventMemory(submit === null ? 1 : sizes.events);
  if (submit !== null) lanes.shownEvents.push(submitEvents);
  for (const role of ["market", "stream"] as const) {
    lanes.resize(role, checkedThreads(role, options.threads?.[role] ?? 1));
  }
  const stopResolver = resolverOf(given.resolver, memory, lanes);
  let firstDeath: { readonly thread: string; readonly error: ThreadDiedError } | null = null;
  const threads = new EngineThreads({
    memory,
    lanes,
    workers: createWorkerMemory(),
    log: placeOf(log, memory),
    served: "kafka" in log ? null : log,
    group: consumerGroup,
    runId: options.runId,
    ...given,
    submitEvents,
    stages,
    onDied: (thread, error) => {
      firstDeath ??= { thread, error };
      supervisor.report(thread, error.message);
    },
  });
  const supervisor = supervisorOf(options, threads, lanes);
  try {
    await supervisor.start();
  } catch (error) {
    stopResolver();
    throw startError(error, firstDeath);
  }
  const scale = scaleOf(lanes, threads, supervisor);
  const scaler = startScaling(options, { lanes, supervisor, scale });
  const exports = await exportsOf(options, memory, { market: lanes.events, submit: submitEvents });
  return {
    memory,
    restUrl: "kafka" in log ? null : `http://127.0.0.1:${threads.logPort}`,
    failed: supervisor.failed.then(({ name, message }) => ({ thread: name, message })),
    steering: steeringOf(supervisor, scale, scaler),
    liveThreads: () => {
      const running = supervisor.workers().filter(({ state }) => state === "Running");
      return threads.liveThreads().filter(({ name }) => running.some((one) => one.name === name));
    },
    stages,
    submissions: () => threads.submissions,
    exportFaults: () => exports?.faults() ?? {},
    tellVersion: (version) => tellVersion(memory, version),
    tellRefused: (isRefused) =>
      new MetricCells(memory.metrics).set(cellOf("configRefused"), isRefused ? 1 : 0),
    lanes: lanes.all,
    events: lanes.shownEvents,
    endScaling: () => scaler?.end(),
    stop: async (deadlineMs) => {
      scaler?.end();
      const report = await drainReport(memory, lanes.all, () => supervisor.stop(deadlineMs));
      stopResolver();
      await exports?.stop(Math.min(deadlineMs, exportsStopMsMax));
      return report;
    },
  };
};

type ScalingParts = {
  readonly lanes: Lanes;
  readonly supervisor: Supervisor;
  readonly scale: Scale;
};

const startScaling = (
  { scaling, note }: EngineOptions,
  { lanes, supervisor, scale }: ScalingParts,
): AutoScaler | null =>
  scaling === undefined
    ? null
    : startAutoScaler({
        lanes,
        limits: scaling,
        workers: () => supervisor.workers(),
        scale: (role, count, holds) => scale([{ role, count }], holds),
        note: note ?? (() => undefined),
      });

const isTraced = ({ exports }: EngineOptions): boolean => (exports?.traceEndpoint ?? "") !== "";

const sizesOf = (
  { sizes }: EngineOptions,
  { sniff, resolver, submit }: ReturnType<typeof withDefaults>,
): MemorySizes => ({
  ...memoryDefaults,
  ...sizes,
  replayWindow: sniff.replayWindow,
  lookupTables: resolver?.tablesMax ?? 0,
  hasTap: submit !== null,
});

/** Starts it when there is one; returns what stops it. */
const resolverOf = (
  settings: ResolverSettings | null,
  { tables, metrics }: EngineMemory,
  lanes: Lanes,
): (() => void) => {
  if (settings === null || tables === null) return () => undefined;
  try {
    return startResolver({
      ...settings,
      cache: tables.cache,
      requests: () => lanes.tableRequests(),
      metrics,
    }).stop;
  } catch (error) {
    throw startError(error, null);
  }
};

/** What threads are given, and what holds where nothing else is asked for. */
const withDefaults = ({
  sniff = sniffDefaults,
  windows = windowDefaults,
  rejoin,
  live,
  submit = null,
  resolver = null,
  threadFiles: files = {},
  note = () => undefined,
}: EngineOptions) => ({
  sniff,
  windows,
  rejoin: rejoin ?? null,
  live: live ?? null,
  submit,
  resolver,
  files,
  note,
});

const tellVersion = ({ metrics }: EngineMemory, version: number): void =>
  new MetricCells(metrics).set(cellOf("configVersion"), version);

const exportsOf = async (
  { exports, log, runId }: EngineOptions,
  memory: EngineMemory,
  events: EventMemories,
): Promise<Exports | null> =>
  exports === undefined
    ? null
    : startExports({
        ...exports,
        events,
        metrics: memory.metrics,
        traces: memory.traces,
        log: placeOf(log, memory),
        runId,
      });

export class ThreadStartError extends Error {
  override name = "ThreadStartError";
  /** Which it was; null when it was none of them alone. */
  readonly thread: string | null;

  constructor(message: string, thread: string | null, cause: Error) {
    super(message, { cause });
    this.thread = thread;
  }
}

const startError = (
  error: unknown,
  death: { readonly thread: string; readonly error: ThreadDiedError } | null,
): Error => {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (death === null) return new ThreadStartError(cause.message, null, cause);
  const { thread, error: own } = death;
  return new ThreadStartError(`thread=${thread} did not start: ${own.message}`, thread, cause);
};

const placeOf = (log: EngineOptions["log"], { wake }: EngineMemory): LogPlace =>
  "kafka" in log ? { kafka: log.kafka } : { directory: log.directory, wake };

const supervisorOf = (
  { restarts, hangMs, note }: EngineOptions,
  threads: EngineThreads,
  lanes: Lanes,
): Supervisor =>
  new Supervisor({
    workers: threads.workers(),
    limits: { ...restartDefaults, ...restarts },
    hangMs: hangMs ?? hangMsDefault,
    handOver: (dead) =>
      handOver(lanes, dead, {
        ingest: threads.living("ingest"),
        egress: threads.living("egress"),
        submit: threads.living("submit"),
      }),
    quiesce: () => threads.quiesce(),
    clock: {
      nowMs: () => performance.now(),
      sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
    },
    random: Math.random,
    note: note ?? (() => undefined),
  });
