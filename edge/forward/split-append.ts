// Cuts a group that is too large for the log until the one record that is too large stands alone.
// Only the log knows its limit for a topic, and its answer need not name the record.
//
// A log that answers for each partition may have written the others before it refused: then each
// partition goes alone, so that no record is written more than twice, and those that may have been
// are known.
import { recordState } from "./forward-outcome.ts";
import { type SinkRecord, type SinkResult, appended, failedAppend } from "./sink.ts";

/** Results of parts that follow one another, as one. */
const joined = (parts: readonly SinkResult[]): SinkResult => {
  const states = new Uint8Array(parts.reduce((sum, part) => sum + part.states.length, 0));
  let at = 0;
  for (const part of parts) {
    states.set(part.states, at);
    at += part.states.length;
  }
  const message = parts.find((part) => part.message !== "")?.message ?? "";
  return {
    states,
    message,
    isDown: parts.some((part) => part.isDown),
    isLoginRefused: parts.some((part) => part.isLoginRefused === true),
  };
};

type Append = (records: readonly SinkRecord[]) => Promise<SinkResult>;

/**
 * Appends again, in halves, what was refused as too large; the first `done` records are written.
 * `message` is the log's word for it. For a refusal that left nothing of the others behind.
 */
export const splitAppend = async (
  records: readonly SinkRecord[],
  done: number,
  message: string,
  append: Append,
): Promise<SinkResult> => {
  if (records.length === 1)
    return failedAppend(1, recordState.oversize, { message, isDown: false });
  const middle = done + Math.ceil((records.length - done) / 2);
  const parts = [appended(done)];
  for (const part of [records.slice(done, middle), records.slice(middle)])
    if (part.length > 0) parts.push(await append(part));
  return joined(parts);
};

/** The same for a log that writes each partition's records or none of them. */
export const splitByPartition = async (
  records: readonly SinkRecord[],
  done: number,
  message: string,
  append: Append,
): Promise<SinkResult> => {
  const left = Array.from(records.keys()).slice(done);
  const placeOf = (at: number): string => `${records[at]?.topic}/${records[at]?.partition}`;
  const partitions = [...Map.groupBy(left, placeOf).values()];
  if (partitions.length === 1) return splitAppend(records, done, message, append);
  // Unless they are sent again they may be there or not.
  const states = new Uint8Array(records.length).fill(recordState.unknown);
  states.fill(recordState.acknowledged, 0, done);
  const results: SinkResult[] = [];
  for (const places of partitions) {
    const result = await append(places.flatMap((at) => records[at] ?? []));
    results.push(result);
    for (const [i, at] of places.entries()) states[at] = repeated(result.states[i]);
    if (result.isDown) break;
  }
  return { ...joined(results), states };
};

/** The state of a record that an earlier send may have written. */
const repeated = (state: number = recordState.unknown): number => {
  if (state === recordState.acknowledged) return recordState.repeatable;
  return state === recordState.refused ? recordState.unknown : state;
};
