// Signed transactions for the tests of senders: transfers of lamports by the System program. The
// signatures are random bytes: nobody here verifies them.
import { wireBytes, type WireTransaction } from "../../oracles/wire-transaction.ts";
import type { Random } from "../../random.ts";

type Transfer = { readonly to: Uint8Array; readonly lamports: number };

const systemProgram = new Uint8Array(32);

/** System's Transfer: u32 2, u64 lamports. */
const transferData = (lamports: number): number[] => {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(2, 0);
  data.writeBigUInt64LE(BigInt(lamports), 4);
  return [...data];
};

/** Payer, the receivers, then the System program and further read-only keys. */
export const transfersOf = (
  random: Random,
  transfers: readonly Transfer[],
  readonlyKeys: readonly Uint8Array[] = [],
): WireTransaction => ({
  version: 0,
  signatures: [random.bytes(64)],
  header: [1, 0, 1 + readonlyKeys.length],
  keys: [random.bytes(32), ...transfers.map(({ to }) => to), systemProgram, ...readonlyKeys],
  blockhash: random.bytes(32),
  instructions: transfers.map(({ lamports }, i) => ({
    program: 1 + transfers.length,
    accounts: [0, 1 + i],
    data: transferData(lamports),
  })),
  lookups: [],
});

/** A transfer to somebody, as bytes. */
export const anyTransfer = (random: Random): Uint8Array<ArrayBuffer> =>
  wireBytes(transfersOf(random, [{ to: random.bytes(32), lamports: 5000 }]));
