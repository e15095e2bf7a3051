// The door `weir/stage`: what a thread runs. A stage is an object with `name`, `start`, `work` and
// `stop`; `work` does a bounded piece and says how much it did, so that the same stage runs on a
// thread of its own (`runDutyCycle`), beside others on one thread, or step by step in a test. It
// counts in shared memory and may record events, which any thread reads.
export { type Idle, runDutyCycle, type Stage } from "../threads/stage.ts";
export { StageOutput, type StageOutputOptions } from "../sniff/stage-output.ts";
export {
  createStageMemory,
  readStageCounts,
  StageCells,
  type StageCounts,
} from "../events/stage-cells.ts";
export { createEventMemory, EventCollector, type EventDetail } from "../events/event-collector.ts";
export {
  type EventCode,
  eventType,
  type EventType,
  type Reason,
  reason,
  type ReasonName,
} from "../events/event-layout.ts";
export type { EventLine } from "../events/event-line.ts";
export { type EventQuery, readEvents } from "../events/event-reader.ts";
export type {
  StageFactory,
  StageModule,
  StageOptions,
  StageResources,
} from "../threads/stage-module.ts";
export {
  type LoadedStage,
  loadStage,
  type StageLoadCode,
  StageLoadError,
} from "../threads/load-stage.ts";
export {
  type CustomStageOptions,
  type CustomStageThread,
  startStageThread,
} from "../threads/custom-stage.ts";
export {
  type StageChain,
  type StageChainOptions,
  startStageChain,
} from "../threads/stage-chain.ts";
