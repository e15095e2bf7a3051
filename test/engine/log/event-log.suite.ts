// The contract of the log port: both adapters run these very tests.
import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type {
  ConsumerHandlers,
  EventLog,
  LogConsumer,
  LogRecord,
  NewRecord,
  Position,
  RecordBatch,
} from "../../../engine/log/event-log.ts";
import { LogError } from "../../../engine/log/event-log.ts";
import type { TopicTable } from "../../../engine/log/topic-table.ts";
import { checkTopics } from "../../../engine/log/topic-table.ts";
import { runSeed, seeded } from "../../random.ts";

export type LogUnderTest = {
  readonly setUp?: () => Promise<void>;
  /** Opens the log; called again after close it finds the same records. */
  readonly open: (topics: TopicTable) => Promise<EventLog>;
  readonly tearDown: () => Promise<void>;
};

const hour = 3_600_000;
const one = `one-${randomUUID()}`;
const many = `many-${randomUUID()}`;
const messageBytesMax = 100_000;
const topics: TopicTable = {
  [one]: { partitions: 1, retentionMs: hour, messageBytesMax },
  [many]: { partitions: 4, retentionMs: hour, messageBytesMax },
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | null | undefined): string =>
  value == null ? "" : new TextDecoder().decode(value);

type Values = Partial<NewRecord>;
const record = (topic: string, value: string, more: Values = {}): NewRecord => ({
  topic,
  partition: 0,
  key: null,
  value: bytes(value),
  headers: {},
  timestampMs: Date.now(),
  ...more,
});

/** A member that keeps what it sees; `onBatch` may be replaced. */
class Member {
  readonly events: string[] = [];
  readonly values: string[] = [];
  readonly batches: RecordBatch[] = [];
  positions: readonly Position[] = [];
  consumer: LogConsumer | undefined;
  inHand = 0;
  handle: (batch: RecordBatch) => Promise<void> = async () => undefined;

  async start(log: EventLog, group: string, names: readonly string[]): Promise<this> {
    const handlers: ConsumerHandlers = {
      onAssigned: async (positions) => {
        this.events.push(`assigned ${listed(positions)}`);
        this.positions = positions;
      },
      onRevoked: async (partitions) => {
        this.events.push(`revoked ${listed(partitions)}`);
        this.positions = [];
      },
      onBatch: async (batch) => {
        this.batches.push(batch);
        for (const { value } of batch.records) this.values.push(text(value));
        this.inHand += 1;
        await this.handle(batch);
        this.inHand -= 1;
      },
      onFailed: (error) => {
        this.events.push(`failed ${error.message}`);
      },
    };
    this.consumer = await log.consume({ group, topics: names }, handlers);
    return this;
  }

  async stop(): Promise<void> {
    await this.consumer?.stop();
  }

  async sees(count: number): Promise<void> {
    const seen = (): number => this.values.length;
    await expect.poll(seen, { interval: 10 }).toBeGreaterThanOrEqual(count);
  }
}

const listed = (partitions: readonly { partition: number }[]): string =>
  partitions
    .map(({ partition }) => partition)
    .toSorted((a, b) => a - b)
    .join(",");

const poll = { interval: 20 };

