import { describe, expect, it } from "vitest";

import { LookupTables } from "../../../engine/sniff/lookup-tables.ts";
import { ReplayWindow } from "../../../engine/sniff/replay-window.ts";
import { isSuspiciousMint } from "../../../engine/sniff/suspicious-mint.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { TransactionView } from "../../../schemas/market/transaction.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

/** The plain twin: a list in order. */
class PlainWindow {
  readonly #list: string[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  add(signature: Uint8Array): boolean {
    const text = Buffer.from(signature).toString("hex");
    if (this.#list.includes(text)) return false;
    this.#list.push(text);
    if (this.#list.length > this.#size) this.#list.shift();
    return true;
  }
}

describe("replay window", () => {
  it.each([2, 8, 64])("knows exactly the last %i signatures, as its plain twin", (size) => {
    const random = seeded(runSeed(`replay ${size}`));
    const window = new ReplayWindow(size);
    const twin = new PlainWindow(size);
    const pool = Array.from({ length: size * 3 }, () => {
      const signature = random.bytes(64);
      // Many share the place in the table: the first compared word.
      if (random.below(2) === 0) signature.set([1, 2, 3, 4], 8);
      return signature;
    });
    for (let round = 0; round < 20_000; round += 1) {
      const signature = random.pick(pool);
      const view = new DataView(signature.buffer);
      const isNew = twin.add(signature);
      expect(window.has(view, 0)).toBe(!isNew);
      expect(window.add(view, 0)).toBe(isNew);
    }
  });

  it("remembers 65,536 by default, and refuses sizes that are no power of two", () => {
    expect(new ReplayWindow().size).toBe(65_536);
    expect(() => new ReplayWindow(1000)).toThrow("size=1000 must be a power of two");
    expect(() => new ReplayWindow(2 ** 23)).toThrow("4194304");
  });
});

describe("suspicious mint", () => {
  it("is what no token has: equal bytes in front, a program, wrapped SOL", () => {
    const is = (key: Uint8Array | null): boolean => {
      const bytes = Uint8Array.from(key ?? []);
      return isSuspiciousMint(new DataView(bytes.buffer), 0);
    };
    const random = seeded(runSeed("mint"));
    expect(is(new Uint8Array(32))).toBe(true);
    expect(is(new Uint8Array(32).fill(255))).toBe(true);
    expect(is(Uint8Array.from([7, 7, 7, 7, ...random.bytes(28)]))).toBe(true);
    expect(is(decodeKey(programIds["Token-2022"]))).toBe(true);
    expect(is(decodeKey(wrappedSolMint))).toBe(true);
    for (let i = 0; i < 200; i += 1)
      expect(is(Uint8Array.from([1, 2, ...random.bytes(30)]))).toBe(false);
  });
});

describe("lookup tables", () => {
  it("name loaded accounts in run-time order: all writable ones, then all readonly ones", () => {
    const random = seeded(runSeed("tables"));
    const names = [random.bytes(32), random.bytes(32)] as const;
    const wire = wireBytes({
      version: 0,
      signatures: [random.bytes(64)],
      header: [1, 0, 0],
      keys: [random.bytes(32), random.bytes(32)],
      blockhash: random.bytes(32),
      instructions: [],
      lookups: [
        { table: names[0], writable: [5, 6], readonly: [7] },
        { table: names[1], writable: [200], readonly: [0, 255] },
      ],
    });
    const view = new DataView(wire.buffer);
    const parsed = new TransactionView();
    expect(parsed.parse(view, 0, wire.length)).toBe(0);
    const tables = new LookupTables(8);
    const contents = names.map(() => random.bytes(256 * 32));
    names.forEach((name, i) => tables.set(name, contents[i] ?? new Uint8Array(0)));
    const expected = [
      [0, 5],
      [0, 6],
      [1, 200],
      [0, 7],
      [1, 0],
      [1, 255],
    ] as const;
    for (const [index, [table, entry]] of expected.entries()) {
      const at = tables.keyAt(view, parsed, index);
      const key = new Uint8Array(tables.keys.buffer, at, 32);
      expect([...key]).toEqual([...(contents[table]?.slice(entry * 32, entry * 32 + 32) ?? [])]);
    }
    expect(tables.keyAt(view, parsed, 6)).toBe(-1);
    // A table that lost entries does not answer for them.
    tables.set(names[0], contents[0]?.slice(0, 6 * 32) ?? new Uint8Array(0));
    expect(tables.keyAt(view, parsed, 1)).toBe(-1);
    expect(tables.keyAt(view, parsed, 0)).toBeGreaterThanOrEqual(0);
    expect(tables.missing).toBe(2);
  });

  it("keep a bounded number: the first set makes room", () => {
    const random = seeded(runSeed("tables bound"));
    const tables = new LookupTables(3);
    const known = (name: Uint8Array): boolean => {
      const wire = wireBytes({
        version: 0,
        signatures: [random.bytes(64)],
        header: [1, 0, 0],
        keys: [random.bytes(32)],
        blockhash: random.bytes(32),
        instructions: [],
        lookups: [{ table: name, writable: [0], readonly: [] }],
      });
      const view = new DataView(wire.buffer);
      const parsed = new TransactionView();
      parsed.parse(view, 0, wire.length);
      return tables.keyAt(view, parsed, 0) >= 0;
    };
    const names = Array.from({ length: 5 }, () => random.bytes(32));
    for (const name of names) tables.set(name, random.bytes(32));
    expect(names.map(known)).toEqual([false, false, true, true, true]);
    expect(() => tables.set(random.bytes(31), random.bytes(32))).toThrow("name of 31 bytes");
    expect(() => tables.set(random.bytes(32), random.bytes(257 * 32))).toThrow("257 addresses");
    expect(() => new LookupTables(0)).toThrow("limits 1 to 65536");
  });
});
