// A traced record as spans: `weir.consume`, the record's whole time in the engine, and below it one
// span for each stage, each beginning where the one before ended, so that its length is sojourn and
// work together; `weir.sojourn_us` is the part in which it waited. Pure; times stay monotonic us.
import { topicPartitions } from "../ledger/positions.ts";
import type { TracedItem, TracedRecord } from "./trace-collector.ts";

/** One span; the first of a record's is the parent of all others. */
export type SpanFacts = {
  readonly name: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly attributes: { readonly [key: string]: string | number | boolean };
};

const stageNames = ["weir.prefilter", "weir.extract", "weir.secure", "weir.handoff"] as const;

/** In the order of their beginnings within each item; at least one. */
export const recordSpans = (read: TracedRecord): readonly [SpanFacts, ...SpanFacts[]] => {
  const record = ordered(read);
  const { topic = "", partition = -1 } = topicPartitions[record.id] ?? {};
  const parts = [...ringSpans(record), ...bookSpan(record, topic)].concat(
    record.transactions.flatMap((item) => itemSpans(item, record.takenUs)),
  );
  const endUs = Math.max(record.pushedUs, ...parts.map((part) => part.endUs));
  const whole: SpanFacts = {
    name: "weir.consume",
    startUs: record.readUs,
    endUs,
    attributes: {
      "weir.topic": topic,
      "weir.partition": partition,
      "weir.offset": record.offset,
      "weir.items": record.items,
      ...(!record.isComplete && { "weir.incomplete": true }),
    },
  };
  return [whole, ...parts];
};

/** What another thread's clock puts before its cause is put right behind it. */
const ordered = (record: TracedRecord): TracedRecord => {
  const takenUs = record.takenUs === 0 ? 0 : Math.max(record.pushedUs, record.takenUs);
  const doneUs = record.doneUs === 0 ? 0 : Math.max(takenUs, record.doneUs);
  return { ...record, takenUs, doneUs };
};

const ringSpans = ({ readUs, pushedUs, takenUs }: TracedRecord): SpanFacts[] => {
  const ingest = waited("weir.ingest", readUs, pushedUs);
  return takenUs === 0 ? [ingest] : [ingest, waited("weir.ring", pushedUs, takenUs)];
};

/** A span that is nothing but waiting. */
const waited = (name: string, startUs: number, endUs: number): SpanFacts => ({
  name,
  startUs,
  endUs,
  attributes: { "weir.sojourn_us": Math.round(endUs - startUs) },
});

const bookSpan = ({ takenUs, doneUs, items }: TracedRecord, topic: string): SpanFacts[] => {
  if (topic !== "weir-depth" || doneUs === 0) return [];
  // Its wait was in the ring: messages are applied as soon as their record is taken out.
  const attributes = { "weir.items": items, "weir.sojourn_us": 0 };
  return [{ name: "weir.book", startUs: takenUs, endUs: doneUs, attributes }];
};

const itemSpans = (item: TracedItem, takenUs: number): SpanFacts[] => {
  const spans: SpanFacts[] = [];
  let fromUs = takenUs;
  const add = (name: string, { turnUs, endUs }: { turnUs: number; endUs: number }): void => {
    const sojournUs = Math.round(Math.max(0, Math.min(turnUs, endUs) - fromUs));
    const toUs = Math.max(fromUs, endUs);
    const attributes = { "weir.item": item.index, "weir.sojourn_us": sojournUs };
    spans.push({ name, startUs: fromUs, endUs: toUs, attributes });
    fromUs = toUs;
  };
  for (const [i, stage] of item.stages.entries()) {
    const name = stageNames[i];
    if (name !== undefined && stage.endUs > 0) add(name, stage);
  }
  const last = spans.pop();
  if (last === undefined) return spans;
  const why = item.reason === "" ? {} : { "weir.reason": item.reason };
  spans.push({ ...last, attributes: { ...last.attributes, ...why } });
  if (item.egressDoneUs > 0) {
    add("weir.egress", { turnUs: item.egressTakenUs, endUs: item.egressDoneUs });
  }
  return spans;
};
