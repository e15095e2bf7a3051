import { describe, expect, it } from "vitest";

import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { finishedLater } from "../../../engine/consume/record-stage.ts";
import { Outbox, outputType } from "../../../engine/egress/outbox.ts";
import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import { reason, snifferEventTypes } from "../../../engine/events/event-layout.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import { readStageCounts } from "../../../engine/events/stage-cells.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { readHandoffDiagnostics } from "../../../engine/handoff/handoff-diagnostics.ts";
import { type FinishedRecord, noneRefused } from "../../../engine/ledger/item-counts.ts";
import { topicPartitions } from "../../../engine/ledger/positions.ts";
import type { MetricKey } from "../../../engine/metrics/table.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { readPriority } from "../../../engine/sniff/priority-cells.ts";
import { createPartitionReplays } from "../../../engine/sniff/replays.ts";
import { createSniffMemory } from "../../../engine/sniff/sniff-memory.ts";
import { sniffDefaults, type SniffSettings } from "../../../engine/sniff/sniff-settings.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { TransactionHandler } from "../../../engine/sniff/transaction-handler.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { VerifyStage } from "../../../engine/sniff/verify-stage.ts";
import { type Candidate, decodeCandidate } from "../../../schemas/market/candidate.ts";
import { FrameWriter } from "../../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";
import { runSeed } from "../../random.ts";
import { fullWatch } from "./pipeline-rig.ts";

const mix = await createTransactionMix({ seed: runSeed("handler"), count: 300 });
const wires = mix.map(({ wire }) => wire);
const id = topicPartitions.findIndex(({ topic }) => topic === "weir-transactions");

type Rest = Partial<Omit<SniffSettings, "handoff">>;
type Change = Rest & { readonly handoff?: Partial<SniffSettings["handoff"]> };

/** A handler with verifiers and a reader of its outputs, all on this thread. */
const createHandler = (change: Change = {}, egressBytes = 1 << 20) => {
  const settings: SniffSettings = {
    ...sniffDefaults,
    eventSampleEvery: 1,
    ...change,
    handoff: { ...sniffDefaults.handoff, batchTimeoutUs: 0, ...change.handoff },
  };
  const clock = { us: 1_000_000 };
  const ring = createMessageRing({ capacityBytes: egressBytes, policy: "block" });
  const outbox = new Outbox({ ring: new MessageRingWriter(ring), onBlocked: () => {} });
  const metrics = new MetricCells(createMetricsMemory());
  const events = createEventMemory();
  const memory = createSniffMemory(settings.verifyThreads);
  const replays = createPartitionReplays(settings.replayWindow);
  const frame = new FrameWriter();
  const start = () =>
    new TransactionHandler({
      view: frame.view,
      outbox,
      metrics,
      events: new EventCollector(events, settings.eventSampleEvery),
      memory,
      replays,
      settings,
      onWait: () => {},
      // Moves by itself too: a wait must end.
      nowUs: () => (clock.us += 1),
    });
  const verifiers = memory.verify.map(
    ({ input, output }) =>
      new VerifyStage({
        input: new MessageRingReader(input),
        output: new MessageRingWriter(output),
      }),
  );
  const finished: FinishedRecord[] = [];
  const reader = new MessageRingReader(ring);
  const out: Candidate[] = [];
  return {
    clock,
    start,
    memory,
    metrics,
    finished,
    out,
    onFinished: (record: FinishedRecord) => {
      finished.push({ ...record, refused: record.refused.slice() });
    },
    verify: () => {
      for (const verifier of verifiers) while (verifier.work() > 0);
    },
    /** Gives one record of these transactions. */
    give: (handler: TransactionHandler, given: readonly Uint8Array[], offset = 42): void => {
      frame.clear();
      const item = new TransactionItem();
      for (const wire of given) {
        const at = frame.claim(transactionItemHeaderBytes + wire.length);
        item.encode(frame.view, at);
        frame.bytes.set(wire, at + transactionItemHeaderBytes);
      }
      const place = { trace: 0, start: 0, end: frame.byteLength };
      const kind = handler.onRecord({ id, ownRun: true, offset, timestampMs: 0, ...place });
      expect(kind).toBe(finishedLater);
    },
    take: () => {
      outbox.publish();
      reader.drain((type, at, length) => {
        expect(type).toBe(outputType.candidate);
        const candidate = decodeCandidate(reader.view, at, at + length);
        if (candidate === null) throw new Error("a candidate that cannot be read");
        out.push(candidate);
      }, 10_000);
      return out;
    },
    events: () => readEvents([events], { type: null, limit: 10_000 }),
    counts: () => ({
      extract: readStageCounts(memory.extract),
      secure: readStageCounts(memory.secure),
      handoff: readHandoffDiagnostics(memory.handoff),
    }),
    read: (key: MetricKey) => metrics.read(key),
  };
};

