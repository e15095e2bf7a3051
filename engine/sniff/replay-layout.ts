// The memory of a replay window: a circular list of the last signatures in order of arrival, each
// with the place of its transaction, in shared memory, so that the thread that takes a dead one's
// place knows what that one saw. Written by one thread at a time: it was handed over when its last
// writer was dead.
//
//    0  i32  size: signatures that are remembered
//    4  i32  slot of the next signature; all other slots are whole
//  128  size + 1 slots of 32 bytes:
//         0  4 x i32  bytes 8 to 23 of the signature
//        16  f64      offset of the record in which it came first
//        24  i32      its number in that record + 1; 0: nothing is in the slot
//        28  i32      0
//
// The slot of the next signature is no part of the window, whatever is in it. To remember one is to
// fill that slot and then to move the word at 4, in one store: a writer that dies at any instruction
// has remembered it whole or not at all.

const headerBytes = 128;
const sizeMin = 2;
const sizeMax = 1 << 22;

/** Bytes of a slot by the words of both its views. */
export const slotInts = 8;
export const slotDoubles = slotInts / 2;

/** Int32 words of the header. */
export const sizeWord = 0;
export const nextWord = 1;

/** Compared words of a signature, at the beginning of its slot. */
export const signatureWords = 4;
/** Int32 word of a slot: number in the record + 1, or 0. */
export const placeWord = 6;
/** Float64 of a slot: offset of the record. */
export const offsetDouble = 2;

/** @throws RangeError unless `size` is a power of two from 2 to 2^22. */
export const checkReplaySize = (size: number): void => {
  if (Number.isInteger(Math.log2(size)) && size >= sizeMin && size <= sizeMax) return;
  throw new RangeError(
    `replay window size=${size} must be a power of two from ${sizeMin} to ${sizeMax}`,
  );
};

/** Memory of a window over `size` signatures. @throws RangeError as checkReplaySize. */
export const createReplayMemory = (size: number): SharedArrayBuffer => {
  checkReplaySize(size);
  const memory = new SharedArrayBuffer(headerBytes + (size + 1) * slotInts * 4);
  new Int32Array(memory)[sizeWord] = size;
  return memory;
};

/** The slots as 32-bit integers and as doubles. */
export const replaySlots = (
  memory: SharedArrayBuffer,
): { readonly ints: Int32Array; readonly doubles: Float64Array } => ({
  ints: new Int32Array(memory, headerBytes),
  doubles: new Float64Array(memory, headerBytes),
});
