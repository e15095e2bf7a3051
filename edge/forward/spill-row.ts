// One row of the spill: consecutive records of one producer as bytes. What is short stands in JSON,
// keys and values follow as they are:
//
//   u32 length of the JSON, little-endian | JSON: [topic, partition, key bytes (-1: none),
//   value bytes, headers, timestamp ms] per record | key, value, key, value ...
import { allHeaders } from "../../schemas/kafka/header-block.ts";
import type { SinkRecord } from "./sink.ts";

const lengthBytes = 4;
const noKey = -1;

type Meta = readonly [
  topic: string,
  partition: number,
  keyBytes: number,
  valueBytes: number,
  headers: SinkRecord["headers"],
  timestampMs: number,
];

const utf8 = new TextEncoder();
const text = new TextDecoder();

const metaOf = (record: SinkRecord): Meta => [
  record.topic,
  record.partition,
  record.key?.byteLength ?? noKey,
  record.value.byteLength,
  allHeaders(record),
  record.timestampMs,
];

/** Bytes of the records, copied. */
export const encodeSpillRow = (records: readonly SinkRecord[]): Uint8Array<ArrayBuffer> => {
  const json = utf8.encode(JSON.stringify(records.map(metaOf)));
  const bytes = records.reduce(
    (sum, { key, value }) => sum + (key?.byteLength ?? 0) + value.byteLength,
    lengthBytes + json.byteLength,
  );
  const row = new Uint8Array(bytes);
  new DataView(row.buffer).setUint32(0, json.byteLength, true);
  row.set(json, lengthBytes);
  let at = lengthBytes + json.byteLength;
  for (const { key, value } of records) {
    if (key !== null) row.set(key, at);
    at += key?.byteLength ?? 0;
    row.set(value, at);
    at += value.byteLength;
  }
  return row;
};

/** Keys and values are views into `row`. @throws when the row was not written by the encoder. */
export const decodeSpillRow = (row: Uint8Array): readonly SinkRecord[] => {
  const jsonBytes = new DataView(row.buffer, row.byteOffset).getUint32(0, true);
  let at = lengthBytes + jsonBytes;
  const metas = JSON.parse(text.decode(row.subarray(lengthBytes, at))) as readonly Meta[];
  return metas.map(([topic, partition, keyBytes, valueBytes, headers, timestampMs]) => {
    const key = keyBytes === noKey ? null : row.subarray(at, at + keyBytes);
    at += Math.max(0, keyBytes);
    const value = row.subarray(at, at + valueBytes);
    at += valueBytes;
    return { topic, partition, key, value, headers, timestampMs };
  });
};
