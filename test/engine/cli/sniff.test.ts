import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { UsageError } from "../../../engine/cli/command.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { seeded } from "../../random.ts";
import { file, frames, type Line, run } from "./sniff-run.ts";

const recorded = new URL("../../../../shared/data/solana/", import.meta.url);
const recordedPath = (name: string): string => fileURLToPath(new URL(name, recorded));

const outcome = ({ verdict, reason }: Line): string => (reason ?? verdict).split(":")[0] ?? "";

describe("weir sniff", () => {
  it("gives the same lines for wire, base64, compressed files and every file order", async () => {
    const mix = await createTransactionMix({ seed: 3, count: 200 });
    const base64 = mix.map(({ wire }) => Buffer.from(wire).toString("base64")).join("\n");
    const wire = await run([file(frames(mix))]);
    expect(wire.code).toBe(0);
    expect(wire.lines.map(outcome)).toEqual(mix.map(({ expected }) => expected));
    const given = await run([file(gzipSync(frames(mix)))], { format: "wire" });
    expect(given.lines).toEqual(wire.lines);
    expect((await run([file(base64)])).lines).toEqual(wire.lines);
    const halves = [file(frames(mix.slice(0, 90))), file(frames(mix.slice(90)))];
    expect((await run(halves)).lines).toEqual(wire.lines);
    const candidate = wire.lines.find(({ verdict }) => verdict === "candidate");
    expect(Object.keys(candidate ?? {})).toEqual([
      "signature",
      "slot",
      "index",
      "verdict",
      "failed",
      "matches",
    ]);
    expect(candidate).toMatchObject({ slot: null, index: null, failed: null });
    expect(Object.keys(candidate?.matches[0] ?? {}).join(" ")).toBe(
      "program programName instruction level path mint quoteMint user accounts direction " +
        "requested priority",
    );
  });

  it.skipIf(!existsSync(recorded))(
    "keeps its verdicts on the recorded blocks (skipped without ../shared/data)",
    async () => {
      const { code, lines } = await run([
        recordedPath("chainstorage-block.json"),
        recordedPath("chainstorage-block_241043141_v2.json"),
        recordedPath("chainstorage-block_with_versioned_tx.json"),
        recordedPath("chainstorage-transaction_err.json"),
      ]);
      expect(code).toBe(0);
      expect(lines.map((line) => [line.index, line.reason, line.failed])).toEqual([
        [0, "vote", false],
        [1, "not-watched", false],
        [2, "vote", true],
        [3, "not-watched", false],
        [0, "not-watched", true],
        [0, "not-watched", false],
        [0, "vote", false],
        [1, "vote", true],
        [2, "not-watched", true],
      ]);
      expect(lines[0]?.signature).toBe(
        "2xRnwfAMxAvv5z2eiWC1YCR6bdcPj7ebPRTKFiFZuBHvWNc8QjM33W4Ev71T8C18g3yARJcHtMzC3VWTdASDybkU",
      );
    },
  );

  it.skipIf(!existsSync(recorded))(
    "says of recorded fragments that they are no transactions, and ends with 1",
    async () => {
      const { code, lines, notes } = await run([
        recordedPath("carbon-moonshot-buy_ix.json"),
        recordedPath("carbon-simple_tx.json"),
        recordedPath("chainstorage-block.json"),
      ]);
      expect([code, lines.length]).toEqual([1, 4]);
      expect(notes[0]).toContain("carbon-moonshot-buy_ix.json");
      expect(notes[0]).toContain("found a single instruction without a transaction");
      expect(notes[1]).toContain("found the meta of a transaction without the transaction");
      const strict = await run(
        [recordedPath("carbon-moonshot-buy_ix.json"), recordedPath("chainstorage-block.json")],
        { strict: true },
      );
      expect([strict.code, strict.lines.length]).toEqual([1, 0]);
    },
  );

  it("refuses an unknown format and no file", async () => {
    await expect(run([], {})).rejects.toThrow(UsageError);
    await expect(run(["x"], { format: "hex" })).rejects.toThrow("--format must be one of wire");
  });
});

// A v0 transaction: outer pump.fun buy whose mint is in a lookup table, and an aggregator that
// calls PumpSwap sell inside.
const random = seeded(11);
const keys = Array.from({ length: 10 }, () => random.bytes(32));
const text = (bytes: Uint8Array): string => encodeBase58(bytes);
const id = (name: keyof typeof programIds): string => programIds[name];
const loadedMint = text(random.bytes(32));
const user = text(keys[0] ?? new Uint8Array(0));
const hex = (value: string): number[] => [...Buffer.from(value, "hex")];
const u64 = (value: bigint): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [...bytes];
};

