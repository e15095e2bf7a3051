// How long Kafka may be away from who reads it, and what people are told of it meanwhile.
import { kafkaLogError } from "./kafka-error.ts";

/** Then the consumer has failed, and its owner decides. */
const outageMsMax = 60_000;

/** One consumer's view. */
export class KafkaOutage {
  readonly #onNote: (message: string) => void;
  readonly #nowMs: () => number;
  #aliveMs: number;
  #isTold = false;

  /** `nowMs` is monotonic. */
  constructor(onNote: (message: string) => void, nowMs: () => number = () => performance.now()) {
    this.#onNote = onNote;
    this.#nowMs = nowMs;
    this.#aliveMs = nowMs();
  }

  /** Kafka has answered. */
  heard(): void {
    this.#aliveMs = this.#nowMs();
    if (this.#isTold) this.#onNote("Kafka answers again: its records are read on");
    this.#isTold = false;
  }

  /** Whether to read on after an error. Without one of its topics a consumer would read none of them. */
  mayGoOn(error: Error): boolean {
    const { code, message } = kafkaLogError(error);
    if (code === "topic-missing" || this.#nowMs() - this.#aliveMs >= outageMsMax) return false;
    if (!this.#isTold) this.#onNote(`Kafka cannot be read, tried again: ${message}`);
    this.#isTold = true;
    return true;
  }
}
