// The handoff's way to the log: each candidate as one output for egress, with its priority and the
// identity of the transaction that it came from. Records of the log carry no accounts.
import { candidateAt, candidateBytes } from "../../schemas/market/candidate-layout.ts";
import type { Outbox } from "../egress/outbox.ts";
import { outputType } from "../egress/outbox.ts";
import { CopyTarget } from "../ring/copy-target.ts";
import type { HandoffBatch } from "./lane.ts";
import type { SyncBatchSender } from "./sender.ts";

export type OutboxSenderOptions = {
  readonly outbox: Outbox;
  /** True: holds the thread while the ring is full and takes all. False: takes what fits. */
  readonly blocks: boolean;
  /** Writes the identity into the record at `at` of the outbox' view. */
  readonly stampOrigin: (view: DataView, at: number, traceId: number) => void;
};

/** What `priority` of a record says: 0 nothing, then LOW and HIGH. */
const priorityBias = 1;

/** On the handoff's thread; who runs the handoff publishes the outbox. */
export class OutboxSender implements SyncBatchSender {
  readonly #options: OutboxSenderOptions;
  readonly #target: CopyTarget;
  #blocks: boolean;

  constructor(options: OutboxSenderOptions) {
    this.#options = options;
    this.#target = new CopyTarget(options.outbox.view);
    this.#blocks = options.blocks;
  }

  /** Holds the thread, or no longer, from the next batch on. */
  configure(blocks: boolean): void {
    this.#blocks = blocks;
  }

  trySend(batch: HandoffBatch): number {
    const { outbox, stampOrigin } = this.#options;
    const blocks = this.#blocks;
    const { view } = outbox;
    let sent = 0;
    for (; sent < batch.count; sent += 1) {
      const to = blocks
        ? outbox.claim(outputType.candidate, candidateBytes)
        : outbox.tryClaim(outputType.candidate, candidateBytes);
      if (to < 0) break;
      const from = batch.recordAt(sent);
      this.#target.copy(batch.view, from, candidateBytes, to);
      view.setUint8(to + candidateAt.accountCount, 0);
      view.setUint8(to + candidateAt.accountsKnown, 0);
      view.setUint8(to + candidateAt.priority, batch.priority + priorityBias);
      stampOrigin(view, to, batch.traceIdAt(sent));
      outbox.commit(to);
    }
    return sent;
  }
}