const rpcTransaction = (meta: Record<string, unknown> | null) => ({
  slot: 123,
  version: 0,
  meta,
  transaction: {
    signatures: [text(random.bytes(64))],
    message: {
      header: {
        numRequiredSignatures: 1,
        numReadonlySignedAccounts: 0,
        numReadonlyUnsignedAccounts: 2,
      },
      accountKeys: [...keys.slice(0, 8).map(text), id("pump.fun"), id("Jupiter v6")],
      recentBlockhash: text(random.bytes(32)),
      instructions: [
        {
          programIdIndex: 8,
          // The mint, third, is the first loaded key.
          accounts: [1, 2, 10, 3, 4, 5, 0, 6],
          data: encodeBase58(
            Uint8Array.from([...hex("66063d1201daebea"), ...u64(500n), ...u64(99n)]),
          ),
        },
        { programIdIndex: 9, accounts: [0, 1], data: "" },
      ],
      addressTableLookups: [
        { accountKey: text(random.bytes(32)), writableIndexes: [4], readonlyIndexes: [5] },
      ],
    },
  },
});

const tradeEvent = (mint: Uint8Array, isBuy: boolean): number[] => [
  ...hex("e445a52e51cb9a1d"),
  ...hex("bddb7fd34ee661ee"),
  ...mint,
  ...u64(77n),
  ...u64(18_446_744_073_709_551_615n),
  isBuy ? 1 : 0,
  ...(keys[0] ?? []),
  ...new Uint8Array(40),
];

const baseMint = random.bytes(32);
const metaOf = (changes: Record<string, unknown> = {}) => ({
  err: null,
  fee: 5000,
  loadedAddresses: { writable: [loadedMint], readonly: [id("PumpSwap")] },
  innerInstructions: [],
  preBalances: Array.from({ length: 12 }, () => 1_000_000),
  postBalances: Array.from({ length: 12 }, () => 1_000_000),
  ...changes,
});

const mintBytes = async () => {
  const { decodeKey } = await import("../../../schemas/market/base58.ts");
  return decodeKey(loadedMint) ?? new Uint8Array(32);
};

