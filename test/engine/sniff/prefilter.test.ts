import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Extractor } from "../../../engine/sniff/extractor.ts";
import { matchField, quoteIsSol } from "../../../engine/sniff/match-table.ts";
import { Prefilter } from "../../../engine/sniff/prefilter.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { WatchList, watchedPrograms } from "../../../engine/sniff/watch-list.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { candidateDirections } from "../../../schemas/market/candidate-layout.ts";
import {
  instructionRules,
  programIds,
  type ProgramName,
  wrappedSolMint,
} from "../../../schemas/market/programs.ts";
import {
  randomTransaction,
  wireBytes,
  type WireTransaction,
} from "../../oracles/wire-transaction.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

const watch = new WatchList(watchedPrograms(instructionRules));
const idOf = (name: ProgramName): Uint8Array => decodeKey(programIds[name]) ?? new Uint8Array(32);
const bytesOf = (hex: string): number[] => [...Buffer.from(hex, "hex")];
const seed = runSeed("prefilter");

/** One instruction of `rule` called by a transaction of this shape; random keys elsewhere. */
type Shape = {
  readonly rule: (typeof instructionRules)[number];
  readonly signers: number;
  readonly keyCount: number;
  readonly index: number;
  readonly isV0: boolean;
  readonly tables: number;
  readonly noise: number;
};

const shapes: fc.Arbitrary<Shape> = fc
  .record({
    rule: fc.constantFrom(...instructionRules),
    signers: fc.integer({ min: 1, max: 4 }),
    keyCount: fc.integer({ min: 6, max: 24 }),
    place: fc.nat(),
    isV0: fc.boolean(),
    tables: fc.integer({ min: 0, max: 2 }),
    noise: fc.nat(),
  })
  .map((shape) => {
    const { signers, keyCount, place } = shape;
    return Object.assign(shape, { index: signers + (place % (keyCount - signers)) });
  });

const transactionOf = (shape: Shape): WireTransaction => {
  const random = seeded(shape.noise);
  const { signers, keyCount, index } = shape;
  const accounts = Array.from({ length: 18 }, () => random.below(keyCount));
  return {
    version: shape.isV0 ? 0 : "legacy",
    signatures: Array.from({ length: signers }, () => random.bytes(64)),
    header: [signers, 0, 0],
    keys: Array.from({ length: keyCount }, (_, i) =>
      i === index ? idOf(shape.rule.program) : random.bytes(32),
    ),
    blockhash: random.bytes(32),
    instructions: [
      {
        program: index,
        accounts,
        data: [...bytesOf(shape.rule.discriminator), ...random.bytes(16)],
      },
    ],
    lookups: Array.from({ length: shape.isV0 ? shape.tables : 0 }, () => ({
      table: random.bytes(32),
      writable: [random.below(256)],
      readonly: [random.below(256)],
    })),
  };
};

const viewOf = (tx: WireTransaction): DataView => new DataView(wireBytes(tx).buffer);

