// The engine's threads as workers of the supervisor: how each is started with what it needs, how
// it is paused, emptied and ended. Order of start: log, ingest, egress, verifiers, market, stream; each
// needs those before it, so that rest_for_one takes along what depends on the one that died.
import type { MessagePort } from "node:worker_threads";
import { MessageChannel } from "node:worker_threads";

import type { LogPlace } from "../log/open-log.ts";
import { moduleUrl } from "../package-root.ts";
import type { RestartStrategy, Worker } from "../supervise/worker.ts";
import { WorkerCells, workerOrder } from "../supervise/worker-cells.ts";
import type { SniffSettings } from "../sniff/sniff-settings.ts";
import type { EngineMemory } from "./memory.ts";
import type { LogThreadData, Order, SignatureThreadData, ThreadData } from "./thread-data.ts";
import type { ThreadDiedError } from "./thread.ts";
import { EngineThread } from "./thread.ts";

export const threadNames = ["log", "ingest", "egress", "market", "stream"] as const;
export type ThreadName = (typeof threadNames)[number];

/** Threads of which there are as many as the settings say; numbered from 1. */
type VerifierName = `verify-${number}`;
type WorkerName = ThreadName | VerifierName;

/** A thread that does not serve by then has failed: a consumer may wait for its group. */
const startMsMax = 60_000;

export type ThreadsOptions = {
  readonly memory: EngineMemory;
  readonly workers: SharedArrayBuffer;
  readonly log: LogPlace;
  /** Of the embedded log, when the engine serves it. */
  readonly served: { readonly directory: string; readonly port: number } | null;
  readonly group: string;
  readonly runId: string;
  /** Other modules for some threads, as tests of failures have. */
  readonly files: { readonly [name in ThreadName]?: URL };
  readonly sniff: SniffSettings;
  readonly onDied: (name: string, error: ThreadDiedError) => void;
};

