// Commits at a pace: egress reports positions many times a second, the log is told the newest of
// each partition a few times a second, one commit in flight. What is not committed when the
// process dies is read again: its outputs carry the same ids.
import type { Positions } from "../ledger/positions.ts";
import { topicPartitionId } from "../ledger/positions.ts";
import { type LogConsumer, LogError, type Position } from "../log/event-log.ts";
import type { MetricCells } from "../metrics/cells.ts";
import { cellOf } from "../metrics/cells.ts";

const intervalMs = 200;

export type CommitterOptions = {
  readonly consumer: LogConsumer;
  readonly positions: Positions;
  readonly metrics: MetricCells;
};

export class Committer {
  readonly #options: CommitterOptions;
  readonly #newest = new Map<number, Position>();
  #timer: NodeJS.Timeout | null = null;
  #committing: Promise<void> = Promise.resolve();

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Takes positions whose outputs are acknowledged; the newest of each partition counts. */
  offer(positions: readonly Position[]): void {
    for (const position of positions) {
      this.#newest.set(topicPartitionId(position.topic, position.partition), position);
    }
    this.#appoint();
  }

  #appoint(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#committing = this.#committing.then(() => this.#commit());
    }, intervalMs);
  }

  /** Commits what was offered, now. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#committing = this.#committing.then(() => this.#commit());
    await this.#committing;
  }

  async #commit(): Promise<void> {
    const { consumer, metrics, positions } = this.#options;
    const due: Position[] = [];
    for (const [id, position] of this.#newest) {
      // A stage behind the outputs' position would lose records on a restart.
      if (position.offset > positions.minimum(id)) continue;
      due.push(position);
      this.#newest.delete(id);
    }
    if (due.length === 0) return;
    try {
      await consumer.commit(due);
      metrics.add(commitsCell, due.length);
    } catch (error) {
      metrics.add(failuresCell, 1);
      // Lost partitions: their owner reads on from what was committed before.
      if (error instanceof LogError && error.retryable) this.#again(due);
    }
  }

  /** For a log that was away: of a partition at rest no newer position comes. */
  #again(positions: readonly Position[]): void {
    for (const position of positions) {
      const id = topicPartitionId(position.topic, position.partition);
      if (!this.#newest.has(id)) this.#newest.set(id, position);
    }
    this.#appoint();
  }
}

const commitsCell = cellOf("commits");
const failuresCell = cellOf("commitFailures");
