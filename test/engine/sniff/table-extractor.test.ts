import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { LookupTables } from "../../../engine/sniff/lookup-tables.ts";
import { rebuildWire } from "../../../engine/sniff/rpc-message.ts";
import { TableExtractor } from "../../../engine/sniff/table-extractor.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { accountLoaded } from "../../../schemas/market/transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { fullWatch } from "./pipeline-rig.ts";

const random = seeded(runSeed("table extractor"));
const recorded = new URL(
  "../../../../shared/data/solana/chainstorage-block_with_versioned_tx.json",
  import.meta.url,
);

type Recorded = {
  readonly transactions: readonly {
    readonly meta: {
      readonly loadedAddresses: {
        readonly writable: readonly string[];
        readonly readonly: readonly string[];
      };
    };
    readonly transaction: {
      readonly message: {
        readonly addressTableLookups: readonly {
          readonly accountKey: string;
          readonly writableIndexes: readonly number[];
          readonly readonlyIndexes: readonly number[];
        }[];
      };
    };
  }[];
};

const keyOf = (text: string): Uint8Array => decodeKey(text) ?? new Uint8Array(32);

describe.skipIf(!existsSync(recorded))("a recorded transaction (needs the recorded data)", () => {
  it("has the loaded accounts that the node says it had, in their order", () => {
    const block = JSON.parse(readFileSync(recorded, "utf8")) as Recorded;
    const [one] = block.transactions;
    if (one === undefined) throw new Error("no transaction");
    const { writable, readonly } = one.meta.loadedAddresses;
    const lookups = one.transaction.message.addressTableLookups;
    const tables = new LookupTables(8);
    // One table: its addresses are known by their index.
    expect(lookups).toHaveLength(1);
    for (const { accountKey, writableIndexes, readonlyIndexes } of lookups) {
      const keys = random.bytes(256 * 32);
      for (const [i, entry] of writableIndexes.entries())
        keys.set(keyOf(writable[i] ?? ""), entry * 32);
      for (const [i, entry] of readonlyIndexes.entries())
        keys.set(keyOf(readonly[i] ?? ""), entry * 32);
      tables.set(keyOf(accountKey), keys);
    }
    const { wire } = rebuildWire(one.transaction, 0);
    const extractor = new TableExtractor(tables, { watch: fullWatch() });
    // Nothing of it is watched.
    expect(extractor.extract(new DataView(wire.buffer), 0, wire.length)).toBe(false);
    const { view } = extractor;
    const { loaded } = extractor.extractor.table;
    const expected = [...writable, ...readonly];
    const found = expected.map((_, i) => {
      const at = loaded[i] ?? accountLoaded;
      return encodeBase58(new Uint8Array(view.buffer, at, 32));
    });
    expect(found).toEqual(expected);
    expect(loaded[expected.length]).toBe(accountLoaded);
    expect(tables.missing).toBe(0);
  });
});
