// Where batches go. A sender takes records from the front of a batch and says how many it took; the
// rest comes again. It must not keep the batch beyond its answer.
import type { HandoffBatch } from "./lane.ts";

/** Takes at once; 0 to `batch.count`. Must not throw. */
export type SyncBatchSender = { trySend(batch: HandoffBatch): number };

/** Takes later; a rejection or an exception counts as none taken. */
type AsyncBatchSender = { send(batch: HandoffBatch): Promise<number> };

/**
 * "sync": one receiver, HIGH first, LOW only when no HIGH batch waits. "async": one send in flight
 * for each priority, so that a slow LOW receiver never holds up HIGH.
 */
export type HandoffSenders =
  | { readonly mode: "sync"; readonly sender: SyncBatchSender }
  | { readonly mode: "async"; readonly high: AsyncBatchSender; readonly low: AsyncBatchSender };
