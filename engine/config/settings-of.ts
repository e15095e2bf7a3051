// What parts of the engine are given of the configuration, in their own words and units. The one
// place that knows both; a test holds the defaults of both against each other.
import type { DropPolicy } from "../handoff/handoff-options.ts";
import type { ExportSettings } from "../export/exports.ts";
import type { EngineOptions } from "../host/engine.ts";
import type { SniffSettings } from "../sniff/sniff-settings.ts";
import type { OutletSettings, SubmitSettings } from "../submit/submit-settings.ts";
import type { WindowOptions } from "../stream/window-options.ts";
import { windowDefaults } from "../stream/window-options.ts";
import type { ScaleLimits } from "../supervise/auto-scale.ts";
import type { RestartLimits } from "../supervise/restart-budget.ts";
import { restartDefaults } from "../supervise/restart-budget.ts";
import type { Config } from "./schema.ts";
import { watchedProgramsOf } from "./watched-programs.ts";

/** What belongs to a configuration beside its values. */
export type ConfigContext = {
  /** What runs now: a reload may have changed it. */
  readonly now: () => Config;
  /** Folder from which custom stages are named. */
  readonly stageFolder: string;
};

/** All that an engine is given at its start. */
export const engineSettingsOf = (
  config: Config,
  { now, stageFolder }: ConfigContext,
): EngineSettings => {
  const { supervisor, threads, rings, events, book, sniffer } = config;
  return {
    restarts: restartsOf(config),
    hangMs: supervisor.hang_ms,
    threads: { market: threads.market, stream: threads.stream },
    scaling: { market: scaleLimits(threads, "market"), stream: scaleLimits(threads, "stream") },
    sniff: sniffSettingsOf(config),
    exports: exportsOf(config, now),
    sizes: {
      inputRingBytes: rings.input_bytes,
      outputRingBytes: rings.output_bytes,
      events: events.capacity,
      bookSymbols: book.symbols,
    },
    windows: windowOptionsOf(config),
    submit: submitSettingsOf(config, stageFolder),
    resolver: resolverOf(config),
    rejoin: {
      attemptsMax: sniffer.max_retry_attempts,
      backoffMs: sniffer.initial_backoff_ms,
      backoffMsMax: sniffer.max_backoff_ms,
    },
  };
};

/** What of an engine's options the configuration decides, all of it. */
type EngineSettings = Required<
  Pick<
    EngineOptions,
    | "restarts"
    | "hangMs"
    | "threads"
    | "scaling"
    | "sniff"
    | "exports"
    | "sizes"
    | "windows"
    | "submit"
    | "resolver"
    | "rejoin"
  >
>;

const scaleLimits = (threads: Config["threads"], role: "market" | "stream"): ScaleLimits => ({
  threadsMin: threads[role],
  threadsMax: threads[`${role}_max`],
  upUs: threads.scale_up_us,
  downUs: threads.scale_down_us,
  holdMs: threads.scale_hold_ms,
});

const restartsOf = ({ supervisor }: Config): RestartLimits => ({
  ...restartDefaults,
  restartsMax: supervisor.restarts_max,
  windowMs: supervisor.restarts_window_ms,
  backoffMs: supervisor.backoff_ms,
  backoffMsMax: supervisor.backoff_ms_max,
});

/** Live fields that threads take up while they run: those of `sniffSettingsOf`, and the bundles'. */
export const isThreadField = (path: string): boolean =>
  path === "events.sample_every" ||
  path === "bundle.timeout_us" ||
  (path.startsWith("sniffer.") && !controlFields.has(path.slice("sniffer.".length)));

const controlFields = new Set(["telemetry_interval_secs", "graceful_shutdown_timeout_ms"]);

const dropPolicies = {
  DropOldest: "drop-oldest",
  DropNewest: "drop-newest",
  Block: "block",
} as const satisfies { readonly [name: string]: DropPolicy };

