import { describe, expect, it } from "vitest";

import { snifferEventTypes } from "../../../engine/events/event-layout.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { LookupTables } from "../../../engine/sniff/lookup-tables.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import {
  createVerifyMemory,
  startVerifiers,
  VerifyPool,
} from "../../../engine/sniff/verify-pool.ts";
import { VerifyStage } from "../../../engine/sniff/verify-stage.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { decodeKey, encodeBase58 } from "../../../schemas/market/base58.ts";
import { programIds } from "../../../schemas/market/programs.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { checkConservation, createRig, fullWatch } from "./pipeline-rig.ts";

// Signing takes longer than all the rest, so one pool serves every test.
const pool = await createTransactionMix({ seed: runSeed("pipeline"), count: 600 });
const mixOf = (count: number) => pool.slice(0, count);

describe("stages of the sniffer", () => {
  it("hand over exactly the candidates that the whole sniffer finds, and lose none uncounted", () => {
    const mix = mixOf(500);
    const sniffer = new Sniffer({ watch: fullWatch() });
    const expected: string[] = [];
    const rig = createRig();
    for (const [given, { wire }] of mix.entries()) {
      const found = sniffer.inspect(new DataView(wire.buffer), 0, wire.length);
      if (found === verdict.candidate) expected.push(encodeBase58(wire, 1, 65));
      rig.give(wire);
      if (given % 50 === 0) rig.settle();
      checkConservation(rig, rig.counts().prefilter.received);
    }
    rig.settle();
    checkConservation(rig, mix.length);
    rig.clock.us += 20_000;
    rig.settle();
    checkConservation(rig, mix.length);
    const byOrder = rig.handed.filter(({ priority }) => priority === 0);
    const signatures = rig.handed.map(({ candidate }) => candidate.signature);
    expect(signatures.toSorted()).toEqual(expected.toSorted());
    // Order is kept within a priority.
    const lows = byOrder.map(({ candidate }) => candidate.signature);
    expect(lows).toEqual(expected.filter((signature) => new Set(lows).has(signature)));
    const { prefilter, extract, secure } = rig.counts();
    expect(prefilter.rejected.vote).toBeGreaterThan(0);
    expect(prefilter.rejected["not-watched"]).toBeGreaterThan(0);
    expect(extract.rejected["needs-resolve"]).toBeGreaterThan(0);
    expect(secure.passed).toBe(expected.length);
    expect(secure.latencyUs.count).toBe(secure.passed);
  });

  it("carry accounts, amounts, price hint and slot, and mark launches HIGH", () => {
    const mix = mixOf(400);
    const rig = createRig();
    for (const { wire, expected } of mix) if (expected === "candidate") rig.give(wire);
    rig.settle();
    rig.clock.us += 20_000;
    rig.settle();
    expect(rig.handed.length).toBeGreaterThan(150);
    for (const { candidate, priority } of rig.handed) {
      expect(candidate.accounts).toHaveLength(8);
      expect(candidate.mint).toBeDefined();
      expect(Number(candidate.slot)).toBeGreaterThanOrEqual(77);
      if (candidate.direction === "create") expect(priority).toBe(1);
      if (candidate.instruction === "buy" || candidate.instruction === "sell") {
        const hint = Number(candidate.quoteAmount) / Number(candidate.baseAmount);
        expect(candidate.priceHint).toBeCloseTo(hint, 12);
      }
    }
  });

  it("make 16 candidates of one transaction, and count its further watched instructions", () => {
    const random = seeded(runSeed("many instructions"));
    const create = { program: 2, accounts: [1], data: [...Buffer.from("181ec828051c0777", "hex")] };
    const rig = createRig({ handoff: { batchTimeoutUs: 0 } });
    for (const count of [16, 20, 80]) {
      const wire = wireBytes({
        version: "legacy",
        signatures: [random.bytes(64)],
        header: [1, 0, 1],
        keys: [
          random.bytes(32),
          random.bytes(32),
          decodeKey(programIds["pump.fun"]) ?? new Uint8Array(32),
        ],
        blockhash: random.bytes(32),
        instructions: Array.from({ length: count }, () => create),
        lookups: [],
      });
      rig.give(wire);
    }
    rig.settle();
    expect(rig.handed).toHaveLength(48);
    expect(rig.stages[1].matchesDropped).toBe(4 + 64);
    checkConservation(rig, 3);
  });

  it("name an account behind a lookup table once its table is known", () => {
    const mix = mixOf(600);
    const tables = new LookupTables(4);
    const rig = createRig({ tables });
    const hidden = mix.filter(({ kind }) => kind === "mint-in-lookup");
    expect(hidden.length).toBeGreaterThan(0);
    for (const { wire } of hidden) rig.give(wire);
    rig.settle();
    expect(rig.counts().extract.rejected["needs-resolve"]).toBe(hidden.length);
    expect(tables.missing).toBeGreaterThan(0);
    const random = seeded(3);
    const [first] = hidden;
    if (first === undefined) throw new Error("no hidden mint");
    const sniffer = new Sniffer({ watch: fullWatch() });
    sniffer.inspect(new DataView(first.wire.buffer), 0, first.wire.length);
    const tableAt = sniffer.transaction.lookup(0, 0);
    const addresses = random.bytes(256 * 32);
    tables.set(first.wire.slice(tableAt, tableAt + 32), addresses);
    rig.give(first.wire);
    rig.settle();
    rig.clock.us += 20_000;
    rig.settle();
    expect(rig.handed).toHaveLength(1);
    const mint = decodeKey(rig.handed[0]?.candidate.mint ?? "");
    const keys = Array.from({ length: 256 }, (_, i) =>
      encodeBase58(addresses, i * 32, i * 32 + 32),
    );
    expect(keys).toContain(encodeBase58(mint ?? new Uint8Array(0)));
  });

  it("verify signatures in another stage, keep the order and refuse forged ones and replays", () => {
    const mix = mixOf(300).filter(({ expected }) => expected === "candidate");
    const memories = createVerifyMemory(3);
    const rig = createRig({ secure: { pool: new VerifyPool(memories) } });
    const verifiers = memories.map(
      ({ input, output }) =>
        new VerifyStage({
          input: new MessageRingReader(input),
          output: new MessageRingWriter(output),
        }),
    );
    const honest: string[] = [];
    let forged = 0;
    for (const [i, { wire }] of mix.entries()) {
      if (i % 5 === 0) {
        // A forged copy in front must not make the real one look like its replay.
        const copy = wire.slice();
        copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
        rig.give(copy);
        forged += 1;
      }
      rig.give(wire);
      honest.push(encodeBase58(wire, 1, 65));
      if (i % 7 === 0) rig.give(wire);
    }
    rig.settle();
    expect(rig.counts().secure.inFlight).toBeGreaterThan(0);
    checkConservation(rig, rig.counts().prefilter.received);
    // The slowest first: order must not depend on who is faster.
    for (const verifier of verifiers.toReversed()) while (verifier.work() > 0);
    rig.settle();
    rig.clock.us += 20_000;
    rig.settle();
    checkConservation(rig, rig.counts().prefilter.received);
    const { secure } = rig.counts();
    expect(secure.inFlight).toBe(0);
    const malformed = (secure.rejected.malformed ?? 0) + (secure.rejected["duplicate-key"] ?? 0);
    expect((secure.rejected.signature ?? 0) + malformed).toBe(forged);
    expect(secure.rejected.replay).toBe(Math.ceil(mix.length / 7));
    const lows = rig.handed.filter(({ priority }) => priority === 0);
    const got = lows.map(({ candidate }) => candidate.signature);
    expect(got).toEqual(honest.filter((signature) => new Set(got).has(signature)));
    expect(rig.handed).toHaveLength(honest.length);
  });

  it("verify signatures in threads of their own", async () => {
    const mix = mixOf(60).filter(({ expected }) => expected === "candidate");
    const memories = createVerifyMemory(2);
    const threads = startVerifiers(memories);
    const rig = createRig({ secure: { pool: new VerifyPool(memories) } });
    for (const { wire } of mix) rig.give(wire);
    rig.settle();
    await threads.stop();
    rig.settle();
    rig.clock.us += 20_000;
    rig.settle();
    checkConservation(rig, mix.length);
    expect(rig.handed).toHaveLength(mix.length);
    expect(rig.counts().secure.inFlight).toBe(0);
  });

  it("drop and count what a full ring has no room for", () => {
    const mix = mixOf(200).filter(({ expected }) => expected === "candidate");
    const rig = createRig({ ringBytes: 1 << 15 });
    let given = 0;
    for (const { wire } of mix.slice(0, 20)) {
      rig.give(wire);
      given += 1;
    }
    // The first stage alone: nobody empties the ring behind it, then the second alone.
    rig.stages[0].work();
    for (const { wire } of mix.slice(20, 40)) {
      rig.give(wire);
      given += 1;
    }
    rig.stages[0].work();
    rig.stages[1].work();
    rig.settle();
    checkConservation(rig, given);
    const { prefilter, extract } = rig.counts();
    expect((prefilter.dropped.full ?? 0) + (extract.dropped.full ?? 0)).toBeGreaterThan(0);
  });

  it("record all nine events with trace id and time", () => {
    const mix = mixOf(300);
    const rig = createRig({ handoff: { capacity: 10, batchTimeoutUs: 1_000_000 } });
    for (const { wire } of mix) {
      rig.clock.us += 3;
      rig.give(wire);
    }
    const random = seeded(1);
    const create = [...Buffer.from("181ec828051c0777", "hex")];
    const keys = [random.bytes(32), new Uint8Array(32), decodeKey(programIds["pump.fun"])].map(
      (key) => key ?? new Uint8Array(32),
    );
    // A mint of zeros.
    rig.give(
      wireBytes({
        version: "legacy",
        signatures: [random.bytes(64)],
        header: [1, 0, 0],
        keys,
        blockhash: random.bytes(32),
        instructions: [{ program: 2, accounts: [1, 0, 0, 0, 0, 0, 0, 0], data: create }],
        lookups: [],
      }),
    );
    rig.settle();
    rig.clock.us += 2_000_000;
    rig.settle();
    // One more, for which the time is over.
    const late = pool.slice(300).find(({ expected }) => expected === "candidate");
    rig.give(late?.wire ?? new Uint8Array(0));
    rig.settle();
    rig.handoff.stop();
    const seen = new Set(rig.events().map(({ event_type: type }) => type));
    expect([...seen].toSorted()).toEqual([...snifferEventTypes].toSorted());
    expect(rig.events("bytes_received")).toHaveLength(302);
    expect(rig.events("security_rejected").at(-1)).toMatchObject({ reason: "suspicious-mint" });
    for (const event of rig.events()) {
      expect(Number(event.trace_id)).toBeLessThanOrEqual(301);
      expect(event.timestamp_us).toBeGreaterThan(1_000_000);
    }
    const [sent] = rig.events("handoff_sent");
    expect(sent).toMatchObject({ queue_depth: 0 });
    expect(sent?.latency_us).toBeGreaterThanOrEqual(0);
  });
});
