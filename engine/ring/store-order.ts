// What the order of stores to shared memory costs on this processor: which fences writers and readers need.
/**
 * Whether plain stores may be seen before an `Atomics.store` that stands before them, unless a load
 * stands between: not on the x86 family, whose processors show stores in their order.
 */
export const storesPass: boolean = process.arch !== "x64" && process.arch !== "ia32";
