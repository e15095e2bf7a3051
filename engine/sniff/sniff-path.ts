// The four stages of the sniffer on one thread, joined by rings of their own: prefilter > extract >
// secure > handoff, with the verifier threads beside them. Nothing is lost between them: a full ring
// makes the next stage run. Composition only; what a stage does is its file's concern.
import { instructionRules } from "../../schemas/market/programs.ts";
import { itemAt, receivedAt, stageMessage, traceIdAt } from "../../schemas/market/stage-message.ts";
import type { EventCollector } from "../events/event-collector.ts";
import type { Reason } from "../events/event-layout.ts";
import { HandoffStage } from "../handoff/handoff-stage.ts";
import type { HandoffSenders, SyncBatchSender } from "../handoff/sender.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { TableCacheReader } from "../resolve/table-cache-reader.ts";
import { TableRequester } from "../resolve/table-requester.ts";
import type { TableMemory } from "../resolve/table-request.ts";
import { createMessageRing } from "../ring/message-ring.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import type { CandidateTap } from "../submit/tap.ts";
import { ExtractStage } from "./extract-stage.ts";
import { PrefilterStage } from "./prefilter-stage.ts";
import { PriorityCells } from "./priority-cells.ts";
import type { Replays } from "./replays.ts";
import { type SecureOptions, SecureStage } from "./secure-stage.ts";
import type { SniffMemory } from "./sniff-memory.ts";
import type { SniffSettings } from "./sniff-settings.ts";
import { StageOutput } from "./stage-output.ts";
import type { PrefilterOptions } from "./prefilter.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { VerifyPool } from "./verify-pool.ts";
import { VolumePriority } from "./volume-priority.ts";
import { WatchList, watchedPrograms } from "./watch-list.ts";

export type SniffPathParts = {
  readonly memory: SniffMemory;
  readonly events: EventCollector;
  readonly sender: SyncBatchSender;
  /** Told of each transaction that extract or secure refuse, and of each candidate dropped. */
  readonly onRefused: (traceId: number, why: Reason) => void;
  readonly onDropped: (traceId: number, why: Reason) => void;
  readonly settings: SniffSettings;
  /** Null: none is looked for. */
  readonly replays: Replays | null;
  /** Where lookup tables are and are asked for; null: nobody resolves them. */
  readonly tables?: TableMemory | null;
  /** Takes what passed the secure stage too; null: the handoff alone does. */
  readonly tap?: CandidateTap | null;
  /** No transaction has a lower trace id; what verifiers return below it is of an earlier life. */
  readonly firstTrace: number;
  /** Called while the thread waits for verifiers: to wait is no hang. */
  readonly onWait: () => void;
  /** Monotonic us; the machine's clock by default. */
  readonly nowUs?: () => number;
};

// A message of the longest transaction with all its records must fit into an eighth.
const ringBytes = 1 << 18;
/** While signatures are on their way the thread looks for them this often. */
const verifyPollMs = 0.5;
const idleMsMin = 0.05;
/** While transactions wait for lookup tables it looks for these so often. */
const tablePollMs = 2;

/** Runs on the market thread. */
export class SniffPath {
  readonly priority: VolumePriority;
  readonly extract: ExtractStage;
  readonly secure: SecureStage;
  /** Null: no transaction waits for lookup tables. */
  readonly tables: Tables | null;
  readonly #prefilter: PrefilterStage;
  readonly #handoff: HandoffStage;
  readonly #pool: VerifyPool | null;
  readonly #cells: PriorityCells;
  readonly #source: MessageRingWriter;
  readonly #target: CopyTarget;
  readonly #nowUs: () => number;
  readonly #events: EventCollector;
  readonly #tap: CandidateTap | null;
  readonly #onWait: () => void;

