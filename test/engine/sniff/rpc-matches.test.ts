// Purchases that pump.fun tells of in several events.
import { expect, it } from "vitest";

import { sniffLine } from "../../../engine/sniff/sniff-line.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { eventTag, programIds } from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { fullWatch } from "./pipeline-rig.ts";

const random = seeded(runSeed("matches with events"));
const hex = (text: string): number[] => [...Buffer.from(text, "hex")];
const u64 = (value: number): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return [...bytes];
};
const u32 = (value: number): number[] => u64(value).slice(0, 4);

const pump = decodeKey(programIds["pump.fun"]) ?? new Uint8Array(0);
const [user, coin, dollar] = [random.bytes(32), random.bytes(32), random.bytes(32)];
const other = random.bytes(32);
const some = Array.from({ length: 6 }, () => random.bytes(32));
const keys = [user, coin, dollar, other, ...some, pump];

const buyV3 = (mint: number) => ({
  program: keys.length - 1,
  // Global, base mint, quote mint, two token programs, curve, its accounts, user.
  accounts: [4, mint, 2, 5, 6, 7, 8, 9, 0],
  data: [...hex("07051dc4f5176550"), ...u64(900), ...u64(5000)],
});

const tradeEvent = (mint: Uint8Array, base: number, quote: number): number[] => [
  ...hex(`${eventTag}bddb7fd34ee661ee`),
  ...mint,
  ...u64(0),
  ...u64(base),
  1,
  ...user,
  ...Array.from({ length: 169 }, () => 0),
  ...u32(0),
  ...Array.from({ length: 33 }, () => 0),
  ...u32(0),
  ...dollar,
  ...u64(quote),
];

const restEvent = (mint: Uint8Array, base: number, quote: number): number[] => [
  ...hex(`${eventTag}6fb06d8b316cd5fb`),
  ...user,
  ...mint,
  ...other,
  ...dollar,
  ...u64(1_700_000_000),
  ...u64(base),
  ...u64(quote),
];

const matchesOf = (mints: readonly number[], events: readonly (readonly number[][])[]) => {
  const wire = wireBytes({
    version: "legacy",
    signatures: [random.bytes(64)],
    header: [1, 0, 1],
    keys,
    blockhash: random.bytes(32),
    instructions: mints.map(buyV3),
    lookups: [],
  });
  const innerInstructions = events.map((list, index) => ({
    index,
    instructions: list.map((data) => ({
      programIdIndex: keys.length - 1,
      accounts: [4],
      data: encodeBase58(Uint8Array.from(data)),
    })),
  }));
  const meta = { err: null, fee: 5000, innerInstructions };
  const sniffer = new Sniffer({ watch: fullWatch() });
  const input = { wire, slot: null, index: null, meta, rebuilt: "exact" } as const;
  return sniffLine(sniffer, input).matches.map(({ baseAmount, quoteAmount }) => [
    baseAmount,
    quoteAmount,
  ]);
};

it("a purchase that completes a curve is what it took of the curve and of the pool to be", () => {
  const whole = [tradeEvent(coin, 500, 70), restEvent(coin, 400, 90)];
  expect(matchesOf([1], [whole])).toEqual([["900", "160"]]);
  expect(matchesOf([1, 3], [whole, [tradeEvent(other, 11, 3)]])).toEqual([
    ["900", "160"],
    ["11", "3"],
  ]);
});

it("the rest of another coin's purchase, or without its event, belongs to none", () => {
  expect(matchesOf([1], [[tradeEvent(coin, 500, 70), restEvent(other, 400, 90)]])).toEqual([
    ["500", "70"],
  ]);
  expect(matchesOf([1], [[restEvent(coin, 400, 90)]])).toEqual([[undefined, undefined]]);
});
