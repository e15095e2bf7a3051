// The way out of a stage: claims in the next ring. When it is full, either the next stage runs on
// the same thread and is asked to make room, so that nothing is lost, or the wait is bounded and
// the record is dropped and counted after it.
import { CopyTarget } from "../ring/copy-target.ts";
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";
import { priorityLow } from "../ring/ring-control-layout.ts";

/** A ring and how long to wait for room in it. */
export type StageOutputOptions = {
  readonly ring: MessageRingWriter;
  /** Longest wait for room of one record, ms; 0 drops at once, Infinity waits for ever. */
  readonly waitMs: number;
  /**
   * Runs the ring's reader on this thread; called until there is room. Without it a full ring drops
   * after `waitMs`.
   */
  readonly makeRoom?: () => void;
};

/** One for each output ring, on the stage's thread. */
export class StageOutput {
  readonly view: DataView;
  readonly #ring: MessageRingWriter;
  readonly #target: CopyTarget;
  readonly #waitMs: number;
  readonly #makeRoom: (() => void) | null;

  /** @throws RangeError for a `waitMs` that is no number of 0 or more. */
  constructor({ ring, waitMs, makeRoom }: StageOutputOptions) {
    if (!(waitMs >= 0)) throw new RangeError(`waitMs=${waitMs}, 0 at least`);
    this.#ring = ring;
    this.#waitMs = waitMs;
    this.#makeRoom = makeRoom ?? null;
    this.view = ring.view;
    this.#target = new CopyTarget(ring.view);
  }

  /** Enqueue stamp of what follows. */
  stamp(us: number): void {
    this.#ring.stamp(us);
  }

  /** Index of `length` bytes in `view`, or -1: the record is to be counted as dropped. */
  claim(type: number, length: number, priority: number = priorityLow): number {
    const at = this.#ring.claim(type, length, priority);
    if (at >= 0) return at;
    if (this.#makeRoom !== null) return this.#claimMakingRoom(type, length, priority);
    if (this.#waitMs === 0) return at;
    if (!this.#ring.waitForSpace(length, this.#waitMs)) return -1;
    return this.#ring.claim(type, length, priority);
  }

  #claimMakingRoom(type: number, length: number, priority: number): number {
    const ring = this.#ring;
    if (length < 0 || length > ring.messageBytesMax) return -1;
    let at = -1;
    while (at < 0) {
      ring.publish();
      this.#makeRoom?.();
      at = ring.claim(type, length, priority);
    }
    return at;
  }

  commit(at: number): void {
    this.#ring.commit(at);
  }

  abort(at: number): void {
    this.#ring.abort(at);
  }

  /** Copies `length` bytes at `start` of `from` to `at`. */
  copy(from: DataView, start: number, length: number, at: number): void {
    this.#target.copy(from, start, length, at);
  }

  publish(): void {
    this.#ring.publish();
  }
}
