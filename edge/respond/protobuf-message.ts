// The protobuf messages that the edge sends: google.rpc.Status with its BadRequest, and
// Export…ServiceResponse. All are varints, texts and messages in each other; this is not a general
// encoder.

const utf8 = new TextEncoder();

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
};

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
};

/** A length-delimited field. */
const delimited = (number: number, content: Uint8Array): Uint8Array =>
  join([Uint8Array.from([number * 8 + 2, ...varint(content.byteLength)]), content]);

const text = (number: number, value: string): Uint8Array => delimited(number, utf8.encode(value));

/** A varint field; left out when it is 0, as proto3 has it. */
const integer = (number: number, value: number): Uint8Array =>
  value === 0 ? new Uint8Array(0) : Uint8Array.from([number * 8, ...varint(value)]);

const badRequestUrl = "type.googleapis.com/google.rpc.BadRequest";

/** BadRequest { 1 field_violations { 1 field : text, 2 description : text } }, in an Any. */
const badRequest = (field: string, description: string): Uint8Array => {
  const violation = delimited(1, join([text(1, field), text(2, description)]));
  return join([text(1, badRequestUrl), delimited(2, violation)]);
};

/** google.rpc.Status { 1 code : varint, 2 message : text, 3 details : Any }. */
export const encodeStatus = (code: number, message: string, field?: string): Uint8Array => {
  const head = [integer(1, code), text(2, message)];
  return join(field === undefined ? head : [...head, delimited(3, badRequest(field, message))]);
};

/** The same in JSON. */
export const statusJson = (code: number, message: string, field?: string): object => {
  if (field === undefined) return { code, message };
  const fieldViolations = [{ field, description: message }];
  return { code, message, details: [{ "@type": badRequestUrl, fieldViolations }] };
};

/** Export…ServiceResponse { 1 partial_success { 1 rejected : int64, 2 error_message : text } }. */
export const encodePartialSuccess = (rejected: number, message: string): Uint8Array =>
  delimited(1, join([integer(1, rejected), text(2, message)]));
