import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { expect, it } from "vitest";

import { transactionRecordBytes } from "../../../engine/bundle/bundle-layout.ts";
import { createMetricsMemory, MetricCells } from "../../../engine/metrics/cells.ts";
import type { MetricKey } from "../../../engine/metrics/table.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import type { Outgoing, Outlet } from "../../../engine/submit/outlet.ts";
import { SubmitCounts } from "../../../engine/submit/submit-counts.ts";
import { Submitter } from "../../../engine/submit/submitter.ts";
import { CandidateTap, createTapMemory, messagesRead } from "../../../engine/submit/tap.ts";
import { runSeed, seeded } from "../../random.ts";
import { anyTransfer } from "../send/transfers.ts";
import { type Tapped, tapped } from "./tapped.ts";

const random = seeded(runSeed("submitter"));

const epochMs = 1_790_000_000_000;

type Rig = { readonly chain?: { input: SharedArrayBuffer; output: SharedArrayBuffer } };

const build = ({ chain }: Rig = {}) => {
  const memory = createMetricsMemory();
  const metrics = new MetricCells(memory);
  const tapMemory = createTapMemory();
  const tap = new CandidateTap(tapMemory, metrics);
  const clock = { us: 1_000_000 };
  const sent: (readonly Outgoing[])[] = [];
  const gate = { isOpen: true };
  const counts = new SubmitCounts(memory);
  const outlet: Outlet = {
    send: async (transactions) => {
      while (!gate.isOpen) await nextTurn();
      sent.push(transactions);
      counts.settled(transactions.length, "landed");
    },
    finish: async () => undefined,
  };
  const submitter = new Submitter({
    taps: [tapMemory],
    chain: chain ?? null,
    outlet,
    counts,
    bundleTimeoutUs: 100,
    nowUs: () => (clock.us += 10),
    epochMs: () => epochMs,
    sleepMs: async (ms) => (ms === 0 ? nextTurn() : sleep(ms)),
  });
  const give = (one: Omit<Tapped, "wire">, wire: Uint8Array = anyTransfer(random)): Uint8Array => {
    const view = tapped({ receivedUs: clock.us, ...one, wire });
    tap.take(view, 0, view.byteLength);
    return wire;
  };
  const count = (key: MetricKey): number => metrics.read(key);
  return { memory, tapMemory, tap, give, submitter, sent, gate, count, clock };
};

const end = async (submitter: Submitter, running: Promise<void>): Promise<void> => {
  await submitter.drain();
  submitter.stop();
  await running;
};

