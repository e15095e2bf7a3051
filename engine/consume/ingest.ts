// Reads the log into the rings: the first stage of the engine. It copies each record once, into
// the ring of the stage that handles its topic, and waits when that ring is full: waiting is the
// back-pressure that reaches the log's own paging.
//
// Stages have one thread or several, each with a ring of its own; partitions are dealt to them. When
// threads were replaced, or their number changed, their rings are emptied and rewound: the new ones
// are assigned their partitions at the last acknowledged positions and get the records since again,
// read from the log, before any later one. To them that is what a restart of the process would be.
import { setTimeout as sleep } from "node:timers/promises";

import { recordHeaders } from "../../schemas/record-headers.ts";
import { consumed, isConsumed, topicPartitionId } from "../ledger/positions.ts";
import type { Positions } from "../ledger/positions.ts";
import type {
  ConsumerHandlers,
  EventLog,
  LogRecord,
  Position,
  RecordBatch,
} from "../log/event-log.ts";
import { unreadableHeader } from "../log/event-log.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import { monotonicUs, stampNowUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { laneOf } from "./deal.ts";
import type { TraceClaims } from "../trace/trace-claims.ts";
import type { InputRole } from "./input-rings.ts";
import { headerBytes, messageType, writeHeader } from "./record-message.ts";
import { RepeatWindow } from "./repeat-window.ts";

const waitMs = 1_000;
/** Published at least this often within a batch, so that the stage starts on a long one. */
const publishEveryRecords = 32;
/** Records of one read when a ring is rewound. */
const rewindRecords = 500;
/** How often a dead stage's ring is emptied while its last batch is still on its way. */
const discardMs = 1;

export type IngestOptions = {
  /** By role and lane, at least one of each role. */
  readonly rings: { readonly [role in InputRole]: readonly MessageRingWriter[] };
  readonly positions: Positions;
  readonly metrics: MetricCells;
  /** Records whose run header has this value are the run's own. */
  readonly runId: string;
  /** Null: nothing is traced. */
  readonly traces: TraceClaims | null;
  /** Reads the log without the group, to rewind a ring. */
  readonly read: EventLog["read"];
  readonly onFailed: (error: Error) => void;
  /** For people. */
  readonly onNote: (message: string) => void;
};

export type Rewind = {
  /** The role's rings from now on, by lane. */
  readonly writers: readonly MessageRingWriter[];
  /** For the readers that are dead, also of rings that are given up. */
  readonly standIns: readonly MessageRingReader[];
  /** Lanes whose threads start anew: their partitions are fed again. */
  readonly lanes: readonly number[];
};

const metadataEncoder = new TextEncoder();
const noBytes = new Uint8Array(0);

