// Bodies made to cost a receiver more than their sender: small on the wire, large in memory or time.
import { gzipSync, zstdCompressSync } from "node:zlib";

const mebibyte = 1 << 20;

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
};

/** A length-delimited protobuf field. */
export const field = (number: number, ...parts: readonly (Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(body.length)]), body]);
};

export const repeated = (part: Uint8Array | string, count: number): Buffer =>
  Buffer.alloc(Buffer.from(part as string).length * count, part);

/** A trace request around the content of one scope. */
export const scopeOf = (...content: readonly Uint8Array[]): Buffer =>
  field(1, field(2, ...content));

export const gzipOf = (megabytes: number): Buffer =>
  gzipSync(Buffer.alloc(megabytes * mebibyte), { level: 9 });

export const gzipMembers = (content: Uint8Array, count: number): Buffer =>
  repeated(gzipSync(content, { level: 9 }), count);

export const zstdOf = (megabytes: number): Buffer =>
  zstdCompressSync(Buffer.alloc(megabytes * mebibyte));

/** A frame that declares a window of 128 MiB and holds one empty block. */
export const zstdWindow = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 1, 0, 0]);

/** A frame that declares 2^60 bytes of content and holds one empty block. */
export const zstdSize = Buffer.from([
  0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0,
]);

/** An attribute whose value is an array in an array, `depth` deep. */
export const deepAttribute = (depth: number): Buffer => {
  let value: Buffer = field(1, "x");
  for (let i = 1; i < depth; i += 1) value = field(5, field(1, value));
  return Buffer.concat([field(1, "k"), field(2, value)]);
};

/** The same in JSON, as text of a span's attributes. */
export const deepJson = (depth: number, inner: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":` +
  `${'{"arrayValue":{"values":['.repeat(depth)}${inner}${"]}}".repeat(depth)}}]}]}]}]}`;

/** One large resource that every one of many spans, each of another trace, would repeat. */
export const repeatedResource = (resourceBytes: number, spans: number): Buffer => {
  const attribute = field(1, field(1, "k"), field(2, field(1, Buffer.alloc(resourceBytes, "x"))));
  const items = Array.from({ length: spans }, (_, at) => {
    const traceId = Buffer.alloc(16);
    traceId.writeUInt32LE(at + 1);
    return field(2, field(1, traceId), field(5, Buffer.alloc(100_000, "y")));
  });
  return field(1, field(1, attribute), field(2, ...items));
};
