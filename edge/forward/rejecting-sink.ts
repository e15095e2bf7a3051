// A sink whose oversize records go to weir-rejected: what the log takes at no time must not be lost
// with its refusal. Our own limits are kept by the Worker; this is for a log whose limits are lower,
// and it is the place where spilled records, whose sender has gone, learn of it too.
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import { recordHeaders, schemaOf } from "../../schemas/record-headers.ts";
import { type RefusedHead, cutBytesMax, readRefused } from "../../schemas/rejected-value.ts";
import { topics } from "../../schemas/topics.ts";
import { cutRefused, refusedRecord, tooLargeFinding } from "../route/refused-record.ts";
import { recordState } from "./forward-outcome.ts";
import type { Sink, SinkRecord, SinkResult } from "./sink.ts";
import { appendParts, joined, partsOf } from "./split-append.ts";

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

/** Records for weir-rejected by the place of their originals. */
type Letters = ReadonlyMap<number, SinkRecord>;

/** Those that stand at these places, made of the records there. */
const lettersOf = (
  places: readonly number[],
  make: (at: number) => SinkRecord | undefined,
): Letters =>
  new Map(
    places.flatMap((at) => {
      const letter = make(at);
      return letter === undefined ? [] : [[at, letter] as const];
    }),
  );

/** Brings the oversize records of one append to weir-rejected. */
class Rejection {
  readonly #sink: Sink;
  readonly #msMin: number | undefined;
  readonly #results: SinkResult[];
  /** Of all records of the append; of the oversize ones, what became of their letters. */
  readonly #states: Uint8Array;

  constructor(sink: Sink, result: SinkResult, msMin: number | undefined) {
    this.#sink = sink;
    this.#msMin = msMin;
    this.#results = [result];
    this.#states = result.states.slice();
  }

  /** A log that takes no large record on this topic either gets the beginning of it. */
  async place(records: readonly SinkRecord[], onRejected: () => void): Promise<SinkResult> {
    const places = this.#oversize();
    const message = this.#results[0]?.message ?? "";
    const wholes = lettersOf(places, (at) => {
      const record = records[at];
      return record === undefined || record.topic === topic ? record : rejected(record, message);
    });
    await this.#put(
      lettersOf(places, (at) => (records[at]?.topic === topic ? undefined : wholes.get(at))),
    );
    await this.#put(
      lettersOf(this.#oversize(), (at) => {
        const whole = wholes.get(at);
        return whole && beginning(whole);
      }),
    );
    for (const at of places) {
      const state = this.#states[at] ?? recordState.unknown;
      if (state === oversize) this.#states[at] = unplaced;
      if (!isWritten(state)) continue;
      this.#states[at] = oversize;
      onRejected();
    }
    return { ...joined(this.#results), states: this.#states };
  }

  #oversize(): readonly number[] {
    return Array.from(this.#states.keys()).filter((at) => this.#states[at] === oversize);
  }

  /** All of a partition together, so that none is written twice; nothing to a log that is gone. */
  async #put(letters: Letters): Promise<void> {
    const records = [...letters.values()];
    const isGone = this.#results.some(({ isDown }) => isDown);
    const parts = isGone ? [] : partsOf(records, "partition");
    const result = await appendParts(records, { parts, isInDoubt: false }, (part) =>
      this.#sink.append(part, this.#msMin),
    );
    for (const [i, at] of [...letters.keys()].entries())
      this.#states[at] = result.states[i] ?? recordState.unknown;
    this.#results.push(result);
  }
}

/**
 * An oversize record stays `oversize` once weir-rejected has it, and is `unplaced` when that takes
 * nothing of it; else it has the state of that append, and may be tried again. `onRejected` is called for each that is
 * there.
 */
export const rejectingSink = (sink: Sink, onRejected: () => void): Sink => {
  const append: Sink["append"] = async (records, msMin) => {
    const result = await sink.append(records, msMin);
    if (!result.states.includes(oversize)) return result;
    return new Rejection(sink, result, msMin).place(records, onRejected);
  };
  return { append, close: () => sink.close() };
};
