// Consumer groups of one opened log. The partitions of a group's topics are dealt among its
// members, as evenly as can be; each join and leave takes all partitions from all members first
// and deals anew, as Kafka's eager protocol does.
import type { ConsumerHandlers, ConsumerOptions, LogConsumer, Position } from "../event-log.ts";
import { LogError } from "../event-log.ts";
import type { Delivery, DeliveryOptions } from "./delivery.ts";
import { createDelivery } from "./delivery.ts";
import type { Partition } from "./partition-table.ts";

export type GroupLog = Pick<DeliveryOptions, "partitions" | "wake"> & {
  readonly commit: (group: string, positions: readonly Position[]) => Promise<void>;
  readonly committed: (group: string, topic: string) => readonly Position[];
};

type Member = {
  readonly topics: readonly string[];
  readonly handlers: ConsumerHandlers;
  readonly owned: Map<string, Partition>;
  delivery: Delivery | undefined;
};

export class Groups {
  readonly #log: GroupLog;
  readonly #groups = new Map<string, Group>();

  constructor(log: GroupLog) {
    this.#log = log;
  }

  /** @throws LogError `topic-missing`. */
  async join(options: ConsumerOptions, handlers: ConsumerHandlers): Promise<LogConsumer> {
    for (const topic of options.topics) this.#log.partitions.of(topic);
    for (const [name, group] of this.#groups) if (group.isEmpty()) this.#groups.delete(name);
    const group = this.#groups.get(options.group) ?? new Group(options.group, this.#log);
    this.#groups.set(options.group, group);
    return group.join(options.topics, handlers);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#groups.values(), (group) => group.close()));
  }
}

class Group {
  readonly #name: string;
  readonly #log: GroupLog;
  readonly #members = new Set<Member>();
  /** Joins and leaves, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #changesWaiting = 0;

  constructor(name: string, log: GroupLog) {
    this.#name = name;
    this.#log = log;
  }

  async join(topics: readonly string[], handlers: ConsumerHandlers): Promise<LogConsumer> {
    const member: Member = { topics, handlers, owned: new Map(), delivery: undefined };
    try {
      await this.#change(() => this.#members.add(member));
    } catch (error) {
      await this.#change(() => this.#members.delete(member), member);
      throw error;
    }
    let leaving: Promise<void> | undefined;
    return {
      commit: async (positions) => {
        if (leaving !== undefined) throw new LogError("closed", "commit after stop");
        await this.#commit(member, positions);
      },
      stop: () => {
        leaving ??= this.#change(() => this.#members.delete(member), member);
        return leaving;
      },
    };
  }

  async close(): Promise<void> {
    const members = [...this.#members];
    await Promise.all(
      members.map((member) => this.#change(() => this.#members.delete(member), member)),
    );
  }

  async #commit(member: Member, positions: readonly Position[]): Promise<void> {
    for (const { topic, partition } of positions) {
      if (member.owned.has(`${topic}/${partition}`)) continue;
      throw new LogError("invalid-position", `${topic}/${partition} is not this member's`);
    }
    if (positions.length > 0) await this.#log.commit(this.#name, positions);
  }

  #change(apply: () => unknown, leaver?: Member): Promise<void> {
    this.#changesWaiting += 1;
    const change = this.#changed(this.#changes, apply, leaver);
    this.#changes = change.catch(() => undefined);
    return change;
  }

  async #changed(before: Promise<void>, apply: () => unknown, leaver?: Member): Promise<void> {
    await before;
    try {
      if (leaver !== undefined && !this.#members.has(leaver)) return;
      await Promise.all(Array.from(this.#members, (member) => revoke(member)));
      apply();
      await this.#deal();
    } finally {
      this.#changesWaiting -= 1;
    }
  }

  isEmpty(): boolean {
    return this.#members.size === 0 && this.#changesWaiting === 0;
  }

  async #deal(): Promise<void> {
    const members = [...this.#members];
    const topics = new Set(members.flatMap((member) => member.topics));
    let turn = 0;
    for (const topic of topics) {
      const takers = members.filter((member) => member.topics.includes(topic));
      for (const partition of this.#log.partitions.of(topic)) {
        takers[turn % takers.length]?.owned.set(`${topic}/${partition.partition}`, partition);
        turn += 1;
      }
    }
    await Promise.all(members.map((member) => this.#assign(member)));
  }

  async #assign(member: Member): Promise<void> {
    const { handlers, owned } = member;
    const positions = Array.from(owned.values(), (partition) => this.#position(partition));
    await handlers.onAssigned(positions);
    member.delivery = createDelivery({
      ...this.#log,
      handlers,
      from: Array.from(owned.values(), (partition, i) => ({
        partition,
        next: positions[i]?.offset ?? 0,
      })),
      // Its partitions stay with it until its owner stops it: a restart is the owner's decision.
      onFailed: (error) => handlers.onFailed(error),
    });
  }

  #position(at: Partition): Position {
    const { topic, partition } = at;
    const { earliest } = this.#log.partitions.range(at);
    const committed = this.#log.committed(this.#name, topic);
    const found = committed.find((position) => position.partition === partition);
    if (found === undefined) return { topic, partition, offset: earliest, metadata: "" };
    return { ...found, offset: Math.max(found.offset, earliest) };
  }
}

/** Waits for the batches in hand. */
const revoke = async (member: Member): Promise<void> => {
  await member.delivery?.stop();
  member.delivery = undefined;
  if (member.owned.size === 0) return;
  const partitions = Array.from(member.owned.values(), ({ topic, partition }) => ({
    topic,
    partition,
  }));
  member.owned.clear();
  await member.handlers.onRevoked(partitions);
};
