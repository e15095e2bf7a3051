// What became of the items that a feed made. At every moment sent = accepted + rejected + failed +
// what is under way.

/** Counts of items, not of requests. */
export type PostTotals = {
  /** Handed to the sender: first attempts begun. */
  sent: number;
  /** Acknowledged by the edge. */
  accepted: number;
  /** Refused by the edge: some of a request, or a whole request that must not be retried. */
  rejected: number;
  /** Given up: no acknowledgement after all attempts. The edge may have taken them all the same. */
  failed: number;
};

/** All zero. */
export const newTotals = (): PostTotals => ({ sent: 0, accepted: 0, rejected: 0, failed: 0 });