describe("weir sniff with a meta", () => {
  it("says needs-resolve without the loaded addresses and candidate with them", async () => {
    const bare = await run([file(JSON.stringify(rpcTransaction(null)))]);
    expect(bare.lines[0]).toMatchObject({ verdict: "needs-resolve", slot: "123", index: null });
    expect(bare.lines[0]?.matches[0]).toMatchObject({
      mint: null,
      user,
      path: "0",
      level: "outer",
    });
    const { lines } = await run([file(JSON.stringify(rpcTransaction(metaOf())))]);
    expect(lines[0]).toMatchObject({ verdict: "candidate", failed: false });
    expect(lines[0]?.matches).toHaveLength(1);
    expect(lines[0]?.matches[0]).toMatchObject({
      mint: loadedMint,
      quoteMint: wrappedSolMint,
      requested: { base: "500", quoteLimit: "99" },
    });
    expect(lines[0]?.matches[0]).not.toHaveProperty("baseAmount");
  });

  it("takes loaded addresses from the keys of a parsed message, whose meta has none", async () => {
    const document = rpcTransaction(metaOf({ loadedAddresses: undefined }));
    const { message } = document.transaction;
    const all = [...message.accountKeys, loadedMint, id("PumpSwap")];
    const source = (i: number) => (i < 10 ? "transaction" : "lookupTable");
    const parsed = {
      ...message,
      accountKeys: all.map((pubkey, i) => ({ pubkey, source: source(i) })),
    };
    const transaction = { ...document.transaction, message: parsed };
    const { lines } = await run([file(JSON.stringify({ ...document, transaction }))]);
    expect(lines[0]).toMatchObject({ verdict: "candidate", matches: [{ mint: loadedMint }] });
  });

  it("finds inner instructions, gives each its event, and counts no event as a match", async () => {
    const swapSell = [...hex("33e685a4017f83ad"), ...u64(40n), ...u64(3n)];
    const sellEvent = [
      ...hex("e445a52e51cb9a1d"),
      ...hex("3e2f370aa503dc2a"),
      ...new Uint8Array(176),
    ];
    sellEvent.splice(24, 8, ...u64(40n));
    sellEvent.splice(72, 8, ...u64(31n));
    const inner = (programIdIndex: number, accounts: number[], data: number[]) => ({
      programIdIndex,
      accounts,
      data: encodeBase58(Uint8Array.from(data)),
      stackHeight: 2,
    });
    const innerInstructions = [
      { index: 0, instructions: [inner(8, [7], tradeEvent(await mintBytes(), true))] },
      {
        index: 1,
        instructions: [
          inner(3, [1], [3]),
          inner(11, [1, 0, 2, 10, 4, 5, 6], swapSell),
          inner(11, [7], sellEvent),
        ],
      },
    ];
    const { lines } = await run([
      file(JSON.stringify(rpcTransaction(metaOf({ innerInstructions })))),
    ]);
    expect(lines[0]?.matches.map(({ path, level }) => [path, level])).toEqual([
      ["0", "outer"],
      ["1.1", "inner"],
    ]);
    expect(lines[0]?.matches[0]).toMatchObject({
      direction: "buy",
      baseAmount: "18446744073709551615",
      quoteAmount: "77",
    });
    expect(lines[0]?.matches[1]).toMatchObject({
      programName: "PumpSwap",
      direction: "sell",
      mint: loadedMint,
      quoteMint: text(keys[4] ?? new Uint8Array(0)),
      user,
      baseAmount: "40",
      quoteAmount: "31",
    });
    const failed = metaOf({ innerInstructions, err: { InstructionError: [1, "Custom"] } });
    const second = await run([file(JSON.stringify(rpcTransaction(failed)))]);
    expect(second.lines[0]).toMatchObject({ verdict: "candidate", failed: true });
    expect(second.lines[0]?.matches[0]).not.toHaveProperty("quoteAmount");
  });

  it("ignores an event of the other direction or mint", async () => {
    const event = (mint: Uint8Array, isBuy: boolean) => ({
      index: 0,
      instructions: [
        {
          programIdIndex: 8,
          accounts: [7],
          data: encodeBase58(Uint8Array.from(tradeEvent(mint, isBuy))),
        },
      ],
    });
    for (const group of [event(await mintBytes(), false), event(baseMint, true)]) {
      const meta = metaOf({ innerInstructions: [group] });
      const { lines } = await run([file(JSON.stringify(rpcTransaction(meta)))]);
      expect(lines[0]?.matches[0]).not.toHaveProperty("baseAmount");
    }
  });

  it("falls back to the user's balance changes, without fee and rent", async () => {
    const balance = (accountIndex: number, amount: string) => ({
      accountIndex,
      mint: loadedMint,
      owner: user,
      uiTokenAmount: { amount, decimals: 6 },
    });
    const preBalances = Array.from({ length: 12 }, () => 1_000_000);
    const postBalances = [...preBalances];
    preBalances[4] = 0;
    postBalances[4] = 2_039_280;
    preBalances[0] = 100_000_000;
    // Fee 5,000, rent 2,039,280, and 70,000 for the trade.
    postBalances[0] = 100_000_000 - 5_000 - 2_039_280 - 70_000;
    const meta = metaOf({
      preBalances,
      postBalances,
      preTokenBalances: [],
      postTokenBalances: [balance(4, "500")],
    });
    const { lines } = await run([file(JSON.stringify(rpcTransaction(meta)))]);
    expect(lines[0]?.matches[0]).toMatchObject({ baseAmount: "500", quoteAmount: "70000" });
    // Balances that contradict a buy are no amounts.
    const sold = metaOf({ preTokenBalances: [balance(4, "500")], postTokenBalances: [] });
    const other = await run([file(JSON.stringify(rpcTransaction(sold)))]);
    expect(other.lines[0]?.matches[0]).not.toHaveProperty("baseAmount");
  });

  it("keeps the reason of malformed bytes and their status", async () => {
    const wire = wireBytes({
      version: "legacy",
      signatures: [random.bytes(64)],
      header: [1, 0, 1],
      keys: [random.bytes(32), random.bytes(32)],
      blockhash: random.bytes(32),
      instructions: [{ program: 1, accounts: [9], data: [] }],
      lookups: [],
    });
    const document = {
      result: {
        slot: 1,
        meta: { err: "AccountNotFound" },
        transaction: [Buffer.from(wire).toString("base64"), "base64"],
      },
    };
    const { code, lines } = await run([file(JSON.stringify(document, null, 2))]);
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({
      verdict: "rejected",
      reason: "malformed: account index beyond the keys",
      failed: true,
      signature: text(wire.slice(1, 65)),
    });
  });
});
