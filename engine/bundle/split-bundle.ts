// Cuts a bundle into groups that a block engine takes: Jito's bundles hold 5 transactions, ours 16.
// Order is kept over the groups, and they are of nearly equal size, so that none is alone without
// need. Atomicity holds within a group only; each needs a tip of its own.

/** Most transactions of a Jito bundle. */
export const jitoTransactionsMax = 5;

/** The half-open range [first, end) of a group. */
export type BundleGroup = { readonly first: number; readonly end: number };

/**
 * Groups of at most `groupMax` out of `count` records, 1 at least each; none for 0.
 * @throws RangeError for a count or limit that is no integer, below 0 or below 1.
 */
export const splitBundle = (
  count: number,
  groupMax: number = jitoTransactionsMax,
): BundleGroup[] => {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`count=${count}, 0 at least`);
  if (!Number.isInteger(groupMax) || groupMax < 1)
    throw new RangeError(`groupMax=${groupMax}, 1 at least`);
  const groups = Math.ceil(count / groupMax);
  return Array.from({ length: groups }, (_, i) => ({
    first: Math.floor((i * count) / groups),
    end: Math.floor(((i + 1) * count) / groups),
  }));
};
