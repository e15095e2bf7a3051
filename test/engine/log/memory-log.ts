// The plain twin of the log adapters: arrays in memory. For tests of what stands on the port, and
// itself under the contract suite.
import type {
  ConsumerHandlers,
  ConsumerOptions,
  EventLog,
  LogConsumer,
  LogRecord,
  NewRecord,
  Position,
} from "../../../engine/log/event-log.ts";
import { LogError } from "../../../engine/log/event-log.ts";
import { isTopicName, topicNames, topics } from "../../../schemas/topics.ts";

const encoder = new TextEncoder();

export class MemoryLog implements EventLog {
  readonly #records = new Map<string, LogRecord[]>();
  readonly #committed = new Map<string, Position>();
  /** Set to make appends fail, as a log that is away does. */
  isAway = false;
  /** Of all values of an append together; more is record-too-large, as it is to Kafka. */
  bytesMax = Infinity;

  append(records: readonly NewRecord[]): Promise<readonly number[]> {
    if (this.isAway) return Promise.reject(new LogError("unreachable", "away"));
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    if (bytes > this.bytesMax)
      return Promise.reject(new LogError("record-too-large", `bytes=${bytes}`));
    return Promise.resolve(records.map((record) => this.#append(record)));
  }

  async consume(options: ConsumerOptions, handlers: ConsumerHandlers): Promise<LogConsumer> {
    const places = options.topics.flatMap((topic) =>
      Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
    );
    const start = places.map(
      ({ topic, partition }) =>
        this.#committed.get(key(options.group, topic, partition)) ?? {
          topic,
          partition,
          offset: 0,
          metadata: "",
        },
    );
    await handlers.onAssigned(start);
    const stopping = new AbortController();
    const deliver = async ({ topic, partition, offset }: Position): Promise<void> => {
      let next = offset;
      while (!stopping.signal.aborted) {
        const records = this.#at(topic, partition).slice(next, next + 10);
        if (records.length > 0) {
          next += records.length;
          await handlers.onBatch({
            topic,
            partition,
            records,
            endOffset: this.#at(topic, partition).length,
          });
        } else await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const running = Promise.all(start.map(deliver));
    return {
      commit: (positions) => {
        for (const position of positions) {
          this.#committed.set(key(options.group, position.topic, position.partition), position);
        }
        return Promise.resolve();
      },
      stop: async () => {
        stopping.abort();
        await running;
        await handlers.onRevoked(places);
      },
    };
  }

  read(
    from: { readonly topic: string; readonly partition: number; readonly offset: number },
    recordsMax: number,
  ): Promise<readonly LogRecord[]> {
    const all = this.#at(from.topic, from.partition);
    return Promise.resolve(all.slice(from.offset, from.offset + recordsMax));
  }

  offsets(topic: string): Promise<readonly { earliest: number; end: number }[]> {
    const count = partitionsOf(topic);
    return Promise.resolve(
      Array.from({ length: count }, (_, partition) => ({
        earliest: 0,
        end: this.#at(topic, partition).length,
      })),
    );
  }

  committed(group: string, topic: string): Promise<readonly Position[]> {
    const found = Array.from({ length: partitionsOf(topic) }, (_, partition) =>
      this.#committed.get(key(group, topic, partition)),
    );
    return Promise.resolve(found.filter((position) => position !== undefined));
  }

  describe(): Promise<readonly { topic: string; partitions: number }[]> {
    return Promise.resolve(topicNames.map((topic) => ({ topic, partitions: partitionsOf(topic) })));
  }

  createTopics(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #append(record: NewRecord): number {
    const all = this.#at(record.topic, record.partition);
    const headers = Object.entries(record.headers).map(([name, text]) => [
      name,
      encoder.encode(text),
    ]);
    all.push({
      offset: all.length,
      timestampMs: record.timestampMs,
      key: record.key?.slice() ?? null,
      value: record.value.slice(),
      headers: Object.fromEntries(headers) as LogRecord["headers"],
    });
    return all.length - 1;
  }

  #at(topic: string, partition: number): LogRecord[] {
    const place = `${topic}/${partition}`;
    const known = this.#records.get(place) ?? [];
    this.#records.set(place, known);
    return known;
  }
}

const key = (group: string, topic: string, partition: number): string =>
  `${group}/${topic}/${partition}`;

const partitionsOf = (topic: string): number => {
  if (!isTopicName(topic)) throw new LogError("topic-missing", `topic=${topic}`);
  return topics[topic].partitions;
};
