// What is left of a refused request's body: read and thrown away, for a client that is cut off
// while it sends sees a broken connection, never the refusal, and tries again.
import { fixedLimits } from "../limits.ts";

const { drainBytesMax, drainMsMax } = fixedLimits;
/** One buffer for the whole body: with a new one for each chunk eight bodies leave 100 MiB behind. */
const bufferBytes = 64 * 1024;

/**
 * Reads to the end, to drainBytesMax or for drainMsMax; then the connection is cut. Never rejects.
 * Takes streams of bytes, as those from the network are.
 */
export const drainBody = async ({ body }: Request): Promise<void> => {
  if (body === null || body.locked) return;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), drainMsMax);
  try {
    await drain(body.getReader({ mode: "byob" }), late);
  } catch {
    // The client has left: nobody waits for the answer.
  } finally {
    clearTimeout(timer);
  }
};

const drain = async (reader: ReadableStreamBYOBReader, late: Promise<undefined>): Promise<void> => {
  let buffer = new Uint8Array(bufferBytes);
  let bytes = 0;
  try {
    for (;;) {
      const result = await Promise.race([reader.read(buffer), late]);
      if (result?.done === true) return;
      bytes += result?.value.byteLength ?? 0;
      if (result === undefined || bytes > drainBytesMax) {
        await reader.cancel();
        return;
      }
      buffer = new Uint8Array(result.value.buffer);
    }
  } finally {
    reader.releaseLock();
  }
};
