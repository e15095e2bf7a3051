// One worker thread as control sees it: started, waited for, told, and watched. A thread that
// dies or says that it failed ends the engine: nothing is lost, since positions follow effects.
import type { MessagePort } from "node:worker_threads";
import { Worker } from "node:worker_threads";

import { moduleUrl } from "../package-root.ts";
import type { FromThread, ToThread } from "./thread-data.ts";

export type ThreadFailure = {
  readonly thread: string;
  readonly message: string;
  readonly unreachable: boolean;
};

export type ThreadOptions = {
  readonly name: string;
  readonly data: unknown;
  readonly transfer?: readonly MessagePort[];
  readonly onFailed: (failure: ThreadFailure) => void;
};

export class EngineThread {
  readonly name: string;
  readonly #worker: Worker;
  readonly #said = new Map<FromThread["is"], PromiseWithResolvers<FromThread>>();
  readonly #exited = Promise.withResolvers<void>();
  #ended = false;

  constructor({ name, data, transfer, onFailed }: ThreadOptions) {
    this.name = name;
    this.#worker = new Worker(moduleUrl(`engine/threads/${name}.thread`), {
      workerData: data,
      name,
      ...(transfer === undefined ? {} : { transferList: [...transfer] }),
    });
    this.#worker.on("message", (message: FromThread) => {
      if (message.is === "failed") onFailed({ thread: name, ...message });
      this.#heard(message.is).resolve(message);
    });
    this.#worker.on("error", (error: Error) => {
      onFailed({ thread: name, message: error.stack ?? error.message, unreachable: false });
    });
    this.#worker.on("exit", (code) => {
      this.#ended = true;
      if (code !== 0) onFailed({ thread: name, message: `exit code=${code}`, unreachable: false });
      this.#exited.resolve();
    });
  }

  tell(order: ToThread): void {
    if (!this.#ended) this.#worker.postMessage(order);
  }

  /** Resolves with the first message of that kind, also when it came before the call. */
  heard(is: FromThread["is"]): Promise<FromThread> {
    return this.#heard(is).promise;
  }

  exited(): Promise<void> {
    return this.#exited.promise;
  }

  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  #heard(is: FromThread["is"]): PromiseWithResolvers<FromThread> {
    const known = this.#said.get(is);
    if (known !== undefined) return known;
    const fresh = Promise.withResolvers<FromThread>();
    this.#said.set(is, fresh);
    return fresh;
  }
}
