// The original sniffer's defects, each as a test that ours passes: the id in front of a name is
// that of the list of defects. Those of source, supervisor and configuration are tested with them.
import { describe, expect, it } from "vitest";

import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import { eventType } from "../../../engine/events/event-layout.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import {
  createStageMemory,
  readStageCounts,
  StageCells,
} from "../../../engine/events/stage-cells.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import type { HandoffOptions } from "../../../engine/handoff/handoff-options.ts";
import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import { Extractor } from "../../../engine/sniff/extractor.ts";
import { matchField } from "../../../engine/sniff/match-table.ts";
import { Prefilter } from "../../../engine/sniff/prefilter.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import { createVerifyMemory, VerifyPool } from "../../../engine/sniff/verify-pool.ts";
import { VerifyStage } from "../../../engine/sniff/verify-stage.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { programIds, type ProgramName } from "../../../schemas/market/programs.ts";
import { wireBytes, type WireTransaction } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";
import { checkConservation, createRig, fullWatch } from "./pipeline-rig.ts";

const random = seeded(runSeed("defects"));
const mix = await createTransactionMix({ seed: runSeed("defects mix"), count: 300 });
const candidates = mix.filter(({ expected }) => expected === "candidate");
const watch = fullWatch();
const idOf = (name: ProgramName): Uint8Array => decodeKey(programIds[name]) ?? new Uint8Array(32);
const hex = (text: string): number[] => [...Buffer.from(text, "hex")];
const buy = [...hex("66063d1201daebea"), ...new Uint8Array(16).fill(1)];
const create = hex("181ec828051c0777");

type Call = {
  readonly signers?: number;
  readonly keyCount?: number;
  readonly index?: number;
  readonly version?: "legacy" | 0;
  readonly data?: readonly number[];
};

/** A transaction that calls pump.fun, which is key `index`. */
const call = (options: Call = {}): WireTransaction => {
  const { signers = 1, keyCount = 20, index = keyCount - 1, version = "legacy" } = options;
  return {
    version,
    signatures: Array.from({ length: signers }, () => random.bytes(64)),
    header: [signers, 0, 0],
    keys: Array.from({ length: keyCount }, (_, i) =>
      i === index ? idOf("pump.fun") : random.bytes(32),
    ),
    blockhash: random.bytes(32),
    instructions: [
      {
        program: index,
        accounts: Array.from({ length: 16 }, (_, i) => i % keyCount),
        data: options.data ?? buy,
      },
    ],
    lookups: [],
  };
};

const viewOf = (tx: WireTransaction): DataView => new DataView(wireBytes(tx).buffer);
const extract = (tx: WireTransaction) => {
  const extractor = new Extractor({ watch });
  const view = viewOf(tx);
  return { code: extractor.extract(view, 0, view.byteLength), table: extractor.table, view };
};

