// Records as rows, both ways. Headers are one JSON text: they are few, and small beside the frame.
import type { LogRecord } from "../event-log.ts";
import type { Partition } from "./partition-table.ts";

type Row = {
  readonly offset: number;
  readonly timestamp_ms: number;
  readonly key: Uint8Array | null;
  readonly headers: string;
  readonly value: Uint8Array;
};

export type ReadLimits = { readonly recordsMax: number; readonly bytesMax: number };

const utf8 = new TextEncoder();

/** From `offset` on: at least one record if there is one, then as many as the limits allow. */
export const readRecords = (
  { select }: Partition,
  offset: number,
  { recordsMax, bytesMax }: ReadLimits,
): LogRecord[] => {
  const records: LogRecord[] = [];
  let bytes = 0;
  for (const row of select.iterate(offset, recordsMax) as Iterable<unknown> as Iterable<Row>) {
    records.push({
      offset: row.offset,
      timestampMs: row.timestamp_ms,
      key: row.key,
      value: row.value,
      headers: decodeHeaders(row.headers),
    });
    bytes += row.value.length;
    if (bytes >= bytesMax) break;
  }
  return records;
};

const none: LogRecord["headers"] = {};

export const encodeHeaders = (headers: { readonly [name: string]: string }): string =>
  JSON.stringify(headers);

const decodeHeaders = (text: string): LogRecord["headers"] => {
  if (text === "{}") return none;
  const headers = JSON.parse(text) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, utf8.encode(value)]),
  );
};
