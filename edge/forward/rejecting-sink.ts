// A sink whose oversize records go to weir-rejected: what the log takes at no time must not be lost
// with its refusal. Our own limits are kept by the Worker; this is for a log whose limits are lower,
// and it is the place where spilled records, whose sender has gone, learn of it too.
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import { recordHeaders, schemaOf } from "../../schemas/record-headers.ts";
import { type RefusedHead, cutBytesMax, readRefused } from "../../schemas/rejected-value.ts";
import { topics } from "../../schemas/topics.ts";
import { cutRefused, refusedRecord, tooLargeFinding } from "../route/refused-record.ts";
import { recordState } from "./forward-outcome.ts";
import { type Sink, type SinkRecord, type SinkResult, failedAppend } from "./sink.ts";

const topic = "weir-rejected";
const { acknowledged, repeatable, oversize, unplaced } = recordState;

const headOf = (record: SinkRecord, message: string): RefusedHead => ({
  topic: record.topic,
  mode: "reject",
  registry: "",
  items: 0,
  findings: [tooLargeFinding(`record of ${record.value.byteLength} bytes: ${message}`)],
  itemsOmitted: 0,
});

/** Keeps the ids of the record, which itself is nowhere, so that a repeat of it is known. */
const rejected = (record: SinkRecord, message: string): SinkRecord => {
  const all = allHeaders(record);
  const tenant = all[recordHeaders.tenant] ?? "";
  const { key, partition, value } = refusedRecord(tenant, headOf(record, message), record.value);
  const schema = schemaOf(topics[topic].encoding);
  const headers = { ...all, [recordHeaders.schema]: schema };
  return { topic, partition, key, value, headers, timestampMs: record.timestampMs };
};

const isWritten = (state: number): boolean => state === acknowledged || state === repeatable;

/** The same with the beginning of the original only; undefined when it is no more than that. */
const beginning = (record: SinkRecord): SinkRecord | undefined => {
  const refused = readRefused(record.value);
  if (refused === undefined || refused.original.byteLength <= cutBytesMax) return undefined;
  return { ...record, value: cutRefused(refused.head, refused.original) };
};

/** A log that takes no large record on this topic either gets the beginning of it. */
const appendRejected = async (
  sink: Sink,
  record: SinkRecord,
  message: string,
): Promise<SinkResult> => {
  const isOwn = record.topic === topic;
  const whole = isOwn ? record : rejected(record, message);
  const refusal = failedAppend(1, oversize, { message, isDown: false });
  const first = isOwn ? refusal : await sink.append([whole]);
  if (first.states[0] !== oversize) return first;
  const cut = beginning(whole);
  return cut === undefined ? first : sink.append([cut]);
};

/**
 * An oversize record stays `oversize` once weir-rejected has it, and is `unplaced` when that takes
 * nothing of it; else it has the state of that append, and may be tried again. `onRejected` is called for each that is
 * there.
 */
export const rejectingSink = (sink: Sink, onRejected: () => void): Sink => {
  const append = async (records: readonly SinkRecord[]): Promise<SinkResult> => {
    const result = await sink.append(records);
    if (!result.states.includes(oversize)) return result;
    const states = result.states.slice();
    let { isDown, isLoginRefused = false, writeFault } = result;
    for (const [at, record] of records.entries()) {
      if (states[at] !== oversize) continue;
      const answer = await appendRejected(sink, record, result.message);
      const state = answer.states[0] ?? recordState.unknown;
      if (isWritten(state)) onRejected();
      else states[at] = state === oversize ? unplaced : state;
      isDown ||= answer.isDown;
      isLoginRefused ||= answer.isLoginRefused === true;
      writeFault ??= answer.writeFault;
    }
    return { states, message: result.message, isDown, isLoginRefused, writeFault };
  };
  return { append, close: () => sink.close() };
};
