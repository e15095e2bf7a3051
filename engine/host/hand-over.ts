// What is done with rings, positions and counters between the death of threads and their new
// start, so that no record is lost and none is repeated unmarked. The rule:
//
// - market or stream dies (one_for_one). Its outputs in the ring to egress are whole and stay; what
//   it had claimed and not published is gone. Its input ring is emptied by ingest, and fed again
//   from the last positions whose outputs egress has acknowledged, read from the log: the new
//   thread is assigned its partitions there and rebuilds windows and books as after a restart of
//   the process. Outputs that come again carry the ids they had, which derive from their input.
// - egress dies (rest_for_one: market and stream go with it). What it had taken out of the rings
//   and not acknowledged is gone, and a mark still in a ring may stand behind such an output: so
//   both output rings are emptied, and both stages are fed again as above.
// - ingest dies (rest_for_one: all that follow). All rings are emptied; the new one joins its group
//   at the committed positions, as after a restart of the process.
//
// Why this is right: a position becomes "acknowledged" only when egress met its mark and had every
// output before it acknowledged, and the mark's metadata is all that a stage needs to go on from
// there. A ring is emptied only when its reader is dead, and by its writer's thread or when the
// writer is dead too, so that no ring ever has two readers or two writers. Items handled are
// counted once by position (ledger/item-counts.ts), so the ledger does not see the repeats.
import { resetBookMemory } from "../book/book-layout.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { EngineMemory } from "./memory.ts";
import type { EngineThread } from "./thread.ts";

const drainLimit = 1_000;

/** Puts in order what the dead left. `ingest` is the living ingest thread, null when it is dead. */
export const handOver = async (
  memory: EngineMemory,
  dead: ReadonlySet<string>,
  ingest: Pick<EngineThread, "ask"> | null,
): Promise<void> => {
  retire(memory, dead);
  if (dead.has("egress")) {
    empty(memory.marketEgress);
    empty(memory.streamEgress);
  }
  for (const ring of ["market", "stream"] as const) {
    if (!dead.has(ring)) continue;
    if (ring === "market") resetBookMemory(memory.books);
    if (ingest === null) empty(ring === "market" ? memory.ingestMarket : memory.ingestStream);
    else await ingest.ask({ do: "rewind", ring });
  }
};

const retire = (memory: EngineMemory, dead: ReadonlySet<string>): void => {
  const cells = new MetricCells(memory.metrics);
  for (const owner of ["ingest", "market", "stream", "egress"] as const) {
    if (dead.has(owner)) cells.retire(owner);
  }
};

/** Stands in for the dead reader of a ring whose writer is dead too. */
const empty = (ring: SharedArrayBuffer): void => {
  const reader = new MessageRingReader(ring);
  while (reader.drain(() => undefined, drainLimit) > 0);
};