describe("prefilter", () => {
  it("misses no watched instruction at any key index, signer count or version", () => {
    const prefilter = new Prefilter({ watch });
    const extractor = new Extractor({ watch });
    fc.assert(
      fc.property(shapes, (shape) => {
        const view = viewOf(transactionOf(shape));
        fc.pre(view.byteLength <= 1232);
        expect(prefilter.check(view, 0, view.byteLength)).toBe(verdict.candidate);
        expect(extractor.extract(view, 0, view.byteLength)).toBe(verdict.candidate);
        expect(extractor.table.rules[extractor.table.match(0, matchField.rule)]).toBe(shape.rule);
      }),
      { seed, numRuns: 3000 },
    );
  });

  it("lets through whatever the whole sniffer would not refuse, on random bytes too", () => {
    const prefilter = new Prefilter({ watch });
    const sniffer = new Sniffer({ watch });
    const random = seeded(seed);
    for (let round = 0; round < 3_000; round += 1) {
      const wire = wireBytes(randomTransaction(random));
      const view = new DataView(wire.buffer);
      const first = prefilter.check(view, 0, wire.length);
      const found = sniffer.inspect(view, 0, wire.length);
      if (found <= verdict.needsResolve) expect(first).toBe(verdict.candidate);
      const noise = random.bytes(64 + random.below(200));
      prefilter.check(new DataView(noise.buffer), 0, noise.length);
    }
  });

  it.each([
    ["a whole list", watch],
    ["one program", new WatchList(watchedPrograms(instructionRules).slice(0, 1))],
  ])("notes every watched key and the vote program, wherever they stand: %s", (_name, list) => {
    const prefilter = new Prefilter({ watch: list });
    const random = seeded(seed);
    for (let round = 0; round < 2_000; round += 1) {
      const base = randomKeys(random, 1, 5 + random.below(28));
      const programs = base.keys.map((_, i) =>
        i > 0 && random.below(4) === 0 ? random.below(list.programs.length) : -1,
      );
      // The first word of a program and another rest is no hit.
      const keys = base.keys.map((key, i) => {
        const id = decodeKey(list.programs[programs[i] ?? -1]?.id ?? "") ?? key;
        if (id !== key || random.below(8) > 0) return id;
        return Uint8Array.from([...idOf("Vote").subarray(0, 4), ...key.subarray(4)]);
      });
      const view = viewOf({ ...base, keys });
      if (view.byteLength > 1232) continue;
      const isWatched = programs.some((program) => program > 0);
      expect(prefilter.check(view, 0, view.byteLength)).toBe(
        isWatched ? verdict.candidate : verdict.notWatched,
      );
      const { count, keys: found, programs: numbers } = prefilter.hits;
      const hits = Array.from({ length: count }, (_, i) => [found[i], numbers[i]]);
      const expected = programs.flatMap((program, i) => (program < 0 ? [] : [[i, program]]));
      expect(hits).toEqual(expected);
    }
  });

  it("knows votes by the program that is called, not by a key that is listed", () => {
    const prefilter = new Prefilter({ watch });
    const random = seeded(seed);
    const base = randomKeys(random, 2, 6);
    const keys = base.keys.map((key, i) => (i === 4 ? idOf("Vote") : key));
    const vote = { program: 4, accounts: [2], data: [12, 0, 0, 0] };
    const other = { program: 5, accounts: [4], data: [1] };
    const check = (instructions: WireTransaction["instructions"]): number => {
      const view = viewOf({ ...base, keys, instructions });
      return prefilter.check(view, 0, view.byteLength);
    };
    expect(check([vote])).toBe(verdict.vote);
    expect(check([other, vote])).toBe(verdict.vote);
    expect(check([other])).toBe(verdict.notWatched);
  });

  it("has size limits that can be narrowed, and refuses limits out of order", () => {
    const random = seeded(seed);
    const tx = randomKeys(random, 1, 5);
    const view = viewOf(tx);
    const size = view.byteLength;
    const check = (bytesMin: number, bytesMax: number): number =>
      new Prefilter({ watch, bytesMin, bytesMax }).check(view, 0, size);
    expect(check(size, size)).toBe(verdict.notWatched);
    expect(check(size + 1, 1232)).toBe(verdict.size);
    expect(check(64, size - 1)).toBe(verdict.size);
    expect(() => check(63, 1232)).toThrow("limits 64 to 1232");
    expect(() => check(64, 1233)).toThrow("bytesMax=1233");
    expect(() => check(500, 400)).toThrow("bytesMin=500");
    expect(() => new Prefilter({ watch, v1: true, bytesMax: 4096 })).not.toThrow();
  });
});

const randomKeys = (random: Random, signers: number, keyCount: number): WireTransaction => ({
  version: "legacy",
  signatures: Array.from({ length: signers }, () => random.bytes(64)),
  header: [signers, 0, 0],
  keys: Array.from({ length: keyCount }, () => random.bytes(32)),
  blockhash: random.bytes(32),
  instructions: [],
  lookups: [],
});

