// Pools of PumpSwap that somebody opened the other way round: SOL is the base, the coin the quote. To
// buy their base is to sell the coin.
import { describe, expect, it } from "vitest";

import { sniffLine } from "../../../engine/sniff/sniff-line.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { eventTag, programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { createRig, fullWatch } from "./pipeline-rig.ts";

const random = seeded(runSeed("reversed pools"));
const bytesOf = (base58: string): Uint8Array => decodeKey(base58) ?? new Uint8Array(0);
const coin = random.bytes(32);
const user = random.bytes(32);
const hex = (text: string): number[] => [...Buffer.from(text, "hex")];
const u64 = (value: bigint): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [...bytes];
};

const discriminators = {
  buy: "66063d1201daebea",
  sell: "33e685a4017f83ad",
  buy_exact_quote_in: "c62e1552b4d9e870",
} as const;

/** Pool, user, config, base mint, quote mint. */
const wireOf = (data: readonly number[], base = bytesOf(wrappedSolMint), quote = coin) =>
  wireBytes({
    version: "legacy",
    signatures: [random.bytes(64)],
    header: [1, 0, 1],
    keys: [user, random.bytes(32), random.bytes(32), base, quote, bytesOf(programIds.PumpSwap)],
    blockhash: random.bytes(32),
    instructions: [{ program: 5, accounts: [1, 0, 2, 3, 4], data }],
    lookups: [],
  });

const handedOf = (wire: Uint8Array) => {
  const rig = createRig();
  rig.give(wire);
  rig.settle();
  rig.clock.us += 20_000;
  rig.settle();
  expect(rig.counts().secure.rejected).toEqual({});
  return rig.handed[0]?.candidate;
};

const both = { mint: encodeBase58(coin), quoteMint: wrappedSolMint, user: encodeBase58(user) };

describe("in a pool whose base is SOL", () => {
  it("a purchase of the base sells the coin, and amounts and limits change places", () => {
    // 2 SOL out, 700 coins in at most.
    const data = [...hex(discriminators.buy), ...u64(2_000_000_000n), ...u64(700n)];
    const sold = {
      direction: "sell",
      baseAmount: "700",
      baseIsLimit: true,
      quoteAmount: "2000000000",
    };
    const candidate = handedOf(wireOf(data));
    expect(candidate).toMatchObject({ ...both, ...sold, priceHint: 2e9 / 700 });
    expect(candidate).not.toHaveProperty("quoteIsLimit");
    const exact = [...hex(discriminators.buy_exact_quote_in), ...u64(700n), ...u64(1n)];
    const exactly = { direction: "sell", baseAmount: "700", quoteIsLimit: true };
    expect(handedOf(wireOf(exact))).toMatchObject({ ...both, ...exactly });
  });

  it("a sale of the base buys the coin", () => {
    const data = [...hex(discriminators.sell), ...u64(2_000_000_000n), ...u64(650n)];
    const bought = { direction: "buy", baseAmount: "650", baseIsLimit: true };
    expect(handedOf(wireOf(data))).toMatchObject({ ...both, ...bought });
  });

  it("the pool itself is opened for the coin", () => {
    const data = [...hex("e992d18ecf6840bc"), 0, 0, ...u64(5n), ...u64(9n)];
    const opened = { direction: "create", baseAmount: "9", quoteAmount: "5" };
    expect(handedOf(wireOf(data))).toMatchObject({ mint: both.mint, ...opened });
  });

  it("weir sniff says the same, and turns the event round too", () => {
    const data = [...hex(discriminators.buy), ...u64(2_000_000_000n), ...u64(700n)];
    // BuyEvent: base out at 24, quote in at 72, user at 160.
    const event = Buffer.alloc(192);
    event.set([...hex(eventTag), ...hex("67f4521f2cf57777")]);
    event.set(u64(2_000_000_000n), 24);
    event.set(u64(690n), 72);
    event.set(user, 160);
    const inner = { programIdIndex: 5, accounts: [], data: encodeBase58(event) };
    const meta = { err: null, fee: 5000, innerInstructions: [{ index: 0, instructions: [inner] }] };
    const sniffer = new Sniffer({ watch: fullWatch() });
    const input = { slot: null, index: null, rebuilt: "exact" } as const;
    const line = sniffLine(sniffer, { ...input, wire: wireOf(data), meta });
    expect(line.matches[0]).toMatchObject({
      ...both,
      direction: "sell",
      baseAmount: "690",
      quoteAmount: "2000000000",
      requested: { baseLimit: "700", quote: "2000000000" },
    });
  });

  it("an instruction with SOL on both sides, or without the other mint, stays suspicious", () => {
    const data = [...hex(discriminators.buy), ...u64(2n), ...u64(7n)];
    const createV2 = [...hex("d6904cec5f8b31b4"), ...u64(0n)];
    const sol = bytesOf(wrappedSolMint);
    const without = wireBytes({
      version: "legacy",
      signatures: [random.bytes(64)],
      header: [1, 0, 1],
      keys: [user, sol, bytesOf(programIds["pump.fun"])],
      blockhash: random.bytes(32),
      instructions: [{ program: 2, accounts: [1, 0, 0, 0, 0, 0], data: createV2 }],
      lookups: [],
    });
    const rig = createRig();
    // The format forbids one key twice: the same account stands for both.
    const twice = wireBytes({
      version: "legacy",
      signatures: [random.bytes(64)],
      header: [1, 0, 1],
      keys: [user, sol, bytesOf(programIds.PumpSwap)],
      blockhash: random.bytes(32),
      instructions: [{ program: 2, accounts: [0, 0, 0, 1, 1], data }],
      lookups: [],
    });
    rig.give(without);
    rig.give(twice);
    rig.settle();
    expect(rig.counts().secure.rejected).toEqual({ "suspicious-mint": 2 });
  });
});
