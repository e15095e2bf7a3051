// One record of a produce request, as Confluent's REST API v3 has it, to a record of the log, and
// the report on it back. Bad input is a value: an error code and a message that names the field.
import { keyPartition } from "../../../schemas/hash/murmur2.ts";
import type { LogErrorCode, NewRecord } from "../event-log.ts";
import { LogError } from "../event-log.ts";
import type { TopicTable } from "../topic-table.ts";
import { checkRecords } from "../topic-table.ts";

/** Confluent's: an HTTP status, or one times 100 plus a number. */
export type ProduceFailure = { readonly error_code: number; readonly message: string };

type Kind = "BINARY" | "STRING" | "JSON";
const kinds: ReadonlySet<string> = new Set(["BINARY", "STRING", "JSON"] satisfies Kind[]);

export type ProduceRecord = {
  readonly record: NewRecord;
  readonly keyKind: Kind | undefined;
  readonly valueKind: Kind | undefined;
};

export type Target = {
  readonly topic: string;
  readonly partitions: number;
  readonly table: TopicTable;
  /** For records without key and partition: a number that goes on. */
  readonly turn: () => number;
  readonly nowMs: number;
};

class Invalid extends Error {
  override name = "Invalid";
}

/** The record, or why it is refused. */
export const produceRecord = (text: string, target: Target): ProduceRecord | ProduceFailure => {
  try {
    const json = objectOf(JSON.parse(text), "the record");
    const key = data(json["key"], "key");
    const value = data(json["value"], "value");
    const record: NewRecord = {
      topic: target.topic,
      partition: partitionOf(json["partition_id"], key?.bytes ?? null, target),
      key: key?.bytes ?? null,
      value: value?.bytes ?? new Uint8Array(0),
      headers: headersOf(json["headers"]),
      timestampMs: timeOf(json["timestamp"], target.nowMs),
    };
    checkRecords([record], target.table);
    return { record, keyKind: key?.kind, valueKind: value?.kind };
  } catch (error) {
    if (error instanceof LogError) return failureOf(error);
    const message = error instanceof Error ? error.message : String(error);
    return { error_code: 400, message: `Bad Request: ${message}` };
  }
};

const codes: { readonly [code in LogErrorCode]: number } = {
  unreachable: 50_003,
  "topic-missing": 40_403,
  "partitions-differ": 50_002,
  "record-too-large": 413,
  "invalid-position": 50_002,
  refused: 40_301,
  locked: 50_003,
  closed: 50_003,
  full: 50_003,
};

/** 50003 is Confluent's "retriable Kafka error". */
export const failureOf = ({ code, message }: LogError): ProduceFailure => ({
  error_code: codes[code],
  message,
});

/** The report on a record that is on disk. */
export const produceReport = (
  clusterId: string,
  { record, keyKind, valueKind }: ProduceRecord,
  offset: number,
): string =>
  JSON.stringify({
    error_code: 200,
    cluster_id: clusterId,
    topic_name: record.topic,
    partition_id: record.partition,
    offset,
    timestamp: new Date(record.timestampMs).toISOString(),
    ...(keyKind === undefined ? {} : { key: { type: keyKind, size: record.key?.length } }),
    ...(valueKind === undefined ? {} : { value: { type: valueKind, size: record.value.length } }),
  });

const objectOf = (value: unknown, name: string): { readonly [key: string]: unknown } => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as { readonly [key: string]: unknown };
  }
  throw new Invalid(`${name} must be an object`);
};

const data = (given: unknown, name: string): { bytes: Uint8Array; kind: Kind } | undefined => {
  if (given === undefined || given === null) return undefined;
  const { type, data: content } = objectOf(given, name);
  if (typeof type !== "string" || !kinds.has(type)) {
    throw new Invalid(`${name}.type must be BINARY, STRING or JSON, found ${String(type)}`);
  }
  const kind = type as Kind;
  if (content === undefined || content === null) return undefined;
  if (kind === "JSON") return { bytes: Buffer.from(JSON.stringify(content)), kind };
  if (typeof content !== "string") throw new Invalid(`${name}.data must be a string`);
  const bytes = kind === "STRING" ? Buffer.from(content) : base64(content, `${name}.data`);
  return { bytes, kind };
};

// Node skips what is no base64, so a shorter result tells.
const base64 = (text: string, name: string): Buffer => {
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  const bytes = Buffer.from(text, "base64");
  if (text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - padding) return bytes;
  throw new Invalid(`${name} must be base64 with padding`);
};

const partitionOf = (given: unknown, key: Uint8Array | null, target: Target): number => {
  if (given !== undefined && given !== null) {
    if (typeof given === "number" && Number.isInteger(given)) return given;
    throw new Invalid(`partition_id must be an integer, found ${JSON.stringify(given)}`);
  }
  if (key === null) return target.turn() % target.partitions;
  return keyPartition(key, 0, key.length, target.partitions);
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

const headersOf = (given: unknown): { readonly [name: string]: string } => {
  if (given === undefined || given === null) return {};
  if (!Array.isArray(given)) throw new Invalid("headers must be an array");
  const headers: Record<string, string> = {};
  for (const [i, header] of given.entries()) {
    const { name, value } = objectOf(header, `headers[${i}]`);
    if (typeof name !== "string") throw new Invalid(`headers[${i}].name must be a string`);
    const bytes = typeof value === "string" ? base64(value, `headers[${i}].value`) : empty;
    try {
      headers[name] = utf8.decode(bytes);
    } catch {
      throw new Invalid(`headers[${i}].value must be UTF-8 in base64`);
    }
  }
  return headers;
};

const empty = new Uint8Array(0);

const timeOf = (given: unknown, nowMs: number): number => {
  if (given === undefined || given === null) return nowMs;
  const timeMs = typeof given === "string" ? Date.parse(given) : Number.NaN;
  if (timeMs >= 0) return timeMs;
  throw new Invalid(`timestamp must be an ISO 8601 time, found ${JSON.stringify(given)}`);
};