describe("extractor", () => {
  it("agrees with the whole sniffer on every well-formed transaction", () => {
    const extractor = new Extractor({ watch });
    const sniffer = new Sniffer({ watch });
    fc.assert(
      fc.property(fc.array(shapes, { minLength: 1, maxLength: 3 }), (many) => {
        const [first] = many.map(transactionOf);
        if (first === undefined) return;
        const extra = many.slice(1).map((shape) => ({
          program: first.keys.length - 1,
          accounts: [1, 2, 3],
          data: bytesOf(shape.rule.discriminator),
        }));
        const view = viewOf({ ...first, instructions: [...extra, ...first.instructions] });
        const light = extractor.extract(view, 0, view.byteLength);
        const whole = sniffer.inspect(view, 0, view.byteLength);
        if (whole > verdict.size) return;
        expect(light).toBe(whole);
        const words = (table: typeof sniffer.table) => table.words.slice(0, table.count * 16);
        expect(words(extractor.table)).toEqual(words(sniffer.table));
      }),
      { seed, numRuns: 1500 },
    );
  });

  it("reads the side of a swap of two tokens from its data, and never takes SOL for the mint", () => {
    const extractor = new Extractor({ watch });
    const random = seeded(seed);
    const rule = instructionRules.find(({ program }) => program === "BonkSwap");
    const swap = (side: number[], solAt: number | null) => {
      const base = randomKeys(random, 1, 20);
      const keys = base.keys.map((key, i) => {
        if (i === 19) return idOf("BonkSwap");
        return i === solAt ? (decodeKey(wrappedSolMint) ?? key) : key;
      });
      const data = [...bytesOf(rule?.discriminator ?? ""), ...random.bytes(24), ...side];
      const accounts = Array.from({ length: 17 }, (_, i) => i + 1);
      const view = viewOf({ ...base, keys, instructions: [{ program: 19, accounts, data }] });
      expect(extractor.extract(view, 0, view.byteLength)).toBe(verdict.candidate);
      const { table } = extractor;
      const keyOf = (field: number): number => (table.match(0, field) - table.keysAt) / 32;
      return {
        direction: candidateDirections[table.match(0, matchField.direction)],
        mint: keyOf(matchField.mintAt),
        quoteMint: keyOf(matchField.quoteMintAt),
        base: table.match(0, matchField.baseAt) - table.match(0, matchField.dataAt),
        quote: table.match(0, matchField.quoteAt) - table.match(0, matchField.dataAt),
      };
    };
    // Token x is account 2, key 3; token y account 3, key 4.
    expect(swap([0], 4)).toMatchObject({ direction: "buy", mint: 3, quoteMint: 4, quote: 8 });
    expect(swap([1], 4)).toMatchObject({ direction: "sell", mint: 3, quoteMint: 4, base: 8 });
    expect(swap([1], 3)).toMatchObject({ direction: "buy", mint: 4, quoteMint: 3, quote: 8 });
    expect(swap([0], 3)).toMatchObject({ direction: "sell", mint: 4, quoteMint: 3, base: 8 });
    const cut = swap([], null);
    expect(cut.direction).toBe("");
    expect(cut.base).toBeLessThan(0);
    expect(cut.quote).toBeLessThan(0);
  });

  it("reads launches of both token programs and quotes other than SOL", () => {
    const extractor = new Extractor({ watch });
    const random = seeded(seed);
    const rule = instructionRules.find(({ instruction }) => instruction === "create_v2");
    const launch = (accountCount: number, token: ProgramName): number => {
      const base = randomKeys(random, 2, 22);
      const keys = base.keys.map((key, i) => {
        if (i === 21) return idOf("pump.fun");
        return i === 7 ? idOf(token) : key;
      });
      const accounts = Array.from({ length: accountCount }, (_, i) => i);
      const data = bytesOf(rule?.discriminator ?? "");
      const view = viewOf({ ...base, keys, instructions: [{ program: 21, accounts, data }] });
      expect(extractor.extract(view, 0, view.byteLength)).toBe(verdict.candidate);
      return extractor.table.match(0, matchField.quoteMintAt);
    };
    expect(launch(16, "SPL Token")).toBe(quoteIsSol);
    expect(launch(16, "Token-2022")).toBe(quoteIsSol);
    expect(launch(19, "Token-2022")).toBeGreaterThan(0);
  });

  it("says malformed where its walk leaves the bytes", () => {
    const extractor = new Extractor({ watch });
    const random = seeded(seed);
    const base = randomKeys(random, 1, 6);
    const keys = base.keys.map((key, i) => (i === 5 ? idOf("pump.fun") : key));
    const data = [...bytesOf("66063d1201daebea"), ...random.bytes(16)];
    const wire = wireBytes({
      ...base,
      keys,
      instructions: [{ program: 5, accounts: [1, 2, 3], data }],
    });
    const keysEnd = 1 + 64 + 4 + 6 * 32 + 32;
    for (let end = keysEnd + 1; end < wire.length; end += 1) {
      expect(extractor.extract(new DataView(wire.buffer), 0, end)).toBe(verdict.malformed);
    }
    expect(encodeBase58(wire, 0, 1)).toBe("2");
  });
});
