// CRC-32C (Castagnoli), the checksum of Kafka's record batches: sixteen table look-ups a step over
// 32-bit words (slice-by-16, Kounavis and Berry, 2005). Little-endian machines only, as all that
// run Node or workerd are.

const slices = 16;
const polynomial = 0x82f63b78;

const makeTable = (): Int32Array => {
  const table = new Int32Array(slices * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1)
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at += 1) {
    const before = table[at - 256] ?? 0;
    table[at] = (before >>> 8) ^ (table[before & 255] ?? 0);
  }
  return table;
};

/** Sixteen tables of 256 words: table n is a byte's effect n bytes later. */
export const crcTable = makeTable();
// A view of length zero at an unaligned end throws, so that case takes this one.
const noWords = new Int32Array(0);

// Under noUncheckedIndexedAccess reads are `number | undefined`; `| 0` makes integers of them and
// costs nothing, as V8 keeps int32 anyway.

/** A running checksum goes on over the bytes from `from` up to `to`, one by one. */
export const bytewise = (start: number, bytes: Uint8Array, from: number, to: number): number => {
  const t = crcTable;
  let crc = start;
  for (let at = from; at < to; at += 1)
    crc = (crc >>> 8) ^ ((t[(crc ^ (bytes[at] as number)) & 255] as number) | 0);
  return crc;
};

/** Unsigned checksum of `bytes` from `from` up to `to`. */
export type Checksum = (bytes: Uint8Array, from: number, to: number) => number;

/** For every runtime; edge/forward/wasm-crc32c.ts is faster where it can be had. */
export const crc32c: Checksum = (bytes, from, to) => {
  // In a local, as a bundler's module variable is loaded and checked at every use.
  const t = crcTable;
  // Words begin at multiples of four; what is before them and behind the last step is few.
  const at = Math.min(to, from + (-(bytes.byteOffset + from) & 3));
  let crc = bytewise(-1, bytes, from, at);
  const steps = (to - at) >> 4;
  const end = steps * 4;
  const words = steps > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset + at, end) : noWords;
  for (let k = 0; k < end; k += 4) {
    const p = (words[k] as number) ^ crc;
    const q = words[k + 1] as number;
    const r = words[k + 2] as number;
    const s = words[k + 3] as number;
    crc =
      (t[3840 + (p & 255)] as number) ^
      (t[3584 + ((p >>> 8) & 255)] as number) ^
      (t[3328 + ((p >>> 16) & 255)] as number) ^
      (t[3072 + (p >>> 24)] as number) ^
      (t[2816 + (q & 255)] as number) ^
      (t[2560 + ((q >>> 8) & 255)] as number) ^
      (t[2304 + ((q >>> 16) & 255)] as number) ^
      (t[2048 + (q >>> 24)] as number) ^
      (t[1792 + (r & 255)] as number) ^
      (t[1536 + ((r >>> 8) & 255)] as number) ^
      (t[1280 + ((r >>> 16) & 255)] as number) ^
      (t[1024 + (r >>> 24)] as number) ^
      (t[768 + (s & 255)] as number) ^
      (t[512 + ((s >>> 8) & 255)] as number) ^
      (t[256 + ((s >>> 16) & 255)] as number) ^
      (t[s >>> 24] as number);
  }
  return ~bytewise(crc, bytes, at + end * 4, to) >>> 0;
};
