import { describe, expect, it } from "vitest";

import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { matchField, quoteIsSol } from "../../../engine/sniff/match-table.ts";
import { Sniffer, snifferCounter } from "../../../engine/sniff/sniffer.ts";
import { verdict, verdictName, verdictReason } from "../../../engine/sniff/verdict.ts";
import {
  WatchList,
  watchedPrograms,
  watchedProgramsMax,
} from "../../../engine/sniff/watch-list.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { instructionRules, programIds } from "../../../schemas/market/programs.ts";
import { wireBytes, type WireTransaction } from "../../oracles/wire-transaction.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

const watch = new WatchList(watchedPrograms(instructionRules));
const idOf = (name: keyof typeof programIds): Uint8Array =>
  decodeKey(programIds[name]) ?? new Uint8Array(32);
const hexBytes = (hex: string): number[] => [...Buffer.from(hex, "hex")];
const buy = [...hexBytes("66063d1201daebea"), ...new Uint8Array(16).fill(1)];

/** A transaction of `keyCount` random keys. */
const blank = (random: Random, signers: number, keyCount: number): WireTransaction => ({
  version: "legacy",
  signatures: Array.from({ length: signers }, () => random.bytes(64)),
  header: [signers, 0, 0],
  keys: Array.from({ length: keyCount }, () => random.bytes(32)),
  blockhash: random.bytes(32),
  instructions: [],
  lookups: [],
});

const inspect = (sniffer: Sniffer, tx: WireTransaction): number => {
  const wire = wireBytes(tx);
  return sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
};

