// The account of an address lookup table, as the program AddressLookupTab1e... writes it:
//
//    0  u32  1 for a table, 0 before it is made   21  u8   whether there is an authority
//    4  u64  slot in which it was deactivated     22  32 B the authority; shorter without
//   12  u64  slot in which it was extended last   54  u16  padding
//   20  u8   first address of that extension      56  32 B each: the addresses
//
// A table that is deactivated names its addresses all the same: whoever refers to it too late fails
// on the chain, and that is not this file's concern.
import { programIds } from "../../schemas/market/programs.ts";
import { keyBytes } from "../../schemas/market/transaction-layout.ts";
import type { RpcAccount } from "../send/solana-rpc.ts";
import { tableKeysMax } from "./table-cache-layout.ts";

const metaBytes = 56;
const isTable = 1;

/** The addresses, 32 bytes each; null for an account that is no lookup table. */
export const tableKeysOf = ({ owner, data }: RpcAccount): Uint8Array | null => {
  if (owner !== programIds["Address lookup table"] || data.length < metaBytes) return null;
  const type = new DataView(data.buffer, data.byteOffset, data.length).getUint32(0, true);
  const count = (data.length - metaBytes) / keyBytes;
  if (type !== isTable || !Number.isInteger(count) || count > tableKeysMax) return null;
  return data.subarray(metaBytes);
};
