// Synthetic transactions for benchmarks: 8 to 24 keys and about 740 bytes, in the shape of the
// prototype's, but valid: its indexes and counts kept the rules not.
import { decodeKey } from "../../schemas/market/base58.ts";
import { programIds } from "../../schemas/market/programs.ts";
import { transactionBytesMax } from "../../schemas/market/transaction-layout.ts";
import { wireBytes } from "../oracles/wire-transaction.ts";
import type { Random } from "../random.ts";

const pump = decodeKey(programIds["pump.fun"]) ?? new Uint8Array(32);
/** Discriminators of pump.fun's buy and sell. */
export const tradeData = {
  buy: [...Buffer.from("66063d1201daebea", "hex")],
  sell: [...Buffer.from("33e685a4017f83ad", "hex")],
} as const;

export type TransactionShape = {
  /** Whether one of its instructions is a trade on pump.fun. */
  readonly isWatched: boolean;
  /** Data of the trade; a buy with random amounts when absent. */
  readonly data?: readonly number[];
};

export const syntheticTransaction = (random: Random, shape: TransactionShape): Uint8Array => {
  const signatures = random.next() < 0.8 ? 1 : 2;
  const keyCount = 8 + random.below(17);
  const program = keyCount - 1 - random.below(4);
  const keys = Array.from({ length: keyCount }, (_, i) =>
    shape.isWatched && i === program ? pump : random.bytes(32),
  );
  const count = 2 + random.below(3);
  const data = (): number[] => [...tradeData.buy, ...random.bytes(1 + random.below(24))];
  return wireBytes({
    version: random.pick(["legacy", 0] as const),
    signatures: Array.from({ length: signatures }, () => random.bytes(64)),
    header: [signatures, 0, 4],
    keys,
    blockhash: random.bytes(32),
    instructions: Array.from({ length: count }, (_, i) => ({
      program: i === count - 1 ? program : program - 1,
      accounts: Array.from({ length: Math.min(14, keyCount) }, () => random.below(keyCount)),
      data: i === count - 1 ? (shape.data ?? data()) : data(),
    })),
    lookups: [],
  });
};

/** Transactions as they stand in a ring: in shared memory, one every `slotBytes`. */
export type Slab = {
  readonly view: DataView;
  readonly ends: Int32Array;
  readonly wires: Uint8Array[];
};

export const slotBytes = 1280;

/** `count` transactions, of which about `share` are watched. */
export const transactionSlab = (random: Random, count: number, share: number): Slab => {
  const memory = new Uint8Array(new SharedArrayBuffer(count * slotBytes));
  const wires: Uint8Array[] = [];
  const ends = new Int32Array(count);
  while (wires.length < count) {
    const wire = syntheticTransaction(random, { isWatched: random.next() < share });
    if (wire.length > transactionBytesMax) continue;
    memory.set(wire, wires.length * slotBytes);
    ends[wires.length] = wires.length * slotBytes + wire.length;
    wires.push(wire);
  }
  return { view: new DataView(memory.buffer), ends, wires };
};
