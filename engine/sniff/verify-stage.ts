// Verifies the signatures of extracted transactions, off the latency-critical core: a stage of its
// own behind a ring, several of them side by side. It reads messages of type `extracted` and
// writes each as one of `verified` or `forged`, in order, whatever they are: the secure stage counts.
import type { MessageRingReader } from "../ring/message-ring-reader.ts";
import type { MessageRingWriter } from "../ring/message-ring-writer.ts";
import type { Stage } from "../threads/stage.ts";
import { extractedAt } from "../../schemas/market/stage-message.ts";
import { SignatureVerifier } from "./verify-signature.ts";

/** Types of the messages that come back. */
export const verifiedMessage = { verified: 1, forged: 2 } as const;

// A batch is published as a whole: at tens of microseconds each, a millisecond at most.
const batchMax = 16;
const waitMs = 100;

export type VerifyParts = {
  readonly input: MessageRingReader;
  /** Policy block; at least as large as the input ring. */
  readonly output: MessageRingWriter;
  /** Called for each wait for room: to wait is no hang. */
  readonly onWait?: () => void;
};

/** Runs on a thread that may block; it waits for room for ever, since nothing may be lost here. */
export class VerifyStage implements Stage {
  readonly name = "verify";
  readonly #parts: VerifyParts;
  readonly #verifier = new SignatureVerifier();

  constructor(parts: VerifyParts) {
    this.#parts = parts;
  }

  start(): void {}

  work(): number {
    const drained = this.#parts.input.drain(this.#onMessage, batchMax);
    if (drained > 0) this.#parts.output.publish();
    return drained;
  }

  stop(): void {
    this.#parts.output.publish();
  }

  readonly #onMessage = (_type: number, at: number, length: number): void => {
    const { input, output, onWait } = this.#parts;
    const wireAt = at + extractedAt.candidates + input.view.getUint32(at + extractedAt.bytes, true);
    // A copy out of shared memory: what is verified cannot change meanwhile.
    const wire = input.bytes.slice(wireAt, at + length);
    const type = this.#verifier.allVerify(wire) ? verifiedMessage.verified : verifiedMessage.forged;
    let to = output.claim(type, length);
    while (to < 0) {
      onWait?.();
      output.waitForSpace(length, waitMs);
      to = output.claim(type, length);
    }
    output.bytes.set(input.bytes.subarray(at, at + length), to);
    output.commit(to);
  };
}
