// Numbers on the wire as people read them.
import { varintHigh, varintLow } from "../../schemas/otlp/wire.ts";

/** The 64-bit integer of a varint, in decimal. */
export const integerText = (bytes: Uint8Array, at: number): string => {
  const low = BigInt(varintLow(bytes, at) >>> 0);
  return ((BigInt(varintHigh(bytes, at)) << 32n) | low).toString();
};