  /** @throws RangeError for settings out of range, naming the field. */
  constructor(parts: SniffPathParts) {
    const { memory, settings } = parts;
    const rings = Array.from({ length: 4 }, () =>
      createMessageRing({ capacityBytes: ringBytes, policy: "block" }),
    ) as [SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer, SharedArrayBuffer];
    const [received, passed, extracted, secured] = rings;
    this.#nowUs = parts.nowUs ?? monotonicUs;
    this.#onWait = parts.onWait;
    this.#events = parts.events;
    this.#tap = parts.tap ?? null;
    const common = { events: parts.events, nowUs: this.#nowUs, onRefused: parts.onRefused };
    const output = (ring: SharedArrayBuffer, next: () => unknown): StageOutput =>
      new StageOutput({ ring: new MessageRingWriter(ring), waitMs: 0, makeRoom: next });
    const watch = watchOf(settings);
    this.priority = new VolumePriority(settings.priority);
    this.tables = tablesOf(parts, watch, this.#nowUs);
    const { tables } = this;
    this.#cells = new PriorityCells(memory.priority);
    this.#pool =
      memory.verify.length === 0 ? null : new VerifyPool(memory.verify, parts.firstTrace);
    this.#source = new MessageRingWriter(received);
    this.#target = new CopyTarget(this.#source.view);
    this.#prefilter = new PrefilterStage(
      {
        ...common,
        input: new MessageRingReader(received),
        output: output(passed, () => this.extract.work()),
        memory: memory.prefilter,
      },
      watch,
    );
    this.extract = new ExtractStage(
      {
        ...common,
        input: new MessageRingReader(passed),
        output: output(extracted, () => this.secure.work()),
        memory: memory.extract,
      },
      {
        ...watch,
        priority: this.priority,
        keepsUnresolved: true,
        ...(tables !== null && { tables: tables.cache }),
      },
    );
    this.secure = new SecureStage(
      {
        ...common,
        input: new MessageRingReader(extracted),
        output: output(secured, () => this.#handoff.work()),
        memory: memory.secure,
      },
      secureOptionsOf(parts, this.#pool, tables?.room ?? null),
    );
    this.#handoff = new HandoffStage(
      {
        input: new MessageRingReader(secured),
        senders: sendersOf(parts),
        events: parts.events,
        memory: memory.handoff,
        onDropped: parts.onDropped,
        nowUs: this.#nowUs,
      },
      settings.handoff,
    );
    for (const stage of [this.#prefilter, this.extract, this.secure, this.#handoff]) stage.start();
  }

  /**
   * Takes up what of `settings` needs no new thread: priority, handoff but its capacity, the wait for
   * verifiers, sampling of events. Between two batches. @throws RangeError naming the field.
   */
  configure({ priority, handoff, eventSampleEvery, verifyWaitMs }: SniffSettings): void {
    this.#handoff.configure(handoff);
    this.secure.configure(verifyWaitMs);
    this.priority.averages.configure(priority);
    this.#events.configure(eventSampleEvery);
  }

  /** Monotonic us, for `give`. */
  nowUs(): number {
    return this.#nowUs();
  }

  /** Takes one transaction item, [start, end) of `view`; false: it is longer than any can be. */
  give(item: ItemPlace, traceId: number, receivedUs: number): boolean {
    const { view, start, end } = item;
    const length = itemAt + end - start;
    const source = this.#source;
    if (length > source.messageBytesMax) return false;
    let at = source.claim(stageMessage.transaction, length);
    while (at < 0) {
      this.work();
      at = source.claim(stageMessage.transaction, length);
    }
    const to = source.view;
    to.setFloat64(at + traceIdAt, traceId, true);
    to.setFloat64(at + receivedAt, receivedUs, true);
    this.#target.copy(view, start, end - start, at + itemAt);
    source.commit(at);
    return true;
  }

  /** Runs the stages until none has anything to do; returns how much they did. */
  work(): number {
    this.#source.publish();
    let done = 0;
    for (;;) {
      const worked = this.#prefilter.work() + this.extract.work() + this.secure.work();
      let handed = 0;
      for (let more = this.#handoff.work(); more > 0; more = this.#handoff.work()) handed += more;
      done += worked + handed;
      if (worked === 0) break;
    }
    this.#cells.publish(this.priority);
    this.#tap?.publish();
    return done;
  }

  /** Everything before this trace id is handed off, refused or dropped; `next` was not given yet. */
  settledBelow(next: number): number {
    return Math.min(this.secure.settledBelow(next), this.#handoff.oldestTraceId());
  }

  /** Longest time that the thread may sleep before it must call `work` again. */
  idleMs(): number {
    const verifyMs = this.#verifying() > 0 ? verifyPollMs : Number.POSITIVE_INFINITY;
    const tableMs = this.#waiting() > 0 ? tablePollMs : Number.POSITIVE_INFINITY;
    return Math.max(idleMsMin, Math.min(verifyMs, tableMs, this.#handoff.idleUs() / 1000));
  }

  /** Sleeps until a verifier has a result, or a moment when none is at work. */
  waitMoment(): void {
    this.#onWait();
    if (this.#verifying() > 0) this.#pool?.waitForResult(1);
    else Atomics.wait(sleepWord, 0, 0, this.idleMs());
  }

  /**
   * Has transactions with an earlier trace id wait for no lookup table any more; how many leave with
   * the next `work` because of it.
   */
  letGo(below: number): number {
    return this.tables?.room.letGo(below) ?? 0;
  }

  /**
   * Waits until all that was given is handed off. Under a policy that drops, candidates for which
   * there is no room until `deadlineUs` are dropped with reason shutdown.
   */
  finish(deadlineUs: number): void {
    this.letGo(Number.POSITIVE_INFINITY);
    this.work();
    while (this.#verifying() + this.#waiting() > 0) {
      this.waitMoment();
      this.work();
    }
    while (!this.#handoff.drain() && this.#nowUs() < deadlineUs) this.waitMoment();
    this.#handoff.stop();
  }

  #verifying(): number {
    return this.#pool?.inFlight ?? 0;
  }

  #waiting(): number {
    return this.tables?.room.length ?? 0;
  }
}

const watchOf = ({ watch, v1, bytesMin, bytesMax }: SniffSettings): PrefilterOptions => ({
  watch: new WatchList(watch ?? watchedPrograms(instructionRules)),
  v1,
  ...(bytesMin !== undefined && { bytesMin }),
  ...(bytesMax !== undefined && { bytesMax }),
});

/** The market thread's ends of the resolver. */
type Tables = {
  readonly cache: TableCacheReader;
  readonly requester: TableRequester;
  readonly room: WaitingRoom;
};

const tablesOf = (
  { tables = null, settings }: SniffPathParts,
  watch: PrefilterOptions,
  nowUs: () => number,
): Tables | null => {
  const options = settings.tables;
  if (tables === null || options === null) return null;
  const cache = new TableCacheReader(tables.cache);
  const requester = new TableRequester(tables.requests, nowUs);
  return { cache, requester, room: new WaitingRoom({ tables: cache, requester, watch, options }) };
};

const sendersOf = ({ sender, settings }: SniffPathParts): HandoffSenders =>
  settings.sendsApart ? { mode: "split", high: sender, low: sender } : { mode: "sync", sender };

const secureOptionsOf = (
  { settings, replays, tap = null, onWait }: SniffPathParts,
  pool: VerifyPool | null,
  room: WaitingRoom | null,
): SecureOptions => ({
  v1: settings.v1,
  ...(replays === null ? { replayWindow: 0 } : { replays }),
  verifyWaitMs: settings.verifyWaitMs,
  zeroMint: settings.zeroMint,
  onWait,
  ...(pool !== null && { pool }),
  ...(room !== null && { room }),
  ...(tap !== null && { onPassed: tap.take }),
});

/** A transaction item inside a ring. */
export type ItemPlace = { view: DataView; start: number; end: number };

const sleepWord = new Int32Array(new SharedArrayBuffer(4));
