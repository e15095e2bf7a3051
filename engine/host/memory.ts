// The shared memory of one engine, made by the control thread and handed to every other thread.
// Who writes what: rings by the thread named first, metrics by their owner, positions by column,
// books and events by market.
import { createBookMemory } from "../book/book-layout.ts";
import { wakeBytes } from "../log/embedded/wake.ts";
import { createEventMemory } from "../events/event-collector.ts";
import { createItemCountsMemory } from "../ledger/item-counts.ts";
import { createPositionsMemory } from "../ledger/positions.ts";
import { createMetricsMemory } from "../metrics/cells.ts";
import { createMessageRing } from "../ring/message-ring.ts";
import { createSniffMemory, type SniffMemory } from "../sniff/sniff-memory.ts";
import { sniffDefaults } from "../sniff/sniff-settings.ts";

export type EngineMemory = {
  readonly ingestMarket: SharedArrayBuffer;
  readonly ingestStream: SharedArrayBuffer;
  readonly marketEgress: SharedArrayBuffer;
  readonly streamEgress: SharedArrayBuffer;
  readonly metrics: SharedArrayBuffer;
  readonly positions: SharedArrayBuffer;
  /** Items handled, per partition, each once. */
  readonly items: SharedArrayBuffer;
  readonly books: SharedArrayBuffer;
  /** Events of the sniffer, written by market. */
  readonly events: SharedArrayBuffer;
  /** What the sniffer's stages count, and the rings of the verifier threads. */
  readonly sniff: SniffMemory;
  /** Bumped by every append to the embedded log, so that its reader need not poll. */
  readonly wake: SharedArrayBuffer;
};

export const ringNames = ["ingestMarket", "ingestStream", "marketEgress", "streamEgress"] as const;

// The largest record of topics.json (1 MiB) must fit into an eighth of the ring.
const inputRingBytes = 16 << 20;
const outputRingBytes = 4 << 20;

/** @throws RangeError for more than 16 verifier threads, or fewer than none. */
export const createEngineMemory = (
  verifyThreads: number = sniffDefaults.verifyThreads,
): EngineMemory => ({
  ingestMarket: createMessageRing({ capacityBytes: inputRingBytes, policy: "block" }),
  ingestStream: createMessageRing({ capacityBytes: inputRingBytes, policy: "block" }),
  marketEgress: createMessageRing({ capacityBytes: outputRingBytes, policy: "block" }),
  streamEgress: createMessageRing({ capacityBytes: outputRingBytes, policy: "block" }),
  metrics: createMetricsMemory(),
  positions: createPositionsMemory(),
  items: createItemCountsMemory(),
  books: createBookMemory(),
  events: createEventMemory(),
  sniff: createSniffMemory(verifyThreads),
  wake: new SharedArrayBuffer(wakeBytes),
});
