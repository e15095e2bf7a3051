// The decision of a head sampler on one record, equalizing: a record that a higher threshold has
// already let through stays with it, any other is kept iff R >= T of its rule and then carries
// that. Without an incoming threshold the probability so far counts as 1. Pure but for its fields.
import { type Bits56, bits56, isBelow } from "./threshold.ts";

/** One per thread: set the inputs, call `decide`, read the rest. */
export class HeadDecision {
  /** Input: R of the record's trace. */
  randomness: Bits56 = bits56();
  /** Input: whether the record came with a threshold, then in `threshold`. */
  hasThreshold = false;
  /** Input and, after `decide`, output: the threshold that a kept record carries on. */
  threshold: Bits56 = bits56();
  /** Output: it came with a threshold above its randomness, which no consistent sampler keeps. */
  isInconsistent = false;

  /** True = keep; `high` and `low` are the words of the rule's threshold. */
  decide(high: number, low: number): boolean {
    const { threshold, randomness } = this;
    this.isInconsistent = this.hasThreshold && isBelow(randomness, threshold);
    if (this.hasThreshold) {
      const isHigher = threshold.high > high || (threshold.high === high && threshold.low > low);
      if (isHigher) return true;
    }
    threshold.high = high;
    threshold.low = low;
    return !isBelow(randomness, threshold);
  }
}
