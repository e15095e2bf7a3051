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
// - The number of market or stream threads changes. All threads of the role are ended, partitions
//   are dealt anew, and each new thread is fed as above; a ring that is given up is emptied first.
// - ingest dies (rest_for_one: all that follow). All rings are emptied; the new one joins its group
//   at the committed positions, as after a restart of the process.
//
// Signatures that were seen stay seen in all of these: their windows belong to partitions, and know
// the place of each, so that what is fed again is not taken for its own replay (sniff/replays.ts).
//
// Why this is right: a position becomes "acknowledged" only when egress met its mark and had every
// output before it acknowledged, and the mark's metadata is all that a stage needs to go on from
// there. A ring is emptied only when its reader is dead, and by its writer's thread or when the
// writer is dead too, so that no ring ever has two readers or two writers. Items handled are
// counted once by position (ledger/item-counts.ts), so the ledger does not see the repeats.
import { resetBookMemory } from "../book/book-layout.ts";
import type { InputRole } from "../consume/input-rings.ts";
import { MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { settleSniffer } from "../sniff/sniff-counts.ts";
import { settleTap } from "../submit/tap.ts";
import type { Lanes } from "./lanes.ts";
import { inputOf, outputOf } from "./lanes.ts";
import type { EngineMemory } from "./memory.ts";
import type { EngineThread } from "./thread.ts";

const drainLimit = 1_000;

export type Living = {
  /** Null when it is dead. */
  readonly ingest: Pick<EngineThread, "ask"> | null;
  readonly egress: Pick<EngineThread, "ask"> | null;
  /** Null also when there is none. */
  readonly submit?: Pick<EngineThread, "ask"> | null;
};

/** Puts in order what the dead left, for the lanes that there are from now on. */
export const handOver = async (
  lanes: Lanes,
  dead: ReadonlySet<string>,
  { ingest, egress, submit = null }: Living,
): Promise<void> => {
  for (const { role, memory, name } of lanes.all) {
    if (!dead.has(name) && lanes.active(role).some((lane) => lane.name === name)) continue;
    const cells = new MetricCells(memory.metrics);
    if (role === "market") settleMarket(memory, cells);
    cells.retire(role);
  }
  for (const lane of lanes.all) {
    const cells = new MetricCells(lane.memory.metrics);
    for (const owner of ["ingest", "egress"] as const) if (dead.has(owner)) cells.retire(owner);
    if (dead.has("egress")) empty(outputOf(lane));
  }
  // A living one learns of new lanes before their threads write.
  await egress?.ask({ do: "read", outputs: lanes.outputs() });
  if (!dead.has("submit")) await submit?.ask({ do: "tap", taps: lanes.taps() });
  for (const role of ["market", "stream"] as const) await rewind(lanes, { role, dead, ingest });
};

/** Completes what a dead market thread counted, and forgets its books. */
const settleMarket = ({ sniff, tap, books }: EngineMemory, cells: MetricCells): void => {
  settleSniffer(sniff, cells);
  if (tap !== null) settleTap(tap, cells);
  resetBookMemory(books);
};

type Rewound = {
  readonly role: InputRole;
  readonly dead: ReadonlySet<string>;
  readonly ingest: Living["ingest"];
};

const rewind = async (lanes: Lanes, { role, dead, ingest }: Rewound): Promise<void> => {
  if (!lanes.active(role).some(({ name }) => dead.has(name))) return;
  const deadLanes = lanes.dead(role, dead);
  if (ingest === null) for (const lane of deadLanes) empty(inputOf(lane));
  else {
    await ingest.ask({
      do: "rewind",
      role,
      inputs: lanes.inputs()[role],
      dead: deadLanes.map(({ index }) => index),
    });
  }
};

/** Stands in for the dead reader of a ring whose writer is dead too. */
const empty = (ring: SharedArrayBuffer): void => {
  const reader = new MessageRingReader(ring);
  while (reader.drain(() => undefined, drainLimit) > 0);
};
