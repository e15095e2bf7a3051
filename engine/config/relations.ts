// What must hold between fields. Each is named with the fields that it is about, so that a problem
// can say where their values came from.
import { watchedProgramsMax, watchedRulesMax } from "../sniff/watch-list.ts";
import type { Config } from "./schema.ts";
import { watchedProgramsOf } from "./watched-programs.ts";

/** `isGood` is asked only when each of `paths` is good by itself. */
export type Relation = {
  readonly paths: readonly string[];
  readonly expected: string;
  readonly isGood: (config: Config) => boolean;
};

const latenessWindowsMax = 64;
/** Largest transaction of the legacy and v0 formats, in bytes. */
const transactionBytesMax = 1232;

/** All of them. */
export const relations: readonly Relation[] = [
  {
    paths: ["sniffer.ema_alpha_short", "sniffer.ema_alpha_long"],
    expected: "expected ema_alpha_short not below ema_alpha_long",
    isGood: ({ sniffer }) => sniffer.ema_alpha_short >= sniffer.ema_alpha_long,
  },
  {
    paths: ["sniffer.initial_backoff_ms", "sniffer.max_backoff_ms"],
    expected: "expected initial_backoff_ms not above max_backoff_ms",
    isGood: ({ sniffer }) => sniffer.initial_backoff_ms <= sniffer.max_backoff_ms,
  },
  {
    paths: ["sniffer.batch_size", "sniffer.channel_capacity"],
    expected: "expected batch_size not above channel_capacity",
    isGood: ({ sniffer }) => sniffer.batch_size <= sniffer.channel_capacity,
  },
  {
    paths: [
      "sniffer.adaptive_policy_low_threshold_us",
      "sniffer.adaptive_policy_high_threshold_us",
    ],
    expected: "expected adaptive_policy_low_threshold_us below adaptive_policy_high_threshold_us",
    isGood: ({ sniffer }) =>
      sniffer.adaptive_policy_low_threshold_us < sniffer.adaptive_policy_high_threshold_us,
  },
  {
    paths: ["sniffer.transaction_bytes_min", "sniffer.transaction_bytes_max"],
    expected: "expected transaction_bytes_min not above transaction_bytes_max",
    isGood: ({ sniffer }) => sniffer.transaction_bytes_min <= sniffer.transaction_bytes_max,
  },
  {
    paths: ["sniffer.transaction_bytes_max", "sniffer.accept_v1"],
    expected: `expected transaction_bytes_max of up to ${transactionBytesMax} without accept_v1`,
    isGood: ({ sniffer }) =>
      sniffer.accept_v1 || sniffer.transaction_bytes_max <= transactionBytesMax,
  },
  ...["supervisor", "lookup_tables", "senders.solana", "senders.jito"].map((section) => ({
    paths: [`${section}.backoff_ms`, `${section}.backoff_ms_max`],
    expected: "expected backoff_ms not above backoff_ms_max",
    isGood: (config: Config) => {
      const { supervisor, lookup_tables, senders } = config;
      const { solana, jito } = senders;
      const of = { supervisor, lookup_tables, "senders.solana": solana, "senders.jito": jito };
      const { backoff_ms: first, backoff_ms_max: max } = of[section as keyof typeof of];
      return first <= max;
    },
  })),
  {
    paths: ["watch.programs", "watch.own"],
    expected: `expected programs that differ, up to ${watchedProgramsMax} with ${watchedRulesMax} instructions together`,
    isGood: (config) => {
      const watched = watchedProgramsOf(config);
      const rules = watched.reduce((sum, program) => sum + program.rules.length, 0);
      return (
        watched.length <= watchedProgramsMax &&
        rules <= watchedRulesMax &&
        new Set(watched.map(({ id }) => id)).size === watched.length &&
        new Set(watched.map(({ name }) => name)).size === watched.length
      );
    },
  },
  {
    paths: ["windows.lateness_ms", "windows.size_ms"],
    expected: `expected lateness_ms of up to ${latenessWindowsMax} x size_ms`,
    isGood: ({ windows }) => windows.lateness_ms / windows.size_ms <= latenessWindowsMax,
  },
  {
    paths: ["senders.solana.url", "senders.solana.dry_run"],
    expected: "expected an address to send to when dry_run is false",
    isGood: ({ senders }) => senders.solana.dry_run || senders.solana.url !== "",
  },
  {
    paths: ["senders.solana.url", "senders.jito.regions"],
    expected: "expected one of them: bundles go one way",
    isGood: ({ senders }) => senders.solana.url === "" || senders.jito.regions.length === 0,
  },
  {
    paths: ["senders.jito.regions", "senders.jito.dry_run"],
    expected: "expected a region at least when dry_run is false",
    isGood: ({ senders }) => senders.jito.dry_run || senders.jito.regions.length > 0,
  },
];
