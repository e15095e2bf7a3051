// The metrics that count refused and dropped items of the run by reason: the snapshot puts them in
// from ledger/item-counts.ts, the ledger reads them. Reasons without a metric (vote, not-watched)
// are no refusals: what nobody watches for is handled.
import type { ReasonName } from "../events/event-layout.ts";
import type { MetricKey } from "../metrics/table.ts";

type ByReason = { readonly [name in ReasonName]?: MetricKey };

/** Metric of each reason. */
export const refusedMetrics = {
  rejected: {
    size: "refusedSize",
    "duplicate-key": "refusedDuplicateKey",
    malformed: "refusedMalformed",
    "needs-resolve": "refusedNeedsResolve",
    signature: "refusedSignature",
    replay: "refusedReplay",
    "suspicious-mint": "refusedSuspiciousMint",
  },
  dropped: {
    full: "droppedFull",
    evicted: "droppedEvicted",
    blocked: "droppedBlocked",
    retries: "droppedRetries",
    shutdown: "droppedShutdown",
  },
} as const satisfies { readonly rejected: ByReason; readonly dropped: ByReason };
