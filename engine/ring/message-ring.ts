// Makes and recognises the memory of a message ring: variable-length messages from one thread to one
// other. The ends are MessageRingWriter and MessageRingReader; counters are read by readRingStats.
import { capacityBytesMax, capacityBytesMin, copiesBytesOf } from "./message-ring-layout.ts";
import { isPowerOfTwo } from "./ring-checks.ts";
import {
  capacityWord,
  controlBytes,
  kindWord,
  messageRingKind,
  policyWord,
  ringPolicies,
  wordAt,
} from "./ring-control-layout.ts";
import type { RingPolicy } from "./ring-control-layout.ts";

/** Size and behaviour of a message ring when it is full. */
export type MessageRingOptions = {
  /** A power of two from 1024 to 2^30. */
  readonly capacityBytes: number;
  readonly policy: RingPolicy;
};

/**
 * Memory for one ring: give it to one writer and one reader, in any two threads.
 * @throws RangeError for a capacity or policy that is none of those.
 */
export const createMessageRing = ({
  capacityBytes,
  policy,
}: MessageRingOptions): SharedArrayBuffer => {
  const isOutside = capacityBytes < capacityBytesMin || capacityBytes > capacityBytesMax;
  if (!isPowerOfTwo(capacityBytes) || isOutside)
    throw new RangeError(
      `capacityBytes=${capacityBytes} must be a power of two from ${capacityBytesMin} to ${capacityBytesMax}`,
    );
  const policyIndex = ringPolicies.indexOf(policy);
  if (policyIndex < 0) throw new RangeError(`policy=${policy} must be ${ringPolicies.join(", ")}`);
  const copies = policy === "drop-oldest" ? copiesBytesOf(capacityBytes) : 0;
  const memory = new SharedArrayBuffer(controlBytes + capacityBytes + copies);
  const words = new Int32Array(memory);
  words[kindWord] = messageRingKind;
  words[policyWord] = policyIndex;
  words[capacityWord] = capacityBytes;
  return memory;
};

/** Capacity and policy of a message ring's memory. Throws on any other memory. */
export const messageRingShape = (words: Int32Array): MessageRingOptions => {
  const policy = ringPolicies[wordAt(words, policyWord)];
  if (words[kindWord] !== messageRingKind || policy === undefined)
    throw new TypeError("memory is no message ring: make it with createMessageRing");
  return { capacityBytes: wordAt(words, capacityWord), policy };
};
