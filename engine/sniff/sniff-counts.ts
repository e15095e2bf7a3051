// What the sniffer counts, as metrics of the engine: copied from its stages once for each turn of
// work. Not the items that the ledger wants: they are counted once each (ledger/item-counts.ts).
import { type Reason, reason } from "../events/event-layout.ts";
import { StageCells } from "../events/stage-cells.ts";
import { cellOf, type MetricCells } from "../metrics/cells.ts";
import type { MetricKey } from "../metrics/table.ts";
import { dropUnderWay, type SniffMemory } from "./sniff-memory.ts";
import type { SniffPath } from "./sniff-path.ts";

/** A metric that follows a number of a stage; `seen` is that number when it was copied last. */
type Copied = { readonly cell: number; readonly read: () => number; seen: number };

/** On the market thread. */
export class SniffCounts {
  readonly #metrics: MetricCells;
  readonly #copied: readonly Copied[];

  constructor(memory: SniffMemory, path: SniffPath, metrics: MetricCells) {
    this.#metrics = metrics;
    // The stages' cells outlive a thread: what is there was copied, at the latest when it died.
    this.#copied = Object.entries({ ...stageSources(memory), ...pathSources(path) }).map(
      ([key, read]) => ({ cell: cellOf(key as MetricKey), read, seen: read() }),
    );
  }

  /** Copies what the stages count. */
  publish(): void {
    for (const one of this.#copied) {
      const count = one.read();
      this.#metrics.add(one.cell, count - one.seen);
      one.seen = count;
    }
  }

  malformedFrame(): void {
    this.#metrics.add(framesCell, 1);
  }
}

/**
 * Counts all that a dead market thread left: what its stages had under way is gone, and what they
 * had counted since its last turn of work is copied. Control only, while no such thread lives.
 */
export const settleSniffer = (memory: SniffMemory, metrics: MetricCells): void => {
  dropUnderWay(memory);
  for (const [key, read] of Object.entries(stageSources(memory))) {
    metrics.add(cellOf(key as MetricKey), read() - metrics.read(key as MetricKey));
  }
};

type Sources = { readonly [key in MetricKey]?: () => number };

/** Numbers in shared memory, which outlive a thread. */
const stageSources = (memory: SniffMemory): Sources => {
  const prefilter = new StageCells(memory.prefilter);
  const extract = new StageCells(memory.extract);
  const secure = new StageCells(memory.secure);
  const all = [prefilter, extract, secure];
  const rejected = (why: Reason) => (): number =>
    all.reduce((sum, stage) => sum + stage.rejectedCount(why), 0);
  // What the prefilter calls malformed is no item at all, and has a metric of its own.
  const items = (): number => prefilter.rejectedCount(reason.malformed);
  const malformed = rejected(reason.malformed);
  return {
    candidates: () => secure.passedCount(),
    rejectedVote: rejected(reason.vote),
    rejectedNotWatched: rejected(reason.notWatched),
    rejectedSize: rejected(reason.size),
    rejectedDuplicateKey: rejected(reason.duplicateKey),
    rejectedMalformed: () => malformed() - items(),
    rejectedSignature: rejected(reason.signature),
    rejectedReplay: rejected(reason.replay),
    rejectedSuspiciousMint: rejected(reason.suspiciousMint),
    malformedItems: items,
  };
};

/** Numbers of the thread's own. */
const pathSources = ({ secure, extract, tables }: SniffPath): Sources => ({
  ...tableSources({ extract, tables }),
  matches: () => secure.candidates,
  matchesDropped: () => extract.matchesDropped,
  needsResolve: () => extract.unresolved,
});

const tableSources = ({ tables, extract }: Pick<SniffPath, "tables" | "extract">): Sources => {
  if (tables === null) return { unresolvedOff: () => extract.unresolved };
  const { room, requester } = tables;
  const { counts } = room;
  return {
    tableHits: () => extract.resolved,
    tableMisses: () => counts.misses,
    tableResolved: () => counts.resolved,
    unresolvedAbsent: () => counts.absent,
    unresolvedLate: () => counts.late,
    unresolvedFull: () => counts.full,
    unresolvedHurried: () => counts.hurried,
    unresolvedShutdown: () => counts.shutdown,
    tableRequestsDropped: () => requester.dropped,
    tableRoom: () => room.length,
  };
};

const framesCell = cellOf("malformedFrames");
