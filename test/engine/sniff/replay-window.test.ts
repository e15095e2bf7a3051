import { describe, expect, it } from "vitest";

import { LookupTables } from "../../../engine/sniff/lookup-tables.ts";
import { createReplayMemory } from "../../../engine/sniff/replay-layout.ts";
import { ReplayWindow, type StreamPlace } from "../../../engine/sniff/replay-window.ts";
import { isSuspiciousMint } from "../../../engine/sniff/suspicious-mint.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { TransactionView } from "../../../schemas/market/transaction.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

type Seen = { readonly text: string; readonly place: StreamPlace };

/** The plain twin: a list in order. */
class PlainWindow {
  readonly #list: Seen[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  isReplay(signature: Uint8Array, place: StreamPlace): boolean {
    const { offset, index } = this.#known(signature)?.place ?? place;
    return offset !== place.offset || index !== place.index;
  }

  add(signature: Uint8Array, place: StreamPlace): boolean {
    if (this.isReplay(signature, place)) return false;
    if (this.#known(signature) !== undefined) return true;
    this.#list.push({ text: Buffer.from(signature).toString("hex"), place });
    if (this.#list.length > this.#size) this.#list.shift();
    return true;
  }

  #known(signature: Uint8Array): Seen | undefined {
    const text = Buffer.from(signature).toString("hex");
    return this.#list.find((one) => one.text === text);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);

const death = new Error("dead");

/** Throws at a later read: what a thread was doing then ends there. */
const dyingView = (bytes: Uint8Array, reads: number): DataView => {
  const view = viewOf(bytes);
  let readsLeft = reads;
  view.getInt32 = (at, isLittleEndian) => {
    readsLeft -= 1;
    if (readsLeft < 0) throw death;
    return DataView.prototype.getInt32.call(view, at, isLittleEndian);
  };
  return view;
};

/** Many share the place in the table: the first compared word. */
const signaturesOf = (random: Random, count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, () => {
    const signature = random.bytes(64);
    if (random.below(2) === 0) signature.set([1, 2, 3, 4], 8);
    return signature;
  });

/** A window over `memory`, checked against its twin on the next signature. */
const checked = (memory: SharedArrayBuffer, twin: PlainWindow) => {
  const window = new ReplayWindow(memory);
  return (signature: Uint8Array, place: StreamPlace): void => {
    const view = viewOf(signature);
    expect(window.isReplay(view, 0, place)).toBe(twin.isReplay(signature, place));
    expect(window.add(view, 0, place)).toBe(twin.add(signature, place));
  };
};

describe("replay window", () => {
  it.each([2, 8, 64])("knows exactly the last %i signatures, as its plain twin", (size) => {
    const random = seeded(runSeed(`replay ${size}`));
    const check = checked(createReplayMemory(size), new PlainWindow(size));
    const pool = signaturesOf(random, size * 3);
    for (let round = 0; round < 20_000; round += 1) {
      check(random.pick(pool), { offset: round >> 2, index: round & 3 });
    }
  });

  it.each([2, 8, 64])(
    "of %i goes on as its plain twin when threads replace each other and read records again",
    (size) => {
      const random = seeded(runSeed(`replay again ${size}`));
      const memory = createReplayMemory(size);
      const twin = new PlainWindow(size);
      const pool = signaturesOf(random, size * 3);
      const stream = Array.from({ length: 3_000 }, () => random.pick(pool));
      let check = checked(memory, twin);
      for (let at = 0; at < stream.length; at += 1) {
        check(stream[at] ?? new Uint8Array(64), { offset: at >> 2, index: at & 3 });
        if (random.below(size * 4) > 0) continue;
        check = checked(memory, twin);
        at = Math.max(-1, at - random.below(size * 2));
      }
    },
  );

  it("lets a record through that is read again, in any number of lives, and its replay in none", () => {
    const memory = createReplayMemory(4);
    const [first, second] = signaturesOf(seeded(1), 2).map(viewOf) as [DataView, DataView];
    for (let life = 0; life < 3; life += 1) {
      const window = new ReplayWindow(memory);
      expect(window.add(first, 0, { offset: 7, index: 3 })).toBe(true);
      expect(window.add(second, 0, { offset: 8, index: 0 })).toBe(true);
      // Later in the same record, and in a later one.
      expect(window.add(first, 0, { offset: 7, index: 4 })).toBe(false);
      expect(window.add(first, 0, { offset: 9, index: 0 })).toBe(false);
    }
  });

  it("has remembered a signature whole or not at all when its writer dies at any read of it", () => {
    const size = 8;
    const random = seeded(runSeed("replay death"));
    const pool = signaturesOf(random, 100);
    const survivors = new Set<number>();
    for (let readsMax = 0; readsMax < 40; readsMax += 1) {
      const memory = createReplayMemory(size);
      const twin = new PlainWindow(size);
      const [dying, ...others] = pool.slice(0, 13) as [Uint8Array, ...Uint8Array[]];
      const check = checked(memory, twin);
      others.forEach((signature, offset) => check(signature, { offset, index: 0 }));
      const window = new ReplayWindow(memory);
      const place = { offset: 50, index: 1 };
      try {
        window.add(dyingView(dying, readsMax), 0, place);
        twin.add(dying, place);
        survivors.add(readsMax);
      } catch (error) {
        expect(error).toBe(death);
      }
      const next = checked(memory, twin);
      for (let at = 0; at < 60; at += 1) next(random.pick(pool), { offset: 100 + at, index: 0 });
    }
    expect(survivors.size).toBeGreaterThan(20);
    expect(Math.min(...survivors)).toBeGreaterThan(4);
  });

  it("writes nothing that is in the window, but one word at last", () => {
    const size = 8;
    const memory = createReplayMemory(size);
    const window = new ReplayWindow(memory);
    const words = new Int32Array(memory);
    const pool = signaturesOf(seeded(runSeed("replay words")), 30);
    for (const [offset, signature] of pool.entries()) {
      const before = words.slice();
      window.add(viewOf(signature), 0, { offset, index: 0 });
      const first = 32 + (before[1] ?? 0) * 8;
      const changed = [...words.keys()].filter((word) => words[word] !== before[word]);
      expect(changed).toContain(1);
      expect(changed.filter((word) => word !== 1 && (word < first || word >= first + 8))).toEqual(
        [],
      );
    }
  });

  it("goes on, whatever a dead writer left in the slot that it was filling", () => {
    const size = 8;
    const random = seeded(runSeed("replay garbage"));
    const memory = createReplayMemory(size);
    const twin = new PlainWindow(size);
    const pool = signaturesOf(random, size * 3);
    for (let offset = 0; offset < 2_000; offset += 1) {
      const words = new Int32Array(memory);
      const garbage = new Int32Array(random.bytes(32).buffer);
      // Of another signature, perhaps.
      if (random.below(2) === 0) garbage.set(words.subarray(32, 36));
      if (random.below(3) === 0) garbage[6] = 0;
      words.set(garbage, 32 + (words[1] ?? 0) * 8);
      const check = checked(memory, twin);
      for (let index = random.below(4); index >= 0; index -= 1) {
        check(random.pick(pool), { offset, index: 4 - index });
      }
    }
  });

  it("ends, and is right again, also when something else wrote into its memory", () => {
    const random = seeded(runSeed("replay foreign"));
    const size = 8;
    const memory = createReplayMemory(size);
    const words = new Int32Array(memory);
    const pool = signaturesOf(random, 100).map(viewOf);
    const window = new ReplayWindow(memory);
    for (let offset = 0; offset < 3_000; offset += 1) {
      if (random.below(10) === 0) words[32 + random.below((size + 1) * 8)] = 1 + random.below(1e9);
      window.add(random.pick(pool), 0, { offset, index: 0 });
    }
    const fresh = signaturesOf(random, size + 1).map(viewOf);
    for (const [i, view] of fresh.entries()) window.add(view, 0, { offset: 4_000 + i, index: 0 });
    const last = { offset: 5_000, index: 0 };
    expect(fresh.map((view) => window.isReplay(view, 0, last))).toEqual(fresh.map((_, i) => i > 0));
  });

  it("refuses sizes that are no power of two", () => {
    expect(new ReplayWindow(createReplayMemory(64)).size).toBe(64);
    expect(() => createReplayMemory(1000)).toThrow("size=1000 must be a power of two");
    expect(() => createReplayMemory(2 ** 23)).toThrow("4194304");
    expect(() => createReplayMemory(1)).toThrow("from 2");
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
