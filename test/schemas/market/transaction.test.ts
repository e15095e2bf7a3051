import { getBase58Codec } from "@solana/kit";
import { describe, expect, it } from "vitest";

import { readCompactU16 } from "../../../schemas/market/compact-u16.ts";
import {
  accountAbsent,
  accountLoaded,
  TransactionView,
} from "../../../schemas/market/transaction.ts";
import {
  instructionField as field,
  lookupField,
  transactionCode as codes,
  transactionReasons,
} from "../../../schemas/market/transaction-layout.ts";
import {
  decodedByKit,
  keepsTheRules,
  mutated,
  randomTransaction,
  wireBytes,
  type WireTransaction,
} from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

const base58 = getBase58Codec();

/** The bytes in the middle of a larger buffer, so that offsets are not counted from 0. */
const inside = (wire: Uint8Array) => {
  const start = 5;
  const around = new Uint8Array(start + wire.length + 3).fill(0xaa);
  around.set(wire, start);
  return { view: new DataView(around.buffer), bytes: around, start, end: start + wire.length };
};

/** A view that ends with the transaction: a read beyond it throws. */
const parse = (tx: TransactionView, wire: Uint8Array): number =>
  tx.parse(new DataView(wire.buffer, wire.byteOffset, wire.length), 0, wire.length);

const key = (n: number): Uint8Array => new Uint8Array(32).fill(n + 1);

const sample = (change: Partial<WireTransaction> = {}): WireTransaction => ({
  version: "legacy",
  signatures: [new Uint8Array(64).fill(7)],
  header: [1, 0, 1],
  keys: [key(0), key(1), key(2)],
  blockhash: key(9),
  instructions: [{ program: 2, accounts: [0, 1], data: [1, 2, 3] }],
  lookups: [],
  ...change,
});

