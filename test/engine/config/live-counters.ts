// What the thread of the live settings' test counts, and settings that follow from one number.
import type { Config } from "../../../engine/config/schema.ts";

/** Int32 words. */
export const counter = {
  ready: 0,
  stop: 1,
  batches: 2,
  torn: 3,
  /** Settings applied that the thread had refused. */
  forced: 4,
  batchSize: 5,
  pause: 6,
} as const;

export const counterBytes = 4 * Object.keys(counter).length;

const policies = ["DropOldest", "DropNewest", "Block"] as const;

/** Fields for `--set` that follow from `n`, 1 to 1000. */
export const following = (n: number): { readonly [path: string]: string } => ({
  "sniffer.batch_size": String(n),
  "sniffer.send_retry_delay_us": String(n * 7),
  "sniffer.batch_timeout_ms": String(n / 8),
  "sniffer.drop_policy": policies[n % 3] ?? "",
  "sniffer.lossless": String(n % 2 === 0),
  "bundle.timeout_us": String(n * 3),
});

/** Whether they all follow from one number. */
export const belongsTogether = ({ sniffer, bundle }: Config): boolean => {
  const n = sniffer.batch_size;
  return (
    sniffer.send_retry_delay_us === n * 7 &&
    sniffer.batch_timeout_ms === n / 8 &&
    sniffer.drop_policy === policies[n % 3] &&
    sniffer.lossless === (n % 2 === 0) &&
    bundle.timeout_us === n * 3
  );
};
