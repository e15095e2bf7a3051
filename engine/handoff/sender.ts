// Where batches go. A sender takes records from the front of a batch and says how many it took; the
// rest comes again. It must not keep the batch beyond its answer.
import type { HandoffBatch } from "./lane.ts";

/** Takes at once; 0 to `batch.count`. Must not throw. */
export type SyncBatchSender = { trySend(batch: HandoffBatch): number };

/** Takes later; a rejection or an exception counts as none taken. */
type AsyncBatchSender = { send(batch: HandoffBatch): Promise<number> };

/**
 * "sync": one receiver, HIGH first, LOW only when no HIGH batch waits. "split": one for each priority,
 * and neither waits for the other. "async": the same with answers that come later, one send in flight
 * for each; it needs a thread that returns to its event loop.
 */
export type HandoffSenders =
  | { readonly mode: "sync"; readonly sender: SyncBatchSender }
  | { readonly mode: "split"; readonly high: SyncBatchSender; readonly low: SyncBatchSender }
  | { readonly mode: "async"; readonly high: AsyncBatchSender; readonly low: AsyncBatchSender };
