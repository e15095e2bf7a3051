// Signatures that follow from a number.

/** Writes signature `number`, 64 bytes, into `view`. */
export const numberedSignature = (view: DataView, number: number): void => {
  for (let at = 0; at < 64; at += 4)
    view.setInt32(at, Math.imul(number * 16 + at, 0x85eb_ca6b), true);
};