type Rig = ReturnType<typeof createHandler>;

const settle = (rig: Rig, handler: TransactionHandler): void => {
  for (let turns = 0; turns < 10; turns += 1) {
    handler.work(rig.onFinished);
    rig.verify();
    rig.clock.us += 1_000;
  }
};

const expectedIds = (given: readonly Uint8Array[], offset = 42): readonly string[] => {
  const sniffer = new Sniffer({ watch: fullWatch() });
  const expected: string[] = [];
  for (const [index, wire] of given.entries()) {
    const found = sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
    if (found > verdict.needsResolve) continue;
    for (let match = 0; match < sniffer.matchCount; match += 1) {
      expected.push(`weir-transactions/0/${offset}/${index}/${match}`);
    }
  }
  return expected;
};

const idsOf = (candidates: readonly Candidate[]) => candidates.map((one) => one.id).toSorted();

/** A copy whose first signature does not verify. */
const forged = (wire: Uint8Array): Uint8Array => {
  const copy = wire.slice();
  copy[20] = (copy[20] ?? 0) ^ 1;
  return copy;
};

describe("transaction handler", () => {
  it("takes other settings up between two records", () => {
    const rig = createHandler({ eventSampleEvery: 0 });
    const handler = rig.start();
    rig.give(handler, wires.slice(0, 50));
    settle(rig, handler);
    expect(rig.events()).toEqual([]);
    const handoff = { ...sniffDefaults.handoff, batchSize: 64, batchTimeoutUs: 0 };
    handler.configure({ ...sniffDefaults, eventSampleEvery: 1, handoff });
    rig.give(handler, wires.slice(50, 100), 43);
    settle(rig, handler);
    const received = rig.events().filter(({ event_type: type }) => type === "bytes_received");
    expect(received).toHaveLength(50);
    expect(rig.take().length).toBe(
      expectedIds(wires.slice(0, 50)).length + expectedIds(wires.slice(50, 100), 43).length,
    );
    const other = { ...sniffDefaults, handoff: { ...handoff, capacity: 7 } };
    expect(() => handler.configure(other)).toThrow("must not be above");
  });

  it("writes a record for each match that the whole sniffer finds, with its priority", () => {
    const rig = createHandler();
    const handler = rig.start();
    rig.give(handler, wires);
    settle(rig, handler);
    expect(idsOf(rig.take())).toEqual([...expectedIds(wires)].toSorted());
    expect(new Set(rig.out.map(({ priority }) => priority))).toEqual(new Set(["HIGH", "LOW"]));
    for (const { direction, priority } of rig.out) {
      if (direction === "create" || direction === "migrate") expect(priority).toBe("HIGH");
    }
    expect(rig.out.every(({ accounts }) => accounts === undefined)).toBe(true);
    expect(rig.finished).toMatchObject([{ id, offset: 42, items: wires.length, ownRun: true }]);
    expect(rig.read("needsResolve")).toBe(
      mix.filter(({ expected }) => expected === "needs-resolve").length,
    );
    const { high, low } = readPriority(rig.memory.priority);
    expect(high + low).toBe(rig.counts().extract.passed);
  });

  it("has no more transactions under way than are allowed: a record with more waits within itself", () => {
    const handedOff = (openMax: number): number => {
      const rig = createHandler({ openMax, verifyThreads: 0 });
      const handler = rig.start();
      handler.onAssign(id, 42);
      rig.give(handler, wires.slice(0, 100), 42);
      rig.take();
      return rig.out.length;
    };
    // All of them are given at once, and work is done in the turn after.
    expect(handedOff(4096)).toBe(0);
    const all = handedOff(2);
    expect(all).toBeGreaterThan(40);
    expect(handedOff(50)).toBeGreaterThan(10);
    expect(handedOff(50)).toBeLessThanOrEqual(all);
  });

  it("finishes a record only when its signatures are verified and its candidates handed off", () => {
    const rig = createHandler({ handoff: { batchTimeoutUs: 5_000, batchSize: 1000 } });
    const handler = rig.start();
    handler.onAssign(id, 42);
    rig.give(handler, wires.slice(0, 100), 42);
    handler.work(rig.onFinished);
    expect(rig.counts().secure.inFlight).toBeGreaterThan(0);
    expect(handler.finished(id)).toBe(42);
    // A record of nothing that is watched is through at once, but not before the one in front.
    rig.give(
      handler,
      mix.filter(({ kind }) => kind === "vote").map(({ wire }) => wire),
      43,
    );
    handler.work(rig.onFinished);
    expect(handler.finished(id)).toBe(42);
    rig.verify();
    handler.work(rig.onFinished);
    // Verified, but the last batch still waits for more.
    expect(rig.counts().secure.inFlight).toBe(0);
    expect(handler.finished(id)).toBe(42);
    expect(handler.commitPoint(id)).toEqual({ offset: 42, metadata: "" });
    rig.clock.us += 5_000;
    handler.work(rig.onFinished);
    expect(handler.finished(id)).toBe(44);
    expect(rig.finished.map(({ offset }) => offset)).toEqual([42, 43]);
    expect(idsOf(rig.take())).toEqual([...expectedIds(wires.slice(0, 100))].toSorted());
  });

  it("keeps forged signatures and replays out of the candidates and names each", () => {
    const rig = createHandler();
    const handler = rig.start();
    const good = mix.filter(({ kind }) => kind === "pump-buy").map(({ wire }) => wire);
    expect(good.length).toBeGreaterThan(10);
    rig.give(handler, [...good.map(forged), ...good, ...good]);
    settle(rig, handler);
    const taken = idsOf(rig.take()).map((text) => Number(text.split("/")[3]));
    expect(taken.every((index) => index >= good.length && index < good.length * 2)).toBe(true);
    expect(taken).toHaveLength(good.length);
    expect(rig.read("rejectedSignature")).toBe(good.length);
    const [{ refused } = { refused: noneRefused }] = rig.finished;
    expect(refused[reason.signature]).toBe(good.length);
    expect(refused[reason.replay]).toBe(good.length);
    expect(rig.finished.map(({ items }) => items)).toEqual([good.length * 3]);
  });

  it("verifies no signature twice", () => {
    const rig = createHandler();
    const handler = rig.start();
    const good = mix.filter(({ kind }) => kind === "pump-sell").map(({ wire }) => wire);
    rig.give(handler, good, 1);
    settle(rig, handler);
    rig.give(handler, good, 2);
    handler.work(rig.onFinished);
    expect(rig.counts().secure.inFlight).toBe(0);
    expect(rig.read("rejectedReplay")).toBe(good.length);
    expect(rig.finished.map(({ offset }) => offset)).toEqual([1, 2]);
  });

  it("loses nothing under policy block, however many records are under way", () => {
    const rig = createHandler({ replayWindow: 0 }, 1 << 24);
    const handler = rig.start();
    for (let offset = 0; offset < 8; offset += 1) {
      rig.give(handler, wires, offset);
      handler.work(rig.onFinished);
      if (offset % 2 === 1) rig.verify();
    }
    expect(rig.counts().secure.inFlight).toBeGreaterThan(100);
    settle(rig, handler);
    const expected = Array.from({ length: 8 }, (_, offset) => expectedIds(wires, offset)).flat();
    expect(idsOf(rig.take())).toEqual(expected.toSorted());
    const { high, low } = rig.counts().handoff;
    expect([high.dropped, low.dropped]).toEqual([{}, {}]);
  });

  it("drops and counts under another policy when nobody takes the candidates", () => {
    const handoff = { dropPolicy: "drop-newest", capacity: 16, batchSize: 4 } as const;
    const rig = createHandler({ verifyThreads: 0, handoff }, 1 << 14);
    const handler = rig.start();
    rig.give(handler, wires);
    settle(rig, handler);
    const sent = rig.take().length;
    const { high, low } = rig.counts().handoff;
    expect(sent).toBe(high.sent + low.sent);
    expect(sent).toBeLessThan(expectedIds(wires).length);
    handler.finish(rig.onFinished);
    expect(rig.finished).toHaveLength(1);
    const [{ refused } = { refused: noneRefused }] = rig.finished;
    const items = [reason.full, reason.evicted, reason.retries].map((why) => refused[why] ?? 0);
    expect(items.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(50);
    expect(rig.events().map(({ event_type: type }) => type)).toContain("handoff_dropped");
  });

  it("goes on counting priorities where an earlier life ended", () => {
    const rig = createHandler();
    for (let life = 1; life <= 2; life += 1) {
      const handler = rig.start();
      rig.give(handler, wires, life);
      settle(rig, handler);
      const { high, low } = readPriority(rig.memory.priority);
      expect(high + low).toBe(rig.counts().extract.passed);
    }
  });

  it("leaves out what verifiers return of an earlier life", () => {
    const rig = createHandler();
    const first = rig.start();
    rig.give(first, wires.slice(0, 150), 7);
    first.work(rig.onFinished);
    const second = rig.start();
    rig.give(second, wires, 8);
    second.work(rig.onFinished);
    rig.verify();
    settle(rig, second);
    expect(idsOf(rig.take())).toEqual([...expectedIds(wires, 8)].toSorted());
    expect(rig.finished.map(({ offset }) => offset)).toEqual([8]);
  });

  it("lets a record through again that is read again, and knows replays of earlier lives", () => {
    const rig = createHandler({}, 1 << 22);
    const good = mix.filter(({ kind }) => kind === "pump-buy").map(({ wire }) => wire);
    const first = rig.start();
    rig.give(first, good, 7);
    settle(rig, first);
    rig.give(first, good, 9);
    // What it had of the second one is gone: it dies here.
    first.work(rig.onFinished);
    for (let life = 2; life <= 4; life += 1) {
      const handler = rig.start();
      rig.give(handler, good, 7);
      rig.give(handler, [...good, ...good], 9);
      settle(rig, handler);
    }
    const ids = expectedIds(good, 7);
    expect(idsOf(rig.take())).toEqual([...ids, ...ids, ...ids, ...ids].toSorted());
    // Once in the first life, twice in each of the others.
    expect(rig.read("rejectedReplay")).toBe(good.length * 7);
    expect(rig.finished.map(({ offset }) => offset)).toEqual([7, 9, 7, 9, 7, 9, 7, 9]);
  });

  it("knows no replays when it is to remember none", () => {
    const rig = createHandler({ replayWindow: 0 }, 1 << 22);
    const good = mix.filter(({ kind }) => kind === "pump-buy").map(({ wire }) => wire);
    const handler = rig.start();
    rig.give(handler, [...good, ...good]);
    settle(rig, handler);
    expect(rig.take()).toHaveLength(expectedIds([...good, ...good]).length);
    expect(rig.read("rejectedReplay")).toBe(0);
  });

  it("records the nine events, those of one transaction in the order of the stages", () => {
    const handoff = { dropPolicy: "drop-newest", capacity: 16, batchSize: 4 } as const;
    const rig = createHandler({ handoff }, 1 << 14);
    const handler = rig.start();
    const cut = wires
      .filter((_, i) => mix[i]?.kind === "pump-buy")
      .map((wire) => wire.slice(0, -3));
    rig.give(handler, [...cut, ...wires.map(forged), ...wires]);
    settle(rig, handler);
    const events = rig.events();
    expect(new Set(events.map(({ event_type: type }) => type))).toEqual(new Set(snifferEventTypes));
    const sent = events.findLast(({ event_type: type }) => type === "handoff_sent");
    const ofTrace = events.filter(({ trace_id: trace }) => trace === sent?.trace_id);
    expect(ofTrace.slice(0, 5).map(({ event_type: type }) => type)).toEqual([
      "bytes_received",
      "prefilter_passed",
      "candidate_extracted",
      "security_passed",
      "handoff_sent",
    ]);
  });

  it("records events of sampled transactions only", () => {
    const rig = createHandler({ eventSampleEvery: 16 });
    const handler = rig.start();
    rig.give(handler, wires);
    settle(rig, handler);
    expect(new Set(rig.events().map(({ trace_id: trace }) => Number(trace) % 16))).toEqual(
      new Set([0]),
    );
  });
});
