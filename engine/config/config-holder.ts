// The configuration that runs, with its version, and how another takes its place: read, checked,
// compared, offered to every subscriber, and only when none refuses, applied by each. What fails on
// the way is undone, and the old one goes on under its old version. Fields that need a restart keep
// their running value; a reload applies the others and names those. Control thread.
import { isDeepStrictEqual } from "node:util";

import { valueAt, withValues } from "./change-config.ts";
import { problemText } from "./problem.ts";
import { type EffectiveConfig, relationProblems, type Resolution } from "./resolve-config.ts";
import { type Config, type Field, fields } from "./schema.ts";

/** What subscribers are offered. */
export type ConfigUpdate = {
  readonly version: number;
  readonly config: Config;
  /** Paths of the fields that differ from what runs. */
  readonly changed: readonly string[];
};

/** A part that runs with the configuration. Its methods are never called side by side. */
export type ConfigSubscriber = {
  readonly name: string;
  /** Whether the part takes up changes of this field. Live fields that nobody takes need a restart. */
  takes(path: string): boolean;
  /** Null: `next` can be applied. Else why not; nothing may have changed yet. */
  prepare(next: ConfigUpdate): Promise<string | null> | string | null;
  /** Takes up what was prepared; a throw undoes the reload everywhere. */
  apply(next: ConfigUpdate): Promise<void> | void;
  /** Goes on with `running`, after a `prepare` or an `apply` that shall not count. */
  rollback(running: ConfigUpdate): Promise<void> | void;
};

/** What became of a reload. `needsRestart`: fields that differ from what runs and wait for a start. */
export type ReloadOutcome =
  | {
      readonly kind: "applied";
      readonly version: number;
      readonly changed: readonly string[];
      readonly needsRestart: readonly string[];
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: "unchanged";
      readonly version: number;
      readonly needsRestart: readonly string[];
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: "refused";
      readonly version: number;
      /** The sources are bad, or a part of the engine would not or could not: that may pass. */
      readonly by: "sources" | "part";
      readonly reasons: readonly string[];
    };

/** One line for people. */
export const outcomeText = (outcome: ReloadOutcome): string => {
  const { kind, version } = outcome;
  if (kind === "refused") {
    return `configuration refused, version ${version} goes on: ${outcome.reasons.join("; ")}`;
  }
  const what = kind === "applied" ? `: ${outcome.changed.join(", ")}` : "";
  const waiting = outcome.needsRestart;
  const restart = waiting.length === 0 ? "" : `; after a restart: ${waiting.join(", ")}`;
  const warnings = outcome.warnings.map((warning) => `; warning: ${warning}`).join("");
  return `configuration version ${version} ${kind}${what}${restart}${warnings}`;
};

export type ConfigHolderOptions = {
  /** What the engine started with: version 1. */
  readonly first: EffectiveConfig;
  /** Reads all sources anew. */
  readonly read: () => Promise<Resolution>;
  /** Live fields that their readers look up in `config` each time, so that nobody is to be told. */
  readonly lookedUp?: readonly string[];
};

export class ConfigHolder {
  /** What runs. */
  config: Config;
  version = 1;
  /** By path; of what runs. */
  origins: EffectiveConfig["origins"];
  /** Of the last reload. */
  needsRestart: readonly string[] = [];
  last: ReloadOutcome | null = null;
  /** Called after each reload. */
  onReload: (outcome: ReloadOutcome) => void = () => undefined;
  readonly #read: () => Promise<Resolution>;
  readonly #lookedUp: readonly string[];
  readonly #subscribers: ConfigSubscriber[] = [];
  #running: Promise<ReloadOutcome> | null = null;
  #next: Promise<ReloadOutcome> | null = null;

  constructor({ first, read, lookedUp = [] }: ConfigHolderOptions) {
    this.#lookedUp = lookedUp;
    this.config = first.config;
    this.origins = first.origins;
    this.#read = read;
  }

  /** They are asked in the order of their subscription. Ends with the function that it returns. */
  subscribe(subscriber: ConfigSubscriber): () => void {
    this.#subscribers.push(subscriber);
    return () => {
      const at = this.#subscribers.indexOf(subscriber);
      if (at >= 0) this.#subscribers.splice(at, 1);
    };
  }

