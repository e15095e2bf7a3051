// Hashes of short texts lying in bytes, by 32-bit words: no text is made for a key. A DataView
// reads words at any offset. Pure functions; any thread.

const odd = 0x9e3779b1 | 0;

/**
 * Hash of length and three words (last, at 2/3, at 1/4): unaligned reads whatever the length. Keys
 * of a registry share beginnings, so few collide; the comparison decides.
 */
export const keyHash = (view: DataView, at: number, length: number): number => {
  if (length < 4) return Math.imul(shortWord(view, at, length), odd);
  const last = length - 4;
  const a = Math.imul(view.getInt32(at + last, true), odd);
  const b = Math.imul(view.getInt32(at + ((last * 43) >> 6), true) + length, 0x85ebca6b);
  const c = Math.imul(view.getInt32(at + (last >> 2), true), 0xc2b2ae35);
  const mixed = a ^ b ^ c;
  return Math.imul(mixed ^ (mixed >>> 15), odd);
};

const shortWord = (view: DataView, at: number, length: number): number => {
  let word = length;
  for (let i = 0; i < length; i += 1) word = (Math.imul(word, 31) + view.getUint8(at + i)) | 0;
  return word;
};

/** Hash of every byte, mixed with the number of the owner: values differ anywhere. */
export const valueHash = (view: DataView, at: number, length: number, owner: number): number => {
  let hash = length ^ Math.imul(owner + 1, odd);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(at + i, true), odd);
    hash ^= hash >>> 15;
  }
  for (; i < length; i += 1) hash = Math.imul(hash ^ view.getUint8(at + i), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), odd);
  return hash ^ (hash >>> 16);
};

/** Slots for this many entries: a power of two, at least twice as many, at least 16. */
export const slotCount = (entries: number): number => {
  let slots = 16;
  while (slots < entries * 2) slots *= 2;
  return slots;
};

/** Bits to shift a hash right by, so that it is a slot. */
export const slotShift = (slots: number): number => 1 + Math.clz32(slots);
