// What is left of a refused request's body: read and thrown away, for a client that is cut off
// while it sends sees a broken connection, never the refusal, and tries again.
import { fixedLimits } from "../limits.ts";

const { drainBytesMax, drainMsMax } = fixedLimits;

/** Reads to the end, to drainBytesMax or for drainMsMax; then the connection is cut. Never rejects. */
export const drainBody = async ({ body }: Request): Promise<void> => {
  if (body === null || body.locked) return;
  const reader = body.getReader();
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), drainMsMax);
  let bytes = 0;
  try {
    for (;;) {
      const result = await Promise.race([reader.read(), late]);
      if (result?.done === true) return;
      bytes += result?.value?.byteLength ?? 0;
      if (result === undefined || bytes > drainBytesMax) {
        await reader.cancel();
        return;
      }
    }
  } catch {
    // The client has left: nobody waits for the answer.
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
};
