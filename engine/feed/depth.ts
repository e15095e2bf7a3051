// The depth source of the feed process: recorded files, merged by receive time and played at
// their own pace or a multiple of it. The generated stream is in generated-depth.ts.
import { basename } from "node:path";

import { type Reading, RecordedReader } from "../../schemas/market/recorded-reader.ts";
import {
  isMessageVenue,
  type MessageVenueName,
  messageVenueNames,
} from "../../schemas/market/venues.ts";
import type { FeedClock } from "./feed-clock.ts";

/** One message as a venue sent it. */
export type DepthFeedMessage = {
  readonly venue: MessageVenueName;
  readonly symbol: string;
  /** As recorded, ns since the epoch. */
  readonly receiveNs: bigint;
  /** JSON text of the venue. */
  readonly message: string;
};

/** A recorded file: its venue, its symbol when known ("" otherwise), and its lines. */
export type RecordedFile = {
  readonly name: string;
  readonly venue: MessageVenueName;
  readonly symbol: string;
  readonly lines: AsyncIterable<{ readonly line: number; readonly text: string }>;
};

export type DepthFeedOptions = {
  readonly files: readonly RecordedFile[];
  /** 1 is the recorded pace, 2 twice it, 0 as fast as the consumer takes it. */
  readonly speed: number;
  readonly clock: FeedClock;
  /** Called for a line that is no message; the feed goes on. */
  readonly onFault: (file: string, line: number, text: string) => void;
};

/** Most messages of one batch. */
const depthBatchMax = 256;

/** Messages that are due within this much time leave together. */
const batchMs = 5;
const nsPerMs = 1e6;

/**
 * The venue of a file: `VENUE=FILE`, else a venue's name within the file's own name
 * (`binance-spot-btcusdt.gz`). Null when neither tells.
 */
export const venueOfFile = (word: string): { venue: MessageVenueName; path: string } | null => {
  const equals = word.indexOf("=");
  const prefix = word.slice(0, Math.max(equals, 0));
  if (isMessageVenue(prefix)) return { venue: prefix, path: word.slice(equals + 1) };
  const venue = messageVenueNames.find((name) => basename(word).includes(name));
  return venue === undefined ? null : { venue, path: word };
};

/** Batches in order of receive time, each when it is due. Ends with the files. */
export async function* recordedDepth(
  options: DepthFeedOptions,
): AsyncGenerator<readonly DepthFeedMessage[]> {
  const { clock, speed } = options;
  const startNs = clock.nowNs();
  let firstNs: bigint | null = null;
  let batch: DepthFeedMessage[] = [];
  for await (const message of mergedDepth(options)) {
    firstNs ??= message.receiveNs;
    const dueMs = speed === 0 ? 0 : Number(message.receiveNs - firstNs) / nsPerMs / speed;
    const waitMs = dueMs - Number(clock.nowNs() - startNs) / nsPerMs;
    const isLate = speed === 0 || waitMs <= batchMs;
    if (batch.length > 0 && (batch.length === depthBatchMax || !isLate)) {
      yield batch;
      batch = [];
    }
    if (!isLate) await clock.sleepMs(waitMs);
    batch.push(message);
  }
  if (batch.length > 0) yield batch;
}

type Source = { readonly iterator: AsyncIterator<DepthFeedMessage>; head: DepthFeedMessage };

// Files are few, so the earliest head is found by looking at all of them.
async function* mergedDepth(options: DepthFeedOptions): AsyncGenerator<DepthFeedMessage> {
  const sources: Source[] = [];
  for (const file of options.files) {
    const iterator = messagesOf(file, options.onFault);
    const first = await iterator.next();
    if (first.done !== true) sources.push({ iterator, head: first.value });
  }
  while (sources.length > 0) {
    const earliest = sources.reduce((a, b) => (b.head.receiveNs < a.head.receiveNs ? b : a));
    yield earliest.head;
    const next = await earliest.iterator.next();
    if (next.done === true) sources.splice(sources.indexOf(earliest), 1);
    else earliest.head = next.value;
  }
}

async function* messagesOf(
  file: RecordedFile,
  onFault: DepthFeedOptions["onFault"],
): AsyncGenerator<DepthFeedMessage> {
  const reader = new RecordedReader<number>(file.venue, file.symbol);
  const checked = function* (readings: Iterable<Reading<number>>): Generator<DepthFeedMessage> {
    for (const { fault, place, receiveNs, json } of readings) {
      const { symbol } = reader.message;
      if (fault === null) yield { venue: file.venue, symbol, receiveNs, message: json };
      else if (fault.code !== "ignored") {
        onFault(file.name, place, `field ${fault.field}: found ${fault.found}`);
      }
    }
  };
  for await (const { line, text } of file.lines) yield* checked(reader.read(text, line));
  yield* checked(reader.finish());
}
