// The answer of a KV namespace, which must not hold up for ever the requests that wait for it.

/** Longest time for one answer. */
const storeMsMax = 5000;

/** Rejects when the store does, or does not answer in time; call it in the request that waits. */
export const storeAnswer = async <T>(work: Promise<T>): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new Error(`the store does not answer within ${storeMsMax} ms`);
  const timer = setTimeout(() => reject(late), storeMsMax);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
};
