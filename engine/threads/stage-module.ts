// What a module must export to be loaded as a stage: `export const stage: StageModule`. Such a
// stage takes records of one size from a slot ring and gives records to another; it is named in a
// configuration by its module's path, with options that it checks itself.
import type { StageMetrics } from "../metrics/stage-metrics.ts";
import type { StageMetricsTable } from "../metrics/stage-table.ts";
import type { SlotRingReader } from "../ring/slot-ring-reader.ts";
import type { SlotRingWriter } from "../ring/slot-ring-writer.ts";
import type { Stage } from "./stage.ts";

/** Options as a configuration has them. */
export type StageOptions = { readonly [field: string]: unknown };

/** What a stage gets on its thread; all of it belongs to that thread from then on. */
export type StageResources = {
  /** The stage is its one reader. */
  readonly input: SlotRingReader;
  /** The stage is its one writer; a full one of policy "block" is waited for between two `work`. */
  readonly output: SlotRingWriter;
  /** Cells of the metrics that the module declares. */
  readonly metrics: StageMetrics;
  /** Monotonic microseconds. */
  readonly nowUs: () => number;
};

/** Runs on its thread; must return a new stage with each call. */
export type StageFactory = (resources: StageResources) => Stage;

/** What a module exports as `stage`; a plain object, read once when it is loaded. */
export type StageModule = {
  /** Lower-case words joined by hyphens; label `stage` of its metrics. */
  readonly name: string;
  /** Bytes of one record in and out: multiples of 8 up to 65,536. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly metrics?: Omit<StageMetricsTable, "stage">;
  /** Checks the options, on any thread. @throws Error naming the field and what it must be. */
  readonly configure: (options: StageOptions) => StageFactory;
};