describe("sniffer", () => {
  it.each(["all", "watched"] as const)(
    "finds a watched program at every key index, for 1 to 4 signers, legacy and v0 (%s)",
    (validate) => {
      const random = seeded(runSeed(`recall ${validate}`));
      const sniffer = new Sniffer({ watch, validate });
      let cases = 0;
      for (const signers of [1, 2, 3, 4]) {
        // As many keys as one packet holds beside the signatures and one instruction.
        const keyMax = Math.floor((1232 - 1 - signers * 64 - 80) / 32);
        for (let index = signers; index < keyMax; index += 1) {
          for (const version of ["legacy", 0] as const) {
            for (const program of ["pump.fun", "PumpSwap"] as const) {
              const tx = blank(random, signers, keyMax);
              const keys = tx.keys.map((key, i) => (i === index ? idOf(program) : key));
              const accounts = Array.from({ length: 14 }, (_, i) => i % keyMax);
              const instructions = [{ program: index, accounts, data: buy }];
              expect(inspect(sniffer, { ...tx, version, keys, instructions })).toBe(
                verdict.candidate,
              );
              expect(sniffer.matchCount).toBe(1);
              cases += 1;
            }
          }
        }
      }
      expect(cases).toBeGreaterThan(400);
      expect(sniffer.counters[verdict.candidate]).toBe(cases);
    },
  );

  it("takes the mint from its account position, at every position's key", () => {
    const random = seeded(runSeed("positions"));
    const sniffer = new Sniffer({ watch });
    for (const rule of instructionRules) {
      const tx = blank(random, 1, 24);
      const program = 23;
      const keys = tx.keys.map((key, i) => (i === program ? idOf(rule.program) : key));
      const accounts = Array.from({ length: 20 }, () => random.below(23));
      const data = [...hexBytes(rule.discriminator), ...random.bytes(24)];
      const full = { ...tx, keys, instructions: [{ program, accounts, data }] };
      expect(inspect(sniffer, full)).toBe(verdict.candidate);
      const { transaction } = sniffer;
      expect(watch.rules[sniffer.match(0, matchField.rule)]).toBe(rule);
      const keyAt = (position: number): number => transaction.keyAt(accounts[position] ?? -1);
      expect(sniffer.match(0, matchField.mintAt)).toBe(keyAt(rule.mint));
      expect(sniffer.match(0, matchField.userAt)).toBe(keyAt(rule.user));
      expect(sniffer.match(0, matchField.poolAt)).toBe(keyAt(rule.pool));
      expect(sniffer.match(0, matchField.quoteMintAt)).toBe(
        rule.quoteMint === "sol" ? quoteIsSol : keyAt(rule.quoteMint),
      );
    }
  });

  it("matches the pair of program and discriminator, never one of them alone", () => {
    const random = seeded(runSeed("pairs"));
    const sniffer = new Sniffer({ watch });
    const tx = blank(random, 1, 20);
    const withProgram = (program: Uint8Array, data: number[]): WireTransaction => ({
      ...tx,
      keys: tx.keys.map((key, i) => (i === 19 ? program : key)),
      instructions: [{ program: 19, accounts: Array.from({ length: 16 }, (_, i) => i), data }],
    });
    const other = random.bytes(32);
    expect(inspect(sniffer, withProgram(other, buy))).toBe(verdict.notWatched);
    // An id in the data of an instruction, or as a mere account, is no call of the program.
    expect(inspect(sniffer, withProgram(other, [...idOf("pump.fun")]))).toBe(verdict.notWatched);
    const asAccount = { ...withProgram(other, buy) };
    const keys = asAccount.keys.map((key, i) => (i === 5 ? idOf("pump.fun") : key));
    expect(inspect(sniffer, { ...asAccount, keys })).toBe(verdict.notWatched);
    // PumpSwap has no create; pump.fun has.
    const create = hexBytes("181ec828051c0777");
    expect(inspect(sniffer, withProgram(idOf("PumpSwap"), create))).toBe(verdict.notWatched);
    expect(inspect(sniffer, withProgram(idOf("pump.fun"), create))).toBe(verdict.candidate);
    expect(inspect(sniffer, withProgram(idOf("pump.fun"), buy.slice(0, 7)))).toBe(
      verdict.notWatched,
    );
    // Keys that share the first bytes of a watched one are other keys.
    for (const shared of [4, 8, 31]) {
      const near = Uint8Array.from(idOf("pump.fun"));
      near.set(random.bytes(32 - shared), shared);
      near[shared] = (idOf("pump.fun")[shared] ?? 0) ^ 1;
      expect(inspect(sniffer, withProgram(near, buy))).toBe(verdict.notWatched);
    }
  });

  it("says needs-resolve only when every mint is behind a lookup table", () => {
    const random = seeded(runSeed("lookups"));
    const sniffer = new Sniffer({ watch });
    const base = blank(random, 1, 12);
    const tx: WireTransaction = {
      ...base,
      version: 0,
      keys: base.keys.map((key, i) => (i === 11 ? idOf("pump.fun") : key)),
      lookups: [{ table: random.bytes(32), writable: [1, 2], readonly: [3] }],
    };
    const accounts = Array.from({ length: 12 }, (_, i) => i % 11);
    const loaded = (position: number) => accounts.map((a, i) => (i === position ? 13 : a));
    const mintLoaded = { program: 11, accounts: loaded(2), data: buy };
    const userLoaded = { program: 11, accounts: loaded(6), data: buy };
    expect(inspect(sniffer, { ...tx, instructions: [mintLoaded] })).toBe(verdict.needsResolve);
    expect(sniffer.matchCount).toBe(1);
    expect(inspect(sniffer, { ...tx, instructions: [userLoaded] })).toBe(verdict.candidate);
    expect(sniffer.match(0, matchField.userAt)).toBeLessThan(0);
    expect(inspect(sniffer, { ...tx, instructions: [mintLoaded, userLoaded] })).toBe(
      verdict.candidate,
    );
    expect(sniffer.matchCount).toBe(2);
    expect(sniffer.counters[snifferCounter.unresolvedMatches]).toBe(2);
    // A program behind a table is against the format, so that it can never be a silent miss.
    const far = { program: 13, accounts, data: buy };
    expect(inspect(sniffer, { ...tx, instructions: [far] })).toBe(verdict.malformed);
  });

  it("knows a vote by its program, and lets a watched instruction win over it", () => {
    const random = seeded(runSeed("votes"));
    const sniffer = new Sniffer({ watch });
    const tx = blank(random, 2, 20);
    const keys = tx.keys.map((key, i) =>
      i === 18 ? idOf("Vote") : i === 19 ? idOf("pump.fun") : key,
    );
    const vote = { program: 18, accounts: [2], data: [12, 0, 0, 0] };
    const trade = { program: 19, accounts: Array.from({ length: 16 }, (_, i) => i), data: buy };
    expect(inspect(sniffer, { ...tx, keys, instructions: [vote] })).toBe(verdict.vote);
    expect(inspect(sniffer, { ...tx, keys, instructions: [] })).toBe(verdict.notWatched);
    expect(inspect(sniffer, { ...tx, keys, instructions: [vote, trade] })).toBe(verdict.candidate);
  });

  it("bounds matches and counts those beyond", () => {
    const sniffer = new Sniffer({ watch });
    const tx = blank(seeded(1), 1, 4);
    const keys = tx.keys.map((key, i) => (i === 3 ? idOf("pump.fun") : key));
    // A create with its mint alone, 12 bytes each.
    const one = { program: 3, accounts: [1], data: hexBytes("181ec828051c0777") };
    const instructions = Array.from({ length: 80 }, () => one);
    expect(inspect(sniffer, { ...tx, keys, instructions })).toBe(verdict.candidate);
    expect(sniffer.matchCount).toBe(64);
    expect(sniffer.counters[snifferCounter.matchesDropped]).toBe(16);
  });

  it("gives every transaction of the feed its declared verdict and counts each once", async () => {
    const seed = runSeed("feed");
    for (const validate of ["all", "watched"] as const) {
      const sniffer = new Sniffer({ watch, validate });
      const mix = await createTransactionMix({ seed, count: 600 });
      for (const { wire, kind, expected } of mix) {
        const code = sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
        const word = (verdictReason(code, sniffer.code) ?? verdictName(code)).split(":")[0];
        // Damage may hide the keys from the one who looks at nothing else.
        const mayHide = validate === "watched" && kind.startsWith("broken-");
        if (mayHide && word === "not-watched") continue;
        expect(`${kind} ${word}`).toBe(`${kind} ${expected}`);
      }
      const verdicts = sniffer.counters.subarray(0, verdict.malformed + 1);
      expect(verdicts.reduce((sum, count) => sum + count, 0)).toBe(mix.length);
      expect(sniffer.counters[snifferCounter.transactions]).toBe(mix.length);
    }
  });

  it("never throws and never reads outside its range on random bytes", () => {
    const random = seeded(runSeed("noise"));
    const sniffer = new Sniffer({ watch, v1: true, validate: "watched" });
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = random.bytes(random.below(300));
      bytes[0] = random.pick([1, 2, 0x81, bytes[0] ?? 0]);
      sniffer.inspect(new DataView(bytes.buffer), 0, bytes.length);
    }
    expect(sniffer.counters[snifferCounter.transactions]).toBe(20_000);
  });
});