/** Handlers for the log's consumer, and the commits. One instance in the ingest thread. */
export class Ingest implements ConsumerHandlers {
  readonly #options: IngestOptions;
  readonly #rings: { [role in InputRole]: readonly MessageRingWriter[] };
  readonly #runId: Buffer;
  /** Where a successor of a partition's stage must begin, by id: owned partitions only. */
  readonly #resume = new Map<number, Position>();
  readonly #repeats = new RepeatWindow();
  /** Offset after the last record that was looked at for repeats, by id: one read again is none. */
  readonly #lookedAt = new Map<number, number>();
  #held: PromiseWithResolvers<void> | null = null;
  #isReleased = false;
  // A ring has one writer and one wait at a time, but partitions are delivered side by side: what
  // goes to a role goes in turn.
  readonly #turns: { [role in InputRole]: Promise<unknown> } = {
    market: Promise.resolve(),
    stream: Promise.resolve(),
  };
  /** Partitions whose unreadable records were told of. */
  readonly #unreadable = new Set<number>();
  readonly onFailed: (error: Error) => void;
  readonly onNote: (message: string) => void;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#rings = { ...options.rings };
    this.#runId = Buffer.from(options.runId);
    this.onFailed = options.onFailed;
    this.onNote = options.onNote;
  }

  readonly onAssigned = async (positions: readonly Position[]): Promise<void> => {
    this.#options.metrics.add(assignmentsCell, 1);
    for (const { isAnew = false, ...position } of positions) {
      const { topic, partition, offset } = position;
      const id = topicPartitionId(topic, partition);
      if (id < 0) continue;
      await this.#inTurn(roleOf(topic), async () => {
        // Without `isAnew`: what is fed again from here is of this one.
        this.#resume.set(id, position);
        this.#options.positions.set("read", id, offset);
        this.#options.positions.set("owned", id, 1);
        if (isAnew) this.#lookedAt.delete(id);
        await this.#assign(id, position, isAnew ? messageType.assignAnew : messageType.assign);
      });
    }
    this.#publish();
  };

  readonly onRevoked = async (
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void> => {
    // The stages have ended.
    if (this.#isReleased) return;
    for (const { topic, partition } of partitions) {
      const id = topicPartitionId(topic, partition);
      if (id < 0) continue;
      const nothing = { id, offset: 0, value: noBytes, timestampMs: 0 };
      await this.#inTurn(roleOf(topic), async () => {
        this.#resume.delete(id);
        this.#options.positions.set("owned", id, 0);
        await this.#push(topic, messageType.revoke, nothing);
      });
    }
    this.#publish();
  };

  readonly onBatch = async (batch: RecordBatch): Promise<void> => {
    // Not handled while held: waits, so that no later batch of the partition comes.
    while (!this.#isReleased) {
      const hasPassed = await this.#inTurn(roleOf(batch.topic), async () => {
        if (this.#held !== null) return false;
        await this.#pass(batch);
        return true;
      });
      if (hasPassed) return;
      await this.#held?.promise;
    }
  };

  /** Takes note of positions whose outputs are acknowledged: a rewind begins there. */
  acknowledged(positions: readonly Position[]): void {
    for (const position of positions) {
      const id = topicPartitionId(position.topic, position.partition);
      const known = this.#resume.get(id);
      if (known !== undefined && position.offset >= known.offset) this.#resume.set(id, position);
    }
  }

  /**
   * Call it when threads of the role are dead. Resolves when their rings are empty: successors may
   * attach then, and are fed from the last acknowledged positions on. What fails after that goes to
   * `onFailed`.
   */
  async rewind(role: InputRole, { writers, standIns, lanes }: Rewind): Promise<void> {
    const emptied = Promise.withResolvers<void>();
    const state = { isEmptied: false };
    const discard = (): void => {
      for (const standIn of standIns) while (standIn.drain(() => undefined, rewindRecords) > 0);
    };
    const rewound = this.#inTurn(role, async () => {
      discard();
      this.#rings[role] = writers;
      state.isEmptied = true;
      emptied.resolve();
      await this.#feedAgain(role, lanes);
    });
    rewound.catch(this.onFailed);
    // A batch may be on its way into the full ring: it must get there before its turn ends.
    while (!state.isEmptied) {
      discard();
      await Promise.race([emptied.promise, sleep(discardMs)]);
    }
  }

  async #feedAgain(role: InputRole, lanes: readonly number[]): Promise<void> {
    const { metrics, positions, read } = this.#options;
    for (const [id, position] of this.#resume) {
      const { topic, partition } = position;
      if (roleOf(topic) !== role) continue;
      if (!lanes.includes(laneOf(id, this.#rings[role].length))) continue;
      await this.#assign(id, position, messageType.assign);
      const end = positions.get("read", id);
      let offset = position.offset;
      while (offset < end) {
        const found = await read({ topic, partition, offset }, rewindRecords);
        this.#stamp();
        for (const record of found) {
          if (record.offset < end) await this.#pushRecord(topic, id, record);
        }
        this.#publish();
        metrics.add(rewoundCell, found.length);
        // Nothing there: deleted since by the log's retention.
        offset = (found.at(-1)?.offset ?? end) + 1;
      }
    }
    this.#publish();
  }

  async #assign(
    id: number,
    { topic, offset, metadata }: Position,
    type: typeof messageType.assign | typeof messageType.assignAnew,
  ): Promise<void> {
    const value = metadataEncoder.encode(metadata);
    await this.#push(topic, type, { id, offset, value, timestampMs: 0 });
  }

  async #pass(batch: RecordBatch): Promise<void> {
    const { metrics, positions } = this.#options;
    const id = topicPartitionId(batch.topic, batch.partition);
    this.#countRepeats(id, batch.records);
    this.#countUnreadable(id, batch);
    this.#stamp();
    let unpublished = 0;
    for (const record of batch.records) {
      await this.#pushRecord(batch.topic, id, record);
      metrics.add(bytesCell, record.value.length);
      unpublished += 1;
      if (unpublished < publishEveryRecords) continue;
      this.#publish();
      unpublished = 0;
    }
    this.#publish();
    metrics.add(recordsCell, batch.records.length);
    positions.set("read", id, (batch.records.at(-1)?.offset ?? -1) + 1);
  }

  #countRepeats(id: number, records: readonly LogRecord[]): void {
    const from = this.#lookedAt.get(id) ?? 0;
    let repeats = 0;
    let next = from;
    for (const { offset, headers } of records) {
      if (offset < from) continue;
      if (this.#repeats.see(headers)) repeats += 1;
      next = offset + 1;
    }
    this.#lookedAt.set(id, next);
    if (repeats > 0) this.#options.metrics.add(repeatsCell, repeats);
  }

  /** They are empty: nothing comes of them but that positions pass. Told once of each partition. */
  #countUnreadable(id: number, { topic, partition, records }: RecordBatch): void {
    const unreadable = records.filter(({ headers }) => headers[unreadableHeader] !== undefined);
    const [first] = unreadable;
    const reason = first?.headers[unreadableHeader];
    if (first === undefined || reason === undefined) return;
    this.#options.metrics.add(unreadableCell, unreadable.length);
    if (this.#unreadable.has(id)) return;
    this.#unreadable.add(id);
    const where = `${topic}/${partition} from offset ${first.offset} on`;
    const why = Buffer.from(reason).toString();
    this.onNote(`records that cannot be read are passed over and counted: ${where}: ${why}`);
  }

  /** From the next batch on no record passes: batches wait, unhandled, until `resume`. */
  pause(): void {
    this.#held ??= Promise.withResolvers();
  }

  resume(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  /** `pause`; resolves when nothing is on its way into the rings. */
  async hold(): Promise<void> {
    this.pause();
    await Promise.all([this.#turns.market, this.#turns.stream]);
  }

  /** Gives held batches back, unhandled: the consumer is about to stop. */
  release(): void {
    this.#isReleased = true;
    this.resume();
  }

  async #inTurn<T>(role: InputRole, body: () => Promise<T>): Promise<T> {
    const turn = this.#turns[role].then(body);
    this.#turns[role] = turn.catch(() => undefined);
    return turn;
  }

  async #pushRecord(topic: string, id: number, record: LogRecord): Promise<void> {
    const run = record.headers[recordHeaders.run];
    const { offset, value, timestampMs } = record;
    const ownRun = run !== undefined && this.#runId.equals(run);
    const message = { id, offset, value, timestampMs, ownRun };
    const traceparent = this.#traceparentOf(topic, record);
    if (traceparent === undefined) return this.#push(topic, messageType.record, message);
    const readUs = monotonicUs();
    return this.#push(topic, messageType.record, { ...message, traceparent, readUs });
  }

  /** Only market records are followed. */
  #traceparentOf(topic: string, { headers }: LogRecord): Uint8Array | undefined {
    if (this.#options.traces === null || roleOf(topic) !== "market") return undefined;
    return headers[recordHeaders.traceparent];
  }

  #claimTrace({ traceparent, readUs = 0, id, offset, timestampMs }: Message): number {
    const { traces, metrics } = this.#options;
    if (traceparent === undefined || traces === null) return 0;
    const { full } = traces;
    const ticket = traces.claim(traceparent, { id, offset, timestampMs, readUs });
    if (ticket !== 0) metrics.add(tracedCell, 1);
    if (traces.full > full) metrics.add(tracesFullCell, 1);
    return ticket;
  }

  async #push(topic: string, type: number, message: Message): Promise<void> {
    const rings = this.#rings[roleOf(topic)];
    const ring = rings[laneOf(message.id, rings.length)];
    if (ring === undefined) throw new Error(`${topic} has no ring`);
    const length = headerBytes + message.value.length;
    if (length > ring.messageBytesMax) {
      this.#options.metrics.add(oversizeCell, 1);
      // Its position must be finished all the same.
      await this.#push(topic, type, { ...message, value: noBytes });
      return;
    }
    let at = ring.claim(type, length);
    while (at < 0) {
      ring.publish();
      this.#options.metrics.add(blockedCell, 1);
      await ring.waitForSpaceAsync(length, waitMs);
      this.#stamp();
      at = ring.claim(type, length);
    }
    const { id, offset, timestampMs, ownRun = false } = message;
    const trace = this.#claimTrace(message);
    writeHeader(ring.view, at, { id, offset, timestampMs, ownRun, trace });
    ring.bytes.set(message.value, at + headerBytes);
    ring.commit(at);
  }

  #stamp(): void {
    const now = stampNowUs();
    for (const ring of this.#rings.market) ring.stamp(now);
    for (const ring of this.#rings.stream) ring.stamp(now);
  }

  #publish(): void {
    for (const ring of this.#rings.market) ring.publish();
    for (const ring of this.#rings.stream) ring.publish();
  }
}

type Message = {
  readonly id: number;
  readonly offset: number;
  readonly value: Uint8Array;
  readonly timestampMs: number;
  readonly ownRun?: boolean;
  readonly traceparent?: Uint8Array;
  /** When it was read, monotonic us. */
  readonly readUs?: number;
};

const roleOf = (topic: string): InputRole => (isConsumed(topic) ? consumed[topic] : "stream");

const rewoundCell = cellOf("consumeRewound");
const assignmentsCell = cellOf("consumeAssignments");
const recordsCell = cellOf("consumeRecords");
const repeatsCell = cellOf("consumeRepeats");
const bytesCell = cellOf("consumeBytes");
const tracedCell = cellOf("traced");
const tracesFullCell = cellOf("tracesFull");
const oversizeCell = cellOf("consumeOversize");
const unreadableCell = cellOf("consumeUnreadable");
const blockedCell = cellOf("consumeBlocked");
