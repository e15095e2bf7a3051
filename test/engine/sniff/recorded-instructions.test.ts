import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { decodeEvent } from "../../../engine/sniff/rpc-events.ts";
import { matchField } from "../../../engine/sniff/match-table.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { CandidateWriter } from "../../../engine/sniff/write-candidate.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { decodeCandidate } from "../../../schemas/market/candidate.ts";
import { recordBytesMax } from "../../../schemas/market/stage-message.ts";
import { TransactionItem } from "../../../schemas/market/transaction-item.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { fullWatch } from "./pipeline-rig.ts";

type Recorded = {
  readonly accounts: readonly { readonly pubkey: string; readonly is_signer: boolean }[];
  readonly data: string;
  readonly program_id: string;
};

const folder = new URL("../../../../shared/data/solana/", import.meta.url);

/** A transaction around one recorded instruction. */
const wireOf = ({ accounts, data, program_id: program }: Recorded): Uint8Array<ArrayBuffer> => {
  const names = [...new Set([...accounts.map(({ pubkey }) => pubkey), program])];
  const signers = accounts.filter(({ is_signer: signs }) => signs).map(({ pubkey }) => pubkey);
  // The payer stands first and is no program.
  const order = [...new Set([...signers, ...names.filter((name) => !signers.includes(name))])];
  return wireBytes({
    version: "legacy",
    signatures: signers.map(() => new Uint8Array(64).fill(9)),
    header: [signers.length, 0, 0],
    keys: order.map((name) => decodeKey(name) ?? new Uint8Array(32)),
    blockhash: new Uint8Array(32).fill(1),
    instructions: [
      {
        program: order.indexOf(program),
        accounts: accounts.map(({ pubkey }) => order.indexOf(pubkey)),
        data: [...Buffer.from(data, "hex")],
      },
    ],
    lookups: [],
  });
};

const sniffed = (name: string) => {
  const recorded = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recorded;
  const wire = wireOf(recorded);
  const sniffer = new Sniffer({ watch: fullWatch() });
  const from = new DataView(wire.buffer);
  expect(sniffer.inspect(from, 0, wire.length)).toBe(verdict.candidate);
  expect(sniffer.match(0, matchField.mintAt)).toBeGreaterThan(0);
  const writer = new CandidateWriter(sniffer.table);
  const to = new DataView(new ArrayBuffer(recordBytesMax));
  writer.write({ from, to }, 0, 0, new TransactionItem());
  const bytes = writer.writeAccounts({ from, to }, 0, 0);
  const candidate = decodeCandidate(to, 0, bytes);
  if (candidate === null) throw new Error("no candidate");
  const keys = recorded.accounts.map(({ pubkey }) => pubkey);
  expect(candidate.accounts).toEqual(keys.slice(0, 8));
  return { candidate, keys };
};

describe.skipIf(!existsSync(folder))("recorded instructions (need the recorded data)", () => {
  it("of Moonshot: token_mint, buy and sell", () => {
    const mint = sniffed("carbon-moonshot-token_mint_ix.json");
    expect(mint.candidate).toMatchObject({ instruction: "token_mint", direction: "create" });
    expect(mint.candidate.mint).toBe(mint.keys[3]);
    const buy = sniffed("carbon-moonshot-buy_ix.json");
    expect(buy.candidate).toMatchObject({
      direction: "buy",
      mint: "3cBFsM1wosTJi9yun6kcHhYHyJcut1MNQY28zjC4moon",
      user: "Ezug1uk7oTEULvBcXCngdZuJDmZ8Ed2TKY4oov4GmLLm",
      baseAmount: "5430576418647",
      quoteAmount: "1640000",
      baseIsLimit: true,
    });
    expect(buy.candidate.priceHint).toBeCloseTo(1_640_000 / 5_430_576_418_647, 18);
    expect(sniffed("carbon-moonshot-sell_ix.json").candidate.direction).toBe("sell");
  });

  it("of Jupiter DCA: an order has no direction, an exact quote amount, and never SOL as mint", () => {
    const v1 = sniffed("carbon-jupiter-dca-open_dca_ix.json");
    expect(v1.candidate).toMatchObject({ instruction: "open_dca", direction: null });
    const [, user, input, output] = v1.keys;
    expect(v1.candidate).toMatchObject({ user, mint: output, quoteMint: input });
    expect(BigInt(v1.candidate.quoteAmount ?? 0)).toBeGreaterThan(0n);
    const v2 = sniffed("carbon-jupiter-dca-open_dca_v2_ix.json");
    expect(v2.candidate.instruction).toBe("open_dca_v2");
    expect(v2.candidate.mint).not.toBe("So11111111111111111111111111111111111111112");
  });
});

