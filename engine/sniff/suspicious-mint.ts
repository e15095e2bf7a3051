// Mints that no token has: what a wrong offset or a made-up transaction looks like.
import { decodeKey } from "../../schemas/market/base58.ts";
import { isSameKey } from "../../schemas/market/key-words.ts";
import { programIds, wrappedSolMint } from "../../schemas/market/programs.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";

// Programs and wrapped SOL: none of them can be launched or traded as a coin here.
const neverMints = [...Object.values(programIds), wrappedSolMint].map(
  (id) => new DataView((decodeKey(id) ?? new Uint8Array(keyBytes)).buffer),
);

const zeroKey = new DataView(new ArrayBuffer(keyBytes));

/**
 * Whether the 32 bytes at `at` are no mint: four equal bytes at their start (all zero and all 255
 * among them), a known program, or wrapped SOL. Allocates nothing.
 */
export const isSuspiciousMint = (view: DataView, at: number): boolean => {
  const first = view.getUint8(at);
  if (view.getUint32(at, true) === Math.imul(first, 0x0101_0101) >>> 0) return true;
  for (let i = 0; i < neverMints.length; i += 1) {
    if (isSameKey(neverMints[i] as DataView, 0, view, at)) return true;
  }
  return false;
};

/** Whether the 32 bytes at `at` are all zero. */
export const isZeroKey = (view: DataView, at: number): boolean => isSameKey(zeroKey, 0, view, at);
