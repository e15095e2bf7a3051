import { existsSync, readdirSync, readFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { rpcEntries } from "../../../engine/sniff/rpc-document.ts";
import { decodeBase64, rebuildWire } from "../../../engine/sniff/rpc-message.ts";
import { parseJson, RpcShapeError } from "../../../engine/sniff/rpc-value.ts";
import { signatureVerifies } from "../../../engine/sniff/verify-signature.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { decodedByKit } from "../../oracles/wire-transaction.ts";
import { runSeed } from "../../random.ts";

const recorded = new URL("../../../../shared/data/solana/", import.meta.url);

/** What an RPC node answers for a transaction, encoding json. */
const asJson = (wire: Uint8Array) => {
  const decoded = decodedByKit(wire);
  if (decoded === null) throw new Error("not decodable");
  const { message, transaction } = decoded;
  const tables = "addressTableLookups" in message ? message.addressTableLookups : undefined;
  return {
    version: message.version,
    meta: null,
    transaction: {
      signatures: Object.values(transaction.signatures).map((one) =>
        encodeBase58(Uint8Array.from(one ?? [])),
      ),
      message: {
        header: {
          numRequiredSignatures: message.header.numSignerAccounts,
          numReadonlySignedAccounts: message.header.numReadonlySignerAccounts,
          numReadonlyUnsignedAccounts: message.header.numReadonlyNonSignerAccounts,
        },
        accountKeys: message.staticAccounts,
        recentBlockhash: message.lifetimeToken,
        instructions: message.instructions.map((one) => ({
          programIdIndex: one.programAddressIndex,
          accounts: one.accountIndices ?? [],
          data: encodeBase58(Uint8Array.from(one.data ?? [])),
        })),
        ...(message.version === 0 && {
          addressTableLookups: (tables ?? []).map((one) => ({
            accountKey: one.lookupTableAddress,
            writableIndexes: one.writableIndexes,
            readonlyIndexes: one.readonlyIndexes,
          })),
        }),
      },
    },
  };
};

describe("transactions from RPC JSON", () => {
  it("are rebuilt byte for byte from every encoding", async () => {
    const mix = await createTransactionMix({ seed: runSeed("rpc encodings"), count: 300 });
    for (const { wire, kind } of mix) {
      if (kind.startsWith("broken-")) continue;
      const json = JSON.parse(JSON.stringify(asJson(wire))) as ReturnType<typeof asJson>;
      const base64 = Buffer.from(wire).toString("base64");
      const packed = Buffer.from(zstdCompressSync(wire)).toString("base64");
      expect(rebuildWire(json.transaction, json.version)).toEqual({ wire, kind: "exact" });
      expect(rebuildWire([base64, "base64"], undefined).wire).toEqual(wire);
      expect(rebuildWire([encodeBase58(wire), "base58"], undefined).wire).toEqual(wire);
      expect(rebuildWire(encodeBase58(wire), undefined).wire).toEqual(wire);
      expect(rebuildWire([packed, "base64+zstd"], undefined).wire).toEqual(wire);
    }
  });

  it.skipIf(!existsSync(recorded))(
    "have signatures that verify: every recorded one (skipped without ../shared/data)",
    () => {
      let transactions = 0;
      let signatures = 0;
      for (const file of readdirSync(recorded).filter((name) => name.startsWith("chainstorage-"))) {
        const document = parseJson(readFileSync(new URL(file, recorded), "utf8"));
        for (const { transaction, version } of rpcEntries(document, null)) {
          const { wire, kind } = rebuildWire(transaction, version);
          expect(kind).toBe("exact");
          for (let i = 0; i < (wire[0] ?? 0); i += 1) {
            expect(signatureVerifies(wire, i)).toBe(true);
            signatures += 1;
          }
          // One changed byte is enough for the oracle to see.
          const last = wire.length - 1;
          wire[last] = (wire[last] ?? 0) ^ 1;
          expect(signatureVerifies(wire)).toBe(false);
          transactions += 1;
        }
      }
      process.stderr.write(
        `recorded: ${transactions} transactions, ${signatures} signatures verify\n`,
      );
      expect([transactions, signatures]).toEqual([9, 10]);
    },
  );

  it.skipIf(!existsSync(recorded))(
    "of encoding jsonParsed are partial when one parsed instruction cannot be reversed",
    () => {
      const file = new URL("chainstorage-block_241043141_v2.json", recorded);
      const text = readFileSync(file, "utf8").replace('"initializeAccount"', '"somethingNew"');
      const [entry] = rpcEntries(parseJson(text), "getBlock");
      expect(rebuildWire(entry?.transaction, entry?.version).kind).toBe("partial");
    },
  );

  it("of a wrong shape are refused by field", async () => {
    const [one] = await createTransactionMix({ seed: 5, count: 1 });
    const good = asJson(one?.wire ?? new Uint8Array(0));
    const broken = (change: (message: Record<string, unknown>) => void) => {
      const copy = JSON.parse(JSON.stringify(good)) as ReturnType<typeof asJson>;
      change(copy.transaction.message);
      return () => rebuildWire(copy.transaction, copy.version);
    };
    expect(broken((m) => delete m["accountKeys"])).toThrow(
      "message.accountKeys: expected an array",
    );
    expect(broken((m) => (m["recentBlockhash"] = "0"))).toThrow("message.recentBlockhash");
    expect(broken((m) => (m["instructions"] = [{ programIdIndex: 300 }]))).toThrow(
      "message.instructions[0].programIdIndex: expected an integer from 0 to 255, found 300",
    );
    expect(() => rebuildWire(["AA", "base32"], undefined)).toThrow('found "base32"');
    expect(() => rebuildWire(["!", "base64"], undefined)).toThrow(RpcShapeError);
    expect(() => rebuildWire(good.transaction, 7)).toThrow('expected "legacy" or 0, found 7');
  });

  it("with names that every object has are of unknown encodings and programs", async () => {
    for (const encoding of ["toString", "constructor", "__proto__"]) {
      expect(() => rebuildWire(["AA==", encoding], undefined)).toThrow(`found "${encoding}"`);
    }
    const [one] = await createTransactionMix({ seed: 5, count: 1 });
    const { transaction, version } = asJson(one?.wire ?? new Uint8Array(0));
    const [programId] = transaction.message.accountKeys;
    const instruction = { programId, program: "constructor", parsed: { type: "create", info: {} } };
    const message = { ...transaction.message, instructions: [instruction] };
    const rebuilt = rebuildWire({ ...transaction, message }, version);
    expect(decodedByKit(rebuilt.wire)?.message.instructions).toHaveLength(1);
  });
});

describe("RPC documents", () => {
  const inner = { transaction: ["AA==", "base64"], meta: null, slot: 7, transactionIndex: 3 };

  it("may be bare, inside a result, a block or an array of them", () => {
    const slots = (document: unknown) =>
      [...rpcEntries(document, null)].map(({ slot, index }) => [slot, index]);
    expect(slots(inner)).toEqual([["7", 3]]);
    expect(slots({ jsonrpc: "2.0", id: 1, result: inner })).toEqual([["7", 3]]);
    const block = { slot: "9", transactions: [inner, inner] };
    expect(slots({ result: block })).toEqual([
      ["9", 0],
      ["9", 1],
    ]);
    expect(slots([inner, block])).toEqual([
      ["7", 3],
      ["9", 0],
      ["9", 1],
    ]);
    const bare = [{ transaction: ["AA==", "base64"], meta: null }];
    expect(slots(bare)).toEqual([[null, null]]);
  });

  it.each([
    [{ error: { code: -32009, message: "skipped" } }, "skipped"],
    [{ result: null }, "found null"],
    [{ accounts: [], data: "", program_id: "" }, "a single instruction without a transaction"],
    [{ fee: 1, preBalances: [] }, "the meta of a transaction without the transaction"],
    [7, "expected an object, found 7"],
  ])("of another shape say what they are: %j", (document, words) => {
    expect(() => [...rpcEntries(document, null)]).toThrow(words);
  });

  it("keep integers above 2^53 exact", () => {
    expect(parseJson('{"a": 18446744073709551615, "b": 1.5, "c": "9007199254740993"}')).toEqual({
      a: 18446744073709551615n,
      b: 1.5,
      c: "9007199254740993",
    });
  });

  it("take base64 with and without padding, and nothing else", () => {
    expect(decodeBase64("AQI=")).toEqual(Uint8Array.of(1, 2));
    expect(decodeBase64("AQI")).toEqual(Uint8Array.of(1, 2));
    for (const text of ["A", "AQ I", "AQ-_", "AQI==="]) expect(decodeBase64(text)).toBeNull();
  });
});
