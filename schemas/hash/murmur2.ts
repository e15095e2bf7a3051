// Murmur2 exactly as the Java Kafka client hashes record keys, and the partition it derives. Not a
// general hash: seed and finish are that client's, so that every producer of a topic agrees where
// a key lives. The algorithm is Austin Appleby's (public domain); the constants are those of
// Apache Kafka's Utils.murmur2 (Apache-2.0). Any thread; no state.

const seed = 0x9747b28c | 0;
const multiplier = 0x5bd1e995;

/** Spreads one little-endian 32-bit word of the key. */
const mixed = (word: number): number => {
  const k = Math.imul(word, multiplier);
  return Math.imul(k ^ (k >>> 24), multiplier);
};

const finished = (hash: number): number => {
  const h = Math.imul(hash ^ (hash >>> 13), multiplier);
  return h ^ (h >>> 15);
};

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

/** Hash of bytes[start, end) as a signed 32-bit integer, as Java prints it. */
export const murmur2 = (bytes: Uint8Array, start: number, end: number): number => {
  const wordsEnd = start + ((end - start) & ~3);
  let hash = seed ^ (end - start);
  let at = start;
  for (; at < wordsEnd; at += 4) {
    const low = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
    const word = low | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    hash = Math.imul(hash, multiplier) ^ mixed(word);
  }
  if (at === end) return finished(hash);
  for (let i = end - 1; i >= at; i -= 1) hash ^= byteAt(bytes, i) << (8 * (i - at));
  return finished(Math.imul(hash, multiplier));
};

/** Partition of a key, 0 to partitions - 1: what the Java client's default partitioner chooses. */
export const keyPartition = (
  bytes: Uint8Array,
  start: number,
  end: number,
  partitions: number,
): number => (murmur2(bytes, start, end) & 0x7fffffff) % partitions;

// For each byte its two lower-case hex digits as they lie in a key: first digit in the low byte.
const hexDigits = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, "0");
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

const digitsAt = (bytes: Uint8Array, at: number): number => hexDigits[bytes[at] ?? 0] ?? 0;

/** Bytes of a binary trace id; its key is twice as many hex characters. */
export const traceIdBytes = 16;

/** Hash of the 32 lower-case hex characters of the 16 bytes at `at`; no text is made. */
export const murmur2OfTraceId = (bytes: Uint8Array, at: number): number => {
  let hash = seed ^ (2 * traceIdBytes);
  for (let i = at; i < at + traceIdBytes; i += 2) {
    const word = digitsAt(bytes, i) | (digitsAt(bytes, i + 1) << 16);
    hash = Math.imul(hash, multiplier) ^ mixed(word);
  }
  return finished(hash);
};

/** Partition, 0 to partitions - 1, of the record whose key is the trace id's 32 hex characters. */
export const traceIdPartition = (bytes: Uint8Array, at: number, partitions: number): number =>
  (murmur2OfTraceId(bytes, at) & 0x7fffffff) % partitions;
