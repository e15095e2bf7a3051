// The engine of one process: shared memory, the threads over it, and their start and stop.
// Everything here runs on the control thread and never touches a record.
import { MessageChannel } from "node:worker_threads";

import type { LogPlace } from "../log/open-log.ts";
import type { EngineMemory } from "./memory.ts";
import { createEngineMemory, stopFlags } from "./memory.ts";
import type { LogThreadData, PortData, ThreadData } from "./thread-data.ts";
import type { ThreadFailure } from "./thread.ts";
import { EngineThread } from "./thread.ts";

const consumerGroup = "weir-engine";

export type EngineOptions = {
  /** Kafka's address, or the directory of the embedded log, which the engine then serves. */
  readonly log: { readonly kafka: string } | { readonly directory: string; readonly port: number };
  readonly runId: string;
};

export type Engine = {
  readonly memory: EngineMemory;
  /** Where the embedded log takes records over REST; null on Kafka. */
  readonly restUrl: string | null;
  /** Settles when a thread failed; the engine is then stopping and its work uncommitted. */
  readonly failed: Promise<ThreadFailure>;
  /** Stops in the order of the data; true when all was handled, acknowledged and committed. */
  readonly stop: (deadlineMs: number) => Promise<boolean>;
};

/** @throws ThreadStartError when a thread cannot start, after all others were ended. */
export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const memory = createEngineMemory();
  const failure = Promise.withResolvers<ThreadFailure>();
  const threads = new Map<string, EngineThread>();
  const start = (name: string, data: unknown, transfer: EngineThreadPorts = []): EngineThread => {
    const thread = new EngineThread({ name, data, transfer, onFailed: failure.resolve });
    threads.set(name, thread);
    return thread;
  };
  const failed = failure.promise;
  const ready = async (thread: EngineThread) => {
    const first = await Promise.race([thread.heard("ready"), failed]);
    if ("thread" in first) throw new ThreadStartError(first);
    return first.is === "ready" ? first : {};
  };
  try {
    const restUrl = await startLog(options, memory, async (data) => ready(start("log", data)));
    const log = targetOf(options, memory);
    const base: ThreadData = { memory, log, group: consumerGroup, runId: options.runId };
    const { port1, port2 } = new MessageChannel();
    start("market", base);
    start("stream", base);
    await ready(start("egress", { ...base, port: port1 } satisfies PortData, [port1]));
    await ready(start("ingest", { ...base, port: port2 } satisfies PortData, [port2]));
    const stop = (deadlineMs: number) => stopAll(threads, memory, { failed, deadlineMs });
    return { memory, restUrl, failed, stop };
  } catch (error) {
    await Promise.all([...threads.values()].map((thread) => thread.kill()));
    throw error;
  }
};

type EngineThreadPorts = readonly MessageChannel["port1"][];

export class ThreadStartError extends Error {
  override name = "ThreadStartError";
  readonly unreachable: boolean;

  constructor({ thread, message, unreachable }: ThreadFailure) {
    super(`thread=${thread} did not start: ${message}`);
    this.unreachable = unreachable;
  }
}

const targetOf = ({ log }: EngineOptions, { wake }: EngineMemory): LogPlace =>
  "kafka" in log ? { kafka: log.kafka } : { directory: log.directory, wake };

const startLog = async (
  { log }: EngineOptions,
  { wake }: EngineMemory,
  start: (data: LogThreadData) => Promise<{ readonly port?: number | undefined }>,
): Promise<string | null> => {
  if ("kafka" in log) return null;
  const { port } = await start({ directory: log.directory, wake, port: log.port });
  return `http://127.0.0.1:${port}`;
};

type StopOptions = { readonly failed: Promise<ThreadFailure>; readonly deadlineMs: number };

const stopAll = async (
  threads: ReadonlyMap<string, EngineThread>,
  memory: EngineMemory,
  { failed, deadlineMs }: StopOptions,
): Promise<boolean> => {
  const timer = Promise.withResolvers<false>();
  const timeout = setTimeout(() => timer.resolve(false), deadlineMs);
  const clean = await Promise.race([
    inOrder(threads, memory).then(() => true),
    failed.then(() => false),
    timer.promise,
  ]);
  clearTimeout(timeout);
  await Promise.all([...threads.values()].map((thread) => thread.kill()));
  return clean;
};

const inOrder = async (
  threads: ReadonlyMap<string, EngineThread>,
  memory: EngineMemory,
): Promise<void> => {
  const tell = async (
    name: string,
    order: "hold" | "finish" | "stop",
    answer: "held" | "stopped",
  ) => {
    const thread = threads.get(name);
    thread?.tell({ do: order });
    await thread?.heard(answer);
  };
  await tell("ingest", "hold", "held");
  const flags = new Int32Array(memory.stop);
  for (const flag of Object.values(stopFlags)) Atomics.store(flags, flag, 1);
  await Promise.all([threads.get("market")?.exited(), threads.get("stream")?.exited()]);
  await tell("egress", "stop", "stopped");
  await tell("ingest", "finish", "stopped");
  await tell("log", "stop", "stopped");
};
