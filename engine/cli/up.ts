// weir up: the whole system on this machine, with its live view and its ledger.
import { fileURLToPath } from "node:url";

import { apiKeyBytesMax, apiKeysMax } from "../../schemas/api-keys.ts";
import { engineSettingsOf } from "../config/settings-of.ts";
import type { Snapshot } from "../control/snapshot.ts";
import { depthFileOf, speedOption } from "../feed/options.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { ledgerOf } from "../ledger/ledger.ts";
import { packageRoot } from "../package-root.ts";
import { startFeed } from "../up/feed-process.ts";
import type { FeedProcess } from "../up/feed-process.ts";
import type { EdgeStatus } from "../up/edge-status.ts";
import { readEdgeStatus } from "../up/edge-status.ts";
import { type LiveView, liveView, type ViewScreen } from "../up/live-view.ts";
import type { System, SystemOptions } from "../up/system.ts";
import { handledOf, refusedOf, startSystem } from "../up/system.ts";
import { viewLines } from "../up/view.ts";
import { httpPortOption, integerOption, rateOption, refusePositionals } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { configOptions, engineOptionFields, type OpenConfig, openConfig } from "./open-config.ts";

const root = fileURLToPath(packageRoot);
const sampleDefault = 0.01;
const viewMs = 1_000;
const feedStopMs = 10_000;

export const up: Command = {
  name: "up",
  purpose: "Runs the whole system here: log, engine, edge and a feed, with a live view.",
  usage: "[options]",
  options: {
    kafka: { value: "HOST:PORT", help: "use this Apache Kafka instead of the embedded log" },
    "create-topics": { help: "with --kafka: create missing topics from schemas/topics.json" },
    seconds: { value: "N", help: "end after N seconds; exit 1 when the ledger does not balance" },
    "no-feed": { help: "start the servers alone" },
    transactions: {
      value: "FILE...",
      many: true,
      help: "feed recorded transactions; - is standard input",
    },
    depth: {
      value: "FILE...",
      many: true,
      help: "feed recorded depth (receive_ns JSON lines), VENUE=FILE unless its name tells the venue",
    },
    speed: { value: "N", help: "speed of recorded depth, 0 = as fast as possible", default: "1" },
    "edge-port": { value: "PORT", help: "OTLP and market ingest, 0 = a free one", default: "4318" },
    "control-port": { value: "PORT", help: "metrics and status, 0 = a free one (default 9464)" },
    "log-port": {
      value: "PORT",
      help: "embedded log's REST port, 0 = a free one (default 8082)",
    },
    data: { value: "DIR", help: "where log and edge keep their data (default .weir/data)" },
    registry: { value: "DIR", help: "validate with this registry instead of our own" },
    profile: {
      value: "weir|weaver|off",
      help: "what the edge finds and how bad it is",
      default: "weir",
    },
    sample: {
      value: "RATE",
      help: "base rate of head sampling, 1 keeps everything (errors 1, slow 0.5)",
      default: `${sampleDefault}`,
    },
    "trace-endpoint": {
      value: "URL",
      help: "send traces of edge and engine there: OTLP/HTTP, http://127.0.0.1:4318/v1/traces",
    },
    "trace-rate": {
      value: "RATE",
      help: "with --trace-endpoint: share of market requests that are traced (default 0.001)",
    },
    "api-key": { value: "KEY", repeatable: true, help: "require one of these keys at the edge" },
    ...configOptions,
  },
  examples: ["weir up --seconds 20", "weir up --kafka 127.0.0.1:19092 --create-topics --no-feed"],
  run: async (args, plainIo) => {
    refusePositionals("up", args);
    refuseUnfed(args);
    let everyDraws = (): number => 1;
    const view = liveView(screenOf(plainIo), () => everyDraws());
    const io: Io = { ...plainIo, note: view.note };
    const seconds = integerOption(args, "seconds", { min: 1, max: 31_536_000 });
    // Told by the feed, they would be told after everything has started.
    speedOption(args.values);
    for (const word of texts(args, "depth")) depthFileOf(word);
    const settings = await openConfig(args, optionFields, io);
    const system = await start(args, settings, io);
    settings.follow(system);
    const unwatch = settings.watch();
    await io.line(JSON.stringify({ ready: system.ready }));
    const feed = args.values["no-feed"] === true ? null : startFeed(feedOptions(args, system, io));
    everyDraws = () => settings.holder.config.sniffer.telemetry_interval_secs;
    const watched = watch({ system, feed, view });
    const reason = await ended({ system, feed, seconds, io });
    await unwatch();
    if (reason !== null) io.note(`weir: ${reason}`);
    watched.stop();
    system.endScaling();
    io.note("weir: stopping: feed, edge, engine; draining");
    await feed?.stop(feedStopMs);
    const { ledger, isLogAway } = await system.stop();
    await io.line(JSON.stringify({ ledger } satisfies { ledger: Ledger }));
    if (isLogAway) return exitCode.unreachable;
    return reason === null && ledger.balanced ? exitCode.good : exitCode.failed;
  },
};

const refuseUnfed = ({ values }: Arguments): void => {
  const file = ["transactions", "depth"].find((name) => values[name] !== undefined);
  if (values["no-feed"] !== true || file === undefined) return;
  throw new UsageError(`--no-feed feeds nothing: leave it out, or --${file}`);
};

const text = (args: Arguments, name: string): string | null => {
  const value = args.values[name];
  return typeof value === "string" ? value : null;
};

