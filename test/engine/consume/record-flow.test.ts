// Ingest, a stage and egress over real rings on one thread: what the threads run, called by hand.
import { describe, expect, it } from "vitest";

import { Committer } from "../../../engine/consume/committer.ts";
import { Ingest } from "../../../engine/consume/ingest.ts";
import { headerBytes, messageType } from "../../../engine/consume/record-message.ts";
import type { RecordAt, RecordHandler } from "../../../engine/consume/record-stage.ts";
import { RecordStage } from "../../../engine/consume/record-stage.ts";
import {
  aggregateBytes,
  encodeAggregate,
  writeAggregate,
} from "../../../engine/egress/aggregate-message.ts";
import { Egress } from "../../../engine/egress/egress.ts";
import { Outbox, outputType } from "../../../engine/egress/outbox.ts";
import { OutputBatch } from "../../../engine/egress/output-batch.ts";
import { createItemCountsMemory, ItemCounts } from "../../../engine/ledger/item-counts.ts";
import {
  consumedTopics,
  createPositionsMemory,
  Positions,
} from "../../../engine/ledger/positions.ts";
import type { LogConsumer, Position } from "../../../engine/log/event-log.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { MemoryLog } from "../log/memory-log.ts";

const group = "g";

/** Emits one aggregate for each record; holds the commit back to what `heldFrom` says. */
class EchoHandler implements RecordHandler {
  readonly seen: { id: number; offset: number; ownRun: boolean; text: string }[] = [];
  readonly assigned: { id: number; offset: number; metadata: string }[] = [];
  heldFrom: number | null = null;
  outbox: Outbox | null = null;
  reader: MessageRingReader | null = null;

  onAssign(id: number, offset: number, metadata: string): void {
    this.assigned.push({ id, offset, metadata });
  }

  onRevoke(): void {}

  onRecord({ id, offset, ownRun, start, end }: RecordAt): number {
    const text = Buffer.from(this.reader!.bytes.slice(start, end)).toString();
    this.seen.push({ id, offset, ownRun, text });
    const message = encodeAggregate("service", { id: `${id}/${offset}` });
    const at = this.outbox!.claim(outputType.aggregate, aggregateBytes(message));
    writeAggregate(this.outbox!.bytes, this.outbox!.view, at, message);
    this.outbox!.commit(at);
    return 1;
  }

  onTick(): boolean {
    return false;
  }

  commitPoint(_id: number, next: number): { offset: number; metadata: string } {
    return { offset: this.heldFrom ?? next, metadata: `upto ${next}` };
  }
}

