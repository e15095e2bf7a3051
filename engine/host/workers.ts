// The engine's threads as workers of the supervisor: how each is started with what it needs, how
// it is paused, emptied and ended. Order of start: log, ingest, egress, then for each market lane its
// verifiers and its thread, then the stream threads; rest_for_one takes along what comes after the one
// that died. The threads of the lanes need those before them, but not each other: they are started
// side by side.
import type { MessagePort } from "node:worker_threads";
import { MessageChannel } from "node:worker_threads";

import type { LiveSettings, LiveThread } from "../config/live-control.ts";
import type { RejoinOptions } from "../log/event-log.ts";
import type { LogPlace } from "../log/open-log.ts";
import { moduleUrl } from "../package-root.ts";
import type { StageMetricsSet } from "../metrics/stage-metrics-set.ts";
import type { Submission } from "../submit/outlet.ts";
import { SubmitCounts } from "../submit/submit-counts.ts";
import type { SubmitSettings } from "../submit/submit-settings.ts";
import { messagesRead } from "../submit/tap.ts";
import type { RestartStrategy, Worker } from "../supervise/worker.ts";
import { WorkerCells, workerOrder } from "../supervise/worker-cells.ts";
import type { SniffSettings } from "../sniff/sniff-settings.ts";
import { verifyThreadsMax } from "../sniff/verify-pool.ts";
import type { WindowOptions } from "../stream/window-options.ts";
import type { Lane, Lanes } from "./lanes.ts";
import type { EngineMemory } from "./memory.ts";
import type {
  EgressData,
  IngestData,
  LogThreadData,
  Order,
  SignatureThreadData,
  SubmitData,
  ThreadData,
  WorkerPlace,
} from "./thread-data.ts";
import { EngineThread, ThreadDiedError } from "./thread.ts";
import { SubmitWorker } from "./submit-worker.ts";

export const threadNames = ["log", "ingest", "egress", "market", "stream"] as const;
export type ThreadName = (typeof threadNames)[number];

const submitPlace = 8;
/** The further lanes' heartbeats and orders, and those of verifiers, are behind all others. */
const lanePlaceAt = 16;
const lanePlaces = 16;
const verifierPlaceAt = lanePlaceAt + 2 * lanePlaces;

/** A thread that does not serve by then has failed: a consumer may wait for its group. */
const startMsMax = 60_000;

export type ThreadsOptions = {
  readonly memory: EngineMemory;
  readonly lanes: Lanes;
  readonly workers: SharedArrayBuffer;
  readonly log: LogPlace;
  /** Of the embedded log, when the engine serves it. */
  readonly served: { readonly directory: string; readonly port: number } | null;
  readonly group: string;
  readonly runId: string;
  /** Other modules for some threads, as tests of failures have. */
  readonly files: { readonly [name in ThreadName]?: URL };
  readonly sniff: SniffSettings;
  readonly windows: WindowOptions;
  readonly rejoin: RejoinOptions | null;
  readonly live: LiveSettings | null;
  /** Null: candidates go to the log alone. */
  readonly submit: SubmitSettings | null;
  readonly submitEvents: SharedArrayBuffer;
  /** Where custom stages show their metrics. */
  readonly stages: StageMetricsSet;
  readonly onDied: (name: string, error: ThreadDiedError) => void;
  /** One line for people, of a thread that goes on. */
  readonly note: (line: string) => void;
};

/** The threads of one engine, in whatever life each of them is. */
export class EngineThreads {
  /** Where the served log listens; the same in all its lives. */
  logPort: number;
  readonly #options: ThreadsOptions;
  readonly #living = new Map<string, EngineThread>();
  /** Egress' end of its channel to ingest, until egress is started. */
  #egressPort: MessagePort | null = null;

