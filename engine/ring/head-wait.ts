// How long the oldest message of a message ring has waited so far: the sojourn time that it has
// already, read by a third thread that disturbs nobody. 0 for an empty ring.
import { sojournUs } from "./enqueue-stamp.ts";
import {
  lengthAt,
  paddingType,
  recordBytes,
  stampAt,
  tagAt,
  typeOfTag,
} from "./message-ring-layout.ts";
import { messageRingShape } from "./message-ring.ts";
import { controlBytes, publishedWord, readWord } from "./ring-control-layout.ts";

/** Padding stands at most once before a wrap, and where claims were given up. */
const paddingsMax = 64;

/** Microseconds; `nowUs` of `stampNowUs`. A ring that is read at the moment has waited 0. */
export const headWaitUs = (memory: SharedArrayBuffer, nowUs: number): number => {
  const words = new Int32Array(memory);
  const mask = messageRingShape(words).capacityBytes - 1;
  const from = Atomics.load(words, readWord);
  const end = Atomics.load(words, publishedWord);
  let position = from;
  for (let i = 0; i < paddingsMax && position !== end; i += 1) {
    const at = controlBytes + (position & mask);
    if (typeOfTag(tagAt(words, at)) !== paddingType) {
      const waitUs = sojournUs(stampAt(words, at), nowUs);
      // Nobody overwrites it before the reader has moved on: then what was read may be anything.
      return Atomics.load(words, readWord) === from ? Math.max(0, waitUs) : 0;
    }
    position = (position + recordBytes(lengthAt(words, at))) | 0;
  }
  return 0;
};
