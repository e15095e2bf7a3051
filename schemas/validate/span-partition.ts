// Partitions of the spans of one pass by trace id, as trace-partition.ts deals them; one at a time,
// so that a span that is out is not hashed.
import { traceIdPartition } from "../hash/murmur2.ts";
import type { PartitionRule } from "../otlp/trace-partition.ts";

// Names of this module's own: an imported one is loaded and looked at anew at each use.
const partitionOf = traceIdPartition;

/** One per pass, reused: `open` a request, then span by span. */
export class SpanPartition {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #partitions = 1;
  #unkeyed = 0;
  #before = 0;
  #partition = 0;

  open(bytes: Uint8Array, view: DataView, { partitions, unkeyed }: PartitionRule): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#partitions = partitions;
    this.#unkeyed = unkeyed;
    this.#before = 0;
  }

  /** Partition of the span whose trace id is at `at`, 0 = without one. Neighbours are hashed once. */
  of(at: number): number {
    if (at === 0) return this.#unkeyed;
    if (this.#before === 0 || !this.#isSame(this.#before, at)) {
      this.#partition = partitionOf(this.#bytes, at, this.#partitions);
    }
    this.#before = at;
    return this.#partition;
  }

  #isSame(a: number, b: number): boolean {
    const view = this.#view;
    return (
      view.getInt32(a + 12, true) === view.getInt32(b + 12, true) &&
      view.getInt32(a + 8, true) === view.getInt32(b + 8, true) &&
      view.getInt32(a + 4, true) === view.getInt32(b + 4, true) &&
      view.getInt32(a, true) === view.getInt32(b, true)
    );
  }
}
