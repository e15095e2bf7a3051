// Builds the parts that the market and the stream thread have in common from shared memory.
import { RecordStage } from "../consume/record-stage.ts";
import type { RecordStageOptions } from "../consume/record-stage.ts";
import { Outbox } from "../egress/outbox.ts";
import type { ThreadData } from "../host/thread-data.ts";
import { ItemCounts } from "../ledger/item-counts.ts";
import { Positions } from "../ledger/positions.ts";
import { cellOf, MetricCells } from "../metrics/cells.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { WorkerCells } from "../supervise/worker-cells.ts";
import { say } from "./say.ts";
import type { Stage } from "./stage.ts";
import { runSupervised } from "./supervised-cycle.ts";

export type StageWiring = {
  readonly name: string;
  readonly input: "ingestMarket" | "ingestStream";
  readonly output: "marketEgress" | "streamEgress";
  readonly blocked: "marketBlocked" | "streamBlocked";
  readonly repeated: "marketRepeated" | "streamRepeated";
};

export type StageParts = {
  readonly reader: MessageRingReader;
  readonly outbox: Outbox;
  readonly metrics: MetricCells;
  /** Shows that the thread lives: to be called while it waits for others. */
  readonly beat: () => void;
  readonly build: (handlers: RecordStageOptions["handlers"]) => RecordStage;
  /** The thread's duty cycle: it returns when control says stop and nothing is left. */
  readonly run: (stage: Stage) => void;
};

export const recordStage = (
  { memory, workers, worker }: ThreadData,
  wiring: StageWiring,
): StageParts => {
  const cells = new WorkerCells(workers, worker);
  const metrics = new MetricCells(memory.metrics);
  const reader = new MessageRingReader(memory[wiring.input]);
  const blocked = cellOf(wiring.blocked);
  const repeated = cellOf(wiring.repeated);
  const outbox = new Outbox({
    ring: new MessageRingWriter(memory[wiring.output]),
    onBlocked: () => {
      metrics.add(blocked, 1);
      // To wait for a full ring is no hang.
      cells.beat();
    },
  });
  return {
    reader,
    outbox,
    metrics,
    beat: () => cells.beat(),
    build: (handlers) =>
      new RecordStage({
        name: wiring.name,
        reader,
        outbox,
        handlers,
        positions: new Positions(memory.positions),
        items: new ItemCounts(memory.items),
        onRepeated: (items) => metrics.add(repeated, items),
        sojourn: metrics.histogram(wiring.input),
        nowMs: Date.now,
      }),
    run: (stage) => {
      say({ is: "ready" });
      runSupervised(stage, (idleMs) => reader.waitForMessages(idleMs), cells);
    },
  };
};
