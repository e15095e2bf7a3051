// The way from a stage to the egress thread: outputs, and behind them marks that say how far the
// stage is. The ring keeps the order, so when egress meets a mark it has met every output before
// it: acknowledging those makes the mark a position that may be committed.
//
//   mark:  0 u32 id of topic and partition · 8 f64 offset to commit · 16 metadata, UTF-8
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";

/** Message types of the rings that egress reads. */
export const outputType = { candidate: 1, aggregate: 2, mark: 3 } as const;

const markHeaderBytes = 16;
const waitMs = 100;
/** Left free for marks by outputs that do not wait: some thousand of them. */
const markRoomBytesMax = 1 << 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export type OutboxOptions = {
  readonly ring: MessageRingWriter;
  /** Called for each wait on a full ring. */
  readonly onBlocked: () => void;
};

/** Stage side; one per ring. `claim` blocks its thread while the ring is full. */
export class Outbox {
  readonly #ring: MessageRingWriter;
  readonly #onBlocked: () => void;
  readonly #markRoomBytes: number;

  constructor({ ring, onBlocked }: OutboxOptions) {
    this.#ring = ring;
    this.#onBlocked = onBlocked;
    this.#markRoomBytes = Math.min(markRoomBytesMax, ring.messageBytesMax >> 1);
  }

  get view(): DataView {
    return this.#ring.view;
  }

  get bytes(): Uint8Array {
    return this.#ring.bytes;
  }

  stamp(us: number): void {
    this.#ring.stamp(us);
  }

  /** Index of `length` payload bytes in `view`; waits for space. @throws for a length over the ring's limit. */
  claim(type: number, length: number): number {
    if (length > this.#ring.messageBytesMax) {
      throw new Error(
        `output of ${length} bytes, limit messageBytesMax=${this.#ring.messageBytesMax}`,
      );
    }
    let at = this.#ring.claim(type, length);
    while (at < 0) {
      this.#ring.publish();
      this.#onBlocked();
      this.#ring.waitForSpace(length, waitMs);
      at = this.#ring.claim(type, length);
    }
    return at;
  }

  /**
   * As `claim`, but -1 at once when there is no room: the caller counts what it drops. Room for
   * marks is left free, since they must wait for it.
   */
  tryClaim(type: number, length: number): number {
    const hasRoom = this.#ring.waitForSpace(length + this.#markRoomBytes, 0);
    return hasRoom ? this.#ring.claim(type, length) : -1;
  }

  commit(at: number): void {
    this.#ring.commit(at);
  }

  /** Says that everything before `offset` is handled and its outputs are in the ring. */
  mark(id: number, offset: number, metadata: string): void {
    const text = encoder.encode(metadata);
    const at = this.claim(outputType.mark, markHeaderBytes + text.length);
    this.view.setUint32(at, id, true);
    this.view.setFloat64(at + 8, offset, true);
    this.bytes.set(text, at + markHeaderBytes);
    this.commit(at);
  }

  publish(): void {
    this.#ring.publish();
  }
}

export type Mark = { readonly id: number; readonly offset: number; readonly metadata: string };

export const readMark = (view: DataView, at: number, length: number): Mark => ({
  id: view.getUint32(at, true),
  offset: view.getFloat64(at + 8, true),
  // A copy: TextDecoder refuses shared memory.
  metadata: decoder.decode(
    new Uint8Array(view.buffer, at + markHeaderBytes, length - markHeaderBytes).slice(),
  ),
});
