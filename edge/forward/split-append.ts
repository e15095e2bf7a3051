// Cuts a group that is too large for the log until the one record that is too large stands alone.
// Only the log knows its limit for a topic, and its answer need not name the record.
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

/**
 * Appends again, in halves, what was refused as too large; the first `done` records are written.
 * Records of other partitions may have been written before the refusal: they come twice, known by
 * id. `message` is the log's word for it.
 */
export const splitAppend = async (
  records: readonly SinkRecord[],
  done: number,
  message: string,
  append: (records: readonly SinkRecord[]) => Promise<SinkResult>,
): Promise<SinkResult> => {
  if (records.length === 1)
    return failedAppend(1, recordState.oversize, { message, isDown: false });
  const middle = done + Math.ceil((records.length - done) / 2);
  const parts = [appended(done)];
  for (const part of [records.slice(done, middle), records.slice(middle)])
    if (part.length > 0) parts.push(await append(part));
  return joined(parts);
};