/** The threads of one engine, in whatever life each of them is. */
export class EngineThreads {
  /** Where the served log listens; the same in all its lives. */
  logPort: number;
  readonly #options: ThreadsOptions;
  readonly #living = new Map<WorkerName, EngineThread>();
  /** Egress' end of its channel to ingest, until egress is started. */
  #egressPort: MessagePort | null = null;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.logPort = options.served?.port ?? 0;
  }

  /** The workers, in the order of their start. */
  workers(): readonly Worker[] {
    const served = this.#options.served === null ? [] : [this.#logWorker()];
    return [
      ...served,
      this.#ingest(),
      this.#egress(),
      ...this.#verifiers(),
      this.#stage("market", () => this.#data("market")),
      this.#stage("stream", () => this.#data("stream")),
    ];
  }

  living(name: WorkerName): EngineThread | null {
    return this.#living.get(name) ?? null;
  }

  /** Nothing enters the rings any more, and everything that rests moves again. */
  async quiesce(): Promise<void> {
    for (const name of ["market", "stream"] as const) this.#cells(name).give(workerOrder.run);
    await this.living("egress")?.ask({ do: "resume" });
    await this.living("ingest")?.ask({ do: "hold" });
  }

  #logWorker(): Worker {
    const { served, memory } = this.#options;
    const start = async (): Promise<void> => {
      const data: LogThreadData = {
        ...this.#place("log"),
        directory: served?.directory ?? "",
        wake: memory.wake,
        port: this.logPort,
      };
      const { port } = await this.#start("log", data);
      this.logPort = port ?? this.logPort;
    };
    return { ...this.#asked("log", "one_for_one"), start, rest: null };
  }

  #ingest(): Worker {
    const start = async (): Promise<void> => {
      const { port1, port2 } = new MessageChannel();
      this.#egressPort = port1;
      await this.#start("ingest", { ...this.#data("ingest"), port: port2 }, [port2]);
    };
    return { ...this.#asked("ingest", "rest_for_one"), start };
  }

  #egress(): Worker {
    const start = async (): Promise<void> => {
      const port = this.#egressPort ?? (await this.#newChannel());
      this.#egressPort = null;
      await this.#start("egress", { ...this.#data("egress"), port }, [port]);
    };
    return { ...this.#asked("egress", "rest_for_one"), start };
  }

  /** For an egress whose ingest lives on. */
  async #newChannel(): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel();
    await this.living("ingest")?.ask({ do: "listen", port: port2 }, [port2]);
    return port1;
  }

  // What a dead verifier had in hand is gone, and the market thread would wait for it: it starts
  // anew too, and its records are read from the log again.
  #verifiers(): readonly Worker[] {
    return this.#options.memory.sniff.verify.map((verify, index) => {
      const name: VerifierName = `verify-${index + 1}`;
      const data = (): SignatureThreadData => ({ ...verify, ...this.#place(name) });
      return { ...this.#stage(name, data), strategy: "rest_for_one", rest: null };
    });
  }

  #stage(name: VerifierName | "market" | "stream", data: () => unknown): Worker {
    const cells = this.#cells(name);
    return {
      name,
      critical: true,
      strategy: "one_for_one",
      start: async () => {
        cells.give(workerOrder.run);
        await this.#start(name, data());
      },
      stop: async () => {
        const thread = this.living(name);
        thread?.expectExit();
        cells.give(workerOrder.stop);
        await thread?.ended();
      },
      kill: () => this.#kill(name),
      rest: {
        pause: async () => cells.give(workerOrder.pause),
        resume: async () => cells.give(workerOrder.run),
      },
      heartbeat: () => cells.heartbeat(),
    };
  }

  /** What the threads with an event loop have in common. */
  #asked(name: ThreadName, strategy: RestartStrategy): Omit<Worker, "start"> {
    const ask = async (order: Order): Promise<void> => this.living(name)?.ask(order);
    const cells = this.#cells(name);
    return {
      name,
      critical: true,
      strategy,
      stop: async () => {
        this.living(name)?.expectExit();
        await ask({ do: "stop" });
      },
      kill: () => this.#kill(name),
      rest: { pause: () => ask({ do: "pause" }), resume: () => ask({ do: "resume" }) },
      heartbeat: () => cells.heartbeat(),
    };
  }

  async #start(
    name: WorkerName,
    data: unknown,
    transfer: readonly MessagePort[] = [],
  ): Promise<{ readonly port?: number | undefined }> {
    const { files, onDied } = this.#options;
    const thread = new EngineThread({
      name,
      file: isVerifier(name)
        ? moduleUrl("engine/threads/verify.thread")
        : (files[name] ?? moduleUrl(`engine/threads/${name}.thread`)),
      data,
      transfer,
      onDied: (error) => onDied(name, error),
    });
    this.#living.set(name, thread);
    const late = setTimeout(
      () => thread.fail(`did not start within startMsMax=${startMsMax}`),
      startMsMax,
    );
    return thread.ready.finally(() => clearTimeout(late));
  }

  async #kill(name: WorkerName): Promise<void> {
    const thread = this.#living.get(name);
    await thread?.kill();
    if (this.#living.get(name) === thread) this.#living.delete(name);
  }

  #data(name: ThreadName): ThreadData {
    const { memory, log, group, runId, sniff } = this.#options;
    return { ...this.#place(name), memory, log, group, runId, sniff };
  }

  #place(name: WorkerName): { readonly workers: SharedArrayBuffer; readonly worker: number } {
    return { workers: this.#options.workers, worker: indexOf(name) };
  }

  #cells(name: WorkerName): WorkerCells {
    return new WorkerCells(this.#options.workers, indexOf(name));
  }
}

const verifierPrefix = "verify-";

const isVerifier = (name: WorkerName): name is VerifierName => name.startsWith(verifierPrefix);

/** Verifiers stand behind the others, whatever their place in the order of start. */
const indexOf = (name: WorkerName): number =>
  isVerifier(name)
    ? threadNames.length - 1 + Number(name.slice(verifierPrefix.length))
    : threadNames.indexOf(name);
