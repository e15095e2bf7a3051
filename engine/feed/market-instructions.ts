// Instructions as wallets send them to the launch programs, the vote program and the system
// program: right accounts in the right places, right discriminators and arguments, random
// everything else. They would pass no chain's checks; they look right to a reader of bytes.
import {
  AccountRole,
  type AccountMeta,
  type Address,
  address,
  type Instruction,
} from "@solana/kit";

import { instructionRules, programIds, wrappedSolMint } from "../../schemas/market/programs.ts";
import type { ProgramName } from "../../schemas/market/programs.ts";
import type { Seeded } from "./seeded.ts";

const { READONLY, WRITABLE, READONLY_SIGNER, WRITABLE_SIGNER } = AccountRole;

/** Who takes part in an instruction. */
export type Parties = {
  readonly user: Address;
  readonly mint: Address;
  readonly random: Seeded;
  readonly randomAddress: () => Address;
};

const program = (name: ProgramName): Address => address(programIds[name]);

const sol = address(wrappedSolMint);
const system = program("System");
const token = program("SPL Token");
const token2022 = program("Token-2022");
const associated = program("Associated Token");

const at = (account: Address, role: AccountRole): AccountMeta => ({ address: account, role });

const discriminatorOf = (name: ProgramName, instruction: string): number[] => {
  const rule = instructionRules.find(
    (rule) => rule.program === name && rule.instruction === instruction,
  );
  if (rule === undefined) throw new Error(`no rule for ${name} ${instruction}`);
  return [...rule.discriminator.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16));
};

const u64 = (value: bigint): number[] =>
  Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(i * 8)) & 0xffn));

const text = (value: string): number[] => {
  const bytes = new TextEncoder().encode(value);
  return [bytes.length & 0xff, bytes.length >> 8, 0, 0, ...bytes];
};

/** A base amount (6 decimals) and lamports, both positive. */
const amounts = (random: Seeded): number[] => [
  ...u64(BigInt(1 + random.below(2 ** 40))),
  ...u64(BigInt(1_000_000 + random.below(5_000_000_000))),
];

const coin = (random: Seeded): number[] => {
  const number = random.below(1_000_000);
  return [
    ...text(`Coin ${number}`),
    ...text(`C${number}`),
    ...text(`https://example.com/${number}`),
  ];
};

/** `create` with 14 accounts; the mint signs. */
export const pumpCreate = ({ user, mint, random, randomAddress }: Parties): Instruction => ({
  programAddress: program("pump.fun"),
  accounts: [
    at(mint, WRITABLE_SIGNER),
    at(randomAddress(), READONLY),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), READONLY),
    at(program("Metaplex metadata"), READONLY),
    at(randomAddress(), WRITABLE),
    at(user, WRITABLE_SIGNER),
    at(system, READONLY),
    at(token, READONLY),
    at(associated, READONLY),
    at(address("SysvarRent111111111111111111111111111111111"), READONLY),
    at(randomAddress(), READONLY),
    at(program("pump.fun"), READONLY),
  ],
  data: Uint8Array.from([
    ...discriminatorOf("pump.fun", "create"),
    ...coin(random),
    ...random.bytes(32),
  ]),
});

/** `create_v2` with 16 accounts, Token-2022, without the optional quote mint. */
export const pumpCreateV2 = ({ user, mint, random, randomAddress }: Parties): Instruction => ({
  programAddress: program("pump.fun"),
  accounts: [
    at(mint, WRITABLE_SIGNER),
    at(randomAddress(), READONLY),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), READONLY),
    at(user, WRITABLE_SIGNER),
    at(system, READONLY),
    at(token2022, READONLY),
    at(associated, READONLY),
    at(program("Mayhem"), WRITABLE),
    ...Array.from({ length: 4 }, () => at(randomAddress(), WRITABLE)),
    at(randomAddress(), READONLY),
    at(program("pump.fun"), READONLY),
  ],
  data: Uint8Array.from([
    ...discriminatorOf("pump.fun", "create_v2"),
    ...coin(random),
    ...random.bytes(32),
    random.below(2),
    1,
    0,
  ]),
});