describe("LaunchLab's trade event", () => {
  const event = (before: bigint, after: bigint): Uint8Array => {
    const data = new Uint8Array(170);
    data.set(Buffer.from("e445a52e51cb9a1dbddb7fd34ee661ee", "hex"));
    const view = new DataView(data.buffer);
    view.setBigUint64(80, before, true);
    view.setBigUint64(96, after, true);
    view.setBigUint64(104, 111n, true);
    view.setBigUint64(112, 222n, true);
    return data;
  };

  it("is a buy when the quote reserve grew, whatever stands behind the amounts", () => {
    const none = { mint: null, user: null, isRest: false };
    const buy = { direction: "buy", quote: 111n, base: 222n, ...none };
    expect(decodeEvent("LaunchLab", event(5n, 9n))).toEqual(buy);
    const sell = { direction: "sell", quote: 222n, base: 111n, ...none };
    expect(decodeEvent("LaunchLab", event(9n, 5n))).toEqual(sell);
    expect(decodeEvent("LaunchLab", event(5n, 9n).subarray(0, 119))).toBeNull();
    // The same discriminator of another program is another event.
    expect(decodeEvent("PumpSwap", event(5n, 9n))).toBeNull();
  });
});

describe("pump.fun's trade event", () => {
  const u64 = (value: bigint): number[] => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return [...bytes];
  };
  const u32 = (value: number): number[] => u64(BigInt(value)).slice(0, 4);
  const usdc = new Uint8Array(32).fill(7);
  const sol = new Uint8Array(32);

  type Tail = { readonly name: string; readonly shareholders: number; readonly mint: Uint8Array };

  // The fields before the name have fixed places; of those behind it, only the quote matters here.
  const event = (lamports: bigint, quote: bigint, { name, shareholders, mint }: Tail) => {
    const fixed = Buffer.alloc(266);
    fixed.set(Buffer.from("e445a52e51cb9a1dbddb7fd34ee661ee", "hex"));
    fixed.writeBigUInt64LE(lamports, 48);
    fixed.writeBigUInt64LE(400n, 56);
    fixed[64] = 1;
    const between = Array.from({ length: 33 }, () => 9);
    const list = [...u32(shareholders), ...Array.from({ length: shareholders * 34 }, () => 5)];
    const tail = [...list, ...mint, ...u64(quote), ...u64(1n), ...u64(2n)];
    return Uint8Array.from([
      ...fixed,
      ...u32(name.length),
      ...Buffer.from(name),
      ...between,
      ...tail,
    ]);
  };
  const quoteOf = (data: Uint8Array) => decodeEvent("pump.fun", data)?.quote;

  it("tells the amount of another quote mint behind a name and a list, the lamports are 0 then", () => {
    for (const shareholders of [0, 1, 10]) {
      for (const name of ["", "buy_v2", "buy_exact_quote_in_v2"]) {
        expect(quoteOf(event(0n, 777n, { name, shareholders, mint: usdc }))).toBe(777n);
        expect(quoteOf(event(55n, 1n, { name, shareholders, mint: sol }))).toBe(55n);
      }
    }
  });

  it("may end anywhere behind its user, as older ones do, or name lengths beyond its end", () => {
    const whole = event(55n, 777n, { name: "buy_v2", shareholders: 2, mint: usdc });
    const told = 266 + 4 + 6 + 33 + 4 + 68 + 32 + 8;
    for (let bytes = 97; bytes < whole.length; bytes += 1) {
      expect(quoteOf(whole.subarray(0, bytes))).toBe(bytes < told ? 55n : 777n);
    }
    expect(decodeEvent("pump.fun", whole.subarray(0, 96))).toBeNull();
    for (const at of [266, 266 + 4 + 6 + 33]) {
      const wrong = whole.slice();
      wrong.fill(0xff, at, at + 4);
      expect(quoteOf(wrong)).toBe(55n);
    }
  });
});