it("gives HIGH to the outlet before LOW that came earlier, each in its order, bytes as they came", async () => {
  const rig = build();
  const low = Array.from({ length: 20 }, () => rig.give({}));
  const high = Array.from({ length: 20 }, () => rig.give({ isHigh: true }));
  rig.tap.publish();
  await end(rig.submitter, rig.submitter.run());
  const all = rig.sent.flat();
  expect(all.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(
    [...high, ...low].map((bytes) => Buffer.from(bytes).toString("hex")),
  );
  expect(rig.sent.every(({ length }) => length <= 16)).toBe(true);
  expect(rig.count("submitLanded")).toBe(40);
  expect(rig.count("submitBundlesSize")).toBe(2);
  expect(rig.count("submitBundlesTimeout") + rig.count("submitBundlesShutdown")).toBe(1);
});

it("refuses what has no price and what came before, and gives up what is too old", async () => {
  const rig = build();
  rig.clock.us = 100_000_000;
  const wire = rig.give({});
  rig.give({}, wire);
  rig.give({ price: null });
  // No record can hold these prices.
  rig.give({ price: 1e-30 });
  rig.give({ price: 1e30 });
  rig.give({ receivedUs: 1_000_000 });
  rig.tap.publish();
  await end(rig.submitter, rig.submitter.run());
  expect(rig.sent.flat()).toHaveLength(1);
  const { count } = rig;
  expect([count("submitRepeated"), count("submitNoPrice"), count("submitStale")]).toEqual([
    1, 3, 1,
  ]);
  expect(count("submitReceived")).toBe(6);
  expect(count("submitInFlight")).toBe(0);
});

it("gives up what the edge received long ago, though it was read from the log just now", async () => {
  const rig = build();
  rig.give({ edgeMs: epochMs - 60_001 });
  const fresh = rig.give({ edgeMs: epochMs - 59_999 });
  // The edge's clock is ahead.
  const early = rig.give({ edgeMs: epochMs + 5_000 });
  rig.tap.publish();
  await end(rig.submitter, rig.submitter.run());
  expect(rig.sent.flat().map(({ bytes }) => bytes)).toEqual([fresh, early]);
  expect(rig.count("submitStale")).toBe(1);
  expect(rig.count("submitInFlight")).toBe(0);
});

it("a slow outlet fills what may wait, then the tap drops, HIGH not for LOW, and all is counted", async () => {
  const rig = build();
  rig.gate.isOpen = false;
  const running = rig.submitter.run();
  const given = 3000;
  for (let i = 0; i < given; i += 1) {
    rig.give({});
    if (i % 100 === 0) rig.tap.publish();
    if (i % 500 === 0) await sleep(1);
  }
  for (let i = 0; i < 50; i += 1) rig.give({ isHigh: true });
  rig.tap.publish();
  const { count } = rig;
  expect(count("submitFullLow")).toBeGreaterThan(1000);
  expect(count("submitFullHigh")).toBe(0);
  expect(count("submitOfferedLow")).toBe(given);
  rig.gate.isOpen = true;
  await end(rig.submitter, running);
  expect(count("submitLanded") + count("submitFullLow")).toBe(given + 50);
  expect(count("submitInFlight")).toBe(0);
});

it("what is abandoned at the end, and what a dead thread had in hand, is dropped and counted", async () => {
  const rig = build();
  rig.gate.isOpen = false;
  for (let i = 0; i < 100; i += 1) rig.give({});
  rig.tap.publish();
  const running = rig.submitter.run();
  while (rig.count("submitReceived") < 64) await sleep(1);
  const inHand = rig.count("submitInFlight");
  expect(inHand).toBeGreaterThan(0);
  rig.submitter.stop();
  rig.submitter.abandon();
  rig.gate.isOpen = true;
  await running;
  new SubmitCounts(rig.memory).died(messagesRead([rig.tapMemory]));
  expect(rig.count("submitRestart")).toBe(0);
  expect(rig.count("submitShutdown") + rig.count("submitLanded")).toBe(rig.count("submitReceived"));

  const other = build();
  other.gate.isOpen = false;
  for (let i = 0; i < 10; i += 1) other.give({});
  other.tap.publish();
  void other.submitter.run();
  while (other.count("submitReceived") < 10) await sleep(1);
  new SubmitCounts(other.memory).died(messagesRead([other.tapMemory]));
  expect([other.count("submitInFlight"), other.count("submitRestart")]).toEqual([0, 10]);
});

it("what a thread read and had not counted when it died was received all the same, once", () => {
  const rig = build();
  for (let i = 0; i < 3; i += 1) rig.give({ isHigh: i === 0 });
  rig.tap.publish();
  new MessageRingReader(rig.tapMemory.high).drain(() => undefined, 1);
  new MessageRingReader(rig.tapMemory.low).drain(() => undefined, 1);
  for (let lives = 0; lives < 3; lives += 1) {
    new SubmitCounts(rig.memory).died(messagesRead([rig.tapMemory]));
    expect([rig.count("submitReceived"), rig.count("submitRestart")]).toEqual([2, 2]);
  }
});

it("records go through the stages: what is kept there is dropped at the end, what is new has no transaction", async () => {
  const ring = (): SharedArrayBuffer =>
    createSlotRing({ slotBytes: transactionRecordBytes, slots: 64, policy: "block" });
  const chain = { input: ring(), output: ring() };
  const from = new SlotRingReader(chain.input);
  const to = new SlotRingWriter(chain.output);
  const rig = build({ chain });
  for (let i = 0; i < 30; i += 1) rig.give({});
  rig.tap.publish();
  const running = rig.submitter.run();
  let seen = 0;
  while (seen < 30) {
    for (; from.available() > 0; from.release(1)) {
      seen += 1;
      if (seen % 3 === 0) continue;
      const at = from.slotBase(0);
      expect(to.claim(1)).toBe(1);
      to.bytes.set(from.bytes.subarray(at, at + transactionRecordBytes), to.slotBase(0));
      // One that the stage made up.
      if (seen === 1) to.view.setUint32(to.slotBase(0), 999, true);
      to.publish(1);
    }
    await sleep(1);
  }
  await end(rig.submitter, running);
  const { count } = rig;
  expect(count("submitForeign")).toBe(1);
  expect(count("submitLanded")).toBe(19);
  expect(count("submitStages")).toBe(11);
});
