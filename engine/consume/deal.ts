// Which thread of a role handles a partition. Keys (symbol, mint, trace id) decide about the
// partition already, and a partition's order, windows, books and commit point belong together:
// so partitions are dealt, not records. With more threads than partitions some have nothing to do.
import { consumed, topicPartitions } from "../ledger/positions.ts";

const counts = { market: 0, stream: 0 };

/** Of each id, its number among the partitions of its role. */
const ranks: readonly number[] = topicPartitions.map(({ topic }) => {
  const role = consumed[topic];
  counts[role] += 1;
  return counts[role] - 1;
});

/** Threads of one role at most. */
const lanesMax = 16;

/** Threads of a role at most: more than it has partitions would be of no use. */
export const lanesMaxOf = (role: keyof typeof counts): number => Math.min(lanesMax, counts[role]);

/** Number of the thread, from 0, that handles the partition when its role has `lanes` of them. */
export const laneOf = (id: number, lanes: number): number => (ranks[id] ?? 0) % lanes;
