// CRC-32 (IEEE) bit by bit, so that a checksum of a book does not prove a function by itself.

/** Of ASCII text, 0 to 2^32 - 1. */
export const crcByHand = (text: string): number => {
  let crc = 0xffffffff;
  for (const letter of text) {
    crc ^= letter.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb88320);
  }
  return (crc ^ 0xffffffff) >>> 0;
};
