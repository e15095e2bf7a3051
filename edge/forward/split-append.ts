// Cuts a group that is too large for the log until the one record that is too large stands alone.
// Only the log knows its limit for a topic, and its answer need not name the record.
//
// A log that answers for each partition may have written the others when it refused one: then each
// goes alone, so that no record is written more than twice, and those that may have been are known.
// Where it refused before it wrote any, each topic goes alone: the others are none of its matter.
import { recordState } from "./forward-outcome.ts";
import { type SinkRecord, type SinkResult, failedAppend } from "./sink.ts";

/** Results that follow one another, as one. */
export const joined = (parts: readonly SinkResult[]): SinkResult => {
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
    writeFault: parts.find((part) => part.writeFault !== undefined)?.writeFault,
  };
};

type Append = (records: readonly SinkRecord[]) => Promise<SinkResult>;

/**
 * Appends again, in halves, what was refused as too large. `message` is the log's word for it. For
 * a refusal that left nothing of the others behind.
 */
export const splitAppend = async (
  records: readonly SinkRecord[],
  message: string,
  append: Append,
): Promise<SinkResult> => {
  if (records.length === 1)
    return failedAppend(1, recordState.oversize, { message, isDown: false });
  const middle = Math.ceil(records.length / 2);
  const first = await append(records.slice(0, middle));
  const behind = records.slice(middle);
  if (!first.isDown) return joined([first, await append(behind)]);
  // What did not reach the log comes again, and stands before these then as now.
  const states = new Uint8Array(behind.length).fill(recordState.refused);
  return joined([first, { ...first, states }]);
};

/** Places in `records`, in order, of those that are sent again together. */
type Part = readonly number[];

/** The records by topic or by partition. */
export const partsOf = (
  records: readonly SinkRecord[],
  by: "topic" | "partition",
): readonly Part[] => {
  const nameOf = (at: number): string | undefined =>
    by === "topic" ? records[at]?.topic : `${records[at]?.topic}/${records[at]?.partition}`;
  return [...Map.groupBy(records.keys(), nameOf).values()];
};

/** `result` is that of the records that are not `acknowledged`, in order; this one is that of all. */
export const withAcknowledged = (
  records: number,
  acknowledged: ReadonlySet<number>,
  result: SinkResult,
): SinkResult => {
  let at = 0;
  const states = Uint8Array.from({ length: records }, (_, place) =>
    acknowledged.has(place) ? recordState.acknowledged : (result.states[at++] ?? 0),
  );
  return { ...result, states };
};

/**
 * Appends each part alone, for a log that writes a part's records or none of them. `isInDoubt`: an
 * earlier send may have written some of the parts.
 */
export const appendParts = async (
  records: readonly SinkRecord[],
  { parts, isInDoubt }: { readonly parts: readonly Part[]; readonly isInDoubt: boolean },
  append: Append,
): Promise<SinkResult> => {
  const before = isInDoubt ? recordState.unknown : recordState.refused;
  const states = new Uint8Array(records.length).fill(before);
  const results: SinkResult[] = [];
  for (const places of parts) {
    const result = await append(places.flatMap((at) => records[at] ?? []));
    results.push(result);
    for (const [i, at] of places.entries()) {
      const state = result.states[i] ?? recordState.unknown;
      states[at] = isInDoubt && !isWithoutRight(result, state) ? repeated(state) : state;
    }
    if (result.isDown) break;
  }
  return { ...joined(results), states };
};

/** Rights are of topics: who has none now had none in the send before either. */
const isWithoutRight = ({ writeFault }: SinkResult, state: number): boolean =>
  writeFault === "unauthorized" && state === recordState.refused;

/** The state of a record that an earlier send may have written. */
const repeated = (state: number): number => {
  if (state === recordState.acknowledged) return recordState.repeatable;
  return state === recordState.refused ? recordState.unknown : state;
};
