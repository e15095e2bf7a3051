// The shared memory of one engine, made by the control thread and handed to every other thread.
// Who writes what: rings by the thread named first, metrics by their owner, positions by column,
// books and events by market.
import { bookSymbolsDefault, createBookMemory } from "../book/book-layout.ts";
import { wakeBytes } from "../log/embedded/wake.ts";
import { createEventMemory, eventCapacity } from "../events/event-collector.ts";
import { createItemCountsMemory } from "../ledger/item-counts.ts";
import { createPositionsMemory } from "../ledger/positions.ts";
import { createMetricsMemory } from "../metrics/cells.ts";
import { createTableCache } from "../resolve/table-cache-layout.ts";
import { createTableRequests, type TableMemory } from "../resolve/table-request.ts";
import { createMessageRing } from "../ring/message-ring.ts";
import { createTapMemory, type TapMemory } from "../submit/tap.ts";
import { createPartitionReplays } from "../sniff/replays.ts";
import { createSniffMemory, type SniffMemory } from "../sniff/sniff-memory.ts";
import { sniffDefaults } from "../sniff/sniff-settings.ts";
import { createTraceMemory } from "../trace/trace-layout.ts";

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
  /** Candidates for bundles, written by market; null when none are made. */
  readonly tap: TapMemory | null;
  /** What the sniffer's stages count, and the rings of the verifier threads. */
  readonly sniff: SniffMemory;
  /** Signatures seen, by partition of transactions; written by the market thread that handles it. */
  readonly replays: readonly SharedArrayBuffer[];
  /** Lookup tables, and requests of market for them; null when nobody resolves any. */
  readonly tables: TableMemory | null;
  /** Records that are traced (trace/trace-layout.ts). */
  readonly traces: SharedArrayBuffer;
  /** Bumped by every append to the embedded log, so that its reader need not poll. */
  readonly wake: SharedArrayBuffer;
};

export const ringNames = ["ingestMarket", "ingestStream", "marketEgress", "streamEgress"] as const;

/** Sizes of the memory, for each lane. */
export type MemorySizes = {
  /** Of each ring from ingest. The largest record of topics.json (1 MiB) must fit into an eighth. */
  readonly inputRingBytes: number;
  /** Of each ring to egress. */
  readonly outputRingBytes: number;
  readonly events: number;
  readonly bookSymbols: number;
  /** Signatures remembered against replays in all partitions together; 0 remembers none. */
  readonly replayWindow: number;
  /** Lookup tables kept; 0: none are resolved. */
  readonly lookupTables: number;
  /** Whether candidates go to a submit thread. */
  readonly hasTap: boolean;
};

export const memoryDefaults: MemorySizes = {
  inputRingBytes: 16 << 20,
  outputRingBytes: 4 << 20,
  events: eventCapacity,
  bookSymbols: bookSymbolsDefault,
  replayWindow: sniffDefaults.replayWindow,
  lookupTables: 0,
  hasTap: false,
};

/** @throws RangeError for more than 16 verifier threads, or fewer than none, or a size out of range. */
export const createEngineMemory = (
  verifyThreads: number = sniffDefaults.verifyThreads,
  sizes: MemorySizes = memoryDefaults,
): EngineMemory => {
  const input = { capacityBytes: sizes.inputRingBytes, policy: "block" } as const;
  const output = { capacityBytes: sizes.outputRingBytes, policy: "block" } as const;
  return {
    ingestMarket: createMessageRing(input),
    ingestStream: createMessageRing(input),
    marketEgress: createMessageRing(output),
    streamEgress: createMessageRing(output),
    metrics: createMetricsMemory(),
    positions: createPositionsMemory(),
    items: createItemCountsMemory(),
    books: createBookMemory(sizes.bookSymbols),
    events: createEventMemory(sizes.events),
    tap: sizes.hasTap ? createTapMemory() : null,
    sniff: createSniffMemory(verifyThreads),
    replays: createPartitionReplays(sizes.replayWindow),
    tables: tablesOf(sizes.lookupTables),
    traces: createTraceMemory(),
    wake: new SharedArrayBuffer(wakeBytes),
  };
};

const tablesOf = (tables: number): TableMemory | null =>
  tables === 0 ? null : { cache: createTableCache(tables), requests: createTableRequests() };
