import { describe, expect, it } from "vitest";

import { eventType, type Reason, reason } from "../../../engine/events/event-layout.ts";
import { topicPartitionId } from "../../../engine/ledger/positions.ts";
import { TraceClaims } from "../../../engine/trace/trace-claims.ts";
import {
  TraceCollector,
  type TracedRecord,
  traceStaleUs,
} from "../../../engine/trace/trace-collector.ts";
import { TraceEgress } from "../../../engine/trace/trace-egress.ts";
import {
  createTraceMemory,
  traceAt,
  traceSlotAt,
  traceSlots,
} from "../../../engine/trace/trace-layout.ts";
import { TraceMarks } from "../../../engine/trace/trace-marks.ts";
import { recordSpans } from "../../../engine/trace/record-spans.ts";
import { candidateAt, candidateBytes } from "../../../schemas/market/candidate-layout.ts";
import { sampledTraceparent } from "../../../schemas/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const header = Buffer.from(sampledTraceparent(traceId, spanId));
const id = topicPartitionId("weir-transactions", 2);
const offset = 2 ** 33 + 7;

/** All four ends of one table on one thread, with a clock of its own. */
const rig = () => {
  const memory = createTraceMemory();
  const clock = { us: 1e15 };
  const now = (): number => (clock.us += 10);
  const claims = new TraceClaims(memory);
  const marks = new TraceMarks(memory, now);
  const egress = new TraceEgress(memory, now);
  const collector = new TraceCollector(memory);
  const claim = (at = offset): number =>
    claims.claim(header, { id, offset: at, timestampMs: 1, readUs: 1 });
  const note = (
    code: Parameters<typeof marks.note>[0],
    trace: number,
    why: Reason = reason.none,
  ): void => marks.note(code, trace, { why, turnUs: clock.us });
  return { memory, clock, claims, marks, egress, collector, claim, note };
};

const candidate = (index: number, at = offset): DataView => {
  const view = new DataView(new ArrayBuffer(candidateBytes));
  view.setUint32(candidateAt.partition, 2, true);
  view.setBigUint64(candidateAt.offset, BigInt(at), true);
  view.setUint32(candidateAt.frameIndex, index, true);
  return view;
};

const passed = [
  eventType.bytesReceived,
  eventType.prefilterPassed,
  eventType.candidateExtracted,
  eventType.securityPassed,
  eventType.handoffSent,
] as const;

describe("trace table", () => {
  it("gives a record to control once all its items are refused, or acknowledged", () => {
    const { marks, egress, collector, claim, note } = rig();
    const ticket = claim();
    marks.begin(ticket, 100);
    note(eventType.bytesReceived, 100);
    note(eventType.prefilterRejected, 100, reason.vote);
    marks.counted(ticket, 2);
    expect(collector.take(0)).toEqual([]);
    for (const code of passed) note(code, 101);
    expect(marks.count).toBe(0);
    expect(collector.take(0)).toEqual([]);
    expect(egress.open()).toBe(true);
    egress.see(candidate(0), 0);
    egress.see(candidate(1, offset + 1), 0);
    egress.acknowledged();
    expect(collector.take(0)).toEqual([]);
    egress.see(candidate(1), 0);
    egress.acknowledged();
    const [record, ...others] = collector.take(0);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ traceId, parentSpanId: spanId, id, offset, items: 2 });
    expect(record?.transactions.map((item) => item.reason)).toEqual(["vote", ""]);
    const spans = record === undefined ? [] : recordSpans(record).map(({ name }) => name.slice(5));
    const stages = ["prefilter", "prefilter", "extract", "secure", "handoff", "egress"];
    expect(spans).toEqual(["consume", "ingest", "ring", ...stages]);
    expect(egress.open()).toBe(false);
    expect(collector.take(0)).toEqual([]);
  });

  it("uses a slot again, with nothing of what was there before", () => {
    const { marks, collector, claim, note } = rig();
    for (let round = 0; round < 3 * traceSlots; round += 1) {
      const ticket = claim(round);
      marks.begin(ticket, round);
      if (round % 2 === 0) for (const code of passed.slice(0, 3)) note(code, round);
      note(eventType.securityRejected, round, reason.replay);
      marks.counted(ticket, 1);
      const [record] = collector.take(0);
      expect(record?.offset).toBe(round);
      const ends = record?.transactions[0]?.stages.map(({ endUs }) => endUs > 0);
      expect(ends).toEqual([round % 2 === 0, round % 2 === 0, true, false]);
    }
  });

  it("is full while control takes nothing; further records are not traced and counted", () => {
    const { claims, claim, collector } = rig();
    const tickets = Array.from({ length: traceSlots + 3 }, () => claim());
    expect(tickets.filter((ticket) => ticket !== 0)).toHaveLength(traceSlots);
    expect(new Set(tickets).size).toBe(traceSlots + 1);
    expect(claims.full).toBe(3);
    expect(collector.take(0, true)).toHaveLength(traceSlots);
    expect(claim()).not.toBe(0);
  });

  it("gives up a record that is silent; what its ticket says later changes no other", () => {
    const { memory, clock, marks, collector, claim, note } = rig();
    const old = claim(1);
    marks.begin(old, 5);
    const pushedUs = new DataView(memory).getFloat64(traceSlotAt(0) + traceAt.pushedUs, true);
    expect(collector.take(pushedUs + traceStaleUs - 1)).toEqual([]);
    expect(collector.take(pushedUs + traceStaleUs)).toMatchObject([
      { offset: 1, isComplete: false },
    ]);
    const tickets = Array.from({ length: traceSlots }, (_, i) => claim(i + 2));
    const again = tickets.at(-1) ?? 0;
    // The same slot in its second use.
    expect(again & 0xff).toBe(old & 0xff);
    marks.took(old, 9);
    marks.begin(again, 50);
    note(eventType.prefilterRejected, 5, reason.size);
    marks.counted(again, 1);
    expect(collector.take(clock.us - 1e15)).toEqual([]);
    note(eventType.prefilterRejected, 50, reason.vote);
    expect(collector.take(0)).toMatchObject([
      { offset: traceSlots + 1, items: 1, transactions: [{ reason: "vote" }] },
    ]);
  });

  it("takes no header that is not sampled, is none, or is too long", () => {
    const { claims } = rig();
    const origin = { id, offset: 0, timestampMs: 0, readUs: 0 };
    for (const text of [`00-${traceId}-${spanId}-00`, "", "x".repeat(1000)]) {
      expect(claims.claim(Buffer.from(text), origin)).toBe(0);
    }
    expect(claims.full).toBe(0);
  });
});

