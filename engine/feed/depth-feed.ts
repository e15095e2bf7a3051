// Posts depth messages to the edge as their source gives them, in order: one request at a time,
// each for one venue and symbol, the messages inside as the venue wrote them, digit by digit.
import type { DepthFeedMessage } from "./depth.ts";
import type { Poster } from "./poster.ts";

/** Where depth comes from and goes to. */
export type DepthFeedOptions = {
  readonly batches: AsyncIterable<readonly DepthFeedMessage[]>;
  /** Must have inFlightMax=1: a book needs its messages in order. */
  readonly poster: Poster;
  readonly signal: AbortSignal;
};

/** Below the edge's limit of a body; snapshots have hundreds of kilobytes. */
const bodyCharsMax = 1 << 20;

/** Ends with the source, or when the signal is aborted. */
export const feedDepth = async ({ batches, poster, signal }: DepthFeedOptions): Promise<void> => {
  for await (const batch of batches) {
    for (const { body, items } of depthBodies(batch)) {
      if (signal.aborted) return;
      await poster.post(body, items);
    }
    if (signal.aborted) return;
  }
};

type Run = { readonly entries: string[]; chars: number };

/**
 * A batch as request bodies, each of one venue and symbol and bounded in size. Messages of one
 * venue and symbol keep their order; those of different ones are independent.
 */
export function* depthBodies(
  batch: readonly DepthFeedMessage[],
): Generator<{ readonly body: string; readonly items: number }> {
  const runs = new Map<string, Run>();
  for (const { venue, symbol, receiveNs, message } of batch) {
    const head = `{"venue":${JSON.stringify(venue)},"symbol":${JSON.stringify(symbol)}`;
    // The text is put in as it is: a parse would round what JavaScript cannot hold.
    const entry = `{"receiveNs":"${receiveNs}","message":${message}}`;
    const run = runs.get(head) ?? { entries: [], chars: 0 };
    if (run.entries.length > 0 && run.chars + entry.length > bodyCharsMax) {
      yield bodyOf(head, run.entries);
      run.entries.length = 0;
      run.chars = 0;
    }
    run.entries.push(entry);
    run.chars += entry.length;
    runs.set(head, run);
  }
  for (const [head, { entries }] of runs) yield bodyOf(head, entries);
}

const bodyOf = (head: string, entries: readonly string[]) => ({
  body: `${head},"messages":[${entries.join(",")}]}`,
  items: entries.length,
});
