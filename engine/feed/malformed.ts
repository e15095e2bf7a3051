// Ways to break a valid transaction, each with the verdict it must get. The signatures are wrong
// afterwards too, but a reader of the format never gets that far.
import type { Seeded } from "./seeded.ts";

const keyBytes = 32;
const packetBytes = 1232;

/** What is done to the bytes, and what a reader must say. */
export type Breakage = {
  readonly kind: string;
  readonly expected: "malformed" | "size" | "duplicate-key";
  readonly apply: (wire: Uint8Array, random: Seeded) => Uint8Array<ArrayBuffer>;
};

// Valid here are legacy transactions with less than 128 signatures and keys.
const headerAt = (wire: Uint8Array): number => 1 + (wire[0] ?? 0) * 64;

const withByte = (wire: Uint8Array, at: number, value: number): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(wire);
  copy[at] = value;
  return copy;
};

const joined = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

/** Each applies to any valid legacy transaction of at least two keys. */
export const breakages: readonly Breakage[] = [
  {
    kind: "truncated",
    expected: "malformed",
    apply: (wire, random) => Uint8Array.from(wire.subarray(0, 64 + random.below(wire.length - 64))),
  },
  {
    kind: "trailing-byte",
    expected: "malformed",
    apply: (wire) => joined(wire, Uint8Array.of(0)),
  },
  {
    kind: "signature-count",
    expected: "malformed",
    apply: (wire) => withByte(wire, headerAt(wire), (wire[headerAt(wire)] ?? 0) + 1),
  },
  {
    kind: "non-minimal-length",
    expected: "malformed",
    // The key count n as n|80 00: two bytes for a value that fits one.
    apply: (wire) => {
      const at = headerAt(wire) + 3;
      const count = Uint8Array.of((wire[at] ?? 0) | 0x80, 0);
      return joined(wire.subarray(0, at), count, wire.subarray(at + 1));
    },
  },
  {
    kind: "program-is-payer",
    expected: "malformed",
    apply: (wire) => {
      const keys = headerAt(wire) + 4;
      const programAt = keys + (wire[keys - 1] ?? 0) * keyBytes + 32 + 1;
      return withByte(wire, programAt, 0);
    },
  },
  {
    kind: "duplicate-key",
    expected: "duplicate-key",
    apply: (wire) => {
      const keys = headerAt(wire) + 4;
      const last = keys + ((wire[keys - 1] ?? 0) - 1) * keyBytes;
      const copy = Uint8Array.from(wire);
      copy.copyWithin(last, keys, keys + keyBytes);
      return copy;
    },
  },
  {
    kind: "version-2",
    expected: "malformed",
    apply: (wire) =>
      joined(wire.subarray(0, headerAt(wire)), Uint8Array.of(0x82), wire.subarray(headerAt(wire))),
  },
  {
    kind: "larger-than-a-packet",
    expected: "size",
    apply: (wire) => joined(wire, new Uint8Array(packetBytes + 1 - wire.length)),
  },
];
