// Profiles: named sets of values that stand between the defaults and what a user sets. Values of the
// sniffer as in the original; fields that are not named keep their default.

/** Values by the path of their field. */
export type Profile = { readonly [path: string]: string | number | boolean };

/** By name; `standard` is the defaults. */
export const profiles = {
  standard: {},
  "low-latency": {
    "sniffer.channel_capacity": 512,
    "sniffer.stream_buffer_size": 1024,
    "sniffer.batch_size": 5,
    "sniffer.batch_timeout_ms": 2,
    "sniffer.high_priority_max_retries": 1,
    "edge.short_pauses": true,
  },
  "high-throughput": {
    "sniffer.channel_capacity": 2048,
    "sniffer.stream_buffer_size": 8192,
    "sniffer.batch_size": 20,
    "sniffer.batch_timeout_ms": 5,
    "sniffer.high_priority_max_retries": 3,
  },
  "resource-constrained": {
    "sniffer.channel_capacity": 256,
    "sniffer.stream_buffer_size": 512,
    "sniffer.batch_size": 10,
    "sniffer.batch_timeout_ms": 20,
    "sniffer.telemetry_interval_secs": 10,
    "edge.short_pauses": true,
  },
} as const satisfies { readonly [name: string]: Profile };

type ProfileName = keyof typeof profiles;

/** In the order in which help shows them. */
export const profileNames: readonly [ProfileName, ...ProfileName[]] = [
  "standard",
  "low-latency",
  "high-throughput",
  "resource-constrained",
];
