// The section `sniffer`: the original's fields by their names, units and defaults, then what ours
// has beside them. Two names of the original meant one buffer; `stream_buffer_capacity` is taken as
// another spelling of `stream_buffer_size` (layers.ts).
import * as z from "zod";

import { thresholdUsMin } from "../handoff/handoff-options.ts";
import { choice, decimal, flag, integer, powerOfTwo, text } from "./fields.ts";

const live = "live";
const restart = "restart";
const hourMs = 3_600_000;
const secondUs = 1_000_000;

const stream = {
  stream_buffer_size: powerOfTwo({
    default: 4096,
    min: 2,
    max: 1 << 20,
    reload: restart,
    what: "transactions between receipt and handoff; what comes meanwhile waits in the ring from ingest",
  }),
  max_retry_attempts: integer({
    default: 5,
    min: 0,
    max: 1_000_000,
    reload: restart,
    what: "attempts to reach Kafka again before the consumer starts anew",
  }),
  initial_backoff_ms: integer({
    default: 100,
    min: 1,
    max: hourMs,
    reload: restart,
    what: "wait before the first of them; doubles with each, 20 % jitter",
  }),
  max_backoff_ms: integer({
    default: 5000,
    min: 1,
    max: hourMs,
    reload: restart,
    what: "longest wait between two",
  }),
  config_file_path: text({
    default: "sniffer_config.toml",
    form: /./,
    expected: "expected a path",
    reload: restart,
    what: "the file of settings, read when it exists; --config names it too, the file itself cannot",
  }),
};

const priority = {
  ema_alpha_short: decimal({
    default: 0.2,
    min: 0,
    max: 1,
    reload: live,
    what: "weight of a new volume in the short average",
  }),
  ema_alpha_long: decimal({
    default: 0.05,
    min: 0,
    max: 1,
    reload: live,
    what: "weight of a new volume in the long average",
  }),
  initial_threshold: decimal({
    default: 1.5,
    min: 0.5,
    max: 5,
    reload: live,
    what: "HIGH is a volume above long average x threshold; the threshold's start and base",
  }),
  threshold_update_rate: decimal({
    default: 0.1,
    min: 0,
    max: 1,
    reload: live,
    what: "how much of the way to its target the threshold goes in an interval",
  }),
  ema_update_interval_ms: integer({
    default: 200,
    min: 1,
    max: hourMs,
    reload: live,
    what: "interval in which averages are drained",
  }),
};

const handoff = {
  channel_capacity: integer({
    default: 1024,
    min: 1,
    max: 65_536,
    reload: restart,
    what: "candidates queued over both priorities",
  }),
  batch_size: integer({
    default: 10,
    min: 1,
    max: 1024,
    reload: live,
    what: "candidates of one send",
  }),
  batch_timeout_ms: decimal({
    default: 10,
    min: 0,
    max: 60_000,
    reload: live,
    what: "longest wait of a candidate for its batch to fill, by the clock",
  }),
  high_priority_max_retries: integer({
    default: 2,
    min: 0,
    max: 255,
    reload: live,
    what: "Block: waits of one retry delay for room before a HIGH candidate takes another's place",
  }),
  send_max_retries: integer({
    default: 3,
    min: 0,
    max: 255,
    reload: live,
    what: "further tries of a refused send",
  }),
  send_retry_delay_us: integer({
    default: 100,
    min: 0,
    max: secondUs,
    reload: live,
    what: "wait before each of them",
  }),
  drop_policy: choice(["DropOldest", "DropNewest", "Block"], {
    default: "DropNewest",
    reload: live,
    what: "what happens to a candidate for which there is no room; HIGH is shed last",
  }),
  batch_send_mode: choice(["Sync", "Async"], {
    default: "Sync",
    reload: restart,
    what: "Sync: one sender, HIGH first, LOW waits while HIGH is refused; Async: one for each priority, neither waits for the other; order is kept within a priority",
  }),
  lossless: flag({
    default: true,
    reload: live,
    what: "a full queue holds up the stream and drops nothing; false: drop_policy decides",
  }),
  adaptive_policy: flag({
    default: true,
    reload: live,
    what: "the drop policy follows the mean sojourn; false: it stays as it is set",
  }),
  adaptive_policy_high_threshold_us: decimal({
    default: 1000,
    min: 2 * thresholdUsMin,
    max: 60 * secondUs,
    reload: live,
    what: "mean sojourn above which the newest is dropped",
  }),
  adaptive_policy_low_threshold_us: decimal({
    default: 100,
    min: thresholdUsMin,
    max: 60 * secondUs - 1,
    reload: live,
    what: "mean sojourn below which HIGH may block",
  }),
  adaptive_policy_interval_us: integer({
    default: 100_000,
    min: 1,
    max: 60 * secondUs,
    reload: live,
    what: "time over which that mean is taken, and least time between two changes",
  }),
};

const checks = {
  safe_offsets: flag({
    default: true,
    reload: restart,
    what: "a mint of 32 zero bytes is suspicious; false: it passes. Offsets are checked either way",
  }),
  accept_v1: flag({ default: false, reload: restart, what: "let v1 transactions through" }),
  transaction_bytes_min: integer({
    default: 64,
    min: 64,
    max: 4096,
    reload: restart,
    what: "smaller transactions are rejected with reason size",
  }),
  transaction_bytes_max: integer({
    default: 1232,
    min: 64,
    max: 4096,
    reload: restart,
    what: "larger ones too; above 1232 only with accept_v1",
  }),
  replay_window: powerOfTwo({
    default: 65_536,
    min: 2,
    max: 1 << 22,
    reload: restart,
    what: "signatures remembered against replays, by one process",
  }),
  verify_wait_ms: integer({
    default: 0,
    min: 0,
    max: 1000,
    reload: live,
    what: "longest wait for room before a verifier unless lossless, which waits; 0 drops at once and counts",
  }),
};

const control = {
  telemetry_interval_secs: integer({
    default: 5,
    min: 1,
    max: 3600,
    reload: live,
    what: "interval of the line of figures that is written where no terminal shows them",
  }),
  graceful_shutdown_timeout_ms: integer({
    default: 5000,
    min: 1,
    max: 600_000,
    reload: live,
    what: "time that all parts have together to stop",
  }),
};

/** The section. */
export const snifferSection = z.strictObject({
  ...stream,
  ...priority,
  ...handoff,
  ...checks,
  ...control,
});
