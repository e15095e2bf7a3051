// The configuration of a command that runs: read with the command's own options on top, told when it
// cannot be used, then held and watched until the end.
import { setTimeout as sleep } from "node:timers/promises";

import {
  ConfigHolder,
  type ConfigUpdate,
  outcomeText,
  type ReloadOutcome,
} from "../config/config-holder.ts";
import type { Flag } from "../config/layers.ts";
import {
  liveSettings,
  LiveControl,
  type LiveSettings,
  type LiveThread,
} from "../config/live-control.ts";
import { problemText } from "../config/problem.ts";
import { configPathOf, readConfig } from "../config/read-config.ts";
import type { Resolution } from "../config/resolve-config.ts";
import { stageFolderOf, stageProblems } from "../config/check-stages.ts";
import { type ConfigContext, isThreadField } from "../config/settings-of.ts";
import { watchConfig } from "../config/watch-config.ts";
import { eventTypes } from "../events/event-layout.ts";
import type { Arguments, Io, Options } from "./command.ts";
import { UsageError } from "./command.ts";
import { InputError } from "./input.ts";

/** Options of each command that opens the configuration. */
export const configOptions: Options = {
  config: {
    value: "FILE",
    help: "settings, TOML or JSON, watched and read again on SIGHUP (weir config print)",
  },
  set: {
    value: "FIELD=VALUE",
    repeatable: true,
    help: "one setting, wins over file and WEIR_*: sniffer.batch_size=20",
  },
};

/** Settings of the engine that have an option of their own in each command that runs one. */
export const engineOptionFields = {
  kafka: "log.kafka",
  "control-port": "control.port",
  "log-port": "log.port",
  data: "log.data_dir",
  "trace-endpoint": "telemetry.trace_endpoint",
};

/** Fields set by `--set`. @throws UsageError for one without "=". */
export const setFlags = ({ values }: Arguments): readonly Flag[] => {
  const given = values["set"];
  return (Array.isArray(given) ? (given as readonly string[]) : []).map((word) => {
    const equals = word.indexOf("=");
    if (equals < 1) throw new UsageError(`--set must be FIELD=VALUE, found ${word}`);
    const path = word.slice(0, equals).trim();
    return { path, text: word.slice(equals + 1).trim(), option: `--set ${path}` };
  });
};

/** Live fields that are looked up in `holder.config` when they are needed. */
const lookedUp = [
  "reload.poll_ms",
  "sniffer.telemetry_interval_secs",
  "sniffer.graceful_shutdown_timeout_ms",
  ...eventTypes.map((type) => `events.export.${type}`),
];

/** What of an engine takes part in a reload. */
type LiveEngine = {
  readonly liveThreads: () => readonly LiveThread[];
  readonly tellVersion: (version: number) => void;
  readonly tellRefused: (isRefused: boolean) => void;
};

type OpenThreads = ReturnType<OpenConfig["about"]>["threads"];

export type OpenConfig = {
  readonly holder: ConfigHolder;
  /** For engineSettingsOf. */
  readonly context: ConfigContext;
  /** For /status. */
  readonly about: () => {
    readonly version: number;
    readonly needsRestart: readonly string[];
    readonly last: ReloadOutcome | null;
    /** Versions that the running threads have taken up, by thread: one that waits is behind. */
    readonly threads: { readonly [thread: string]: number };
  };
  /** Reads everything again now, and tells what became of it. */
  readonly reload: () => Promise<ReloadOutcome>;
  /** For the threads: what they look at between two batches. */
  readonly live: LiveSettings;
  /** From now on the engine's threads vote on a reload and take it up, and it is told the version. */
  readonly follow: (engine: LiveEngine) => void;
  /** Takes changes of the file and SIGHUP up; ends with the function that it returns. */
  readonly watch: () => () => Promise<void>;
};

/**
 * `options` are the command's own, by the field that each sets.
 * @throws UsageError when options are wrong, InputError with every problem of the other sources.
 */
export const openConfig = async (
  args: Arguments,
  options: { readonly [option: string]: string },
  io: Io,
): Promise<OpenConfig> => {
  const place = { path: textOf(args, "config"), flags: flagsOf(args, options) };
  const first = await readConfig(place);
  for (const warning of first.warnings) io.note(`weir: warning: ${problemText(warning)}`);
  if (!first.ok) throw errorOf(first);
  const holder = new ConfigHolder({ first, read: () => readConfig(place, true), lookedUp });
  const { path } = configPathOf(place);
  const stages = await stageProblems(first, path);
  if (stages.length > 0) throw errorOf({ ok: false, problems: stages, warnings: [] });
  const live = liveSettings(first.config);
  let threads = (): OpenThreads => ({});
  return {
    holder,
    context: { now: () => holder.config, stageFolder: stageFolderOf(first.origins, path) },
    about: () => {
      const { version, needsRestart, last } = holder;
      return { version, needsRestart, last, threads: threads() };
    },
    live,
    follow: ({ liveThreads, tellVersion, tellRefused }) => {
      holder.onReload = ({ kind }) => tellRefused(kind === "refused");
      const control = new LiveControl({
        memory: live.memory,
        threads: liveThreads,
        takes: isThreadField,
        sleep: (ms) => sleep(ms),
        nowMs: () => performance.now(),
      });
      holder.subscribe(control);
      threads = () =>
        Object.fromEntries(liveThreads().map((one) => [one.name, control.versionOf(one)]));
      const tell = ({ version }: ConfigUpdate): void => tellVersion(version);
      const takes = (): boolean => false;
      holder.subscribe({
        name: "version",
        takes,
        prepare: () => null,
        apply: tell,
        rollback: tell,
      });
    },
    reload: async () => {
      const outcome = await holder.reload();
      io.note(`weir: ${outcomeText(outcome)}`);
      return outcome;
    },
    watch: () => {
      const clock = {
        sleep: async (ms: number, signal: AbortSignal) =>
          sleep(ms, undefined, { signal }).catch(() => undefined),
        signals: process,
      };
      return watchConfig({ holder, path, note: io.note }, clock).close;
    },
  };
};

const textOf = ({ values }: Arguments, name: string): string | null => {
  const value = values[name];
  return typeof value === "string" ? value : null;
};

const flagsOf = (
  args: Arguments,
  options: { readonly [option: string]: string },
): readonly Flag[] => {
  const own = Object.entries(options).flatMap(([name, path]): Flag[] => {
    const text = textOf(args, name);
    return text === null ? [] : [{ path, text, option: `--${name}` }];
  });
  return [...own, ...setFlags(args)];
};

const errorOf = ({ problems }: Extract<Resolution, { ok: false }>): Error => {
  const text = problems.map(problemText).join("\n");
  const isUsage = problems.every(({ place }) => place.startsWith("--"));
  return isUsage ? new UsageError(text) : new InputError(`configuration:\n${text}`);
};
