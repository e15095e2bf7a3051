// The way of candidates from a market thread to the submit thread: a ring for each priority, so that
// HIGH is read first and LOW cannot take its room. Nothing waits here: without room a transaction is
// dropped for the bundles and counted; the log has its candidates all the same.
import { extractedAt, stageMessage } from "../../schemas/market/stage-message.ts";
import { cellOf, type MetricCells } from "../metrics/cells.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import { createMessageRing } from "../ring/message-ring.ts";
import { messageBytesMaxOf } from "../ring/message-ring-layout.ts";
import { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { priorityHigh, priorityLow } from "../ring/ring-control-layout.ts";
import { readRingStats } from "../ring/ring-stats.ts";

/** Memories of the rings of one market lane. Messages are of type `extracted` (stage-message.ts). */
export type TapMemory = { readonly high: SharedArrayBuffer; readonly low: SharedArrayBuffer };

// An `extracted` message is up to 14 KiB and must fit into an eighth; usual ones are below 2 KiB.
const ringBytes = 1 << 19;
/** Longest message of a tap. */
export const tapMessageBytesMax = messageBytesMaxOf(ringBytes);

/** Messages that were read from these taps since they were made. */
export const messagesRead = (taps: readonly TapMemory[]): number =>
  taps
    .flatMap(({ high, low }) => [high, low])
    .reduce((sum, ring) => sum + readRingStats(ring).read, 0);

export const createTapMemory = (): TapMemory => ({
  high: createMessageRing({ capacityBytes: ringBytes, policy: "drop-newest" }),
  low: createMessageRing({ capacityBytes: ringBytes, policy: "drop-newest" }),
});

/**
 * Brings what was offered up to what a dead market thread has published, which it may not have
 * counted any more. Control only, while no such thread lives.
 */
export const settleTap = ({ high, low }: TapMemory, metrics: MetricCells): void => {
  for (const [ring, offered, full] of [
    [high, "submitOfferedHigh", "submitFullHigh"],
    [low, "submitOfferedLow", "submitFullLow"],
  ] as const) {
    const taken = readRingStats(ring).written + metrics.read(full);
    metrics.add(cellOf(offered), taken - metrics.read(offered));
  }
};

/** One priority's ring, and what was not counted yet. */
class TapRing {
  readonly #ring: MessageRingWriter;
  readonly #target: CopyTarget;
  readonly #metrics: MetricCells;
  readonly #offeredCell: number;
  readonly #droppedCell: number;
  #offered = 0;

  constructor(memory: SharedArrayBuffer, metrics: MetricCells, isHigh: boolean) {
    this.#ring = new MessageRingWriter(memory);
    this.#target = new CopyTarget(this.#ring.view);
    this.#metrics = metrics;
    this.#offeredCell = cellOf(isHigh ? "submitOfferedHigh" : "submitOfferedLow");
    this.#droppedCell = cellOf(isHigh ? "submitFullHigh" : "submitFullLow");
  }

  take(view: DataView, at: number, length: number): void {
    const ring = this.#ring;
    const to = ring.claim(stageMessage.extracted, length);
    if (to < 0) {
      this.#metrics.add(this.#offeredCell, 1);
      this.#metrics.add(this.#droppedCell, 1);
      return;
    }
    this.#target.copy(view, at, length, to);
    ring.commit(to);
    this.#offered += 1;
  }

  // Counted with the publication: what a dying thread had not published was not offered.
  publish(): void {
    if (this.#offered === 0) return;
    this.#ring.publish();
    this.#metrics.add(this.#offeredCell, this.#offered);
    this.#offered = 0;
  }
}

/** On the market thread, the one writer of the lane's rings. */
export class CandidateTap {
  readonly #rings: readonly [low: TapRing, high: TapRing];

  constructor(memory: TapMemory, metrics: MetricCells) {
    this.#rings = [
      new TapRing(memory.low, metrics, false),
      new TapRing(memory.high, metrics, true),
    ];
  }

  /** Takes the `extracted` message at `at` of a transaction that passed all checks. */
  readonly take = (view: DataView, at: number, length: number): void => {
    const priority = view.getUint32(at + extractedAt.priority, true);
    this.#rings[priority === priorityHigh ? priorityHigh : priorityLow].take(view, at, length);
  };

  /** After each turn of work. */
  publish(): void {
    this.#rings[0].publish();
    this.#rings[1].publish();
  }
}
