// All four stages of the sniffer on one thread, joined by real rings, with a clock that the test
// turns: what a thread of each would run.
import { EventCollector, createEventMemory } from "../../../engine/events/event-collector.ts";
import type { EventLine } from "../../../engine/events/event-line.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import type { EventType } from "../../../engine/events/event-layout.ts";
import {
  createStageMemory,
  readStageCounts,
  type StageCounts,
} from "../../../engine/events/stage-cells.ts";
import {
  createHandoffMemory,
  type HandoffDiagnostics,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import { handoffDefaults, type HandoffOptions } from "../../../engine/handoff/handoff-options.ts";
import { HandoffStage } from "../../../engine/handoff/handoff-stage.ts";
import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import type { HandoffSenders } from "../../../engine/handoff/sender.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { ExtractStage } from "../../../engine/sniff/extract-stage.ts";
import { PrefilterStage } from "../../../engine/sniff/prefilter-stage.ts";
import { SecureStage, type SecureOptions } from "../../../engine/sniff/secure-stage.ts";
import { StageOutput } from "../../../engine/sniff/stage-output.ts";
import type { AccountTables } from "../../../engine/sniff/table-extractor.ts";
import { VolumePriority } from "../../../engine/sniff/volume-priority.ts";
import { WatchList, watchedPrograms } from "../../../engine/sniff/watch-list.ts";
import { decodeCandidate, type Candidate } from "../../../schemas/market/candidate.ts";
import { instructionRules } from "../../../schemas/market/programs.ts";
import {
  itemAt,
  receivedAt,
  stageMessage,
  traceIdAt,
} from "../../../schemas/market/stage-message.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";

export const fullWatch = (): WatchList => new WatchList(watchedPrograms(instructionRules));

type Handed = { readonly priority: number; readonly candidate: Candidate };

/** What a batch holds, decoded. */
const handedOf = (batch: HandoffBatch): Handed[] =>
  Array.from({ length: batch.count }, (_, i) => {
    const at = batch.recordAt(i);
    const candidate = decodeCandidate(batch.view, at, at + batch.lengthAt(i));
    if (candidate === null) throw new Error("a record that cannot be read");
    return { priority: batch.priority, candidate };
  });

export type RigOptions = {
  readonly handoff?: Partial<HandoffOptions>;
  readonly secure?: SecureOptions;
  readonly tables?: AccountTables;
  readonly keepsUnresolved?: boolean;
  readonly senders?: HandoffSenders;
  readonly ringBytes?: number;
  readonly sampleEvery?: number;
  /** The receiver only counts, for benchmarks. */
  readonly keepsNothing?: boolean;
};

/** The stages and what a test asks of them. */
export type Rig = {
  readonly clock: { us: number };
  /** What the handoff sent, in order, unless other senders were given. */
  readonly handed: Handed[];
  readonly batches: number[];
  readonly priority: VolumePriority;
  readonly stages: readonly [PrefilterStage, ExtractStage, SecureStage, HandoffStage];
  readonly handoff: HandoffStage;
  readonly secure: SecureStage;
  readonly events: (type?: EventType | null) => readonly EventLine[];
  readonly counts: () => { readonly [name in "prefilter" | "extract" | "secure"]: StageCounts };
  readonly diagnostics: () => HandoffDiagnostics;
  /** Puts one transaction in front of the first stage. */
  readonly give: (wire: Uint8Array) => void;
  /** Runs all stages until none has anything to do. */
  readonly settle: () => void;
};

export const createRig = (options: RigOptions = {}): Rig => {
  const clock = { us: 1_000_000 };
  const nowUs = (): number => clock.us;
  const handed: Handed[] = [];
  const batches: number[] = [];
  const eventMemory = createEventMemory();
  const events = new EventCollector(eventMemory, options.sampleEvery ?? 1);
  const ring = () =>
    createMessageRing({ capacityBytes: options.ringBytes ?? 1 << 20, policy: "block" });
  const [received, passed, extracted, secured] = [ring(), ring(), ring(), ring()] as const;
  const memories = {
    prefilter: createStageMemory(),
    extract: createStageMemory(),
    secure: createStageMemory(),
  };
  const parts = (
    input: SharedArrayBuffer,
    output: SharedArrayBuffer,
    memory: SharedArrayBuffer,
  ) => ({
    input: new MessageRingReader(input),
    output: new StageOutput({ ring: new MessageRingWriter(output), waitMs: 0 }),
    events,
    memory,
    nowUs,
  });
  const priority = new VolumePriority();
  const prefilter = new PrefilterStage(parts(received, passed, memories.prefilter), {
    watch: fullWatch(),
  });
  const extract = new ExtractStage(parts(passed, extracted, memories.extract), {
    watch: fullWatch(),
    priority,
    keepsUnresolved: options.keepsUnresolved ?? false,
    ...(options.tables !== undefined && { tables: options.tables }),
  });
  const secure = new SecureStage(parts(extracted, secured, memories.secure), options.secure);
  const handoffMemory = createHandoffMemory();
  const sender = {
    trySend: (batch: HandoffBatch): number => {
      if (options.keepsNothing !== true) handed.push(...handedOf(batch));
      batches.push(batch.count);
      return batch.count;
    },
  };
  const handoff = new HandoffStage(
    {
      input: new MessageRingReader(secured),
      senders: options.senders ?? { mode: "sync", sender },
      events,
      memory: handoffMemory,
      nowUs,
    },
    { ...handoffDefaults, ...options.handoff },
  );
  const stages = [prefilter, extract, secure, handoff] as const;
  for (const stage of stages) stage.start();
  const source = new MessageRingWriter(received);
  const item = new TransactionItem();
  let traceId = 0;
  return {
    clock,
    handed,
    batches,
    priority,
    stages,
    handoff,
    secure,
    events: (type = null) => readEvents([eventMemory], { type, limit: 10_000 }),
    counts: () => ({
      prefilter: readStageCounts(memories.prefilter),
      extract: readStageCounts(memories.extract),
      secure: readStageCounts(memories.secure),
    }),
    diagnostics: () => readHandoffDiagnostics(handoffMemory),
    give: (wire) => {
      const length = itemAt + transactionItemHeaderBytes + wire.length;
      const at = source.claim(stageMessage.transaction, length);
      if (at < 0) throw new Error("the source ring is full");
      source.view.setFloat64(at + traceIdAt, traceId, true);
      source.view.setFloat64(at + receivedAt, clock.us, true);
      item.setSlot(77 + traceId);
      item.encode(source.view, at + itemAt);
      source.bytes.set(wire, at + itemAt + transactionItemHeaderBytes);
      source.commit(at);
      source.publish();
      traceId += 1;
    },
    settle: () => {
      while (stages.reduce((done, stage) => done + stage.work(), 0) > 0);
    },
  };
};

const sum = (by: { readonly [name: string]: number | undefined }): number =>
  Object.values(by).reduce((total: number, count) => total + (count ?? 0), 0);

/** The conservation law of each stage and from each stage to the next. @throws naming the stage. */
export const checkConservation = (rig: Rig, given: number): void => {
  const { prefilter, extract, secure } = rig.counts();
  const must = (what: string, left: number, right: number): void => {
    if (left !== right) throw new Error(`${what}: ${left} is not ${right}`);
  };
  must("given", prefilter.received, given);
  must("prefilter > extract", prefilter.passed, extract.received);
  must("extract > secure", extract.passed, secure.received);
  for (const [name, stage] of Object.entries(rig.counts())) {
    const out = stage.passed + sum(stage.rejected) + sum(stage.dropped) + stage.inFlight;
    must(name, stage.received, out);
    if (name !== "secure") must(`${name} in flight`, stage.inFlight, 0);
  }
  const { high, low } = rig.diagnostics();
  must("secure > handoff", rig.secure.candidates, high.offered + low.offered);
  for (const lane of [high, low]) {
    must("handoff", lane.offered, lane.sent + lane.queued + lane.onTheWay + sum(lane.dropped));
    must(
      "sojourn",
      lane.sent,
      lane.sojourn.reduce((a, b) => a + b, 0),
    );
  }
};
