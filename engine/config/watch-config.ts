// When to reload: the file changed, or SIGHUP came. The file is looked at by name in intervals, so
// that a save by rename is seen like any other, on every file system; a change is taken up when two
// looks in a row agree, so that a file is not read while it is written. Two looks and the reading
// stay below 5 s (reload.poll_ms is at most 2 s). What a part of the engine refused, as a thread does
// that waits for the log or is just being replaced, is tried again with each look until it is taken.
import { stat } from "node:fs/promises";

import { type ConfigHolder, outcomeText, type ReloadOutcome } from "./config-holder.ts";

export type ConfigWatchOptions = {
  readonly holder: ConfigHolder;
  /** Null: there is no file to look at. */
  readonly path: string | null;
  /** One line to the user for each reload. */
  readonly note: (line: string) => void;
};

/** What tells one state of a file from another; "" when there is none, or a pipe. */
const signatureOf = async (path: string): Promise<string> => {
  try {
    const found = await stat(path, { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    return found.isFile() ? [dev, ino, size, mtimeNs, ctimeNs].join(":") : "";
  } catch {
    return "";
  }
};

/** One file. `look` is one interval's work. */
export class ConfigWatch {
  readonly #options: ConfigWatchOptions;
  #taken: string | null = null;
  #seen: string | null = null;
  /** A part refused: that may pass. */
  #isPending = false;
  #noted = "";

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
  }

  /**
   * Looks once, and reloads when a change has settled. The first state of the file counts as one:
   * it may have changed since the engine read it.
   */
  async look(): Promise<void> {
    const { path } = this.#options;
    if (path === null) return;
    const signature = await signatureOf(path);
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (!isSettled) return;
    if (signature !== this.#taken) await this.#take(signature, path);
    else if (this.#isPending) await this.#reload(false);
  }

  async #take(signature: string, path: string): Promise<void> {
    const isFirst = this.#taken === null;
    this.#taken = signature;
    this.#isPending = false;
    if (signature === "") {
      if (!isFirst) {
        this.#options.note(`weir: ${path} is gone: the configuration goes on as it is`);
      }
      return;
    }
    await this.#reload(isFirst);
  }

  /** Reloads now, whatever the file. */
  async reload(): Promise<ReloadOutcome> {
    return this.#reload(false);
  }

  async #reload(isQuiet: boolean): Promise<ReloadOutcome> {
    const { holder, note } = this.#options;
    const outcome = await holder.reload();
    const text = `weir: ${outcomeText(outcome)}`;
    const isAgain = text === this.#noted && this.#isPending;
    if (!isAgain && !(isQuiet && outcome.kind === "unchanged")) note(text);
    this.#noted = text;
    this.#isPending = outcome.kind === "refused" && outcome.by === "part";
    return outcome;
  }
}

/** Where SIGHUP comes from: the process. */
type Signals = {
  on(name: "SIGHUP", listener: () => void): unknown;
  off(name: "SIGHUP", listener: () => void): unknown;
};

export type WatchClock = {
  /** Resolves after `ms`, or at once when `signal` is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signals: Signals;
};

/** Watches until `close`, which resolves when no reload is under way any more. */
export const watchConfig = (
  options: ConfigWatchOptions,
  { sleep, signals }: WatchClock,
): { readonly close: () => Promise<void> } => {
  const watch = new ConfigWatch(options);
  const end = new AbortController();
  const reloads = new Set<Promise<unknown>>();
  const onSignal = (): void => {
    const reload = watch.reload().finally(() => reloads.delete(reload));
    reloads.add(reload);
  };
  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      await watch.look();
      if (!end.signal.aborted) await sleep(options.holder.config.reload.poll_ms, end.signal);
    }
  };
  signals.on("SIGHUP", onSignal);
  const running = run();
  return {
    close: async () => {
      signals.off("SIGHUP", onSignal);
      end.abort();
      await running;
      await Promise.all(reloads);
    },
  };
};