describe("defects of the original", () => {
  it("SN2: the id of pump.fun is the base58 one, and the made-up one is watched by nobody", () => {
    const bytes = Buffer.from(idOf("pump.fun")).toString("hex");
    expect(bytes.startsWith("0156e0f6")).toBe(true);
    const fake = {
      ...call(),
      keys: call().keys.map((key, i) => (i === 19 ? random.bytes(32) : key)),
    };
    fake.keys[19]?.set(hex("6f1d8a9c"));
    expect(extract(fake).code).toBe(verdict.notWatched);
  });

  it("SN3: no seam: a program is found at every index for 1 to 3 signers, the missed ones too", () => {
    for (const [signers, missed] of [
      [1, 13],
      [2, 11],
      [3, 9],
    ] as const) {
      for (let index = signers; index < 24; index += 1) {
        expect(extract(call({ signers, keyCount: 24, index })).code).toBe(verdict.candidate);
      }
      expect(extract(call({ signers, index: missed })).code).toBe(verdict.candidate);
    }
  });

  it("SN4: an id within instruction data is no call, and v0 and long lengths are parsed", () => {
    const inData = call({ index: 19 });
    const other = {
      ...inData,
      keys: inData.keys.map((key, i) => (i === 19 ? random.bytes(32) : key)),
      instructions: [{ program: 19, accounts: [1], data: [...idOf("pump.fun"), ...buy] }],
    };
    expect(extract(other).code).toBe(verdict.notWatched);
    // 200 bytes of data take a length of two bytes, in front of the call that is looked for.
    const long = { program: 1, accounts: [], data: Array.from({ length: 200 }, () => 7) };
    const tx = call({ version: 0 });
    const found = extract({ ...tx, instructions: [long, ...tx.instructions] });
    expect(found.code).toBe(verdict.candidate);
    expect(found.table.match(0, matchField.instruction)).toBe(1);
  });

  it("SN5: the mint is the instruction's account, not bytes at an offset and not the payer", () => {
    const { table, view } = extract(call({ data: create }));
    expect(table.match(0, matchField.mintAt)).toBe(table.keysAt);
    const bought = extract(call());
    expect(bought.table.match(0, matchField.mintAt)).toBe(bought.table.keysAt + 2 * 32);
    expect(bought.table.match(0, matchField.mintAt)).not.toBe(64);
    expect(view.byteLength).toBeGreaterThan(0);
  });

  it("SN6: a real vote is a vote, whatever its first byte", () => {
    const prefilter = new Prefilter({ watch });
    const votes = mix.filter(({ expected }) => expected === "vote");
    expect(votes.length).toBeGreaterThan(5);
    for (const { wire } of votes) {
      expect(prefilter.check(new DataView(wire.buffer), 0, wire.length)).toBe(verdict.vote);
    }
  });

  it("SN7: price hint and volume come from amounts: longer packets change neither, none is absent", () => {
    const rig = createRig({ handoff: { batchTimeoutUs: 0 } });
    const amounts = [...hex("66063d1201daebea"), 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];
    rig.give(wireBytes(call({ data: amounts })));
    rig.give(wireBytes(call({ data: [...amounts, ...random.bytes(100)] })));
    rig.give(wireBytes(call({ data: create })));
    rig.settle();
    const [launch, ...trades] = rig.handed.toSorted((a, b) => b.priority - a.priority);
    expect(trades.map(({ candidate }) => candidate.priceHint)).toEqual([2, 2]);
    expect(launch?.candidate).not.toHaveProperty("priceHint");
    rig.clock.us += 200_000;
    rig.settle();
    expect(rig.priority.averages.longEma).toBe(2 ** 33);
  });

  it("SN8: the handoff emits its events", () => {
    const rig = createRig({ handoff: { capacity: 10, batchTimeoutUs: 1_000_000 } });
    for (const { wire } of candidates.slice(0, 60)) rig.give(wire);
    rig.settle();
    expect(rig.events("handoff_sent").length).toBeGreaterThan(0);
    // Until one is not handed on at once: it waits for others.
    for (const { wire } of candidates.slice(60)) {
      const before = rig.handed.length;
      rig.give(wire);
      rig.settle();
      if (rig.handed.length === before) break;
    }
    rig.handoff.stop();
    expect(rig.events("handoff_dropped").at(-1)).toMatchObject({ reason: "shutdown" });
  });

  it("SN9: the collector's memory is fixed, and the newest overwrites the oldest", () => {
    const memory = createEventMemory(100);
    const bytes = memory.byteLength;
    const collector = new EventCollector(memory);
    for (let i = 0; i < 250_000; i += 1) collector.record(eventType.bytesReceived, i);
    const lines = readEvents([memory], { type: null, limit: 1000 });
    expect(lines.map(({ trace_id: id }) => Number(id))).toEqual(
      Array.from({ length: 100 }, (_, i) => 249_900 + i),
    );
    expect(memory.byteLength).toBe(bytes);
  });

  it("SN10: every latency is kept: values that are equal modulo 1000 do not replace each other", () => {
    const memory = createStageMemory();
    const cells = new StageCells(memory);
    for (const us of [5, 1005, 2005, 5]) cells.latency.record(us);
    const { latencyUs } = readStageCounts(memory);
    expect(latencyUs).toMatchObject({ count: 4, p50: 5 });
    expect(latencyUs.max).toBeGreaterThanOrEqual(2005);
  });

  it("SN11: a batch leaves by the clock when nothing more arrives", () => {
    const rig = createRig();
    const [one] = candidates;
    if (one === undefined) throw new Error("no candidate");
    rig.give(one.wire);
    rig.settle();
    expect(rig.handed).toHaveLength(0);
    rig.clock.us += 9_999;
    rig.settle();
    expect(rig.handed).toHaveLength(0);
    rig.clock.us += 1;
    rig.settle();
    expect(rig.handed).toHaveLength(1);
  });

  it("SN12: what is in the stages at a stop is drained, and what cannot be is counted", () => {
    const rig = createRig({ handoff: { batchTimeoutUs: 60_000_000 } });
    for (const { wire } of candidates.slice(0, 33)) rig.give(wire);
    rig.settle();
    expect(rig.handed.length).toBeLessThan(33);
    expect(rig.handoff.drain()).toBe(true);
    for (const stage of rig.stages) stage.stop();
    expect(rig.handed).toHaveLength(33);
    checkConservation(rig, 33);
  });

  it("SN15: every setting of the handoff changes what happens (waits for HIGH: handoff.test.ts)", () => {
    const run = (change: Partial<HandoffOptions>): string => {
      let calls = 0;
      const log: string[] = [];
      const trySend = (batch: HandoffBatch): number => {
        calls += 1;
        log.push(`${batch.priority}:${batch.count}`);
        return calls % 14 < 9 ? 0 : batch.count;
      };
      const rig = createRig({
        senders: { mode: "sync", sender: { trySend } },
        handoff: {
          capacity: 8,
          batchSize: 4,
          adaptiveIntervalUs: 200,
          adaptiveHighUs: 1e7,
          ...change,
        },
      });
      let given = 0;
      // Bursts, and pauses between them.
      for (let turn = 0; turn < 120; turn += 1) {
        const isBurst = turn % 20 < 12;
        const next = isBurst ? candidates.slice(given, given + 2) : [];
        for (const { wire } of next) rig.give(wire);
        given += next.length;
        rig.settle();
        rig.clock.us += isBurst ? 40 : 3_000;
      }
      checkConservation(rig, given);
      return JSON.stringify([log, rig.diagnostics()]);
    };
    const base = run({});
    expect(run({})).toBe(base);
    const changes: readonly Partial<HandoffOptions>[] = [
      { capacity: 5 },
      { batchSize: 3 },
      { batchTimeoutUs: 10 },
      { dropPolicy: "drop-oldest" },
      { sendMaxRetries: 0 },
      { sendRetryDelayUs: 30 },
      { adaptiveHighUs: 150 },
      { adaptiveLowUs: 5e6 },
      { adaptiveIntervalUs: 50_000_000 },
    ];
    for (const change of changes) expect([change, run(change) === base]).toEqual([change, false]);
  });

  it("SN16: a flood of LOW takes no place from HIGH", () => {
    let isOpen = false;
    const sent: number[] = [];
    const trySend = (batch: HandoffBatch): number => {
      if (isOpen) sent.push(...Array.from({ length: batch.count }, () => batch.priority));
      return isOpen ? batch.count : 0;
    };
    const rig = createRig({
      senders: { mode: "sync", sender: { trySend } },
      handoff: { capacity: 20, sendMaxRetries: 255 },
    });
    let launches = 0;
    for (const { wire, kind } of candidates.slice(0, 120)) {
      const isLaunch = kind.includes("create");
      if (isLaunch && launches >= 20) continue;
      if (isLaunch) launches += 1;
      rig.give(wire);
      rig.settle();
    }
    isOpen = true;
    rig.clock.us += 1_000_000;
    rig.settle();
    const { high, low } = rig.diagnostics();
    expect(high.offered).toBe(launches);
    expect(high.dropped).toEqual({});
    expect(sent.filter((priority) => priority === 1)).toHaveLength(launches);
    expect(Object.keys(low.dropped).length).toBeGreaterThan(0);
  });

  it("SN18: a stage asserts its own counts: nothing matched is not a fast match", () => {
    const extractor = new Extractor({ watch });
    let hits = 0;
    for (const { wire } of candidates) {
      const code = extractor.extract(new DataView(wire.buffer), 0, wire.length);
      if (code === verdict.candidate) hits += extractor.table.count;
    }
    expect(hits).toBeGreaterThanOrEqual(candidates.length);
  });

  it("SN19: forged signatures, doubled keys, bad headers, replays: each is refused by its name", () => {
    const memories = createVerifyMemory(1);
    const rig = createRig({ secure: { pool: new VerifyPool(memories) } });
    const [good] = candidates;
    if (good === undefined) throw new Error("no candidate");
    const forged = good.wire.slice();
    forged[10] = (forged[10] ?? 0) ^ 1;
    const doubled = call();
    const [payer] = doubled.keys;
    const keys = doubled.keys.map((key, i) => (i === 7 ? (payer ?? key) : key));
    const wires = [
      good.wire,
      good.wire,
      forged,
      wireBytes({ ...doubled, keys }),
      wireBytes({ ...call(), header: [1, 1, 0] }),
    ];
    for (const wire of wires) rig.give(wire);
    rig.settle();
    for (const { input, output } of memories) {
      const stage = new VerifyStage({
        input: new MessageRingReader(input),
        output: new MessageRingWriter(output),
      });
      while (stage.work() > 0);
    }
    rig.settle();
    const { rejected, passed } = rig.counts().secure;
    expect(rejected).toEqual({ signature: 1, replay: 1, "duplicate-key": 1, malformed: 1 });
    expect(passed).toBe(1);
  });

  it("SN20: launches need no SPL Token key, and v1 may have 4096 bytes", () => {
    const launch = mix.find(({ kind }) => kind === "pump-create-v2");
    const wire = launch?.wire ?? new Uint8Array(0);
    const text = Buffer.from(wire).toString("hex");
    expect(text).not.toContain(Buffer.from(idOf("SPL Token")).toString("hex"));
    expect(text).toContain(Buffer.from(idOf("Token-2022")).toString("hex"));
    const sniffer = new Sniffer({ watch, v1: true });
    expect(sniffer.inspect(new DataView(wire.buffer), 0, wire.length)).toBe(verdict.candidate);
    const long = v1Wire(3_900);
    expect(long.length).toBe(4096);
    expect(sniffer.inspect(new DataView(long.buffer), 0, long.length)).toBe(verdict.candidate);
    const strict = new Sniffer({ watch });
    expect(strict.inspect(new DataView(long.buffer), 0, long.length)).toBe(verdict.size);
  });
});

/** A v1 transaction that calls pump.fun's create: 3 keys, data padded so that the whole is 4096 bytes. */
const v1Wire = (dataMax: number): Uint8Array<ArrayBuffer> => {
  const head = [0x81, 1, 0, 0, 0, 0, 0, 0, ...random.bytes(32), 1, 3];
  const keys = [random.bytes(32), random.bytes(32), idOf("pump.fun")].flatMap((key) =>
    Array.from(key),
  );
  const fixed = head.length + keys.length + 4 + 1 + 64;
  const data = [...create, ...random.bytes(Math.max(dataMax, 4096 - fixed) - create.length)].slice(
    0,
    4096 - fixed,
  );
  const instruction = [2, 1, data.length & 0xff, data.length >> 8];
  return Uint8Array.from([...head, ...keys, ...instruction, 1, ...data, ...random.bytes(64)]);
};
