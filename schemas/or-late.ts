// A wait with an end. What is waited for goes on; only nobody waits for it any longer.

/** What `work` comes to, or `late()` after `ms`: a value, or a rejection. Leaves no timer behind. */
export const orLate = async <T, L>(
  work: Promise<T>,
  ms: number,
  late: () => L | Promise<L>,
): Promise<T | L> => {
  const { promise, resolve } = Promise.withResolvers<L>();
  const timer = setTimeout(() => resolve(late()), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
};