describe("transaction parser", () => {
  it("reads every field as @solana/kit does, on random transactions", () => {
    const random = seeded(runSeed("transaction fields"));
    const tx = new TransactionView();
    for (let round = 0; round < 1_500; round += 1) {
      const wire = wireBytes(randomTransaction(random));
      if (wire.length > 1232) continue;
      const { view, bytes, start, end } = inside(wire);
      expect(tx.parse(view, start, end)).toBe(codes.ok);
      const decoded = decodedByKit(wire);
      if (decoded === null) throw new Error("kit refuses a valid transaction");
      const { message } = decoded;
      const slice = (at: number, length: number) => bytes.slice(at, at + length);
      expect(tx.version).toBe(message.version === "legacy" ? -1 : 0);
      expect([tx.signatureCount, tx.readonlySigned, tx.readonlyUnsigned]).toEqual([
        message.header.numSignerAccounts,
        message.header.numReadonlySignerAccounts,
        message.header.numReadonlyNonSignerAccounts,
      ]);
      expect(slice(tx.messageAt, tx.messageEnd - tx.messageAt)).toEqual(
        Uint8Array.from(decoded.transaction.messageBytes),
      );
      expect(slice(tx.signaturesAt, 64 * tx.signatureCount)).toEqual(
        new Uint8Array(
          Buffer.concat(Object.values(decoded.transaction.signatures).map((one) => one ?? key(0))),
        ),
      );
      expect(
        Array.from({ length: tx.keyCount }, (_, i) => base58.decode(slice(tx.keyAt(i), 32))),
      ).toEqual(message.staticAccounts);
      expect(base58.decode(slice(tx.blockhashAt, 32))).toBe(message.lifetimeToken);
      expect(
        Array.from({ length: tx.instructionCount }, (_, i) => ({
          program: tx.instruction(i, field.program),
          accounts: [
            ...slice(tx.instruction(i, field.accountsAt), tx.instruction(i, field.accountCount)),
          ],
          data: [...slice(tx.instruction(i, field.dataAt), tx.instruction(i, field.dataBytes))],
        })),
      ).toEqual(
        message.instructions.map((one) => ({
          program: one.programAddressIndex,
          accounts: [...(one.accountIndices ?? [])],
          data: [...(one.data ?? [])],
        })),
      );
      const tables = "addressTableLookups" in message ? (message.addressTableLookups ?? []) : [];
      expect(
        Array.from({ length: tx.lookupCount }, (_, i) => [
          base58.decode(slice(tx.lookup(i, lookupField.tableAt), 32)),
          [...slice(tx.lookup(i, lookupField.writableAt), tx.lookup(i, lookupField.writableCount))],
          [...slice(tx.lookup(i, lookupField.readonlyAt), tx.lookup(i, lookupField.readonlyCount))],
        ]),
      ).toEqual(
        tables.map((one) => [
          one.lookupTableAddress,
          [...one.writableIndexes],
          [...one.readonlyIndexes],
        ]),
      );
      expect(tx.loadedWritable + tx.loadedReadonly).toBe(
        tables.reduce((n, one) => n + one.writableIndexes.length + one.readonlyIndexes.length, 0),
      );
    }
  });

  it("accepts exactly what @solana/kit reads and the rules allow, on damaged bytes", () => {
    const random = seeded(runSeed("transaction damage"));
    const tx = new TransactionView();
    let accepted = 0;
    const refusals = new Set<number>();
    for (let round = 0; round < 5_000; round += 1) {
      const wire = mutated(wireBytes(randomTransaction(random)), random);
      const code = parse(tx, wire);
      expect({ wire, accepted: code === codes.ok }).toEqual({
        wire,
        accepted: keepsTheRules(wire),
      });
      if (code === codes.ok) accepted += 1;
      else refusals.add(code);
    }
    expect(accepted).toBeGreaterThan(200);
    expect(refusals.size).toBeGreaterThan(8);
  });

  it.each<[keyof typeof codes, Uint8Array]>([
    ["ok", wireBytes(sample())],
    ["truncated", new Uint8Array(0)],
    ["truncated", wireBytes(sample()).slice(0, -1)],
    ["trailingBytes", Uint8Array.from([...wireBytes(sample()), 0])],
    ["size", Uint8Array.from([...wireBytes(sample()), ...new Uint8Array(1232)])],
    ["signatureCount", wireBytes(sample({ signatures: [] }))],
    ["signatureCount", wireBytes(sample({ header: [2, 0, 1] }))],
    ["header", wireBytes(sample({ header: [1, 1, 1] }))],
    ["header", wireBytes(sample({ header: [1, 0, 3] }))],
    ["programIndex", wireBytes(sample({ instructions: [{ program: 0, accounts: [], data: [] }] }))],
    ["programIndex", wireBytes(sample({ instructions: [{ program: 3, accounts: [], data: [] }] }))],
    [
      "accountIndex",
      wireBytes(sample({ instructions: [{ program: 2, accounts: [3], data: [] }] })),
    ],
    [
      "accountIndex",
      wireBytes(
        sample({ instructions: [{ program: 2, accounts: [0, 1, 2, 0, 0, 131, 1], data: [] }] }),
      ),
    ],
    ["duplicateKey", wireBytes(sample({ keys: [key(0), key(1), key(0)] }))],
    ["version", Uint8Array.from([0x80, ...wireBytes(sample()).slice(65)])],
    ["version", Uint8Array.from([1, ...key(0), ...key(0), 0x82, 1, 0, 1, 3])],
    ["v1InEnvelope", Uint8Array.from([1, ...key(0), ...key(0), 0x81, 1, 0, 1, 3])],
    ["v1Disabled", Uint8Array.from([0x81, 1, 0, 1])],
    [
      "emptyLookup",
      wireBytes(sample({ version: 0, lookups: [{ table: key(5), writable: [], readonly: [] }] })),
    ],
    [
      "accountCount",
      wireBytes(
        sample({
          version: 0,
          lookups: [
            {
              table: key(5),
              writable: Array.from({ length: 254 }, (_, i) => i),
              readonly: [],
            },
          ],
        }),
      ),
    ],
  ])("answers %s", (name, wire) => {
    expect(parse(new TransactionView(), wire)).toBe(codes[name]);
    expect(transactionReasons[codes[name]]).toBeDefined();
  });

  it("refuses lengths that are not minimal, above 65535, or cut off", () => {
    const read = (...bytes: number[]): number =>
      readCompactU16(new DataView(Uint8Array.from(bytes).buffer), 0, bytes.length);
    expect(read(0)).toBe(0x1_0000);
    expect(read(0x7f)).toBe(0x1_007f);
    expect(read(0x80, 1)).toBe(0x2_0080);
    expect(read(0xff, 0xff, 3)).toBe(0x3_ffff);
    expect(read(0x80, 0)).toBe(-codes.compactU16);
    expect(read(0xff, 0x80, 0)).toBe(-codes.compactU16);
    expect(read(0xff, 0xff, 4)).toBe(-codes.compactU16);
    expect(read(0xff, 0xff, 0x80)).toBe(-codes.compactU16);
    expect(read(0x80)).toBe(-codes.truncated);
    expect(read(0x80, 0x80)).toBe(-codes.truncated);
    expect(read()).toBe(-codes.truncated);
  });

  it("tells static, loaded and absent accounts and who may be written", () => {
    const wire = wireBytes(
      sample({
        version: 0,
        keys: [key(0), key(1), key(2), key(3)],
        header: [2, 1, 1],
        signatures: [new Uint8Array(64), new Uint8Array(64)],
        instructions: [{ program: 3, accounts: [1, 4, 5], data: [] }],
        lookups: [{ table: key(5), writable: [9], readonly: [8] }],
      }),
    );
    const tx = new TransactionView();
    const view = new DataView(wire.buffer);
    expect(tx.parse(view, 0, wire.length)).toBe(codes.ok);
    expect(tx.accountKeyAt(view, 0, 0)).toBe(tx.keyAt(1));
    expect(tx.accountKeyAt(view, 0, 1)).toBe(accountLoaded);
    expect(tx.accountKeyAt(view, 0, 3)).toBe(accountAbsent);
    expect([0, 1, 2, 3].map((i) => tx.isWritable(i))).toEqual([true, false, true, false]);
  });
});
