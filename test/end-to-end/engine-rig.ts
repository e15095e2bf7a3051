// The real engine on an embedded log of its own, in this process, with threads that can be made to
// fail, and a load of transactions and spans.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { takeSnapshot } from "../../engine/control/snapshot.ts";
import { createTransactionMix } from "../../engine/feed/transactions.ts";
import type { Engine, EngineOptions } from "../../engine/host/engine.ts";
import { startEngine } from "../../engine/host/engine.ts";
import type { ThreadName } from "../../engine/host/workers.ts";
import type { EventLog } from "../../engine/log/event-log.ts";
import { openLog } from "../../engine/log/open-log.ts";
import type { Random } from "../random.ts";
import { Faults } from "./faults.ts";
import type { Append } from "./kill-load.ts";
import { KillLoad } from "./kill-load.ts";
import { restAppend } from "./rest-append.ts";

export type EngineRig = {
  readonly engine: Engine;
  readonly faults: Faults;
  readonly append: Append;
  /** The log as a reader beside the engine sees it. */
  readonly log: EventLog;
  readonly end: () => Promise<void>;
};

export type RigOptions = {
  readonly hangMs: number;
  readonly restarts?: EngineOptions["restarts"];
  /** Its address; an embedded log without it. */
  readonly kafka?: string;
};

export const startRig = async ({ hangMs, restarts, kafka }: RigOptions): Promise<EngineRig> => {
  const data = mkdtempSync(join(tmpdir(), "weir-rig-"));
  const directory = join(data, "log");
  const faults = new Faults();
  const engine = await startEngine({
    log: kafka === undefined ? { directory, port: 0 } : { kafka },
    runId: "r",
    hangMs,
    restarts: restarts ?? { restartsMax: 100, backoffMs: 1 },
    threadFiles: faults.files,
  });
  const log = await openLog(kafka === undefined ? { directory, readOnly: true } : { kafka });
  return {
    engine,
    faults,
    append: kafka === undefined ? restAppend(engine.restUrl ?? "") : appendTo(log),
    log,
    end: async () => {
      await log.close();
      await engine.stop(60_000);
      rmSync(data, { recursive: true, force: true });
    },
  };
};

const appendTo =
  (log: EventLog): Append =>
  async (record) => {
    const [offset] = await log.append([
      { ...record, key: null, headers: {}, timestampMs: Date.now() },
    ]);
    return offset ?? -1;
  };

export const startLoad = async (
  { append }: EngineRig,
  random: Random,
): Promise<{ readonly load: KillLoad; readonly stop: () => Promise<void> }> => {
  const load = new KillLoad(await createTransactionMix({ seed: 7, count: 300 }), random);
  const running = load.run(() => append);
  const stop = async (): Promise<void> => {
    load.stop();
    await running;
  };
  return { load, stop };
};

export const restartsOf = ({ engine }: EngineRig, name: ThreadName): number =>
  engine.steering
    .workers()
    .filter((worker) => worker.name.split("-")[0] === name)
    .reduce((sum, { restarts }) => sum + restarts, 0);

export const allRun = ({ engine }: EngineRig): boolean =>
  engine.steering.workers().every(({ state }) => state === "Running");

/** Every acknowledged record is handled, and the outputs of transactions are acknowledged. */
export const handledAll = ({ engine }: EngineRig, load: KillLoad): boolean => {
  const { positions } = takeSnapshot(engine.memory, engine.lanes);
  return load.acknowledged.every(({ record, offset }) => {
    const at = positions.find(
      ({ topic, partition }) => topic === record.topic && partition === record.partition,
    );
    return ((record.topic === "otlp_spans" ? at?.handled : at?.done) ?? 0) > offset;
  });
};
