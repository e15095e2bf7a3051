// Memory that the threads of one process share about one embedded log: 32-bit words.
//
//   word  writer                          meaning
//   0     whoever has committed           appends so far; readers wait on it
//   1     whoever wants to write          next ticket to draw
//   2     whoever has just written        ticket whose turn it is
//
// Each is written with atomic operations only, so several writers are in order.

export const appendsWord = 0;
export const ticketWord = 1;
export const turnWord = 2;

export const sharedBytes = 12;

/** @throws RangeError when `memory` is smaller than `sharedBytes`. */
export const sharedWords = (memory: SharedArrayBuffer): Int32Array => {
  if (memory.byteLength >= sharedBytes) return new Int32Array(memory);
  throw new RangeError(`wake has ${memory.byteLength} bytes, expected wakeBytes=${sharedBytes}`);
};
