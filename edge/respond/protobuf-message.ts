// The two protobuf messages that the edge sends: google.rpc.Status and Export…ServiceResponse.
// Both are a varint and a text; this is not a general encoder.

const utf8 = new TextEncoder();

const varintTag1 = 0x08; // field 1, varint
const textTag2 = 0x12; // field 2, length-delimited
const messageTag1 = 0x0a; // field 1, length-delimited

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
};

const numberAndText = (value: number, text: string): Uint8Array => {
  const bytes = utf8.encode(text);
  const number = value === 0 ? [] : [varintTag1, ...varint(value)];
  const head = [...number, textTag2, ...varint(bytes.byteLength)];
  const message = new Uint8Array(head.length + bytes.byteLength);
  message.set(head);
  message.set(bytes, head.length);
  return message;
};

/** google.rpc.Status { 1 code : varint, 2 message : text }. */
export const encodeStatus = (code: number, message: string): Uint8Array =>
  numberAndText(code, message);

/** Export…ServiceResponse { 1 partial_success { 1 rejected : int64, 2 error_message : text } }. */
export const encodePartialSuccess = (rejected: number, message: string): Uint8Array => {
  const inner = numberAndText(rejected, message);
  const head = [messageTag1, ...varint(inner.byteLength)];
  const response = new Uint8Array(head.length + inner.byteLength);
  response.set(head);
  response.set(inner, head.length);
  return response;
};
