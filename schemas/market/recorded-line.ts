// One line of a recorded market-data file: `receive_ns JSON`, as hftbacktest's collector writes
// it. Splits and checks the time; the JSON is the venue reader's concern.

/** A line in two parts, or why not. */
export type RecordedLine =
  | { readonly receiveNs: bigint; readonly json: string }
  | { readonly found: string; readonly expected: string };

const form = /^(\d{1,19}) +(?=\S)/;

/** Splits a line. `receiveNs` is from 0 to 10^19 - 1, ns since the epoch. */
export const splitRecordedLine = (text: string): RecordedLine => {
  const match = form.exec(text);
  if (match?.[1] === undefined) {
    return { found: text.slice(0, 40), expected: "receive_ns JSON" };
  }
  return { receiveNs: BigInt(match[1]), json: text.slice(match[0].length) };
};