  readonly #submit: SubmitWorker | null;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.logPort = options.served?.port ?? 0;
    this.#submit = options.submit === null ? null : this.#submitWorker(options.submit);
  }

  /** The last ones, the newest last; null without a submit thread. */
  get submissions(): readonly Submission[] | null {
    return this.#submit?.submissions ?? null;
  }

  /** The workers, in the order of their start. */
  workers(): readonly Worker[] {
    const { lanes } = this.#options;
    const served = this.#options.served === null ? [] : [this.#logWorker()];
    return [
      ...served,
      // What feeds it starts later and stops before.
      ...(this.#submit === null ? [] : [this.#submit.worker()]),
      this.#ingest(),
      this.#egress(),
      ...lanes.active("market").flatMap((lane) => this.#verifiers(lane).concat(this.#lane(lane))),
      ...lanes.active("stream").map((lane) => this.#lane(lane)),
    ];
  }

  living(name: string): EngineThread | null {
    return this.#living.get(name) ?? null;
  }

  /** Threads that take settings up while they run; their line is their place among the workers. */
  liveThreads(): readonly LiveThread[] {
    const { lanes } = this.#options;
    const markets = lanes
      .active("market")
      .map((lane) => ({ name: lane.name, slot: placeOf(lane) }));
    return this.#submit === null ? markets : [...markets, { name: "submit", slot: submitPlace }];
  }

  /** Nothing enters the rings any more, and everything that rests moves again. */
  async quiesce(): Promise<void> {
    for (const lane of this.#options.lanes.all) this.#cells(placeOf(lane)).give(workerOrder.run);
    await this.living("egress")?.ask({ do: "resume" });
    await this.living("ingest")?.ask({ do: "hold" });
  }

  #logWorker(): Worker {
    const { served, memory } = this.#options;
    const start = async (): Promise<void> => {
      const data: LogThreadData = {
        ...this.#place("log", threadNames.indexOf("log")),
        directory: served?.directory ?? "",
        wake: memory.wake,
        port: this.logPort,
      };
      const { port } = await this.#start("log", data, { role: "log" });
      this.logPort = port ?? this.logPort;
    };
    return { ...this.#asked("log", "one_for_one"), start, rest: null };
  }

  #submitWorker(settings: SubmitSettings): SubmitWorker {
    const { memory, lanes, stages, live, submitEvents: events, onDied } = this.#options;
    const cells = this.#cells(submitPlace);
    return new SubmitWorker({
      settings,
      shown: stages,
      start: async (parts) => {
        const place = this.#place("submit", submitPlace);
        const data: SubmitData = {
          ...place,
          ...parts,
          memory,
          taps: lanes.taps(),
          settings,
          events,
          live,
        };
        await this.#start("submit", data, { role: "submit" });
      },
      ask: async (order) => this.living("submit")?.ask(order),
      expectExit: () => this.living("submit")?.expectExit(),
      kill: async () => {
        await this.#kill("submit");
        new SubmitCounts(memory.metrics).died(messagesRead(lanes.taps()));
      },
      heartbeat: () => cells.heartbeat(),
      onDied: (error) => onDied("submit", new ThreadDiedError(error.message)),
    });
  }

  #ingest(): Worker {
    const start = async (): Promise<void> => {
      const { port1, port2 } = new MessageChannel();
      this.#egressPort = port1;
      const data: IngestData = {
        ...this.#data("ingest"),
        port: port2,
        inputs: this.#options.lanes.inputs(),
        rejoin: this.#options.rejoin,
      };
      await this.#start("ingest", data, { role: "ingest", transfer: [port2] });
    };
    return { ...this.#asked("ingest", "rest_for_one"), start };
  }

  #egress(): Worker {
    const start = async (): Promise<void> => {
      const port = this.#egressPort ?? (await this.#newChannel());
      this.#egressPort = null;
      const outputs = this.#options.lanes.outputs();
      const data: EgressData = { ...this.#data("egress"), port, outputs };
      await this.#start("egress", data, { role: "egress", transfer: [port] });
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
  #verifiers(lane: Lane): readonly Worker[] {
    return lane.memory.sniff.verify.map((verify, index) => {
      const number = lane.index * verifyThreadsMax + index;
      const owner = lane.index === 0 ? "" : `${lane.name}-`;
      const place = this.#place(`${owner}verify-${index + 1}`, verifierPlaceAt + number);
      const data: SignatureThreadData = { ...verify, ...place };
      return { ...this.#stage(place, "verify", data), strategy: "rest_for_one", rest: null };
    });
  }

  #lane(lane: Lane): Worker {
    const place = this.#place(lane.name, placeOf(lane));
    const data: ThreadData = { ...this.#shared(), ...place, memory: lane.memory };
    return this.#stage(place, lane.role, data);
  }

  #stage({ name, worker }: WorkerPlace, role: ThreadFile, data: unknown): Worker {
    const cells = this.#cells(worker);
    return {
      name,
      critical: true,
      strategy: "one_for_one",
      sideBySide: true,
      start: async () => {
        cells.give(workerOrder.run);
        await this.#start(name, data, { role });
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
  #asked(name: EventThread, strategy: RestartStrategy): Omit<Worker, "start"> {
    const ask = async (order: Order): Promise<void> => this.living(name)?.ask(order);
    const cells = this.#cells(threadNames.indexOf(name));
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
    name: string,
    data: unknown,
    {
      role,
      transfer = [],
    }: { readonly role: ThreadFile; readonly transfer?: readonly MessagePort[] },
  ): Promise<{ readonly port?: number | undefined }> {
    const { files, onDied, note } = this.#options;
    const thread = new EngineThread({
      name,
      file:
        (role === "verify" || role === "submit" ? undefined : files[role]) ??
        moduleUrl(`engine/threads/${role}.thread`),
      data,
      transfer,
      onDied: (error) => onDied(name, error),
      onSubmitted: (submission) => this.#submit?.submitted(submission),
      onNote: (message) => note(`worker ${name}: ${message}`),
    });
    this.#living.set(name, thread);
    const late = setTimeout(
      () => thread.fail(`did not start within startMsMax=${startMsMax}`),
      startMsMax,
    );
    return thread.ready.finally(() => clearTimeout(late));
  }

  async #kill(name: string): Promise<void> {
    const thread = this.#living.get(name);
    await thread?.kill();
    if (this.#living.get(name) === thread) this.#living.delete(name);
  }

  /** What a thread gets that works on the engine's own memory. */
  #data(name: EventThread): ThreadData {
    const { memory } = this.#options;
    return { ...this.#shared(), ...this.#place(name, threadNames.indexOf(name)), memory };
  }

  #shared(): Omit<ThreadData, "memory" | keyof WorkerPlace> {
    const { log, group, runId, sniff, windows, live } = this.#options;
    return { log, group, runId, sniff, windows, live };
  }

  #place(name: string, worker: number): WorkerPlace {
    return { name, workers: this.#options.workers, worker };
  }

  #cells(worker: number): WorkerCells {
    return new WorkerCells(this.#options.workers, worker);
  }
}

/** A module of engine/threads. */
type ThreadFile = ThreadName | "verify" | "submit";

/** Threads with an event loop: one of each. */
type EventThread = "log" | "ingest" | "egress";

const placeOf = ({ role, index }: Lane): number => {
  if (index === 0) return threadNames.indexOf(role);
  return lanePlaceAt + index + (role === "market" ? 0 : lanePlaces);
};
