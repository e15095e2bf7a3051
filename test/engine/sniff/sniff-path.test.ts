// Settings that decide how the path is put together.
import { expect, it } from "vitest";

import { createEventMemory, EventCollector } from "../../../engine/events/event-collector.ts";
import { readStageCounts } from "../../../engine/events/stage-cells.ts";
import {
  readCorrelationSamples,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import { priorityHigh } from "../../../engine/ring/ring-control-layout.ts";
import { createSniffMemory } from "../../../engine/sniff/sniff-memory.ts";
import { SniffPath } from "../../../engine/sniff/sniff-path.ts";
import { sniffDefaults, type SniffSettings } from "../../../engine/sniff/sniff-settings.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { instructionRules, programIds } from "../../../schemas/market/programs.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";
import { wireBytes } from "../../oracles/wire-transaction.ts";
import { runSeed, seeded } from "../../random.ts";

const random = seeded(runSeed("sniff path"));
const pump = decodeKey(programIds["pump.fun"]) ?? new Uint8Array(32);
const zeroKey = new Uint8Array(32);

const dataOf = (name: string, bytes: number): number[] => {
  const rule = instructionRules.find(
    (one) => one.program === "pump.fun" && one.instruction === name,
  );
  if (rule === undefined) throw new Error(`no rule ${name}`);
  return [...Buffer.from(rule.discriminator, "hex"), ...new Uint8Array(bytes)];
};

/** A launch is HIGH; a purchase is LOW as long as there are no averages. */
const wireOf = (name: "create" | "buy", mint: Uint8Array): Uint8Array =>
  wireBytes({
    version: "legacy",
    signatures: [random.bytes(64)],
    header: [1, 0, 0],
    keys: [random.bytes(32), mint, pump, random.bytes(32)],
    blockhash: random.bytes(32),
    instructions: [
      {
        program: 2,
        accounts: name === "create" ? [1, 0, 0, 0, 0, 0, 0, 0] : [3, 3, 1, 3, 3, 3, 0, 3],
        data: dataOf(name, name === "create" ? 0 : 16),
      },
    ],
    lookups: [],
  });

/** A path without verifiers whose receiver refuses HIGH. */
const createPath = (change: Partial<SniffSettings>) => {
  const memory = createSniffMemory(0);
  const clock = { us: 1_000_000 };
  const sent: number[] = [];
  const path = new SniffPath({
    memory,
    events: new EventCollector(createEventMemory()),
    sender: {
      trySend: (batch: HandoffBatch): number => {
        if (batch.priority === priorityHigh) return 0;
        for (let i = 0; i < batch.count; i += 1) sent.push(batch.traceIdAt(i));
        return batch.count;
      },
    },
    onRefused: () => {},
    onDropped: () => {},
    settings: {
      ...sniffDefaults,
      verifyThreads: 0,
      ...change,
      handoff: { ...sniffDefaults.handoff, batchTimeoutUs: 0, sendMaxRetries: 100 },
    },
    replays: null,
    firstTrace: 0,
    onWait: () => {},
    nowUs: () => clock.us,
  });
  const item = new TransactionItem();
  let traceId = 0;
  return {
    path,
    sent,
    clock,
    give: (wire: Uint8Array): void => {
      const view = new DataView(new ArrayBuffer(transactionItemHeaderBytes + wire.length));
      item.encode(view, 0);
      new Uint8Array(view.buffer).set(wire, transactionItemHeaderBytes);
      path.give({ view, start: 0, end: view.byteLength }, traceId, clock.us);
      traceId += 1;
    },
    secure: () => readStageCounts(memory.secure),
    handoff: () => readHandoffDiagnostics(memory.handoff),
    samples: () => readCorrelationSamples(memory.handoff),
  };
};

it.each([
  { sendsApart: false, expected: [] },
  { sendsApart: true, expected: [1, 2] },
])("LOW waits for HIGH that is refused, unless they are sent apart ($sendsApart)", (given) => {
  const { path, sent, give, handoff } = createPath({ sendsApart: given.sendsApart });
  for (const name of ["create", "buy", "buy"] as const) give(wireOf(name, random.bytes(32)));
  path.work();
  expect(sent).toEqual(given.expected);
  const { high, low } = handoff();
  expect(high).toMatchObject({ offered: 1, sent: 0, onTheWay: 1 });
  expect(low.sent).toBe(given.expected.length);
});

it.each([false, true])(
  "a mint of 32 zero bytes is suspicious unless it may pass (%s)",
  (zeroMint) => {
    const { path, give, secure } = createPath({ zeroMint });
    give(wireOf("buy", zeroKey));
    give(wireOf("buy", new Uint8Array(32).fill(255)));
    path.work();
    expect(secure()).toMatchObject({
      passed: zeroMint ? 1 : 0,
      rejected: { "suspicious-mint": zeroMint ? 1 : 2 },
    });
  },
);

it("a candidate carries how sure its priority is to the handoff", () => {
  const { path, give, samples, clock } = createPath({ sendsApart: true });
  give(wireOf("buy", random.bytes(32)));
  give(wireOf("create", random.bytes(32)));
  path.work();
  clock.us += 50;
  path.finish(0);
  expect(samples().map(({ confidence, wasDropped }) => [confidence, wasDropped])).toEqual([
    [0, false],
    [1, true],
  ]);
});