describe("spans of a record", () => {
  const record: TracedRecord = {
    traceId,
    parentSpanId: spanId,
    id,
    offset,
    readUs: 100,
    pushedUs: 110,
    takenUs: 120,
    doneUs: 200,
    items: 1,
    transactions: [],
    isComplete: true,
  };
  const stages = (...endsUs: readonly number[]) =>
    endsUs.map((endUs) => ({ turnUs: endUs === 0 ? 0 : endUs - 2, endUs }));
  const shape = (of: TracedRecord) =>
    recordSpans(of).map(({ name, startUs, endUs, attributes }) => [
      name.slice(5),
      startUs,
      endUs,
      attributes["weir.sojourn_us"],
    ]);

  it("begin where the one before ended, and say how much of them was waiting", () => {
    const item = { index: 0, reason: "", egressTakenUs: 170, egressDoneUs: 190 };
    const transactions = [{ ...item, stages: stages(130, 140, 150, 160) }];
    expect(shape({ ...record, transactions })).toEqual([
      ["consume", 100, 190, undefined],
      ["ingest", 100, 110, 10],
      ["ring", 110, 120, 10],
      ["prefilter", 120, 130, 8],
      ["extract", 130, 140, 8],
      ["secure", 140, 150, 8],
      ["handoff", 150, 160, 8],
      ["egress", 160, 190, 10],
    ]);
  });

  it("of depth are ingest, ring and book, each with its wait", () => {
    const depth = topicPartitionId("weir-depth", 0);
    expect(shape({ ...record, id: depth })).toEqual([
      ["consume", 100, 200, undefined],
      ["ingest", 100, 110, 10],
      ["ring", 110, 120, 10],
      ["book", 120, 200, 0],
    ]);
  });

  it("are in order also when the clocks of threads are apart", () => {
    const item = { index: 0, reason: "vote", egressTakenUs: 0, egressDoneUs: 0 };
    const transactions = [{ ...item, stages: stages(105, 0, 0, 0) }];
    expect(shape({ ...record, takenUs: 90, transactions })).toEqual([
      ["consume", 100, 110, undefined],
      ["ingest", 100, 110, 10],
      ["ring", 110, 110, 0],
      ["prefilter", 110, 110, 0],
    ]);
  });

  it("are as many as are known of a record that was given up", () => {
    const lost = { ...record, takenUs: 0, doneUs: 0, isComplete: false };
    expect(shape(lost)).toEqual([
      ["consume", 100, 110, undefined],
      ["ingest", 100, 110, 10],
    ]);
    expect(recordSpans(lost)[0].attributes["weir.incomplete"]).toBe(true);
  });
});
