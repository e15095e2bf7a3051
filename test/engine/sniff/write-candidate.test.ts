import { describe, expect, it } from "vitest";

import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { matchField } from "../../../engine/sniff/match-table.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { WatchList, watchedPrograms } from "../../../engine/sniff/watch-list.ts";
import { CandidateWriter, stampOrigin } from "../../../engine/sniff/write-candidate.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { decodeCandidate } from "../../../schemas/market/candidate.ts";
import { candidateBytes } from "../../../schemas/market/candidate-layout.ts";
import { instructionRules, programIds, wrappedSolMint } from "../../../schemas/market/programs.ts";
import { TransactionItem } from "../../../schemas/market/transaction-item.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

const offset = 16;
const pump = programIds["pump.fun"];

describe("candidate record", () => {
  it("carries what the match found, and touches nothing beside its bytes", async () => {
    const sniffer = new Sniffer({ watch: new WatchList(watchedPrograms(instructionRules)) });
    const writer = new CandidateWriter(sniffer.table);
    const mix = await createTransactionMix({ seed: runSeed("candidate"), count: 400 });
    const to = new DataView(new ArrayBuffer(offset + candidateBytes + 16));
    const bytes = new Uint8Array(to.buffer);
    const item = new TransactionItem();
    item.setSlot(350_000_000_123);
    item.setReceiveTimeMs(1_700_000_000_000);
    let written = 0;
    for (const { wire, kind } of mix) {
      const from = new DataView(wire.buffer);
      sniffer.inspect(from, 0, wire.length);
      for (let i = 0; i < sniffer.matchCount; i += 1) {
        bytes.fill(0xaa);
        writer.write({ from, to }, offset, i, item);
        stampOrigin(to, offset, {
          topic: 1,
          partition: 3,
          offset: 2 ** 40 + 7,
          frameIndex: 5,
        });
        expect(bytes.subarray(0, offset).every((byte) => byte === 0xaa)).toBe(true);
        expect(bytes.subarray(offset + candidateBytes).every((byte) => byte === 0xaa)).toBe(true);
        const read = decodeCandidate(to, offset, offset + candidateBytes);
        const rule = sniffer.watch.rules[sniffer.match(i, matchField.rule)];
        const program = sniffer.watch.programOfRule(sniffer.match(i, matchField.rule));
        if (read === null || rule === undefined) throw new Error("no record");
        const keyOf = (field: number): string | undefined => {
          const at = sniffer.match(i, field);
          return at < 0 ? undefined : encodeBase58(wire, at, at + 32);
        };
        const instruction = sniffer.match(i, matchField.instruction);
        expect(read).toMatchObject({
          id: `weir-transactions/3/${2 ** 40 + 7}/5/${i}`,
          signature: encodeBase58(wire, 1, 65),
          slot: "350000000123",
          receiveTime: "1700000000000000000",
          program: program?.id,
          programName: program?.name,
          instruction: rule.instruction,
          direction: rule.direction,
          path: String(instruction),
        });
        expect(read.index).toBeUndefined();
        expect(read.mint).toBe(keyOf(matchField.mintAt));
        expect(read.user).toBe(keyOf(matchField.userAt));
        expect(read.pool).toBe(keyOf(matchField.poolAt));
        expect(read.quoteMint).toBe(keyOf(matchField.quoteMintAt) ?? wrappedSolMint);
        const base = sniffer.match(i, matchField.baseAt);
        expect(read.baseAmount).toBe(
          base < 0 ? undefined : from.getBigUint64(base, true).toString(),
        );
        expect(read.quoteIsLimit).toBe(/buy|sell/.test(rule.instruction) ? true : undefined);
        expect(read.mint === undefined).toBe(kind === "mint-in-lookup");
        written += 1;
      }
    }
    expect(written).toBeGreaterThan(150);
  });

  it("has no price where the sender set no limit: 0 for a sale, the largest u64 for a purchase", () => {
    const sniffer = new Sniffer({ watch: new WatchList(watchedPrograms(instructionRules)) });
    const writer = new CandidateWriter(sniffer.table);
    const to = new DataView(new ArrayBuffer(candidateBytes));
    const random = seeded(runSeed("no limit"));
    const priceOf = (discriminator: string, base: bigint, quote: bigint) => {
      const amounts = Buffer.alloc(16);
      amounts.writeBigUInt64LE(base, 0);
      amounts.writeBigUInt64LE(quote, 8);
      const wire = wireBytes({
        version: 0,
        signatures: [random.bytes(64)],
        header: [1, 0, 1],
        keys: [random.bytes(32), random.bytes(32), decodeKey(pump) ?? random.bytes(32)],
        blockhash: random.bytes(32),
        instructions: [
          {
            program: 2,
            accounts: [0, 0, 1, 0, 0, 0, 0],
            data: [...Buffer.from(discriminator, "hex"), ...amounts],
          },
        ],
        lookups: [],
      });
      const from = new DataView(wire.buffer);
      sniffer.inspect(from, 0, wire.length);
      writer.write({ from, to }, 0, 0, new TransactionItem());
      const { priceHint, quoteAmount } = decodeCandidate(to, 0, candidateBytes) ?? {};
      expect(quoteAmount).toBe(quote.toString());
      return priceHint;
    };
    const [buy, sell] = ["66063d1201daebea", "33e685a4017f83ad"] as const;
    expect(priceOf(sell, 8n, 2n)).toBe(0.25);
    expect(priceOf(sell, 8n, 0n)).toBeUndefined();
    expect(priceOf(buy, 8n, 2n ** 64n - 1n)).toBeUndefined();
    expect(priceOf(buy, 1n, 2n ** 63n)).toBe(2 ** 63);
  });

  it("is refused in another length or version", () => {
    const view = new DataView(new ArrayBuffer(candidateBytes));
    expect(decodeCandidate(view, 0, candidateBytes)).toBeNull();
    view.setUint8(0, 1);
    expect(decodeCandidate(view, 0, candidateBytes)).not.toBeNull();
    expect(decodeCandidate(view, 0, candidateBytes - 1)).toBeNull();
  });
});