export const eventLogSuite = (name: string, under: LogUnderTest, isSkipped = false): void => {
  describe.skipIf(isSkipped)(name, () => {
    let log: EventLog;
    const members: Member[] = [];

    const member = async (group: string, names: readonly string[]): Promise<Member> => {
      const made = new Member();
      members.push(made);
      return made.start(log, group, names);
    };

    beforeAll(async () => {
      await under.setUp?.();
      log = await under.open(topics);
    });

    afterAll(async () => {
      await log.close();
      await under.tearDown();
    });

    test("createTopics makes what is missing, once, and checkTopics agrees", async () => {
      await log.createTopics();
      expect(await log.createTopics()).toEqual([]);
      const described = await log.describe();
      expect(described).toContainEqual({ topic: one, partitions: 1 });
      expect(described).toContainEqual({ topic: many, partitions: 4 });
      await checkTopics(log, topics);
      const more = { ...topics, [one]: { partitions: 2, retentionMs: hour, messageBytesMax } };
      await expect(checkTopics(log, more)).rejects.toMatchObject({ code: "partitions-differ" });
      const other = { ...topics, nope: { partitions: 2, retentionMs: hour, messageBytesMax } };
      await expect(checkTopics(log, other)).rejects.toMatchObject({ code: "topic-missing" });
    });

    test("an empty partition has offsets from 0 to 0 and nothing to read", async () => {
      expect(await log.offsets(one)).toEqual([{ earliest: 0, end: 0 }]);
      expect(await log.read({ topic: one, partition: 0, offset: 0 }, 10)).toEqual([]);
      expect(await log.committed(randomUUID(), one)).toEqual([]);
    });

    test("a record comes back with key, headers, time and bytes as it went in", async () => {
      const value = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
      const headers = { tenant: "ä", "weir-batch": "7", empty: "" };
      const given = record(one, "", { key: bytes("schlüssel"), value, headers });
      const [offset] = await log.append([{ ...given, timestampMs: 1_700_000_000_123 }]);
      const [found] = await log.read({ topic: one, partition: 0, offset: offset ?? -1 }, 1);
      expect(found?.offset).toBe(offset);
      expect(found?.timestampMs).toBe(1_700_000_000_123);
      expect(text(found?.key)).toBe("schlüssel");
      expect(Buffer.from(found?.value ?? []).equals(value)).toBe(true);
      const seen = Object.entries(found?.headers ?? {}).map(([at, of]) => [at, text(of)]);
      expect(Object.fromEntries(seen)).toEqual(headers);
      const [bare] = await log.append([record(one, "")]);
      const [empty] = await log.read({ topic: one, partition: 0, offset: bare ?? -1 }, 1);
      expect(empty).toMatchObject({ key: null, headers: {} });
      expect(empty?.value.length).toBe(0);
    });

    test("offsets are dense per partition and come in the order given", async () => {
      const before = await log.offsets(many);
      const partitions = [3, 0, 3, 3, 1, 0];
      const offsets = await log.append(
        partitions.map((partition, i) => record(many, `${i}`, { partition })),
      );
      const end = (partition: number): number => before[partition]?.end ?? -1;
      expect(offsets).toEqual([end(3), end(0), end(3) + 1, end(3) + 2, end(1), end(0) + 1]);
      const after = await log.offsets(many);
      expect(after.map(({ end }) => end)).toEqual([end(0) + 2, end(1) + 1, end(2), end(3) + 3]);
      expect(await log.append([])).toEqual([]);
    });

    test("random batches are read back complete and in order, in pieces of any size", async () => {
      const random = seeded(runSeed(`${name} round trip`));
      const expected = [0, 1, 2, 3].map((): string[] => []);
      const starts = (await log.offsets(many)).map(({ end }) => end);
      for (let i = 0; i < 20; i += 1) {
        const batch = Array.from({ length: 1 + random.below(50) }, () => {
          const partition = random.below(4);
          const value = Buffer.from(random.bytes(random.below(3000))).toString("hex");
          expected[partition]?.push(value);
          return record(many, value, { partition });
        });
        await log.append(batch);
      }
      for (const [partition, values] of expected.entries()) {
        const found: LogRecord[] = [];
        let offset = starts[partition] ?? 0;
        for (;;) {
          const piece = await log.read({ topic: many, partition, offset }, 1 + random.below(60));
          if (piece.length === 0) break;
          found.push(...piece);
          offset = (piece.at(-1)?.offset ?? 0) + 1;
        }
        expect(found.map(({ value }) => text(value))).toEqual(values);
        expect(found.map((at) => at.offset)).toEqual(
          values.map((_, i) => (starts[partition] ?? 0) + i),
        );
      }
    });

    test("many appends at once keep the order of the calls in each partition", async () => {
      const start = (await log.offsets(one))[0]?.end ?? 0;
      const values = Array.from({ length: 60 }, (_, i) => `${i}`);
      await Promise.all(values.map((value) => log.append([record(one, value)])));
      const found = await log.read({ topic: one, partition: 0, offset: start }, 100);
      expect(found.map(({ value }) => text(value))).toEqual(values);
    });

    test("an oversize record is refused before anything of its append is written", async () => {
      const [before] = await log.offsets(one);
      const oversize = record(one, "x".repeat(messageBytesMax), { key: bytes("k") });
      const failed = log.append([record(one, "first"), oversize]);
      await expect(failed).rejects.toMatchObject({ code: "record-too-large", retryable: false });
      await expect(failed).rejects.toBeInstanceOf(LogError);
      expect(await log.offsets(one)).toEqual([before]);
      await log.append([record(one, "x".repeat(messageBytesMax))]);
    });

    test("a topic or partition that is not there is topic-missing", async () => {
      const missing = { code: "topic-missing", retryable: false };
      const named = { ...missing, message: expect.stringContaining("no-such-topic") as string };
      await expect(log.append([record("no-such-topic", "x")])).rejects.toMatchObject(missing);
      await expect(log.append([record(one, "x", { partition: 1 })])).rejects.toMatchObject(missing);
      await expect(log.offsets("no-such-topic")).rejects.toMatchObject(named);
      const from = { topic: "no-such-topic", partition: 0, offset: 0 };
      await expect(log.read(from, 1)).rejects.toMatchObject(named);
      await expect(log.read({ ...from, topic: one, partition: 9 }, 1)).rejects.toMatchObject(
        missing,
      );
      const consuming = member(randomUUID(), [one, "no-such-topic"]);
      await expect(consuming).rejects.toMatchObject(named);
    });

    test("a new group starts at the earliest record and follows what is appended", async () => {
      const group = randomUUID();
      const [kept] = await log.offsets(one);
      const first = await member(group, [one]);
      expect(first.positions).toEqual([{ topic: one, partition: 0, offset: 0, metadata: "" }]);
      await first.sees(kept?.end ?? 0);
      await log.append([record(one, "new")]);
      await first.sees((kept?.end ?? 0) + 1);
      const seen = first.batches.flatMap(({ records }) => records.map(({ offset }) => offset));
      expect(seen).toEqual(seen.map((_, i) => i));
      expect(first.batches.at(-1)?.endOffset).toBe((kept?.end ?? 0) + 1);
      await first.stop();
      expect(first.events).toEqual(["assigned 0", "revoked 0"]);
      await first.stop();
    });

    test("a committed position and its metadata are where the next member resumes", async () => {
      const group = randomUUID();
      const first = await member(group, [one]);
      await first.sees(5);
      const position = { topic: one, partition: 0, offset: 3, metadata: '{"horizon":"ü"}' };
      await first.consumer?.commit([position]);
      expect(await log.committed(group, one)).toEqual([position]);
      await first.stop();
      await expect(first.consumer?.commit([position])).rejects.toMatchObject({ code: "closed" });
      const second = await member(group, [one]);
      expect(second.positions).toEqual([position]);
      await second.sees(1);
      expect(second.batches[0]?.records[0]?.offset).toBe(3);
      await second.stop();
      expect(await log.committed(randomUUID(), one)).toEqual([]);
    });

    test("what was not committed comes again after the log is closed and opened", async () => {
      const group = randomUUID();
      const first = await member(group, [one]);
      await first.sees(4);
      await first.consumer?.commit([{ topic: one, partition: 0, offset: 2, metadata: "m" }]);
      const offsets = await log.offsets(one);
      await log.close();
      expect(first.events.at(-1)).toBe("revoked 0");
      await expect(log.append([record(one, "x")])).rejects.toMatchObject({ code: "closed" });
      log = await under.open(topics);
      expect(await log.offsets(one)).toEqual(offsets);
      const second = await member(group, [one]);
      expect(second.positions).toEqual([{ topic: one, partition: 0, offset: 2, metadata: "m" }]);
      await second.sees((offsets[0]?.end ?? 0) - 2);
      await second.stop();
    });

    test("a waiting handler holds back its partition only, and stop waits for it", async () => {
      const group = randomUUID();
      const held = Promise.withResolvers<void>();
      const made = new Member();
      made.handle = ({ partition }) => (partition === 0 ? held.promise : Promise.resolve());
      await made.start(log, group, [many]);
      await expect.poll(() => made.batches.map((at) => at.partition), poll).toContain(0);
      const of = (partition: number): RecordBatch[] =>
        made.batches.filter((batch) => batch.partition === partition);
      await log.append([record(many, "held", { partition: 0 })]);
      await log.append([record(many, "passes", { partition: 1 })]);
      await expect.poll(() => made.values, poll).toContain("passes");
      expect(of(0)).toHaveLength(1);
      expect(made.inHand).toBe(1);
      let isStopped = false;
      const stopping = made.stop().then(() => (isStopped = true));
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      expect(isStopped).toBe(false);
      held.resolve();
      await stopping;
      expect(of(0)).toHaveLength(1);
      expect(made.events.at(-1)).toBe("revoked 0,1,2,3");
    });

    test("after a waiting handler resolves, its partition goes on where it was", async () => {
      const held = Promise.withResolvers<void>();
      const made = new Member();
      made.handle = () => held.promise;
      await made.start(log, randomUUID(), [one]);
      await made.sees(1);
      await log.append([record(one, "later")]);
      held.resolve();
      const [kept] = await log.offsets(one);
      await made.sees(kept?.end ?? 0);
      const seen = made.batches.flatMap(({ records }) => records.map(({ offset }) => offset));
      expect(seen).toEqual(seen.map((_, i) => i));
      await made.stop();
    });

    test("members of one group share the partitions, and one takes over from the other", async () => {
      const group = randomUUID();
      const first = await member(group, [many]);
      expect(first.events).toEqual(["assigned 0,1,2,3"]);
      const second = await member(group, [many]);
      await expect.poll(() => first.positions.length, poll).toBe(2);
      await expect.poll(() => second.positions.length, poll).toBe(2);
      const owned = [...first.positions, ...second.positions].map(({ partition }) => partition);
      expect(owned.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
      const foreign = second.positions[0]?.partition ?? -1;
      const position = { topic: many, partition: foreign, offset: 1, metadata: "" };
      const stolen = first.consumer?.commit([position]);
      await expect(stolen).rejects.toMatchObject({ code: "invalid-position" });
      await second.consumer?.commit([position]);
      await second.stop();
      await expect.poll(() => first.positions.length, poll).toBe(4);
      expect(first.positions.find(({ partition }) => partition === foreign)?.offset).toBe(1);
      await log.append([record(many, "taken over", { partition: foreign })]);
      await expect.poll(() => first.values, poll).toContain("taken over");
      await first.stop();
    });

    test("two groups see everything, each for itself", async () => {
      const [a, b] = [await member(randomUUID(), [one]), await member(randomUUID(), [one])];
      const [kept] = await log.offsets(one);
      await Promise.all([a.sees(kept?.end ?? 0), b.sees(kept?.end ?? 0)]);
      expect(a.values).toEqual(b.values);
      await Promise.all([a.stop(), b.stop()]);
    });

    test("a handler that throws ends its member with onFailed, and the batch comes again", async () => {
      const group = randomUUID();
      const made = new Member();
      made.handle = async () => {
        throw new Error("broken handler");
      };
      await made.start(log, group, [one]);
      await expect.poll(() => made.events.includes("failed broken handler"), poll).toBe(true);
      await made.stop();
      expect(made.batches).toHaveLength(1);
      const next = await member(group, [one]);
      expect(next.positions[0]?.offset).toBe(0);
      await next.stop();
    });
  });
};
