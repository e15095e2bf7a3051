import { expect, it } from "vitest";

import { BundleBuilder } from "../../../engine/bundle/bundle-builder.ts";
import {
  bundleBytes,
  bundleTimeoutNs,
  transactionRecordBytes,
} from "../../../engine/bundle/bundle-layout.ts";
import { BundleStage } from "../../../engine/bundle/bundle-stage.ts";
import { RingBundleSink } from "../../../engine/bundle/ring-sink.ts";
import { writeRecord } from "../../../engine/bundle/transaction-record.ts";
import { SlotRingReader } from "../../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../../engine/ring/slot-ring-writer.ts";
import { createSlotRing } from "../../../engine/ring/slot-ring.ts";
import { fieldsOf, readBundle } from "./bundle-rig.ts";

const setUp = () => {
  const into = createSlotRing({ slotBytes: transactionRecordBytes, slots: 128, policy: "block" });
  const out = createSlotRing({ slotBytes: bundleBytes, slots: 4, policy: "block" });
  const clock = { ns: 0 };
  const builder = new BundleBuilder({ sink: new RingBundleSink(new SlotRingWriter(out)) });
  const ring = new SlotRingReader(into);
  const stage = new BundleStage({ ring, builder, nowNs: () => clock.ns });
  const source = new SlotRingWriter(into);
  let next = 0;
  const feed = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      expect(source.claim(1)).toBe(1);
      writeRecord(source.view, source.slotBase(0), fieldsOf(next));
      source.publish(1);
      next += 1;
    }
  };
  const reader = new SlotRingReader(out);
  const drain = (): number[] => {
    const ids: number[] = [];
    for (let n = reader.available(); n > 0; n = reader.available()) {
      for (let i = 0; i < n; i += 1) ids.push(...readBundle(reader.view, reader.slotBase(i)).ids);
      reader.release(n);
    }
    return ids;
  };
  return { stage, builder, feed, drain, clock };
};

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

it("flushes a late bundle on a turn that brings no record", () => {
  const { stage, feed, drain, clock } = setUp();
  stage.start();
  feed(3);
  expect(stage.work()).toBe(3);
  expect(stage.work()).toBe(0);
  clock.ns = bundleTimeoutNs;
  expect(stage.work()).toBe(1);
  expect(drain()).toEqual([0, 1, 2]);
});

it("VX5: a full ring behind holds the ring in front up; nothing is dropped", () => {
  const { stage, feed, drain, builder } = setUp();
  feed(100);
  // Four bundles fit behind, the fifth is held full, the rest waits in front.
  expect(stage.work()).toBe(80);
  expect(stage.work()).toBe(0);
  expect(builder.held).toBe(16);
  expect(drain()).toEqual(numbers(0, 64));
  while (stage.work() > 0);
  expect(stage.stop()).toBe(true);
  expect(drain()).toEqual(numbers(64, 36));
  expect(builder.bundles).toEqual({ size: 6, timeout: 0, shutdown: 1 });
});

it("VX7: a stop that finds no room says so and can be repeated", () => {
  const { stage, feed, drain } = setUp();
  feed(67);
  stage.work();
  expect(stage.stop()).toBe(false);
  expect(drain()).toEqual(numbers(0, 64));
  expect(stage.stop()).toBe(true);
  expect(drain()).toEqual([64, 65, 66]);
});

it("refuses rings of other slots", () => {
  const memory = createSlotRing({ slotBytes: 64, slots: 4, policy: "block" });
  const { builder } = setUp();
  const ring = new SlotRingReader(memory);
  expect(() => new RingBundleSink(new SlotRingWriter(memory))).toThrow("slotBytes=64 must be 528");
  expect(() => new BundleStage({ ring, builder, nowNs: () => 0 })).toThrow("must be 32");
});

it("refuses a ring that drops, where bundles that are held would be counted or lost", () => {
  for (const policy of ["drop-newest", "drop-oldest"] as const) {
    const memory = createSlotRing({ slotBytes: bundleBytes, slots: 4, policy });
    const sink = () => new RingBundleSink(new SlotRingWriter(memory));
    expect(sink).toThrow(`policy=${policy} must be block`);
  }
});

it("refuses a turn of no records, which would never take one", () => {
  const memory = createSlotRing({ slotBytes: transactionRecordBytes, slots: 4, policy: "block" });
  const options = { ring: new SlotRingReader(memory), builder: setUp().builder, nowNs: () => 0 };
  for (const recordsMax of [Number.NaN, 0, -1])
    expect(() => new BundleStage({ ...options, recordsMax })).toThrow(
      `recordsMax=${recordsMax}, 1`,
    );
});
