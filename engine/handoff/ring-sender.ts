// A sender into a ring: the handoff to another thread of the process. What the ring has no room for
// is refused and comes again, so its policy is block.
import { CopyTarget } from "../ring/copy-target.ts";
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";
import type { HandoffBatch } from "./lane.ts";
import type { SyncBatchSender } from "./sender.ts";

/** Type of the messages: one candidate record with its accounts (candidate-layout.ts) each. */
const handoffMessage = 1;

export class RingSender implements SyncBatchSender {
  readonly #ring: MessageRingWriter;
  readonly #target: CopyTarget;

  /** `ring` belongs to the handoff's thread from now on. */
  constructor(ring: MessageRingWriter) {
    this.#ring = ring;
    this.#target = new CopyTarget(ring.view);
  }

  trySend(batch: HandoffBatch): number {
    const ring = this.#ring;
    let sent = 0;
    for (; sent < batch.count; sent += 1) {
      const bytes = batch.lengthAt(sent);
      const to = ring.claim(handoffMessage, bytes, batch.priority);
      if (to < 0) break;
      const from = batch.recordAt(sent);
      this.#target.copy(batch.view, from, bytes, to);
      ring.commit(to);
    }
    ring.publish();
    return sent;
  }
}