describe("watch list", () => {
  const program = (n: number) => ({
    name: `p${n}`,
    id: encodeBase58(seeded(n).bytes(32)),
    rules: [],
  });

  it("finds each of 64 programs among keys that share their first 8 bytes", () => {
    const random = seeded(runSeed("watch list"));
    const prefix = random.bytes(8);
    const keys = Array.from({ length: watchedProgramsMax }, (_, i) => {
      const key = random.bytes(32);
      if (i % 2 === 0) key.set(prefix);
      return key;
    });
    const list = new WatchList(
      keys.map((key, i) => ({ name: `p${i}`, id: encodeBase58(key), rules: [] })),
    );
    keys.forEach((key, i) => expect(list.programOf(new DataView(key.buffer), 0)).toBe(i + 1));
    for (let round = 0; round < 5_000; round += 1) {
      const key = random.bytes(32);
      if (round % 2 === 0) key.set(prefix);
      expect(list.programOf(new DataView(key.buffer), 0)).toBe(-1);
    }
  });

  it("refuses too many programs, a bad id, a bad discriminator and a program twice", () => {
    const many = Array.from({ length: 65 }, (_, i) => program(i));
    expect(() => new WatchList(many)).toThrow("watchedProgramsMax=64");
    for (const id of ["0", undefined as unknown as string])
      expect(() => new WatchList([{ ...program(1), id }])).toThrow(`${id} is no base58 key`);
    expect(() => new WatchList([program(1), program(1)])).toThrow("twice");
    const [rule] = instructionRules;
    if (rule === undefined) throw new Error("no rules");
    const bad = { ...program(1), rules: [{ ...rule, discriminator: "12" }] };
    expect(() => new WatchList([bad])).toThrow("16 hex digits");
  });
});
