// Sends requests to the application at a steady rate. Requests overlap, as they do in a server; a
// limit keeps a stalled process from piling them up.
import { type Application, spansPerRequest } from "./application.ts";
import type { FeedClock } from "./feed-clock.ts";
import { paced } from "./pace.ts";

/** How fast the application is asked, and until when. */
export type ApplicationFeedOptions = {
  readonly application: Application;
  /** Spans per second, on average. */
  readonly spansPerSecond: number;
  readonly clock: FeedClock;
  readonly signal: AbortSignal;
};

/** Requests under way; further ones wait. */
const requestsMax = 4096;

/** Ends when the signal is aborted and all requests are answered. */
export const feedApplication = async (options: ApplicationFeedOptions): Promise<void> => {
  const { application, spansPerSecond, clock, signal } = options;
  const underWay = new Set<Promise<void>>();
  const perSecond = spansPerSecond / spansPerRequest;
  for await (const count of paced({ perSecond, batchMax: 64, clock, signal })) {
    for (let i = 0; i < count; i += 1) {
      const request = application.serve();
      underWay.add(request);
      void request.finally(() => underWay.delete(request));
    }
    while (underWay.size >= requestsMax) await Promise.race(underWay);
  }
  await Promise.all(underWay);
};
