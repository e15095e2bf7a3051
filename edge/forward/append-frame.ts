// The one buffer that crosses from the Worker to the forwarder object: RPC clones one buffer
// cheaply and many dearly. Little-endian:
//
//   u8 version | u8 tenant length | u16 records | f64 received ms | tenant
//   then per record: u8 topic length | u8 key length (255 = none) | u16 partition | u32 value length
//                    topic | key | value
//
// The version matters: while a deployment spreads, Worker and object may be of two builds.
import type { OutgoingRecord } from "../route/outgoing-record.ts";

const version = 1;
const headBytes = 12;
const recordHeadBytes = 8;
const noKey = 255;

/** Records of one frame; requests with more are split by the caller. */
export const frameRecordsMax = 65_535;
/** Longest key in bytes. */
const keyBytesMax = 254;
const textBytesMax = 254;

/** What all records of a frame share. `receivedMs`: milliseconds since the epoch. */
export type FrameHead = { readonly tenant: string; readonly receivedMs: number };

/** One record as it is read from a frame. */
export type FramedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
};

/** A frame that was read. */
export type AppendFrame = FrameHead & { readonly records: readonly FramedRecord[] };

const utf8 = new TextEncoder();
const text = new TextDecoder();

const frameBytes = (records: readonly OutgoingRecord[], tenantBytes: number): number => {
  let bytes = headBytes + tenantBytes;
  for (const { topic, key, value } of records) {
    bytes += recordHeadBytes + topic.length + (key?.byteLength ?? 0) + value.byteLength;
  }
  return bytes;
};

/** @throws RangeError when a bound above is passed: the router keeps to them. */
export const encodeAppendFrame = (
  head: FrameHead,
  records: readonly OutgoingRecord[],
): Uint8Array => {
  const tenant = utf8.encode(head.tenant);
  if (records.length > frameRecordsMax || tenant.byteLength > textBytesMax)
    throw new RangeError(`frame: at most ${frameRecordsMax} records and ${textBytesMax} B tenant`);
  const frame = new Uint8Array(frameBytes(records, tenant.byteLength));
  const view = new DataView(frame.buffer);
  view.setUint8(0, version);
  view.setUint8(1, tenant.byteLength);
  view.setUint16(2, records.length, true);
  view.setFloat64(4, head.receivedMs, true);
  frame.set(tenant, headBytes);
  let at = headBytes + tenant.byteLength;
  for (const { topic, partition, key, value } of records) {
    if (key !== null && key.byteLength > keyBytesMax)
      throw new RangeError(`key: ${key.byteLength} bytes, at most ${keyBytesMax}`);
    view.setUint8(at, topic.length);
    view.setUint8(at + 1, key === null ? noKey : key.byteLength);
    view.setUint16(at + 2, partition, true);
    view.setUint32(at + 4, value.byteLength, true);
    at += recordHeadBytes;
    utf8.encodeInto(topic, frame.subarray(at, at + topic.length));
    at += topic.length;
    if (key !== null) frame.set(key, at);
    at += key?.byteLength ?? 0;
    frame.set(value, at);
    at += value.byteLength;
  }
  return frame;
};

/** Keys and values are views into `frame`. Undefined for a frame of another version. */
export const decodeAppendFrame = (frame: Uint8Array): AppendFrame | undefined => {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint8(0) !== version) return undefined;
  const count = view.getUint16(2, true);
  let at = headBytes + view.getUint8(1);
  const tenant = text.decode(frame.subarray(headBytes, at));
  const records: FramedRecord[] = [];
  for (let i = 0; i < count; i += 1) {
    const topicEnd = at + recordHeadBytes + view.getUint8(at);
    const keyLength = view.getUint8(at + 1);
    const keyEnd = topicEnd + (keyLength === noKey ? 0 : keyLength);
    const valueEnd = keyEnd + view.getUint32(at + 4, true);
    records.push({
      topic: text.decode(frame.subarray(at + recordHeadBytes, topicEnd)),
      partition: view.getUint16(at + 2, true),
      key: keyLength === noKey ? null : frame.subarray(topicEnd, keyEnd),
      value: frame.subarray(keyEnd, valueEnd),
    });
    at = valueEnd;
  }
  return { tenant, receivedMs: view.getFloat64(4, true), records };
};
