// Reads the log into the rings: the first stage of the engine. It copies each record once, into
// the ring of the stage that handles its topic, and waits when that ring is full: waiting is the
// back-pressure that reaches the log's own paging.
import { recordHeaders } from "../../schemas/record-headers.ts";
import { consumed, isConsumed, topicPartitionId } from "../ledger/positions.ts";
import type { Positions } from "../ledger/positions.ts";
import type { ConsumerHandlers, LogRecord, Position, RecordBatch } from "../log/event-log.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";
import { stampNowUs } from "../ring/enqueue-stamp.ts";
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { headerBytes, messageType, writeHeader } from "./record-message.ts";

const waitMs = 1_000;
/** Published at least this often within a batch, so that the stage starts on a long one. */
const publishEveryRecords = 32;

export type IngestOptions = {
  readonly rings: { readonly market: MessageRingWriter; readonly stream: MessageRingWriter };
  readonly positions: Positions;
  readonly metrics: MetricCells;
  /** Records whose run header has this value are the run's own. */
  readonly runId: string;
  readonly onFailed: (error: Error) => void;
};

const metadataEncoder = new TextEncoder();

/** Handlers for the log's consumer, and the commits. One instance in the ingest thread. */
export class Ingest implements ConsumerHandlers {
  readonly #options: IngestOptions;
  readonly #runId: Buffer;
  readonly #held = Promise.withResolvers<void>();
  #holding = false;
  // A ring has one writer and one wait at a time, but partitions are delivered side by side: what
  // goes into a ring goes in turn.
  readonly #turns: { market: Promise<unknown>; stream: Promise<unknown> } = {
    market: Promise.resolve(),
    stream: Promise.resolve(),
  };
  readonly onFailed: (error: Error) => void;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#runId = Buffer.from(options.runId);
    this.onFailed = options.onFailed;
  }

  readonly onAssigned = async (positions: readonly Position[]): Promise<void> => {
    for (const { topic, partition, offset, metadata } of positions) {
      const id = topicPartitionId(topic, partition);
      if (id < 0) continue;
      const value = metadataEncoder.encode(metadata);
      const message = { id, offset, value, timestampMs: 0 };
      await this.#inTurn(topic, () => this.#push(topic, messageType.assign, message));
      this.#options.positions.set("read", id, offset);
    }
    this.#publish();
  };

  readonly onRevoked = async (
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void> => {
    for (const { topic, partition } of partitions) {
      const id = topicPartitionId(topic, partition);
      if (id < 0) continue;
      const nothing = { id, offset: 0, value: new Uint8Array(0), timestampMs: 0 };
      await this.#inTurn(topic, () => this.#push(topic, messageType.revoke, nothing));
    }
    this.#publish();
  };

  readonly onBatch = async (batch: RecordBatch): Promise<void> => {
    const hasPassed = await this.#inTurn(batch.topic, async () => {
      if (this.#holding) return false;
      await this.#pass(batch);
      return true;
    });
    // Not handled: waits for the end, so that no later batch of the partition comes.
    if (!hasPassed) await this.#held.promise;
  };

  async #pass(batch: RecordBatch): Promise<void> {
    const { metrics, positions } = this.#options;
    const id = topicPartitionId(batch.topic, batch.partition);
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

  /**
   * Resolves when nothing is on its way into the rings. From then on no record passes: a batch
   * that still comes waits, unhandled, until `release`.
   */
  async hold(): Promise<void> {
    this.#holding = true;
    await Promise.all([this.#turns.market, this.#turns.stream]);
  }

  release(): void {
    this.#held.resolve();
  }

  async #inTurn<T>(topic: string, body: () => Promise<T>): Promise<T> {
    const ring = isConsumed(topic) ? consumed[topic] : "stream";
    const turn = this.#turns[ring].then(body);
    this.#turns[ring] = turn.catch(() => undefined);
    return turn;
  }

  async #pushRecord(topic: string, id: number, record: LogRecord): Promise<void> {
    const run = record.headers[recordHeaders.run];
    const { offset, value, timestampMs } = record;
    const ownRun = run !== undefined && this.#runId.equals(run);
    await this.#push(topic, messageType.record, { id, offset, value, timestampMs, ownRun });
  }

  async #push(topic: string, type: number, message: Message): Promise<void> {
    if (!isConsumed(topic)) return;
    const ring = this.#options.rings[consumed[topic]];
    const length = headerBytes + message.value.length;
    if (length > ring.messageBytesMax) {
      this.#options.metrics.add(oversizeCell, 1);
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
    writeHeader(ring.view, at, { id, offset, timestampMs, ownRun });
    ring.bytes.set(message.value, at + headerBytes);
    ring.commit(at);
  }

  #stamp(): void {
    const now = stampNowUs();
    this.#options.rings.market.stamp(now);
    this.#options.rings.stream.stamp(now);
  }

  #publish(): void {
    this.#options.rings.market.publish();
    this.#options.rings.stream.publish();
  }
}

type Message = {
  readonly id: number;
  readonly offset: number;
  readonly value: Uint8Array;
  readonly timestampMs: number;
  readonly ownRun?: boolean;
};

const recordsCell = cellOf("consumeRecords");
const bytesCell = cellOf("consumeBytes");
const oversizeCell = cellOf("consumeOversize");
const blockedCell = cellOf("consumeBlocked");
