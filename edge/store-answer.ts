// The answer of a KV namespace, which must not hold up for ever the requests that wait for it.
import { orLate } from "../schemas/or-late.ts";

/** Longest time for one answer. */
const storeMsMax = 5000;

/** Rejects when the store does, or does not answer in time; call it in the request that waits. */
export const storeAnswer = <T>(work: Promise<T>): Promise<T> =>
  orLate(work, storeMsMax, () =>
    Promise.reject<T>(new Error(`the store does not answer within ${storeMsMax} ms`)),
  );
