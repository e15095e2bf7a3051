// Memory of byte arrays, given back as soon as their last reader is done. What a request read or
// wrote outlives it otherwise: workerd's own objects hold on to it until V8's next full collection,
// which at full load is hundreds of megabytes, fetched anew from the kernel page by page.

/** Smaller ones are not worth the call. */
const freedBytesMin = 1024;

/**
 * Gives the array's memory back; it, and every other view of the same buffer, is empty from then
 * on. Nothing happens to a view of a part of a buffer: others may have the rest.
 */
export const freeBytes = ({ buffer, byteLength }: Uint8Array): void => {
  if (byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) freeBuffer(buffer);
};

/** Gives the memory of all its views back. */
export const freeBuffer = (buffer: ArrayBuffer): void => {
  if (buffer.byteLength >= freedBytesMin) buffer.transfer(0);
};
