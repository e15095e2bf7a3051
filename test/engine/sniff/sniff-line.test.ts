// Programs that a list adds to those that Weir knows.
import { describe, expect, it } from "vitest";

import { sniffLine } from "../../../engine/sniff/sniff-line.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { type WatchedProgram, WatchList } from "../../../engine/sniff/watch-list.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("own programs"));
const keys = Array.from({ length: 5 }, () => random.bytes(32));
const [user = "", mint = "", pool = "", first = "", second = ""] = keys.map((key) =>
  encodeBase58(key),
);
const discriminator = "66063d1201daebea";

const own = (name: string, id: string): WatchedProgram => ({
  name,
  id,
  rules: [
    {
      instruction: "swap",
      discriminator,
      direction: "buy",
      sideAt: null,
      mint: 1,
      user: 0,
      pool: 2,
      quoteMint: "sol",
      quoteMintOrSol: false,
      base: null,
      quote: null,
    },
  ],
});

it("a program that Weir does not know is named as its list names it, outer and inner", () => {
  const watch = new WatchList([own("first dex", first), own("second dex", second)]);
  const call = [...Buffer.from(discriminator, "hex")];
  const wire = wireBytes({
    version: "legacy",
    signatures: [random.bytes(64)],
    header: [1, 0, 2],
    keys,
    blockhash: random.bytes(32),
    instructions: [{ program: 4, accounts: [0, 1, 2], data: call }],
    lookups: [],
  });
  const data = encodeBase58(Uint8Array.from(call));
  const instructions = [{ programIdIndex: 3, accounts: [0, 1, 2], data }];
  const meta = { err: null, fee: 5000, innerInstructions: [{ index: 0, instructions }] };
  const input = { wire, slot: null, index: null, meta, rebuilt: "exact" } as const;
  const match = { instruction: "swap", mint, user, accounts: [user, mint, pool] };
  expect(sniffLine(new Sniffer({ watch }), input).matches).toMatchObject([
    { ...match, program: second, programName: "second dex", path: "0" },
    { ...match, program: first, programName: "first dex", path: "0.0" },
  ]);
});

describe("an inner instruction whose program is behind a lookup table", () => {
  const watch = new WatchList([own("dex", first)]);
  const wire = wireBytes({
    version: 0,
    signatures: [random.bytes(64)],
    header: [1, 0, 1],
    keys: [keys[0], keys[4]].map((key) => key ?? new Uint8Array(32)),
    blockhash: random.bytes(32),
    instructions: [{ program: 1, accounts: [0], data: [1, 2, 3] }],
    lookups: [{ table: random.bytes(32), writable: [7], readonly: [8, 9] }],
  });
  const lineOf = (called: readonly number[], readonly?: readonly string[]) => {
    const data = encodeBase58(Uint8Array.from(called));
    const instructions = [{ programIdIndex: 4, accounts: [0, 2, 3], data }];
    const meta = {
      err: null,
      fee: 5000,
      innerInstructions: [{ index: 0, instructions }],
      ...(readonly !== undefined && { loadedAddresses: { writable: [mint], readonly } }),
    };
    const input = { wire, slot: null, index: null, meta, rebuilt: "exact" } as const;
    const { verdict, reason, matches } = sniffLine(new Sniffer({ watch }), input);
    return { verdict, reason, matches: matches.length };
  };
  const watched = [...Buffer.from(discriminator, "hex")];
  const notWatched = { verdict: "rejected", reason: "not-watched", matches: 0 };

  it("needs to be resolved when the meta leaves the table out and its discriminator is watched", () => {
    expect(lineOf(watched)).toEqual({ verdict: "needs-resolve", reason: undefined, matches: 0 });
    expect(lineOf([...watched.slice(0, 7), 0])).toEqual(notWatched);
    expect(lineOf(watched.slice(0, 7))).toEqual(notWatched);
  });

  it("is told when the meta has the table", () => {
    expect(lineOf(watched, [pool, first])).toMatchObject({ verdict: "candidate", matches: 1 });
    expect(lineOf(watched, [pool, second])).toEqual(notWatched);
  });
});
