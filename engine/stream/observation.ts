// One span or log record as the windows see it: a place in someone else's bytes, never a string.
// One object is filled again and again by the stage, so that nothing is allocated per item.

const nothing = new Uint8Array(0);

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** FNV-1a over [start, end), as a signed 32-bit integer; `seed` chains two ranges into one hash. */
export const hashOf = (
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  seed: number = fnvOffset,
): number => {
  let hash = seed;
  for (let i = range.start; i < range.end; i += 1) {
    hash = Math.imul(hash ^ (bytes[i] as number), fnvPrime);
  }
  return hash;
};

/** Longer services and names are cut at a character border; what then is equal is one key. */
const keyPartBytesMax = 256;

/** UTF-8 in [start, end) of somebody's buffer, at most `keyPartBytesMax` bytes. */
export class KeyPart {
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;

  /** Points at [start, end), cut when too long. */
  point(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    if (end - start <= keyPartBytesMax) return;
    let cut = start + keyPartBytesMax;
    while (cut > start && ((bytes[cut] as number) & 0xc0) === 0x80) cut -= 1;
    this.end = cut;
  }
}

/** Mutable on purpose; valid only during the call that takes it. */
export class Observation {
  /** Event time, ms since the epoch, 0 to 2^53. */
  eventMs = 0;
  isError = false;
  /** Duration in ns as two unsigned 32-bit words; 0 for log records. */
  durationHigh = 0;
  durationLow = 0;
  readonly name = new KeyPart();
  readonly service = new KeyPart();
  #serviceHash = hashOf(nothing, { start: 0, end: 0 });

  /** Once per resource: the service's hash is kept for all its items. */
  setService(bytes: Uint8Array, start: number, end: number): void {
    this.service.point(bytes, start, end);
    this.#serviceHash = hashOf(bytes, this.service);
  }

  /** The hash of service and name together. */
  keyHash(): number {
    return hashOf(this.name.bytes, this.name, this.#serviceHash);
  }
}
