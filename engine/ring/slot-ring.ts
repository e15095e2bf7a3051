// Makes and recognises the memory of a slot ring: records of one fixed size from one thread to one
// other, at memory speed. The ends are SlotRingWriter and SlotRingReader; counters are read by
// readRingStats. For messages of varying length see message-ring.ts.
import { isPowerOfTwo } from "./ring-checks.ts";
import {
  capacityWord,
  controlBytes,
  kindWord,
  policyWord,
  ringPolicies,
  slotBytesWord,
  slotRingKind,
  wordAt,
} from "./ring-control-layout.ts";
import type { RingPolicy } from "./ring-control-layout.ts";
import {
  copySlotsOf,
  slotAlignmentBytes,
  slotBytesMax,
  slotDataBytesMax,
  slotsMin,
} from "./slot-ring-layout.ts";

/** Size of a slot ring and its behaviour when it is full. */
export type SlotRingOptions = {
  /** A multiple of 8 up to 65,536. */
  readonly slotBytes: number;
  /** A power of two, 4 at least; all are usable. `slots` x `slotBytes` is 2^30 at most. */
  readonly slots: number;
  readonly policy: RingPolicy;
};

/**
 * Memory for one ring: give it to one writer and one reader, in any two threads.
 * @throws RangeError for sizes or a policy that are none of those.
 */
export const createSlotRing = ({
  slotBytes,
  slots,
  policy,
}: SlotRingOptions): SharedArrayBuffer => {
  if (
    !Number.isInteger(slotBytes) ||
    slotBytes <= 0 ||
    slotBytes % slotAlignmentBytes !== 0 ||
    slotBytes > slotBytesMax
  )
    throw new RangeError(
      `slotBytes=${slotBytes} must be a multiple of ${slotAlignmentBytes} up to ${slotBytesMax}`,
    );
  if (!isPowerOfTwo(slots) || slots < slotsMin || slots * slotBytes > slotDataBytesMax)
    throw new RangeError(
      `slots=${slots} must be a power of two, ${slotsMin} at least, and slots x slotBytes ${slotDataBytesMax} at most`,
    );
  const policyIndex = ringPolicies.indexOf(policy);
  if (policyIndex < 0) throw new RangeError(`policy=${policy} must be ${ringPolicies.join(", ")}`);
  const copies = policy === "drop-oldest" ? copySlotsOf(slots) : 0;
  const memory = new SharedArrayBuffer(controlBytes + (slots + copies) * slotBytes);
  const words = new Int32Array(memory);
  words[kindWord] = slotRingKind;
  words[policyWord] = policyIndex;
  words[capacityWord] = slots;
  words[slotBytesWord] = slotBytes;
  return memory;
};

/** Slot size, slots and policy of a slot ring's memory. Throws on any other memory. */
export const slotRingShape = (words: Int32Array): SlotRingOptions => {
  const policy = ringPolicies[wordAt(words, policyWord)];
  if (words[kindWord] !== slotRingKind || policy === undefined)
    throw new TypeError("memory is no slot ring: make it with createSlotRing");
  return {
    slotBytes: wordAt(words, slotBytesWord),
    slots: wordAt(words, capacityWord),
    policy,
  };
};
