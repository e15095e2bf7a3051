// What a transaction record costs on its way through the bundle builder: alone, into a sink that takes
// everything, and through the stage between two rings. Plain twin in the same run: objects in an array.
// Each line checks that every record came out once.
import { addOutcome, BundleBuilder } from "../../engine/bundle/bundle-builder.ts";
import {
  bundleAt,
  bundleBytes,
  bundleRecordsMax,
  transactionRecordBytes,
} from "../../engine/bundle/bundle-layout.ts";
import { BundleStage } from "../../engine/bundle/bundle-stage.ts";
import { RingBundleSink } from "../../engine/bundle/ring-sink.ts";
import { type TransactionFields, writeRecord } from "../../engine/bundle/transaction-record.ts";
import { createSlotRing } from "../../engine/ring/slot-ring.ts";
import { SlotRingReader } from "../../engine/ring/slot-ring-reader.ts";
import { SlotRingWriter } from "../../engine/ring/slot-ring-writer.ts";
import { type BenchOptions, figure, report, type Spread, timeNs } from "./harness.ts";

type Size = { readonly count: number; readonly rounds: number };

const recordsCount = 1024;
const nsBetween = 100;
const warmups = 3;

const timing = ({ count, rounds }: Size) => ({ warmups, rounds, operations: count });

const fieldsOf = (i: number): TransactionFields => ({
  id: i,
  price: 1_000_000 + i,
  size: 1 + i,
  side: i & 1,
  ingressNs: i * nsBetween,
});

const records = (): DataView => {
  const view = new DataView(new ArrayBuffer(recordsCount * transactionRecordBytes));
  for (let i = 0; i < recordsCount; i += 1)
    writeRecord(view, i * transactionRecordBytes, fieldsOf(i));
  return view;
};

/** VX9, SN18: what is timed is checked for its outcome. */
const must = (what: string, found: number, size: Size): void => {
  const expected = (size.rounds + warmups) * size.count;
  if (found !== expected) throw new Error(`${what}: ${found} of ${expected} records came out`);
};

/** Adds all records once: a function over the records with everything in locals, as a stage's is. */
const addAll = (builder: BundleBuilder, from: DataView, startNs: number): number => {
  let accepted = 0;
  for (let i = 0; i < recordsCount; i += 1) {
    const outcome = builder.add(from, i * transactionRecordBytes, startNs + i * nsBetween);
    accepted += Number(outcome === addOutcome.accepted);
  }
  return accepted;
};

const benchBuilder = (size: Size): Spread => {
  const from = records();
  let out = 0;
  const sink = {
    tryPush: (view: DataView, at: number): boolean => {
      out += view.getUint32(at + bundleAt.count, true);
      return true;
    },
  };
  const builder = new BundleBuilder({ sink });
  let nowNs = 0;
  let accepted = 0;
  const addNs = timeNs(timing(size), () => {
    for (let done = 0; done < size.count; done += recordsCount) {
      accepted += addAll(builder, from, nowNs);
      nowNs += recordsCount * nsBetween;
    }
  });
  builder.forceFlush("shutdown", 0);
  must("builder", out, size);
  must("builder's answers", accepted, size);
  return addNs;
};

const benchStage = (size: Size): Spread => {
  const input = createSlotRing({ slotBytes: transactionRecordBytes, slots: 4096, policy: "block" });
  const output = createSlotRing({ slotBytes: bundleBytes, slots: 1024, policy: "block" });
  const from = records();
  const writer = new SlotRingWriter(input);
  const reader = new SlotRingReader(output);
  let nowNs = 0;
  const builder = new BundleBuilder({ sink: new RingBundleSink(new SlotRingWriter(output)) });
  const stage = new BundleStage({ ring: new SlotRingReader(input), builder, nowNs: () => nowNs });
  let out = 0;
  const take = (): void => {
    const ready = reader.available();
    for (let i = 0; i < ready; i += 1)
      out += reader.view.getUint32(reader.slotBase(i) + bundleAt.count, true);
    reader.release(ready);
  };
  const stageNs = timeNs(timing(size), () => {
    for (let done = 0; done < size.count;) {
      const granted = writer.claim(Math.min(bundleRecordsMax, size.count - done));
      const at = writer.slotBase(0) >> 3;
      const first = (done & (recordsCount - 1)) * transactionRecordBytes;
      for (let word = 0; word < (granted * transactionRecordBytes) >> 3; word += 1)
        writer.f64[at + word] = from.getFloat64((first + word * 8) % from.byteLength, true);
      writer.publish(granted);
      done += granted;
      nowNs += granted * nsBetween;
      stage.work();
      take();
    }
  });
  builder.forceFlush("shutdown", nowNs);
  take();
  must("stage", out, size);
  return stageNs;
};

/** Objects in an array, copied out when there are 16 or the first is late. */
const benchTwin = (size: Size): Spread => {
  let held: TransactionFields[] = [];
  let firstNs = 0;
  let out = 0;
  const flushed: TransactionFields[][] = [];
  const flush = (): void => {
    out += held.length;
    flushed.push(held);
    if (flushed.length > recordsCount) flushed.shift();
    held = [];
  };
  const ns = timeNs(timing(size), () => {
    for (let i = 0; i < size.count; i += 1) {
      const nowNs = i * nsBetween;
      if (held.length > 0 && nowNs - firstNs >= 100_000) flush();
      if (held.length === 0) firstNs = nowNs;
      held.push(fieldsOf(i & (recordsCount - 1)));
      if (held.length === bundleRecordsMax) flush();
    }
  });
  flush();
  must("twin", out, size);
  return ns;
};

/** Called by test/bench/main.ts. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const size = { count: recordsCount * (smoke ? 2 : 64), rounds: smoke ? 5 : 61 };
  const addNs = benchBuilder(size);
  const stageNs = benchStage(size);
  figure("add (ns)", addNs);
  figure("through the stage and two rings (ns)", stageNs);
  report({ bench: "bundle", addNs, stageNs, twinNs: benchTwin(size) });
};
