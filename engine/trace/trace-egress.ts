// Egress' end of the trace table: when candidates of traced transactions were taken out of the ring
// and when the log acknowledged them. Looks at the table once a turn; at the candidates only while
// some are on their way.
import { candidateAt } from "../../schemas/market/candidate-layout.ts";
import { topicPartitionId } from "../ledger/positions.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import {
  traceAt,
  traceItemAt,
  traceItemBytes,
  traceItemsMax,
  traceSlotAt,
  traceSlots,
} from "./trace-layout.ts";

/** A transaction whose candidates are expected. */
type Expected = {
  readonly slotAt: number;
  readonly item: number;
  readonly use: number;
  readonly partition: number;
  readonly offset: number;
};

const topic = "weir-transactions";
const firstId = topicPartitionId(topic, 0);

/** One on the egress thread. */
export class TraceEgress {
  readonly #words: Int32Array;
  readonly #view: DataView;
  readonly #nowUs: () => number;
  #expected: readonly Expected[] = [];
  /** Taken and not acknowledged. */
  #taken: Expected[] = [];

  constructor(memory: SharedArrayBuffer, nowUs: () => number = monotonicUs) {
    this.#words = new Int32Array(memory);
    this.#view = new DataView(memory);
    this.#nowUs = nowUs;
  }

  /** A turn begins: whether candidates are expected, so that `see` must be called with each. */
  open(): boolean {
    const found: Expected[] = [];
    for (let slot = 0; slot < traceSlots; slot += 1) this.#look(traceSlotAt(slot), found);
    this.#expected = found;
    return found.length > 0;
  }

  /** A candidate that was taken out of a ring, at `at` of `view`. */
  see(view: DataView, at: number): void {
    const partition = view.getUint32(at + candidateAt.partition, true);
    const item = view.getUint32(at + candidateAt.frameIndex, true);
    const low = view.getUint32(at + candidateAt.offset, true);
    const offset = low + view.getUint32(at + candidateAt.offset + 4, true) * 2 ** 32;
    for (const one of this.#expected) {
      if (one.item !== item || one.offset !== offset || one.partition !== partition) continue;
      const at8 = one.slotAt + traceAt.egressTakenUs + item * 8;
      this.#view.setFloat64(at8, this.#nowUs(), true);
      this.#taken.push(one);
    }
  }

  /** What was taken so far is acknowledged. */
  acknowledged(): void {
    if (this.#taken.length === 0) return;
    const nowUs = this.#nowUs();
    for (const { slotAt, item, use } of this.#taken) {
      this.#view.setFloat64(slotAt + traceAt.egressDoneUs + item * 8, nowUs, true);
      Atomics.store(this.#words, ((slotAt + traceAt.acknowledged) >> 2) + item, use);
    }
    this.#taken = [];
  }

  #look(slotAt: number, found: Expected[]): void {
    const words = this.#words;
    const use = Atomics.load(words, (slotAt + traceAt.claimed) >> 2);
    if (use === Atomics.load(words, (slotAt + traceAt.collected) >> 2)) return;
    const partition = this.#view.getInt32(slotAt + traceAt.id, true) - firstId;
    const offset = this.#view.getFloat64(slotAt + traceAt.offset, true);
    for (let item = 0; item < traceItemsMax; item += 1) {
      const itemAt = slotAt + traceAt.transactions + item * traceItemBytes;
      const isHanded = Atomics.load(words, (itemAt + traceItemAt.handed) >> 2) > 0;
      const isDone = words[((slotAt + traceAt.acknowledged) >> 2) + item] === use;
      if (isHanded && !isDone) found.push({ slotAt, item, use, partition, offset });
    }
  }
}
