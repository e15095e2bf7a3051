// Kafka's record batch (magic 2), uncompressed, written once into a buffer of known size. Big-endian
// but for varints:
//
//   i64 base offset 0 | i32 length of what follows | i32 leader epoch 0 | i8 magic 2 | u32 crc32c
//   i16 attributes 0 | i32 last offset delta | i64 first ms | i64 last ms | i64 producer id
//   i16 producer epoch | i32 first sequence | i32 records
//   per record, all varints zigzag:
//     length | i8 attributes 0 | ms - first ms | offset delta | key length (-1 none), key
//     value length, value | headers; each: name length, name, value length, value
import type { Checksum } from "./crc32c.ts";
import type { ProducerRecord } from "./topic-messages.ts";
import { putText, putVarint, textBytes, varintBytes } from "./varint.ts";

export const headerBytes = 61;
const lengthAt = 8;
export const magicAt = 16;
const crcAt = 17;
const attributesAt = 21;
export const lastDeltaAt = 23;
const firstMsAt = 27;
const lastMsAt = 35;
const producerIdAt = 43;
const epochAt = 51;
const sequenceAt = 53;
export const countAt = 57;

/** What a batch says beside its records: so the broker drops a retry that it has already. */
export type BatchHead = {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly checksum: Checksum;
};

/** Records of one partition and the sizes of what will be written. */
export type BatchPlan = {
  readonly records: readonly ProducerRecord[];
  /** Of each record, its own length field not counted. */
  readonly lengths: readonly number[];
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the whole batch. */
  readonly bytes: number;
};

const headersBytes = ({ common, headers }: ProducerRecord): number => {
  let bytes = common?.bytes.length ?? 0;
  let count = common?.count ?? 0;
  for (const name in headers) {
    const nameBytes = textBytes(name);
    const valueBytes = textBytes(headers[name] ?? "");
    bytes += varintBytes(nameBytes) + nameBytes + varintBytes(valueBytes) + valueBytes;
    count += 1;
  }
  return bytes + varintBytes(count);
};

const recordLength = (record: ProducerRecord, deltaMs: number, delta: number): number => {
  const { key, value } = record;
  const keyBytes = key === null ? varintBytes(-1) : varintBytes(key.length) + key.length;
  const valueBytes = varintBytes(value.length) + value.length;
  const places = 1 + varintBytes(deltaMs) + varintBytes(delta);
  return places + keyBytes + valueBytes + headersBytes(record);
};

/** Measures a batch; at least one record. The records must not change until it is written. */
export const planBatch = (records: readonly ProducerRecord[]): BatchPlan => {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { timestampMs } of records) {
    firstMs = Math.min(firstMs, timestampMs);
    lastMs = Math.max(lastMs, timestampMs);
  }
  const lengths: number[] = [];
  let bytes = headerBytes;
  for (const [at, record] of records.entries()) {
    const length = recordLength(record, record.timestampMs - firstMs, at);
    lengths.push(length);
    bytes += varintBytes(length) + length;
  }
  return { records, lengths, firstMs, lastMs, bytes };
};

const writeHeaders = (target: Uint8Array, start: number, record: ProducerRecord): number => {
  const { common, headers } = record;
  let count = common?.count ?? 0;
  for (const _name in headers) count += 1;
  let at = putVarint(target, start, count);
  if (common !== undefined) {
    target.set(common.bytes, at);
    at += common.bytes.length;
  }
  for (const name in headers) {
    at = putText(target, at, name);
    at = putText(target, at, headers[name] ?? "");
  }
  return at;
};

const writeRecords = (target: Uint8Array, start: number, plan: BatchPlan): number => {
  let at = start;
  for (const [delta, record] of plan.records.entries()) {
    const { key, value, timestampMs } = record;
    at = putVarint(target, at, plan.lengths[delta] ?? 0);
    target[at] = 0;
    at = putVarint(target, at + 1, timestampMs - plan.firstMs);
    at = putVarint(target, at, delta);
    at = putVarint(target, at, key === null ? -1 : key.length);
    if (key !== null) target.set(key, at);
    at = putVarint(target, at + (key?.length ?? 0), value.length);
    target.set(value, at);
    at = writeHeaders(target, at + value.length, record);
  }
  return at;
};

/** Writes at `at` of `view`'s bytes. @returns where it ends: `at + plan.bytes`. */
export const writeBatch = (
  view: DataView,
  at: number,
  plan: BatchPlan,
  { producerId, producerEpoch, firstSequence, checksum }: BatchHead,
): number => {
  const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const { records } = plan;
  view.setBigInt64(at, 0n);
  view.setInt32(at + lengthAt, plan.bytes - lengthAt - Int32Array.BYTES_PER_ELEMENT);
  view.setInt32(at + lengthAt + 4, 0);
  view.setInt8(at + magicAt, 2);
  view.setInt16(at + attributesAt, 0);
  view.setInt32(at + lastDeltaAt, records.length - 1);
  view.setBigInt64(at + firstMsAt, BigInt(plan.firstMs));
  view.setBigInt64(at + lastMsAt, BigInt(plan.lastMs));
  view.setBigInt64(at + producerIdAt, producerId);
  view.setInt16(at + epochAt, producerEpoch);
  view.setInt32(at + sequenceAt, firstSequence);
  view.setInt32(at + countAt, records.length);
  const end = writeRecords(target, at + headerBytes, plan);
  // A wrong size would break the framing of the whole connection.
  if (end !== at + plan.bytes) throw new Error(`record batch: ${end - at} of ${plan.bytes} bytes`);
  view.setUint32(at + crcAt, checksum(target, at + attributesAt, end));
  return end;
};
