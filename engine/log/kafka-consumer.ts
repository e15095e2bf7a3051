// A member of a consumer group on kafkajs. Positions are explicit: on each assignment everything
// is paused, the committed positions are read and handed to the owner, then read from. A handler
// that takes long pauses its partition, so that the others and the heartbeats go on.
import type { Consumer, ConsumerStartBatchProcessEvent, EachBatchPayload } from "kafkajs";

import type { Client } from "../../schemas/kafka/client.ts";
import { retry } from "../../schemas/kafka/client.ts";
import { orLate } from "../../schemas/or-late.ts";
import type {
  ConsumerHandlers,
  ConsumerOptions,
  LogConsumer,
  Position,
  RecordBatch,
} from "./event-log.ts";
import { LogError } from "./event-log.ts";
import { type KafkaAdmin, missingNamed } from "./kafka-admin.ts";
import { isStaleMember, kafkaLogError, withCoordinator } from "./kafka-error.ts";
import { KafkaOutage } from "./kafka-outage.ts";
import { logRecord, unshownRecord } from "./kafka-records.ts";

export type Connections = {
  /** A client of the member's own: its crash, or its end, cuts nothing else. */
  readonly newClient: () => Client;
  readonly admin: KafkaAdmin;
  /** Next offsets of all partitions that were ever read, by key: they outlive a member. */
  readonly reached: Map<string, { readonly topic: string; readonly next: number }>;
};

type Partition = { readonly topic: string; readonly partition: number };

/** A partition that this member owns since generation `generation`. */
type Owned = Partition & { next: number; inHand: Promise<void> };

/** A batch that is not handled within this time pauses its partition (KC5). */
const handOffMs = 50;
/** Partitions of one fetch that are handled side by side. */
const partitionsAtOnce = 16;

const settings = {
  sessionTimeout: 10_000,
  rebalanceTimeout: 30_000,
  // A rebalance is noticed at the next heartbeat.
  heartbeatInterval: 1_000,
  minBytes: 1,
  maxBytesPerPartition: 4 << 20,
  maxBytes: 16 << 20,
  // How long an empty fetch waits at the broker, and so how long a stop may take.
  maxWaitTimeInMs: 250,
  allowAutoTopicCreation: false,
} as const;

/** @throws LogError when the first assignment cannot be had. */
export const startKafkaConsumer = async (
  connections: Connections,
  options: ConsumerOptions,
  handlers: ConsumerHandlers,
): Promise<LogConsumer> => {
  try {
    return await withCoordinator(async () => {
      const member = new Member(connections, options, handlers);
      try {
        await member.start();
        return member;
      } catch (error) {
        await member.stop();
        throw error;
      }
    });
  } catch (error) {
    throw await missingNamed(connections.admin, options.topics, error);
  }
};

// What the client does by itself is kept where nothing else is asked for.
const rejoinOf = ({ rejoin }: ConsumerOptions): object =>
  rejoin === undefined
    ? {}
    : {
        retries: rejoin.attemptsMax,
        initialRetryTime: rejoin.backoffMs,
        maxRetryTime: rejoin.backoffMsMax,
      };