  /**
   * Reads and takes up what changed. One reload runs at a time; those asked for meanwhile share the
   * one that follows, which reads what was written before they asked. Never rejects.
   */
  reload(): Promise<ReloadOutcome> {
    if (this.#running === null) {
      this.#running = this.#reload().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.reload();
    });
    return this.#next;
  }

  async #reload(): Promise<ReloadOutcome> {
    const resolved = await this.#read().catch(failed);
    const outcome = resolved.ok
      ? await this.#take(resolved)
      : this.#refused("sources", resolved.problems.map(problemText));
    this.last = outcome;
    this.onReload(outcome);
    if (outcome.kind !== "refused") this.needsRestart = outcome.needsRestart;
    return outcome;
  }

  async #take(resolved: EffectiveConfig): Promise<ReloadOutcome> {
    const different = changedFields(this.config, resolved.config);
    const live = different.filter((field) => this.#isLive(field));
    const needsRestart = pathsOf(different.filter((field) => !live.includes(field)));
    const warnings = resolved.warnings.map(problemText);
    const { version } = this;
    if (live.length === 0) return { kind: "unchanged", version, needsRestart, warnings };
    const next = this.#nextOf(resolved, live);
    // Each document holds by itself; live fields of the new one beside the others of the old may not.
    const broken = relationProblems(next.config, resolved.origins);
    if (broken.length > 0) {
      const waits = `not before a restart, which applies ${needsRestart.join(", ")}`;
      const reasons = broken.map((problem) => `${problemText(problem)} (${waits})`);
      return this.#refused("sources", reasons);
    }
    const refusal = await this.#offer(next);
    if (refusal !== null) return this.#refused("part", [refusal]);
    this.#keep(next, resolved, live);
    return {
      kind: "applied",
      version: next.version,
      changed: next.changed,
      needsRestart,
      warnings,
    };
  }

  #isLive({ path, reload }: Field): boolean {
    if (reload !== "live") return false;
    return this.#lookedUp.includes(path) || this.#subscribers.some((one) => one.takes(path));
  }

  #nextOf(resolved: EffectiveConfig, live: readonly Field[]): ConfigUpdate {
    const config = withValues(this.config, live, (field) => valueAt(resolved.config, field));
    return { version: this.version + 1, config, changed: pathsOf(live) };
  }

  #keep(next: ConfigUpdate, resolved: EffectiveConfig, live: readonly Field[]): void {
    this.config = next.config;
    this.version = next.version;
    const taken = live.map(({ path }) => [path, resolved.origins[path]] as const);
    this.origins = { ...this.origins, ...Object.fromEntries(taken) } as EffectiveConfig["origins"];
  }

  // Null: every subscriber runs with it. Else who refused and why, and none does.
  async #offer(next: ConfigUpdate): Promise<string | null> {
    const asked: ConfigSubscriber[] = [];
    try {
      for (const subscriber of this.#subscribers) {
        asked.push(subscriber);
        const refusal = await subscriber.prepare(next);
        if (refusal !== null) throw new Refusal(refusal);
      }
      for (const subscriber of asked) await subscriber.apply(next);
      return null;
    } catch (error) {
      const name = asked.at(-1)?.name ?? "";
      const undone = await this.#undo(asked, next);
      const why = error instanceof Refusal ? `${name}: ${error.message}` : textOf(error);
      return [why, ...undone].join("; ");
    }
  }

  async #undo(asked: readonly ConfigSubscriber[], { changed }: ConfigUpdate): Promise<string[]> {
    const running: ConfigUpdate = { version: this.version, config: this.config, changed };
    const faults: string[] = [];
    for (const subscriber of asked.toReversed()) {
      try {
        await subscriber.rollback(running);
      } catch (error) {
        faults.push(`${subscriber.name} could not go back: ${textOf(error)}`);
      }
    }
    return faults;
  }

  #refused(by: "sources" | "part", reasons: readonly string[]): ReloadOutcome {
    return { kind: "refused", version: this.version, by, reasons };
  }
}

/** Says no, as opposed to a fault. */
class Refusal extends Error {}

const pathsOf = (list: readonly Field[]): readonly string[] => list.map(({ path }) => path);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const failed = (error: unknown): Resolution => ({
  ok: false,
  problems: [{ place: "", field: "", message: textOf(error) }],
  warnings: [],
});

/** Fields whose values differ. */
const changedFields = (from: Config, to: Config): readonly Field[] =>
  fields.filter((field) => !isDeepStrictEqual(valueAt(from, field), valueAt(to, field)));
