// Waits for the turn of work after which a running engine's figures stand: the ledger counts a
// transaction at once, its thread's own figures follow at the end of the turn, then the positions.
import type { Snapshot } from "../../../engine/control/snapshot.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import { until } from "../../until.ts";

const topic = "weir-transactions";

/** Resolves when the engine is through with all transactions in the log. */
export const handledAll = async (log: EventLog, snapshot: () => Snapshot): Promise<void> => {
  const ends = await log.offsets(topic);
  const isThrough = (): boolean =>
    snapshot().positions.every(
      (at) => at.topic !== topic || at.handled === ends[at.partition]?.end,
    );
  await until(isThrough, "all transactions are handled");
};