const texts = (args: Arguments, name: string): readonly string[] => {
  const value = args.values[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
};

/** Options of this command that stand for a setting of the engine. */
const optionFields = { ...engineOptionFields, "trace-rate": "telemetry.trace_rate" };

const start = async (args: Arguments, settings: OpenConfig, io: Io): Promise<System> => {
  const { holder } = settings;
  const { log, control, telemetry, edge } = holder.config;
  refuseIdle(args, { kafka: log.kafka, traceEndpoint: telemetry.trace_endpoint });
  return startSystem({
    root,
    dataDir: log.data_dir,
    kafka: log.kafka === "" ? null : log.kafka,
    createTopics: args.values["create-topics"] === true,
    edgePort: httpPortOption(args, "edge-port") ?? 0,
    edgeShortPauses: edge.short_pauses,
    controlPort: control.port,
    logPort: log.port,
    apiKeys: apiKeysOf(args),
    policy: policyOf(args),
    tracing: { endpoint: telemetry.trace_endpoint, rate: telemetry.trace_rate },
    note: io.note,
    engine: engineSettingsOf(holder.config, settings.context),
    live: settings.live,
    stopMs: () => holder.config.sniffer.graceful_shutdown_timeout_ms,
    about: () => ({ config: settings.about() }),
    reload: settings.reload,
  });
};

/** An option that would do nothing is a mistake, whether its companion is an option or a setting. */
const refuseIdle = (
  { values }: Arguments,
  { kafka, traceEndpoint }: { readonly kafka: string; readonly traceEndpoint: string },
): void => {
  if (values["create-topics"] === true && kafka === "")
    throw new UsageError("--create-topics needs --kafka: the embedded log makes its own topics");
  if (values["trace-rate"] !== undefined && traceEndpoint === "")
    throw new UsageError("--trace-rate needs --trace-endpoint: without it nothing is traced");
};

/**
 * The edge takes a list, parted by spaces and commas, in which an empty key is none at all; clients
 * send a key in a header. A message never shows a key.
 */
const apiKeysOf = (args: Arguments): readonly string[] => {
  const keys = texts(args, "api-key");
  if (keys.length > apiKeysMax)
    throw new UsageError(
      `--api-key may be given at most ${apiKeysMax} times, found ${keys.length}`,
    );
  for (const [at, key] of keys.entries()) {
    if (/[^\x21-\x7e]|^$|,/.test(key))
      throw new UsageError(
        `--api-key number ${at + 1} must be visible ASCII characters, without spaces or commas`,
      );
    if (key.length > apiKeyBytesMax)
      throw new UsageError(
        `--api-key number ${at + 1} must be of up to ${apiKeyBytesMax} bytes, found ${key.length}`,
      );
  }
  return keys;
};

const policyOf = (args: Arguments): SystemOptions["policy"] => {
  const profile = text(args, "profile") ?? "weir";
  if (!/^(?:weir|weaver|off)$/.test(profile))
    throw new UsageError(`--profile must be weir, weaver or off, found ${profile}`);
  const sample = rateOption(args, "sample") ?? sampleDefault;
  return { registry: text(args, "registry"), profile, sample: String(sample) };
};

const feedOptions = (args: Arguments, system: System, io: Io) => ({
  edgeUrl: system.edge.url,
  apiKey: system.edge.apiKey,
  transactions: texts(args, "transactions"),
  depth: texts(args, "depth"),
  speed: text(args, "speed") ?? "1",
  note: io.note,
});

type End = {
  readonly system: System;
  readonly feed: FeedProcess | null;
  readonly seconds: number | undefined;
  readonly io: Io;
};

/** Null for a wished end (time is up, Ctrl-C); else what went wrong. */
const ended = async ({ system, feed, seconds, io }: End): Promise<string | null> => {
  const timer = Promise.withResolvers<null>();
  const timeout =
    seconds === undefined ? undefined : setTimeout(() => timer.resolve(null), seconds * 1_000);
  // Ctrl-C may have come while the system started.
  if (io.signal.aborted) timer.resolve(null);
  io.signal.addEventListener("abort", () => timer.resolve(null), { once: true });
  const feedFailed = feed?.failed ?? new Promise<never>(() => undefined);
  const reason = await Promise.race([timer.promise, system.failed, feedFailed]);
  clearTimeout(timeout);
  return reason;
};

type Watched = {
  readonly system: System;
  readonly feed: FeedProcess | null;
  readonly view: LiveView;
};

/** A terminal may be told neither its width nor its height. */
const screenOf = ({ stderrIsTerminal }: Io): ViewScreen => ({
  write: (text) => void process.stderr.write(text),
  size: () =>
    stderrIsTerminal
      ? { columns: process.stderr.columns || Infinity, rows: process.stderr.rows || Infinity }
      : null,
});

const watch = ({ system, feed, view }: Watched): { readonly stop: () => void } => {
  let before: Snapshot = system.snapshot();
  let edgeBefore: EdgeStatus | null = null;
  let beforeMs = performance.now();
  const draw = async (): Promise<void> => {
    // In this order: what the engine has handled the edge has counted before.
    const now = system.snapshot();
    const nowMs = performance.now();
    const edge = await readEdgeStatus(system.edge).catch(() => null);
    const seconds = (nowMs - beforeMs) / 1_000;
    const ledger = edge === null ? null : ledgerOf(edge.signals, handledOf(now), refusedOf(now));
    const feedLine = feed?.lastLine() ?? "";
    view.draw(viewLines({ before, now, seconds, edgeBefore, edge, ledger, feed: feedLine }));
    before = now;
    edgeBefore = edge;
    beforeMs = nowMs;
  };
  let timer: NodeJS.Timeout | null = null;
  const next = (): void => {
    timer = setTimeout(() => {
      void draw().finally(() => {
        if (timer !== null) next();
      });
    }, viewMs);
  };
  next();
  return {
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      view.end();
    },
  };
};