/** `buy` (16 accounts) and `sell` (14 accounts) on the bonding curve. */
export const pumpTrade = (
  instruction: "buy" | "sell",
  { user, mint, random, randomAddress }: Parties,
): Instruction => ({
  programAddress: program("pump.fun"),
  accounts: [
    at(randomAddress(), READONLY),
    at(randomAddress(), WRITABLE),
    at(mint, READONLY),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), WRITABLE),
    at(randomAddress(), WRITABLE),
    at(user, WRITABLE_SIGNER),
    at(system, READONLY),
    at(instruction === "buy" ? token : randomAddress(), WRITABLE),
    at(instruction === "buy" ? randomAddress() : token, WRITABLE),
    at(randomAddress(), READONLY),
    at(program("pump.fun"), READONLY),
    ...Array.from({ length: instruction === "buy" ? 4 : 2 }, () => at(randomAddress(), READONLY)),
  ],
  data: Uint8Array.from([...discriminatorOf("pump.fun", instruction), ...amounts(random)]),
});

/** `buy` (23 accounts) and `sell` (21 accounts) on a PumpSwap pool quoted in SOL. */
export const swapTrade = (
  instruction: "buy" | "sell",
  { user, mint, random, randomAddress }: Parties,
): Instruction => ({
  programAddress: program("PumpSwap"),
  accounts: [
    at(randomAddress(), WRITABLE),
    at(user, WRITABLE_SIGNER),
    at(randomAddress(), READONLY),
    at(mint, READONLY),
    at(sol, READONLY),
    ...Array.from({ length: 6 }, () => at(randomAddress(), WRITABLE)),
    at(token, READONLY),
    at(token, READONLY),
    at(system, READONLY),
    at(associated, READONLY),
    at(randomAddress(), READONLY),
    at(program("PumpSwap"), READONLY),
    ...Array.from({ length: instruction === "buy" ? 6 : 4 }, () => at(randomAddress(), READONLY)),
  ],
  data: Uint8Array.from([...discriminatorOf("PumpSwap", instruction), ...amounts(random)]),
});

/** `create_pool` with 18 accounts. */
export const swapCreatePool = ({ user, mint, random, randomAddress }: Parties): Instruction => ({
  programAddress: program("PumpSwap"),
  accounts: [
    at(randomAddress(), WRITABLE),
    at(randomAddress(), READONLY),
    at(user, WRITABLE_SIGNER),
    at(mint, READONLY),
    at(sol, READONLY),
    ...Array.from({ length: 6 }, () => at(randomAddress(), WRITABLE)),
    at(system, READONLY),
    at(token2022, READONLY),
    at(token, READONLY),
    at(token, READONLY),
    at(associated, READONLY),
    at(randomAddress(), READONLY),
    at(program("PumpSwap"), READONLY),
  ],
  data: Uint8Array.from([
    ...discriminatorOf("PumpSwap", "create_pool"),
    random.below(256),
    0,
    ...amounts(random),
    ...random.bytes(32),
  ]),
});

/** A vote as validators send it: the authority signs, two sysvars, opaque vote data. */
export const vote = ({ user, random, randomAddress }: Parties): Instruction => ({
  programAddress: program("Vote"),
  accounts: [
    at(randomAddress(), WRITABLE),
    at(address("SysvarS1otHashes111111111111111111111111111"), READONLY),
    at(address("SysvarC1ock11111111111111111111111111111111"), READONLY),
    at(user, READONLY_SIGNER),
  ],
  data: Uint8Array.from([12, 0, 0, 0, ...random.bytes(100)]),
});

export const transfer = ({ user, random, randomAddress }: Parties): Instruction => ({
  programAddress: system,
  accounts: [at(user, WRITABLE_SIGNER), at(randomAddress(), WRITABLE)],
  data: Uint8Array.from([2, 0, 0, 0, ...u64(BigInt(1 + random.below(1_000_000_000)))]),
});

/** A swap of another program over many accounts, the kind that lookup tables were made for. */
export const otherSwap = ({ user, random, randomAddress }: Parties): Instruction => ({
  programAddress: program("Jupiter v6"),
  accounts: [
    at(user, WRITABLE_SIGNER),
    ...Array.from({ length: 20 }, () => at(randomAddress(), WRITABLE)),
  ],
  data: random.bytes(40),
});

/** Compute budget: limit (tag 2, u32) and price (tag 3, u64), as most senders put in front. */
export const computeBudget = (random: Seeded): readonly Instruction[] => [
  {
    programAddress: program("Compute budget"),
    accounts: [],
    data: Uint8Array.from([2, ...u64(BigInt(100_000 + random.below(300_000))).slice(0, 4)]),
  },
  {
    programAddress: program("Compute budget"),
    accounts: [],
    data: Uint8Array.from([3, ...u64(BigInt(random.below(1_000_000)))]),
  },
];