class Member implements LogConsumer {
  readonly #client: Client;
  readonly #admin: KafkaAdmin;
  readonly #options: ConsumerOptions;
  readonly #handlers: ConsumerHandlers;
  readonly #consumer: Consumer;
  readonly #first = Promise.withResolvers<void>();
  #owned = new Map<string, Owned>();
  readonly #reached: Connections["reached"];
  #generation = 0;
  #isAssigned = false;
  #commits = 0;
  readonly #outage: KafkaOutage;
  /** Assignments and revocations, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(connections: Connections, options: ConsumerOptions, handlers: ConsumerHandlers) {
    this.#client = connections.newClient();
    this.#admin = connections.admin;
    this.#reached = connections.reached;
    this.#options = options;
    this.#handlers = handlers;
    this.#outage = new KafkaOutage((message) => handlers.onNote?.(message));
    this.#consumer = this.#client.kafka.consumer({
      groupId: options.group,
      ...settings,
      retry: {
        ...retry,
        ...rejoinOf(options),
        // kafkajs gives up at the first refused connection; it joins anew when we say so.
        restartOnFailure: async (error) => this.#isAssigned && this.#outage.mayGoOn(error),
      },
    });
    // Whoever calls consume awaits it; later nobody does.
    this.#first.promise.catch(() => undefined);
  }

  async start(): Promise<void> {
    const consumer = this.#consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.#joined(payload.memberAssignment),
    );
    consumer.on(consumer.events.REBALANCING, () => this.#change(() => this.#revoke()));
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload));
    consumer.on(consumer.events.COMMIT_OFFSETS, () => {
      this.#commits += 1;
    });
    consumer.on(consumer.events.FETCH, () => this.#outage.heard());
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => this.#passUnshown(payload));
    await this.#client.ready;
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitionsAtOnce,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
    await this.#first.promise;
  }

  async commit(positions: readonly Position[]): Promise<void> {
    if (this.#stopping !== undefined) throw new LogError("closed", "commit after stop");
    for (const { topic, partition } of positions) {
      if (this.#owned.has(keyOf(topic, partition))) continue;
      throw new LogError("invalid-position", `${topic}/${partition} is not this member's`);
    }
    if (positions.length === 0) return;
    const commits = this.#commits;
    try {
      await this.#consumer.commitOffsets(
        positions.map((position) => ({ ...position, offset: `${position.offset}` })),
      );
    } catch (error) {
      if (!isStaleMember(error)) throw kafkaLogError(error);
    }
    // kafkajs says nothing when it is about to restart, and commits nothing.
    if (this.#commits > commits) return;
    throw new LogError("invalid-position", `group ${this.#options.group} is being rebalanced`);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#consumer.disconnect().catch(() => undefined);
    await this.#change(() => this.#revoke());
    this.#client.cut();
    this.#first.reject(new LogError("closed", "stopped before the first assignment"));
  }

  #crashed({ error, restart }: { readonly error: Error; readonly restart: boolean }): void {
    if (restart) void this.#change(() => this.#revoke());
    else this.#failed(error);
  }

  #failed(error: Error): void {
    // Before the first assignment the caller of consume still waits: it gets the error.
    if (this.#isAssigned && this.#stopping === undefined) this.#handlers.onFailed(error);
    this.#first.reject(error);
  }

  /** Runs `body` after the changes before it, with the number of its generation. */
  #change(body: (generation: number) => Promise<void>): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const change = this.#changes.then(() => body(generation));
    this.#changes = change.catch((error: unknown) => {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    });
    return this.#changes;
  }

  // Called by kafkajs before its first fetch in the new generation, so the pause comes in time.
  #joined(assignment: { readonly [topic: string]: readonly number[] }): void {
    const partitions = Object.entries(assignment).flatMap(([topic, numbers]) =>
      numbers.map((partition) => ({ topic, partition })),
    );
    this.#reassign(partitions);
  }

  #reassign(partitions: readonly Partition[]): void {
    this.#pause(partitions);
    void this.#change(async (generation) => {
      await this.#revoke();
      if (this.#isCurrent(generation)) await this.#assign(partitions, generation);
    });
  }

  #isCurrent(generation: number): boolean {
    return generation === this.#generation && this.#stopping === undefined;
  }

  async #assign(partitions: readonly Partition[], generation: number): Promise<void> {
    const positions = await this.#positions(partitions);
    if (!this.#isCurrent(generation)) return;
    await this.#handlers.onAssigned(positions);
    if (!this.#isCurrent(generation)) {
      await this.#handlers.onRevoked(partitions);
      return;
    }
    if (!this.#seek(positions)) {
      await this.#handlers.onRevoked(partitions);
      return;
    }
    for (const { topic, partition, offset } of positions) {
      const owned = { topic, partition, next: offset, inHand: Promise.resolve() };
      this.#owned.set(keyOf(topic, partition), owned);
    }
    this.#resume(partitions);
    this.#isAssigned = true;
    this.#first.resolve();
  }

  /**
   * Committed positions, moved to the earliest kept record where that one is gone, and where the
   * partition ends before it: its topic was made anew.
   */
  async #positions(partitions: readonly Partition[]): Promise<Position[]> {
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const found = await Promise.all(
      topics.map(async (topic) => ({
        topic,
        kept: await this.#admin.offsets(topic),
        committed: await this.#admin.committed(this.#options.group, topic),
      })),
    );
    return partitions.map(({ topic, partition }) => {
      const at = found.find((one) => one.topic === topic);
      const { earliest, end } = at?.kept[partition] ?? { earliest: 0, end: 0 };
      const committed = at?.committed.find((one) => one.partition === partition);
      if (committed === undefined || committed.offset > end) {
        // With its topic Kafka forgets what was committed, sooner or later.
        const isAnew = (this.#reached.get(keyOf(topic, partition))?.next ?? 0) > end;
        return { topic, partition, offset: earliest, metadata: "", ...(isAnew && { isAnew }) };
      }
      return { ...committed, offset: Math.max(committed.offset, earliest) };
    });
  }

  async #revoke(): Promise<void> {
    const last = [...this.#owned.values()];
    if (last.length === 0) return;
    this.#owned = new Map();
    await Promise.all(last.map(({ inHand }) => inHand));
    await this.#handlers.onRevoked(last.map(({ topic, partition }) => ({ topic, partition })));
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const owned = this.#owned.get(keyOf(batch.topic, batch.partition));
    const last = batch.messages.at(-1);
    // Fetched before a change of assignment: it comes again to its owner.
    if (owned === undefined || last === undefined || payload.isStale()) return;
    const endOffset = Number(batch.highWatermark);
    // The topic was made anew under us, and kafkajs went back to its beginning: so must the owner.
    if (endOffset < owned.next) return this.#reassign([...this.#owned.values()]);
    const { topic, partition } = owned;
    const shown = batch.messages.map(logRecord);
    const lastOffset = Number(batch.lastOffset());
    if (lastOffset > Number(last.offset)) shown.push(unshownRecord(lastOffset));
    const records = shown.filter(({ offset }) => offset >= owned.next);
    const handled = this.#deliver({ topic, partition, records, endOffset }, () => {
      if (!this.#isOwned(owned)) return;
      this.#reach(owned, lastOffset + 1);
      // kafkajs goes on behind what it did not show, too.
      payload.resolveOffset(last.offset);
    });
    owned.inHand = handled;
    const isHandled = handled.then(() => true);
    if (await orLate(isHandled, handOffMs, () => false)) return;
    this.#pause([owned]);
    void this.#resumeAfter(handled, owned);
  }

  // kafkajs hands on no batch of which it would show nothing, and goes on behind it: so must the owner,
  // or what it read would never reach the end.
  #passUnshown(batch: ConsumerStartBatchProcessEvent["payload"]): void {
    const { topic, partition } = batch;
    const owned = this.#owned.get(keyOf(topic, partition));
    if (owned === undefined || batch.batchSize > 0) return;
    // Null where all of it lies before what was asked for.
    const first = batch.firstOffset as string | null;
    const last = Number(batch.lastOffset);
    // Fetched elsewhere, before a change of assignment: records may lie between.
    if (first === null || Number(first) > owned.next || last < owned.next) return;
    const records = [unshownRecord(last)];
    const endOffset = Number(batch.highWatermark);
    // kafkajs does not wait for a listener; paused, nothing behind it can come before it is handled.
    this.#pause([owned]);
    owned.inHand = this.#deliver({ topic, partition, records, endOffset }, () => {
      if (this.#isOwned(owned)) this.#reach(owned, last + 1);
    });
    void this.#resumeAfter(owned.inHand, owned);
  }

  #reach(owned: Owned, next: number): void {
    owned.next = next;
    const { topic, partition } = owned;
    this.#reached.set(keyOf(topic, partition), { topic, next });
  }

  async #resumeAfter(handled: Promise<void>, owned: Owned): Promise<void> {
    await handled;
    if (this.#isOwned(owned)) this.#resume([owned]);
  }

  /** False once the partition was revoked, also when it was assigned anew since. */
  #isOwned(owned: Owned): boolean {
    return this.#owned.get(keyOf(owned.topic, owned.partition)) === owned;
  }

  async #deliver(batch: RecordBatch, done: () => void): Promise<void> {
    try {
      if (batch.records.length > 0) await this.#handlers.onBatch(batch);
      done();
    } catch (error) {
      // The position stays: nothing of this batch counts as done. It is the owner's failure.
      this.#failed(error instanceof Error ? error : new Error(String(error)));
      void this.stop();
    }
  }

  #seek(positions: readonly Position[]): boolean {
    return ifRunning(() => {
      for (const { topic, partition, offset } of positions) {
        this.#consumer.seek({ topic, partition, offset: `${offset}` });
      }
    });
  }

  #pause(partitions: readonly Partition[]): void {
    ifRunning(() => this.#consumer.pause(grouped(partitions)));
  }

  #resume(partitions: readonly Partition[]): void {
    ifRunning(() => this.#consumer.resume(grouped(partitions)));
  }
}

// kafkajs throws while it is stopped or between a crash and its restart. A new assignment follows
// then, or nothing: false, and no harm done.
const ifRunning = (body: () => void): boolean => {
  try {
    body();
    return true;
  } catch {
    return false;
  }
};

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

const grouped = (partitions: readonly Partition[]) =>
  partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