const build = (log: MemoryLog) => {
  const metrics = new MetricCells(createMetricsMemory());
  const positions = new Positions(createPositionsMemory());
  const items = new ItemCounts(createItemCountsMemory());
  const repeated = { items: 0 };
  const input = createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
  const unused = createMessageRing({ capacityBytes: 1 << 12, policy: "block" });
  const output = createMessageRing({ capacityBytes: 1 << 14, policy: "block" });
  const writer = new MessageRingWriter(input);
  const handler = new EchoHandler();
  const ingest = new Ingest({
    rings: { market: [new MessageRingWriter(unused)], stream: [writer] },
    positions,
    metrics,
    traces: null,
    runId: "this-run",
    read: (from, recordsMax) => log.read(from, recordsMax),
    onNote: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  /** A stage that attaches to the rings, as a new thread does. */
  const attach = (): RecordStage => {
    const reader = new MessageRingReader(input);
    const outbox = new Outbox({ ring: new MessageRingWriter(output), onBlocked: () => undefined });
    handler.outbox = outbox;
    handler.reader = reader;
    return new RecordStage({
      name: "stream",
      reader,
      outbox,
      handlers: { otlp_spans: handler, otlp_metrics: handler, otlp_logs: handler },
      positions,
      items,
      onRepeated: (count) => {
        repeated.items += count;
      },
      sojourn: metrics.histogram("ingestStream"),
      nowMs: Date.now,
    });
  };
  const done: Position[] = [];
  const egress = new Egress({
    sources: [
      { reader: new MessageRingReader(output), sojourn: metrics.histogram("streamEgress") },
    ],
    batch: new OutputBatch({
      runId: "this-run",
      configVersion: () => 3,
      latency: metrics.histogram("edgeToCandidate"),
    }),
    log,
    positions,
    metrics,
    traces: null,
    onDone: (newDone) => done.push(...newDone),
    onDropped: () => undefined,
    onFault: () => undefined,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
  const stage = attach();
  return {
    attach,
    ingest,
    stage,
    egress,
    handler,
    done,
    metrics,
    positions,
    items,
    repeated,
    input,
    writer,
  };
};

type Built = ReturnType<typeof build>;

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

const until = async ({ stage }: Built, condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 5_000 && !condition(); i += 1) {
    stage.work();
    await turn();
  }
  expect(condition()).toBe(true);
};

const spans = (partition: number, text: string, run = "this-run") => ({
  topic: "otlp_spans",
  partition,
  key: null,
  value: Buffer.from(text),
  headers: { "weir-run": run },
  timestampMs: 1_700_000_000_000,
});

const stopAll = async (built: Built, consumer: LogConsumer, running: Promise<void>) => {
  built.egress.stop();
  await running;
  built.ingest.release();
  await consumer.stop();
};

describe("a record's way from log to log", () => {
  it("hands every record over once, in order, with its run recognised", async () => {
    const log = new MemoryLog();
    const built = build(log);
    await log.append([spans(1, "a"), spans(1, "b", "another"), spans(2, "c")]);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    await until(built, () => built.handler.seen.length === 3);
    const texts = built.handler.seen.filter(({ id }) => id === 1).map(({ text }) => text);
    expect(texts).toEqual(["a", "b"]);
    expect(built.handler.seen.filter(({ ownRun }) => ownRun)).toHaveLength(2);
    expect(built.handler.seen.filter(({ ownRun }) => !ownRun)).toHaveLength(1);
    expect(built.items.totals().otlp_spans).toEqual({ own: 2, foreign: 1 });
    await stopAll(built, consumer, running);
  });

  it("reports a position only after the outputs before it are acknowledged", async () => {
    const log = new MemoryLog();
    const built = build(log);
    log.isAway = false;
    await log.append([spans(0, "a"), spans(0, "b")]);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    await until(built, () => built.handler.seen.length === 2);
    log.isAway = true;
    const running = built.egress.run();
    await until(built, () => built.metrics.read("egressFailures") > 2);
    expect(built.positions.get("handled", 0)).toBe(2);
    expect(built.positions.get("done", 0)).toBe(0);
    expect(built.done).toEqual([]);
    log.isAway = false;
    await until(built, () =>
      built.done.some(({ partition, offset }) => partition === 0 && offset === 2),
    );
    const written = await log.offsets("weir-aggregates");
    expect(written.reduce((sum, { end }) => sum + end, 0)).toBe(2);
    await stopAll(built, consumer, running);
  });

  it("commits what the handler lets go, with its metadata, and resumes there", async () => {
    const log = new MemoryLog();
    const built = build(log);
    built.handler.heldFrom = 1;
    await log.append([spans(0, "a"), spans(0, "b"), spans(0, "c")]);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const committer = new Committer({ ...built, consumer });
    const running = built.egress.run();
    await until(built, () => built.done.some(({ metadata }) => metadata === "upto 3"));
    committer.offer(built.done);
    await committer.flush();
    await stopAll(built, consumer, running);
    const kept = (await log.committed(group, "otlp_spans")).find(
      ({ partition }) => partition === 0,
    );
    expect(kept).toMatchObject({ offset: 1, metadata: "upto 3" });

    const second = build(log);
    const again = await log.consume({ group, topics: consumedTopics }, second.ingest);
    const runningAgain = second.egress.run();
    await until(second, () => second.handler.seen.length === 2);
    expect(second.handler.seen.map(({ text }) => text)).toEqual(["b", "c"]);
    expect(second.handler.assigned[0]).toEqual({ id: 0, offset: 1, metadata: "upto 3" });
    await stopAll(second, again, runningAgain);
  });

  it("waits for space when the ring is full and loses nothing", async () => {
    const log = new MemoryLog();
    const built = build(log);
    // Partitions are delivered side by side and meet at the one ring.
    const texts = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(700, "."));
    await log.append(texts.map((text, i) => spans(i % 4, text)));
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    for (let i = 0; i < 50; i += 1) await turn();
    expect(built.metrics.read("consumeBlocked")).toBeGreaterThan(0);
    await until(built, () => built.handler.seen.length === texts.length);
    for (let partition = 0; partition < 4; partition += 1) {
      const own = built.handler.seen.filter(({ id }) => id === partition);
      expect(own.map(({ text }) => text)).toEqual(texts.filter((_, i) => i % 4 === partition));
    }
    await stopAll(built, consumer, running);
  });

  it("lets nothing pass after hold, and delivers it to the next run", async () => {
    const log = new MemoryLog();
    const built = build(log);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    await built.ingest.hold();
    await log.append([spans(0, "late")]);
    for (let i = 0; i < 20; i += 1) {
      built.stage.work();
      await turn();
    }
    expect(built.handler.seen).toEqual([]);
    expect(built.positions.get("read", 0)).toBe(0);
    await stopAll(built, consumer, running);
  });

  it("resumes after a pause with what waited", async () => {
    const log = new MemoryLog();
    const built = build(log);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    for (let round = 0; round < 2; round += 1) {
      built.ingest.pause();
      await log.append([spans(0, `paused ${round}`)]);
      for (let i = 0; i < 20; i += 1) {
        built.stage.work();
        await turn();
      }
      expect(built.handler.seen).toHaveLength(round);
      built.ingest.resume();
      await until(built, () => built.handler.seen.length === round + 1);
    }
    await stopAll(built, consumer, running);
  });

  it("feeds a ring again from the acknowledged position, before any later record", async () => {
    const log = new MemoryLog();
    const built = build(log);
    const { ingest, handler, input, writer, done, items, repeated } = built;
    await log.append([spans(0, "a"), spans(0, "b"), spans(0, "c")]);
    const consumer = await log.consume({ group, topics: consumedTopics }, ingest);
    await until(built, () => handler.seen.length === 3);
    ingest.acknowledged([{ topic: "otlp_spans", partition: 0, offset: 1, metadata: "at 1" }]);
    // More than the ring holds is on its way to a stage that reads no more.
    const more = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(700, "."));
    await log.append(more.map((text) => spans(0, text)));
    for (let i = 0; i < 20; i += 1) await turn();
    expect(built.metrics.read("consumeBlocked")).toBeGreaterThan(0);

    await ingest.rewind("stream", {
      writers: [writer],
      standIns: [new MessageRingReader(input)],
      lanes: [0],
    });
    handler.seen.length = 0;
    handler.assigned.length = 0;
    built.stage = built.attach();
    const running = built.egress.run();
    await until(built, () => handler.seen.length === 42);
    expect(handler.assigned[0]).toEqual({ id: 0, offset: 1, metadata: "at 1" });
    expect(handler.seen.map(({ text }) => text)).toEqual(["b", "c", ...more]);
    expect(items.totals().otlp_spans.own).toBe(43);
    expect(repeated.items).toBe(2);
    await until(built, () => done.some(({ offset }) => offset === 43));
    await stopAll(built, consumer, running);
  });

  it("counts records that the edge sent twice, but not those that are read again", async () => {
    const log = new MemoryLog();
    const built = build(log);
    const sent = (partition: number, text: string, sequence: number) => {
      const record = spans(partition, text);
      const ids = { "weir-producer": "p-1", "weir-sequence": String(sequence) };
      return { ...record, headers: { ...record.headers, ...ids } };
    };
    await log.append([sent(0, "a", 7), sent(1, "b", 8), sent(0, "c", 9), sent(1, "b", 8)]);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    await until(built, () => built.handler.seen.length === 4);
    expect(built.metrics.read("consumeRepeats")).toBe(1);
    const positions = [0, 1].map((partition) => ({
      topic: "otlp_spans",
      partition,
      offset: 0,
      metadata: "",
    }));
    await built.ingest.onAssigned(positions);
    const records = await log.read({ topic: "otlp_spans", partition: 1, offset: 0 }, 10);
    await built.ingest.onBatch({ topic: "otlp_spans", partition: 1, records, endOffset: 2 });
    await until(built, () => built.handler.seen.length === 6);
    expect(built.metrics.read("consumeRepeats")).toBe(1);
    await stopAll(built, consumer, running);
  });

  it("deals partitions anew when lanes are added, and feeds only those whose lane is new", async () => {
    const log = new MemoryLog();
    const { ingest, input, writer } = build(log);
    await log.append([0, 1, 2, 3].map((partition) => spans(partition, `p${partition}`)));
    const consumer = await log.consume({ group, topics: consumedTopics }, ingest);
    const passed = async (): Promise<void> => {
      for (let i = 0; i < 20; i += 1) await turn();
    };
    await passed();
    const rings = [input, createMessageRing({ capacityBytes: 1 << 14, policy: "block" })];
    const writers = [writer, new MessageRingWriter(rings[1]!)];
    const rewind = (lanes: readonly number[]) => {
      const standIns = lanes.map((lane) => new MessageRingReader(rings[lane]!));
      return ingest.rewind("stream", { writers, standIns, lanes });
    };
    const texts = (lane: number): string[] => {
      const reader = new MessageRingReader(rings[lane]!);
      const found: string[] = [];
      reader.drain((type, at, length) => {
        if (type !== messageType.record) return;
        found.push(Buffer.from(reader.bytes.slice(at + headerBytes, at + length)).toString());
      }, 1_000);
      return found;
    };
    await rewind([0, 1]);
    await passed();
    expect([texts(0), texts(1)]).toEqual([
      ["p0", "p2"],
      ["p1", "p3"],
    ]);
    await rewind([1]);
    await passed();
    expect([texts(0), texts(1)]).toEqual([[], ["p1", "p3"]]);
    await log.append([spans(2, "later"), spans(3, "later too")]);
    await passed();
    expect([texts(0), texts(1)]).toEqual([["later"], ["later too"]]);
    ingest.release();
    await consumer.stop();
  });

  it("counts a record that no ring can hold and finishes it without its value", async () => {
    const log = new MemoryLog();
    const built = build(log);
    await log.append([spans(0, "before"), spans(0, "x".repeat(4_000))]);
    const consumer = await log.consume({ group, topics: consumedTopics }, built.ingest);
    const running = built.egress.run();
    await until(built, () => built.positions.get("done", 0) === 2);
    expect(built.positions.get("handled", 0)).toBe(2);
    expect(built.handler.seen.map(({ text }) => text)).toEqual(["before", ""]);
    expect(built.metrics.read("consumeOversize")).toBe(1);
    await stopAll(built, consumer, running);
  });
});