/** The sniffer of a market thread. Lossless means: blocked when full, whatever drop_policy says. */
export const sniffSettingsOf = ({
  sniffer,
  events,
  threads,
  watch,
  lookup_tables: tables,
}: Config): SniffSettings => ({
  verifyThreads: threads.verify,
  replayWindow: sniffer.replay_window,
  verifyWaitMs: sniffer.lossless ? Number.POSITIVE_INFINITY : sniffer.verify_wait_ms,
  openMax: sniffer.stream_buffer_size,
  v1: sniffer.accept_v1,
  zeroMint: !sniffer.safe_offsets,
  sendsApart: sniffer.batch_send_mode === "Async",
  bytesMin: sniffer.transaction_bytes_min,
  bytesMax: sniffer.transaction_bytes_max,
  watch: watchedProgramsOf({ watch }),
  eventSampleEvery: events.sample_every,
  priority: {
    emaAlphaShort: sniffer.ema_alpha_short,
    emaAlphaLong: sniffer.ema_alpha_long,
    initialThreshold: sniffer.initial_threshold,
    thresholdUpdateRate: sniffer.threshold_update_rate,
    emaUpdateIntervalMs: sniffer.ema_update_interval_ms,
  },
  tables:
    tables.url === ""
      ? null
      : {
          waitingMax: tables.waiting_max,
          waitMs: tables.wait_ms,
          absentMs: tables.absent_ms,
        },
  handoff: {
    capacity: sniffer.channel_capacity,
    batchSize: sniffer.batch_size,
    batchTimeoutUs: Math.round(sniffer.batch_timeout_ms * 1000),
    dropPolicy: sniffer.lossless ? "block" : dropPolicies[sniffer.drop_policy],
    adapts: sniffer.adaptive_policy && !sniffer.lossless,
    sendMaxRetries: sniffer.send_max_retries,
    sendRetryDelayUs: sniffer.send_retry_delay_us,
    highPriorityMaxRetries: sniffer.high_priority_max_retries,
    adaptiveHighUs: sniffer.adaptive_policy_high_threshold_us,
    adaptiveLowUs: sniffer.adaptive_policy_low_threshold_us,
    adaptiveIntervalUs: sniffer.adaptive_policy_interval_us,
  },
});

/** The windows of a stream thread. */
export const windowOptionsOf = ({ windows }: Config): WindowOptions => ({
  ...windowDefaults,
  sizeMs: windows.size_ms,
  latenessMs: windows.lateness_ms,
  idleMs: windows.idle_ms,
  keysMax: windows.keys_max,
});

/** Null: no lookup tables are resolved. */
const resolverOf = ({ lookup_tables: tables }: Config): EngineSettings["resolver"] =>
  tables.url === ""
    ? null
    : {
        url: tables.url,
        keyFile: tables.key_file,
        commitment: tables.commitment,
        tablesMax: tables.tables_max,
        requestsPerSecond: tables.requests_per_second,
        attemptsMax: tables.attempts_max,
        absentMs: tables.absent_ms,
        backoff: { backoffMs: tables.backoff_ms, backoffMsMax: tables.backoff_ms_max },
      };

/** What leaves the process; a reload may change the rule. */
const exportsOf = ({ telemetry }: Config, now: () => Config): ExportSettings => ({
  eventTopic: telemetry.event_topic,
  eventEndpoint: telemetry.event_endpoint,
  traceEndpoint: telemetry.trace_endpoint,
  eventRule: () => now().events.export,
});

/** Null when neither a custom stage nor a sender is configured: then no bundles are made. */
const submitSettingsOf = (config: Config, stageFolder: string): SubmitSettings | null => {
  const outlet = outletOf(config);
  const { stages, bundle, events } = config;
  if (outlet.kind === "none" && stages.length === 0) return null;
  const eventSampleEvery = events.sample_every;
  return { stages, stageFolder, outlet, eventSampleEvery, bundleTimeoutUs: bundle.timeout_us };
};

const outletOf = ({ senders: { jito, solana } }: Config): OutletSettings => {
  if (jito.regions.length > 0) {
    return {
      kind: "jito",
      regions: jito.regions,
      isDryRun: jito.dry_run,
      keyFile: jito.key_file,
      tipKeyFile: jito.tip_key_file,
      tipLamports: jito.tip_lamports,
      requestsPerSecond: jito.requests_per_second,
      attemptsMax: jito.attempts_max,
      backoff: { backoffMs: jito.backoff_ms, backoffMsMax: jito.backoff_ms_max },
    };
  }
  if (solana.url === "") return { kind: "none" };
  return {
    kind: "solana",
    url: solana.url,
    isDryRun: solana.dry_run,
    keyFile: solana.key_file,
    resendMs: solana.resend_ms,
    roundsMax: solana.rounds_max,
    backoff: { backoffMs: solana.backoff_ms, backoffMsMax: solana.backoff_ms_max },
  };
};
