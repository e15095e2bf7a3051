// The one buffer that crosses from the Worker to the forwarder object: RPC clones one buffer
// cheaply and many dearly. It carries the records of several requests. Little-endian:
//
//   u8 version | u8 0 | u16 requests
//   per request: f64 received ms | u16 records | u8 tenant length | u8 traceparent length (0 = not
//                traced) | tenant | traceparent
//     per record: u8 topic length | u8 key length (255 = none) | u16 partition | u32 value length
//                 topic | key | value
//
// The version matters: while a deployment spreads, Worker and object may be of two builds.
import type { OutgoingRecord } from "../route/outgoing-record.ts";

const version = 3;
const headBytes = 4;
const requestHeadBytes = 12;
const recordHeadBytes = 8;
const noKey = 255;

/** Records of one request; requests with more are refused by the caller. */
export const frameRecordsMax = 65_535;
/** Requests of one frame. */
const frameRequestsMax = 65_535;
/** Longest key in bytes. */
const keyBytesMax = 254;
const textBytesMax = 255;

/** What all records of a request share. `receivedMs`: milliseconds since the epoch. */
export type FrameHead = {
  readonly tenant: string;
  readonly receivedMs: number;
  /** W3C trace context, ASCII, of a request that is traced; "" or absent for the others. */
  readonly traceparent?: string;
};

/** Records of one request on their way. */
export type AppendRequest = {
  readonly head: FrameHead;
  readonly records: readonly OutgoingRecord[];
};

/** One record as it is read from a frame. */
type FramedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
};

/** One request of a frame that was read. */
export type FramedRequest = Required<FrameHead> & { readonly records: readonly FramedRecord[] };

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Bytes of the records in a frame, but for the tenant's. */
export const recordsBytes = (records: readonly OutgoingRecord[]): number => {
  let bytes = requestHeadBytes;
  for (const { topic, key, value } of records)
    bytes += recordHeadBytes + topic.length + (key?.byteLength ?? 0) + value.byteLength;
  return bytes;
};

/** The names of topics and nearly all tenants are ASCII: a loop beats a call into the runtime. */
const putAscii = (frame: Uint8Array, at: number, name: string): void => {
  for (let i = 0; i < name.length; i += 1) frame[at + i] = name.charCodeAt(i);
};

const putRecord = (view: DataView, frame: Uint8Array, start: number, record: OutgoingRecord) => {
  const { topic, partition, key, value } = record;
  if (key !== null && key.byteLength > keyBytesMax)
    throw new RangeError(`key: ${key.byteLength} bytes, at most ${keyBytesMax}`);
  view.setUint8(start, topic.length);
  view.setUint8(start + 1, key === null ? noKey : key.byteLength);
  view.setUint16(start + 2, partition, true);
  view.setUint32(start + 4, value.byteLength, true);
  let at = start + recordHeadBytes;
  putAscii(frame, at, topic);
  at += topic.length;
  if (key !== null) frame.set(key, at);
  at += key?.byteLength ?? 0;
  frame.set(value, at);
  return at + value.byteLength;
};

const tenantOf = ({ head }: AppendRequest): Uint8Array => utf8.encode(head.tenant);

/** @throws RangeError when a bound above is passed: the router keeps to them. */
export const encodeAppendFrame = (requests: readonly AppendRequest[]): Uint8Array<ArrayBuffer> => {
  const tenants = requests.map(tenantOf);
  let bytes = headBytes;
  for (const [i, { records }] of requests.entries()) {
    const tenantBytes = tenants[i]?.byteLength ?? 0;
    if (records.length > frameRecordsMax || tenantBytes > textBytesMax)
      throw new RangeError(
        `frame: at most ${frameRecordsMax} records and ${textBytesMax} B tenant`,
      );
    bytes += recordsBytes(records) + tenantBytes + (requests[i]?.head.traceparent?.length ?? 0);
  }
  if (requests.length > frameRequestsMax)
    throw new RangeError(`frame: at most ${frameRequestsMax} requests`);
  const frame = new Uint8Array(bytes);
  const view = new DataView(frame.buffer);
  view.setUint8(0, version);
  view.setUint16(2, requests.length, true);
  let at = headBytes;
  for (const [i, { head, records }] of requests.entries()) {
    const tenant = tenants[i] ?? frame.subarray(0, 0);
    view.setFloat64(at, head.receivedMs, true);
    view.setUint16(at + 8, records.length, true);
    const { traceparent = "" } = head;
    view.setUint8(at + 10, tenant.byteLength);
    view.setUint8(at + 11, traceparent.length);
    frame.set(tenant, at + requestHeadBytes);
    at += requestHeadBytes + tenant.byteLength;
    putAscii(frame, at, traceparent);
    at += traceparent.length;
    for (const record of records) at = putRecord(view, frame, at, record);
  }
  return frame;
};

// A frame names a few topics very often: the decoder is called once for each name.
const names = new Map<number, string>();
const namesMax = 256;

/** A name that was read before, when its hash and its bytes are the same. */
const nameAt = (frame: Uint8Array, from: number, to: number): string => {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (frame[at] ?? 0)) | 0;
  const known = names.get(hash);
  if (known !== undefined && isSame(frame, from, to, known)) return known;
  const name = text.decode(frame.subarray(from, to));
  if (names.size < namesMax) names.set(hash, name);
  return name;
};

/** Only ASCII names can be the same. */
const isSame = (frame: Uint8Array, from: number, to: number, name: string): boolean => {
  if (name.length !== to - from) return false;
  for (let at = from; at < to; at += 1) if (frame[at] !== name.charCodeAt(at - from)) return false;
  return true;
};

/** Keys and values are views into `frame`. Undefined for a frame of another version. */
export const decodeAppendFrame = (frame: Uint8Array): readonly FramedRequest[] | undefined => {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint8(0) !== version) return undefined;
  const count = view.getUint16(2, true);
  const requests: FramedRequest[] = [];
  let at = headBytes;
  for (let i = 0; i < count; i += 1) {
    const receivedMs = view.getFloat64(at, true);
    const recordCount = view.getUint16(at + 8, true);
    const tenantEnd = at + requestHeadBytes + view.getUint8(at + 10);
    const tenant = nameAt(frame, at + requestHeadBytes, tenantEnd);
    const traceEnd = tenantEnd + view.getUint8(at + 11);
    // Each is seen once: not among the names.
    const traceparent =
      traceEnd === tenantEnd ? "" : text.decode(frame.subarray(tenantEnd, traceEnd));
    const records: FramedRecord[] = [];
    at = readRecords({ frame, view, records, count: recordCount }, traceEnd);
    requests.push({ tenant, receivedMs, traceparent, records });
  }
  return requests;
};

type Reading = {
  readonly frame: Uint8Array;
  readonly view: DataView;
  readonly records: FramedRecord[];
  readonly count: number;
};

const readRecords = ({ frame, view, records, count }: Reading, start: number): number => {
  let at = start;
  for (let i = 0; i < count; i += 1) {
    const topicEnd = at + recordHeadBytes + view.getUint8(at);
    const keyLength = view.getUint8(at + 1);
    const keyEnd = topicEnd + (keyLength === noKey ? 0 : keyLength);
    const valueEnd = keyEnd + view.getUint32(at + 4, true);
    records.push({
      topic: nameAt(frame, at + recordHeadBytes, topicEnd),
      partition: view.getUint16(at + 2, true),
      key: keyLength === noKey ? null : frame.subarray(topicEnd, keyEnd),
      value: frame.subarray(keyEnd, valueEnd),
    });
    at = valueEnd;
  }
  return at;
};
