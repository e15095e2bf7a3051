import { describe, expect, it } from "vitest";

import { createTableCache } from "../../../engine/resolve/table-cache-layout.ts";
import { TableCacheReader } from "../../../engine/resolve/table-cache-reader.ts";
import { TableCacheWriter } from "../../../engine/resolve/table-cache-writer.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("table cache"));
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);

const create = (tablesMax: number) => {
  const memory = createTableCache(tablesMax);
  const reader = new TableCacheReader(memory);
  const to = new Uint8Array(48).fill(7);
  return {
    memory,
    reader,
    writer: new TableCacheWriter(memory),
    /** The address, or null; nothing else is written. */
    read: (name: Uint8Array, entry: number): Uint8Array | null => {
      const table = reader.find(viewOf(name), 0);
      if (table < 0 || !reader.copyKey(table, entry, viewOf(to), 8)) return null;
      expect([...to.subarray(0, 8), ...to.subarray(40)]).toEqual(
        Array.from({ length: 16 }, () => 7),
      );
      return to.slice(8, 40);
    },
  };
};

const entryOf = (keys: Uint8Array, entry: number): Uint8Array =>
  keys.slice(entry * 32, entry * 32 + 32);

describe("the cache of lookup tables", () => {
  it("gives back what was put in, and says what it does not know", () => {
    const { reader, writer, read } = create(256);
    const tables = Array.from({ length: 60 }, () => ({
      name: random.bytes(32),
      keys: random.bytes(32 * random.below(257)),
    }));
    const before = reader.changes();
    for (const [i, { name, keys }] of tables.entries()) writer.set(name, keys, 1000 + i);
    expect(reader.changes() - before).toBe(tables.length);
    expect(writer.evicted).toBe(0);
    for (const [i, { name, keys }] of tables.entries()) {
      const count = keys.length / 32;
      for (let entry = 0; entry < 256; entry += 1) {
        expect(read(name, entry)).toEqual(entry < count ? entryOf(keys, entry) : null);
      }
      const table = reader.find(viewOf(name), 0);
      expect([reader.countOf(table), reader.checkedUs(table)]).toEqual([count, 1000 + i]);
      expect(writer.look(name)).toEqual({ count, checkedUs: 1000 + i });
    }
    expect(reader.find(viewOf(random.bytes(32)), 0)).toBe(-1);
    expect(writer.look(random.bytes(32))).toBe(null);
  });

  it("lets tables grow, keeps what it has when a node lags, takes another content as it comes", () => {
    const { writer, read } = create(8);
    const name = random.bytes(32);
    const keys = random.bytes(32 * 10);
    writer.set(name, new Uint8Array(0), 1);
    expect(read(name, 0)).toBe(null);
    writer.set(name, keys.slice(0, 32 * 4), 2);
    expect([read(name, 3), read(name, 4)]).toEqual([entryOf(keys, 3), null]);
    writer.set(name, keys, 3);
    expect(read(name, 9)).toEqual(entryOf(keys, 9));
    writer.set(name, keys.slice(0, 32 * 4), 4);
    expect(read(name, 9)).toEqual(entryOf(keys, 9));
    expect(writer.look(name)).toEqual({ count: 10, checkedUs: 4 });
    const other = random.bytes(32 * 2);
    writer.set(name, other, 5);
    expect([read(name, 1), read(name, 2)]).toEqual([entryOf(other, 1), null]);
  });

  it("keeps a bounded number: what was looked for in vain makes room first, then one after the other", () => {
    const { writer, read } = create(8);
    const names = Array.from({ length: 12 }, () => random.bytes(32));
    const keys = random.bytes(32);
    const isKnown = (name: Uint8Array): boolean => read(name, 0) !== null;
    for (const [i, name] of names.slice(0, 8).entries()) {
      writer.set(name, i === 5 ? new Uint8Array(0) : keys, 1);
    }
    writer.set(names[8] ?? keys, keys, 1);
    expect(writer.evicted).toBe(0);
    expect(writer.look(names[5] ?? keys)).toBe(null);
    for (const name of names.slice(9)) writer.set(name, keys, 1);
    expect(writer.evicted).toBe(3);
    expect(names.map(isKnown)).toEqual(names.map((_, i) => i > 2 && i !== 5));
  });

  it("does not answer while another table is written into the slot, nor with what was written since", () => {
    const { memory, reader, writer } = create(8);
    const name = random.bytes(32);
    writer.set(name, random.bytes(64), 1);
    const to = new DataView(new ArrayBuffer(32));
    const table = reader.find(viewOf(name), 0);
    expect(reader.copyKey(table, 0, to, 0)).toBe(true);
    const words = new Int32Array(memory);
    Atomics.add(words, table >> 2, 1);
    expect(reader.copyKey(table, 0, to, 0)).toBe(false);
    expect(reader.find(viewOf(name), 0)).toBe(-1);
    Atomics.add(words, table >> 2, 1);
    expect(reader.copyKey(table, 0, to, 0)).toBe(false);
    expect(reader.copyKey(reader.find(viewOf(name), 0), 0, to, 0)).toBe(true);
  });

  it("refuses sizes and tables out of range, naming them", () => {
    for (const size of [0, 4, 12, 1 << 17, Number.NaN]) {
      expect(() => createTableCache(size)).toThrow(`tablesMax=${size}`);
    }
    const { writer } = create(8);
    expect(() => writer.set(random.bytes(31), random.bytes(32), 1)).toThrow("name of 31 bytes");
    expect(() => writer.set(random.bytes(32), random.bytes(257 * 32), 1)).toThrow("257 addresses");
    expect(() => writer.set(random.bytes(32), random.bytes(33), 1)).toThrow("addresses");
    expect(() => new TableCacheReader(new SharedArrayBuffer(128))).toThrow("no table cache");
  });
});
