// Globs over names: `*` is any run of bytes, also none, `?` one byte, anything else itself. One
// star is remembered, so the time is at most pattern times name; it is bounded here.

export const globBytesMax = 256;
/**
 * Bytes compared at most. Enough for any name of 512 bytes, and for longer ones but those that a
 * glob nearly matches again and again: those match no glob.
 */
const stepsMax = globBytesMax * 512;

const star = 42;
const one = 63;

export type ByteRange = { readonly view: DataView; readonly at: number; readonly end: number };

/** Whether the name matches the whole of the glob. Any thread; no state. */
export const globMatches = (glob: ByteRange, name: ByteRange): boolean => {
  let g = glob.at;
  let n = name.at;
  let starAt = -1;
  let resume = 0;
  for (let steps = 0; n < name.end; steps += 1) {
    if (steps === stepsMax) return false;
    const wanted = g < glob.end ? glob.view.getUint8(g) : -1;
    if (wanted === star) {
      if (g + 1 === glob.end) return true;
      starAt = g;
      resume = n;
      g += 1;
    } else if (wanted === one || wanted === name.view.getUint8(n)) {
      g += 1;
      n += 1;
    } else if (starAt >= 0) {
      // The last star takes one byte more.
      resume += 1;
      n = resume;
      g = starAt + 1;
    } else return false;
  }
  while (g < glob.end && glob.view.getUint8(g) === star) g += 1;
  return g === glob.end;
};
