// What an engine that never died would have made of a log: the sniffer and the stream stage run
// over every record from the first, in one go. The kill test compares the real outputs with it.
import { decodeCandidate } from "../../schemas/market/candidate.ts";
import { FrameReader } from "../../schemas/market/frame.ts";
import { instructionRules } from "../../schemas/market/programs.ts";
import { TransactionItem } from "../../schemas/market/transaction-item.ts";
import type { EventLog } from "../../engine/log/event-log.ts";
import { Sniffer } from "../../engine/sniff/sniffer.ts";
import { verdict } from "../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../engine/sniff/watch-list.ts";
import type { Aggregate } from "../../engine/stream/aggregate.ts";
import { TelemetryStage } from "../../engine/stream/telemetry-stage.ts";
import { readTopic } from "../read-topic.ts";

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Ids of all candidates that the log's transactions hold. */
export const expectedCandidates = async (log: EventLog): Promise<ReadonlySet<string>> => {
  const sniffer = new Sniffer({ watch: new WatchList(watchedPrograms(instructionRules)) });
  const frame = new FrameReader();
  const item = new TransactionItem();
  const ids = new Set<string>();
  for (const [partition, records] of (await readTopic(log, "weir-transactions")).entries()) {
    for (const { offset, value } of records) {
      const view = viewOf(value);
      frame.open(view, 0, value.length);
      while (frame.next()) {
        item.decode(view, frame.itemStart, frame.itemEnd);
        const found = sniffer.inspect(view, item.wireStart, item.wireEnd);
        if (found !== verdict.candidate && found !== verdict.needsResolve) continue;
        for (let match = 0; match < sniffer.matchCount; match += 1) {
          ids.add(`weir-transactions/${partition}/${offset}/${frame.index}/${match}`);
        }
      }
    }
  }
  return ids;
};

export type Outputs = {
  /** Id to content; every repeat of an id had the same content. */
  readonly byId: ReadonlyMap<string, string>;
  readonly repeats: number;
};

const collect = (all: Iterable<{ readonly id: string; readonly content: string }>): Outputs => {
  const byId = new Map<string, string>();
  let repeats = 0;
  for (const { id, content } of all) {
    const before = byId.get(id);
    if (before === undefined) byId.set(id, content);
    else if (before === content) repeats += 1;
    else throw new Error(`output ${id} came twice with different content:\n${before}\n${content}`);
  }
  return { byId, repeats };
};

/** @throws when a candidate came twice with different content. */
export const writtenCandidates = async (log: EventLog): Promise<Outputs> => {
  const frame = new FrameReader();
  const all: { id: string; content: string }[] = [];
  for (const { value } of (await readTopic(log, "weir-candidates")).flat()) {
    const view = viewOf(value);
    frame.open(view, 0, value.length);
    while (frame.next()) {
      const candidate = decodeCandidate(view, frame.itemStart, frame.itemEnd);
      if (candidate === null) throw new Error("a candidate that cannot be read");
      // Priority is the view of the run that wrote it: its averages begin anew after a crash.
      const { priority, ...content } = candidate;
      if (priority === undefined) throw new Error(`candidate ${candidate.id} has no priority`);
      all.push({ id: candidate.id, content: JSON.stringify(content) });
    }
  }
  return collect(all);
};

/** @throws when an aggregate came twice with different content. */
export const writtenAggregates = async (log: EventLog): Promise<Outputs> => {
  const records = (await readTopic(log, "weir-aggregates")).flat();
  const parsed = records.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as Aggregate);
  return collect(
    parsed.map((aggregate) => ({ id: aggregate.id, content: JSON.stringify(aggregate) })),
  );
};

/** Aggregates of the spans in the log, from one run over it. */
export const expectedAggregates = async (log: EventLog): Promise<ReadonlyMap<string, string>> => {
  const byId = new Map<string, string>();
  const stage = new TelemetryStage({
    onEmit: (aggregate) => byId.set(aggregate.id, JSON.stringify(aggregate)),
  });
  const topic = "otlp_spans" as const;
  for (const [partition, records] of (await readTopic(log, topic)).entries()) {
    stage.assign([{ topic, partition, offset: 0, metadata: "" }]);
    for (const { offset, value, timestampMs } of records) {
      const place = { topic, partition, offset, receiveMs: timestampMs };
      stage.onTelemetry({ ...place, bytes: value, start: 0, end: value.length });
    }
  }
  return byId;
};
