import { describe, expect, it } from "vitest";

import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import { Outbox, outputType } from "../../../engine/egress/outbox.ts";
import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { topicPartitions } from "../../../engine/ledger/positions.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { TransactionHandler } from "../../../engine/sniff/transaction-handler.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { decodeCandidate } from "../../../schemas/market/candidate.ts";
import { FrameWriter } from "../../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";
import { runSeed } from "../../random.ts";
import { fullWatch } from "./pipeline-rig.ts";

const mix = await createTransactionMix({ seed: runSeed("handler"), count: 300 });

/** One frame of all transactions, and what the handler makes of it. */
const handle = (sampleEvery: number) => {
  const frame = new FrameWriter();
  const item = new TransactionItem();
  for (const { wire } of mix) {
    const at = frame.claim(transactionItemHeaderBytes + wire.length);
    item.encode(frame.view, at);
    frame.bytes.set(wire, at + transactionItemHeaderBytes);
  }
  const ring = createMessageRing({ capacityBytes: 1 << 20, policy: "block" });
  const outbox = new Outbox({ ring: new MessageRingWriter(ring), onBlocked: () => {} });
  const metrics = new MetricCells(createMetricsMemory());
  const events = createEventMemory();
  const handler = new TransactionHandler({
    view: frame.view,
    outbox,
    metrics,
    events: new EventCollector(events, sampleEvery),
  });
  const id = topicPartitions.findIndex(({ topic }) => topic === "weir-transactions");
  const end = frame.byteLength;
  const items = handler.onRecord({ id, ownRun: true, offset: 42, timestampMs: 0, start: 0, end });
  outbox.publish();
  const reader = new MessageRingReader(ring);
  const out: string[] = [];
  reader.drain((type, at, length) => {
    expect(type).toBe(outputType.candidate);
    out.push(JSON.stringify(decodeCandidate(reader.view, at, at + length)));
  }, 10_000);
  return { out, items, events: readEvents([events], { type: null, limit: 10_000 }) };
};

describe("transaction handler", () => {
  it("writes a record for each match that the whole sniffer finds, the same on every run", () => {
    const sniffer = new Sniffer({ watch: fullWatch() });
    const expected: string[] = [];
    for (const [index, { wire }] of mix.entries()) {
      const found = sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
      if (found > verdict.needsResolve) continue;
      for (let match = 0; match < sniffer.matchCount; match += 1) {
        expected.push(`weir-transactions/0/42/${index}/${match}`);
      }
    }
    const first = handle(1);
    expect(first.out.map((text) => (JSON.parse(text) as { id: string }).id)).toEqual(expected);
    // Priority and trace id depend on the run, so they are not in a record of the log.
    expect(handle(16).out).toEqual(first.out);
    expect(first.items).toBe(mix.length);
  });

  it("records the events of sampled transactions: two of a refused one, three of a candidate", () => {
    const { events } = handle(1);
    const ofTrace = (trace: number): string[] =>
      events.filter(({ trace_id: id }) => id === String(trace)).map(({ event_type: type }) => type);
    for (const [trace, { expected }] of mix.entries()) {
      const types = ofTrace(trace);
      expect(types[0]).toBe("bytes_received");
      if (expected === "candidate" || expected === "needs-resolve") {
        expect(types.slice(1)).toEqual(["prefilter_passed", "candidate_extracted"]);
      } else if (expected === "vote") expect(types.slice(1)).toEqual(["prefilter_rejected"]);
    }
    const sampled = handle(16).events;
    expect(new Set(sampled.map(({ trace_id: id }) => Number(id) % 16))).toEqual(new Set([0]));
  });
});
