// The order in which loads and stores of shared memory are seen where the processor keeps none: the
// x86 family does, ARM does not.

/**
 * Whether plain stores may be seen before an `Atomics.store` that stands before them, unless a load
 * stands between: not on the x86 family, whose processors show stores in their order.
 */
export const storesPass: boolean = process.arch !== "x64" && process.arch !== "ia32";

const own = new Int32Array(1);

/** Plain loads before it are done before an `Atomics.load` behind it: a store and then a load. */
export const finishLoads = (): void => {
  Atomics.store(own, 0, 0);
};
