// A consumer that outlives its topics. kafkajs asks for all topics of a client at once and reads
// none while one of them is missing: so those that are there are read by a member of their own,
// which another one follows when a topic goes or comes back.
import type { ConsumerHandlers, ConsumerOptions, LogConsumer, Position } from "./event-log.ts";
import { LogError } from "./event-log.ts";
import type { Connections } from "./kafka-consumer.ts";
import { startKafkaConsumer } from "./kafka-consumer.ts";
import { kafkaLogError } from "./kafka-error.ts";
import { missingOf } from "./topic-table.ts";

/** How often is asked whether a missing topic is there again. */
const lookMs = 2_000;

type Shared = Omit<Connections, "reached">;

/** @throws LogError when the first assignment cannot be had, or one of the topics is not there. */
export const startLastingConsumer = async (
  connections: Shared,
  options: ConsumerOptions,
  handlers: ConsumerHandlers,
): Promise<LogConsumer> => {
  const consumer = new LastingConsumer(connections, options, handlers);
  await consumer.start();
  return consumer;
};

class LastingConsumer implements LogConsumer {
  readonly #connections: Shared;
  readonly #options: ConsumerOptions;
  readonly #handlers: ConsumerHandlers;
  /** Those of a member: what ends one may not end the next. */
  readonly #members: ConsumerHandlers;
  readonly #reached: Connections["reached"] = new Map();
  #member: LogConsumer | null = null;
  #missing: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Members follow each other: one look at a time. */
  #looks: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(connections: Shared, options: ConsumerOptions, handlers: ConsumerHandlers) {
    this.#connections = connections;
    this.#options = options;
    this.#handlers = handlers;
    const { onAssigned, onRevoked, onBatch, onNote = () => undefined } = handlers;
    this.#members = { onAssigned, onRevoked, onBatch, onNote, onFailed: this.#onFailed };
  }

  async start(): Promise<void> {
    this.#member = await this.#read(this.#options.topics);
  }

  async commit(positions: readonly Position[]): Promise<void> {
    if (this.#member === null) throw new LogError("invalid-position", "no topic is there to read");
    await this.#member.commit(positions);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looks;
    await this.#member?.stop();
  }

  readonly #onFailed = (error: Error): void => {
    if (kafkaLogError(error).code === "topic-missing") void this.#lookNext(true);
    else this.#handlers.onFailed(error);
  };

  #lookNext(isDead: boolean): Promise<void> {
    this.#looks = this.#looks
      .then(() => (this.#isStopped ? undefined : this.#look(isDead)))
      .catch((error: unknown) => this.#handlers.onFailed(kafkaLogError(error)));
    return this.#looks;
  }

  /** Has what is there read; a member that is not `isDead` is left when nothing has changed. */
  async #look(isDead: boolean): Promise<void> {
    clearTimeout(this.#timer);
    const { topics } = this.#options;
    const missing = await missingOf(this.#connections.admin, topics).catch((error: unknown) => {
      // Who reads notices by itself when Kafka is away.
      if (isDead) throw error;
      return this.#missing;
    });
    if (isDead || missing.join() !== this.#missing.join()) {
      this.#tell(missing);
      this.#missing = missing;
      await this.#follow(topics.filter((topic) => !missing.includes(topic)));
    }
    if (this.#member !== null && missing.length === 0) return;
    this.#timer = setTimeout(() => void this.#lookNext(this.#member === null), lookMs);
  }

  async #follow(topics: readonly string[]): Promise<void> {
    await this.#member?.stop();
    this.#member = null;
    if (topics.length === 0) return;
    try {
      this.#member = await this.#read(topics);
    } catch (error) {
      // It went between the question and the subscription: the next look sees it.
      if (kafkaLogError(error).code !== "topic-missing") throw error;
    }
  }

  #read(topics: readonly string[]): Promise<LogConsumer> {
    return startKafkaConsumer(
      { ...this.#connections, reached: this.#reached },
      { ...this.#options, topics },
      this.#members,
    );
  }

  #tell(missing: readonly string[]): void {
    const gone = missing.filter((topic) => !this.#missing.includes(topic));
    const back = this.#missing.filter((topic) => !missing.includes(topic));
    // What comes under a name that was gone begins anew, however long it is by then.
    for (const [key, { topic }] of this.#reached) {
      if (gone.includes(topic)) this.#reached.set(key, { topic, next: Infinity });
    }
    if (gone.length > 0) {
      const which = `Kafka has no topic ${gone.join(", ")} any more`;
      this.#handlers.onNote?.(`${which}: the others are read on, and it when it is there again`);
    }
    if (back.length > 0) {
      this.#handlers.onNote?.(`Kafka has topic ${back.join(", ")} again: it is read`);
    }
  }
}
