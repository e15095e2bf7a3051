// A sink of bundles into a slot ring: the way to another thread. The ring's policy must be "block":
// only then does a refusal mean that the builder keeps the bundle.
import { CopyTarget } from "../ring/copy-target.ts";
import { slotRingShape } from "../ring/slot-ring.ts";
import type { SlotRingWriter } from "../ring/slot-ring-writer.ts";
import type { BundleSink } from "./bundle-builder.ts";
import { bundleBytes } from "./bundle-layout.ts";

/** Pushes bundles into a slot ring of `bundleBytes`; on the builder's thread. */
export class RingBundleSink implements BundleSink {
  readonly #ring: SlotRingWriter;
  readonly #target: CopyTarget;

  /**
   * `ring` belongs to the builder's thread from now on.
   * @throws RangeError when its slots are no bundles, or its policy is not "block".
   */
  constructor(ring: SlotRingWriter) {
    if (ring.slotBytes !== bundleBytes)
      throw new RangeError(`slotBytes=${ring.slotBytes} must be ${bundleBytes}`);
    const { policy } = slotRingShape(ring.i32);
    if (policy !== "block") throw new RangeError(`policy=${policy} must be block`);
    this.#ring = ring;
    this.#target = new CopyTarget(ring.view);
  }

  tryPush(view: DataView, at: number): boolean {
    const ring = this.#ring;
    if (ring.claim(1) === 0) return false;
    const to = ring.slotBase(0);
    this.#target.copy(view, at, bundleBytes, to);
    ring.publish(1);
    return true;
  }
}
