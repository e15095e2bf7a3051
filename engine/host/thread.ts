// One life of one worker thread as control sees it: started, asked, and ended. It dies once:
// by an error, by an exit that nobody asked for, or by saying that it failed; whoever waits for it
// then learns that, and so does the supervisor.
import type { Transferable } from "node:worker_threads";
import { Worker } from "node:worker_threads";

import type { Submission } from "../submit/outlet.ts";
import type { FromThread, Order } from "./thread-data.ts";

export type ThreadOptions = {
  readonly name: string;
  readonly file: URL;
  readonly data: unknown;
  readonly transfer?: readonly Transferable[];
  readonly onDied: (error: ThreadDiedError) => void;
  readonly onSubmitted?: (submission: Submission) => void;
  readonly onNote?: (message: string) => void;
};

export class ThreadDiedError extends Error {
  override name = "ThreadDiedError";
}

type Waiting = PromiseWithResolvers<void>;

export class EngineThread {
  /** What it said when it began to serve. @throws ThreadDiedError */
  readonly ready: Promise<{ readonly port?: number | undefined }>;
  readonly #worker: Worker;
  readonly #exited = Promise.withResolvers<void>();
  readonly #onDied: ThreadOptions["onDied"];
  readonly #onSubmitted: ThreadOptions["onSubmitted"];
  readonly #onNote: ThreadOptions["onNote"];
  readonly #ready = Promise.withResolvers<{ readonly port?: number | undefined }>();
  readonly #asked = new Map<number, Waiting>();
  #lastId = 0;
  #code: number | null = null;
  #death: ThreadDiedError | null = null;
  #isEnding = false;

  constructor({ name, file, data, transfer, onDied, onSubmitted, onNote }: ThreadOptions) {
    this.#onDied = onDied;
    this.#onSubmitted = onSubmitted;
    this.#onNote = onNote;
    this.ready = this.#ready.promise;
    // Nobody may be waiting for it.
    this.ready.catch(() => undefined);
    this.#worker = new Worker(file, {
      workerData: data,
      name,
      ...(transfer === undefined ? {} : { transferList: [...transfer] }),
    });
    this.#worker.on("message", (message: FromThread) => this.#take(message));
    this.#worker.on("error", (error: Error) => this.#die(error.stack ?? error.message));
    this.#worker.on("exit", (code) => {
      this.#code = code;
      this.#die(`exit code=${code}`);
      this.#exited.resolve();
    });
  }

  /** Resolves when it is done. @throws ThreadDiedError when the thread dies first. */
  ask(order: Order, transfer: readonly Transferable[] = []): Promise<void> {
    if (this.#death !== null) return Promise.reject(this.#death);
    this.#lastId += 1;
    const waiting = Promise.withResolvers<void>();
    this.#asked.set(this.#lastId, waiting);
    this.#worker.postMessage({ id: this.#lastId, order }, transfer);
    return waiting.promise;
  }

  /** From now on an exit with code 0 is no failure. */
  expectExit(): void {
    this.#isEnding = true;
  }

  /** Resolves when it is gone. @throws ThreadDiedError when it did not end by itself, in order. */
  async ended(): Promise<void> {
    await this.#exited.promise;
    if (this.#code !== 0 && this.#death !== null) throw this.#death;
  }

  /** It is of no use any more, whatever it does. */
  fail(message: string): void {
    this.#die(message);
  }

  /** Resolves when it is gone. Idempotent. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    this.#die("killed");
    await this.#worker.terminate();
  }

  #take(message: FromThread): void {
    if (message.is === "ready") this.#ready.resolve(message);
    else if (message.is === "failed") this.#die(message.message);
    else if (message.is === "submitted") this.#onSubmitted?.(message.submission);
    else if (message.is === "note") this.#onNote?.(message.message);
    else {
      this.#asked.get(message.id)?.resolve();
      this.#asked.delete(message.id);
    }
  }

  #die(message: string): void {
    if (this.#death !== null) return;
    const death = new ThreadDiedError(message);
    this.#death = death;
    this.#ready.reject(death);
    for (const { reject } of this.#asked.values()) reject(death);
    this.#asked.clear();
    if (!this.#isEnding) this.#onDied(death);
  }
}
