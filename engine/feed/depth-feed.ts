// Posts depth messages to the edge as their source gives them, in order: one request at a time,
// each for one venue and symbol, the messages inside as the venue wrote them, digit by digit.
import type { DepthFeedMessage } from "./depth.ts";
import type { Poster } from "./poster.ts";

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

/** A batch as request bodies: runs of one venue and symbol, bounded in size. */
export function* depthBodies(
  batch: readonly DepthFeedMessage[],
): Generator<{ readonly body: string; readonly items: number }> {
  let run: string[] = [];
  let chars = 0;
  let [venue, symbol] = ["", ""];
  const body = () => ({
    body: `{"venue":${JSON.stringify(venue)},"symbol":${JSON.stringify(symbol)},"messages":[${run.join(",")}]}`,
    items: run.length,
  });
  for (const message of batch) {
    // The text is put in as it is: a parse would round what JavaScript cannot hold.
    const entry = `{"receiveNs":"${message.receiveNs}","message":${message.message}}`;
    const isOther = message.venue !== venue || message.symbol !== symbol;
    if (run.length > 0 && (isOther || chars + entry.length > bodyCharsMax)) {
      yield body();
      run = [];
      chars = 0;
    }
    ({ venue, symbol } = message);
    run.push(entry);
    chars += entry.length;
  }
  if (run.length > 0) yield body();
}
