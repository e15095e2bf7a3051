// Cost of the sniffer's stages over rings on one thread, per transaction, for what is refused and
// for candidates; of one event, one candidate through the handoff, one volume of the averages; and of
// an Ed25519 signature with Node's crypto against WebCrypto, what @solana/kit verifies with. Each line
// checks its own counts.
import { webcrypto } from "node:crypto";

import { createEventMemory, EventCollector } from "../../engine/events/event-collector.ts";
import { eventType } from "../../engine/events/event-layout.ts";
import { eventsWritten } from "../../engine/events/event-reader.ts";
import { createTransactionMix } from "../../engine/feed/transactions.ts";
import {
  createHandoffMemory,
  readHandoffDiagnostics,
} from "../../engine/handoff/handoff-diagnostics.ts";
import { HandoffStage } from "../../engine/handoff/handoff-stage.ts";
import { laneRecordBytesMax } from "../../engine/handoff/lane.ts";
import { VolumeAverages } from "../../engine/sniff/volume-priority.ts";
import { allSignaturesVerify } from "../../engine/sniff/verify-signature.ts";
import { candidateBytes } from "../../schemas/market/candidate-layout.ts";
import { TransactionView } from "../../schemas/market/transaction.ts";
import { createRig } from "../engine/sniff/pipeline-rig.ts";
import { type BenchOptions, report, timeNs } from "./harness.ts";

type Wires = readonly Uint8Array<ArrayBuffer>[];

const must = (what: string, found: number, expected: number): void => {
  if (found !== expected) throw new Error(`${what}: ${found}, expected ${expected}`);
};

/**
 * Nanoseconds a transaction of each stage. The same transactions come round after round, so the
 * replay window is smaller than a round.
 */
const benchStages = (wires: Wires, smoke: boolean, isCandidate: boolean): void => {
  const rounds = smoke ? 1 : 120;
  const warmups = Math.floor(rounds / 3);
  const times = [0, 0, 0, 0];
  const rig = createRig({
    ringBytes: 1 << 22,
    secure: { replayWindow: smoke ? 64 : 256 },
    keepsNothing: true,
    sampleEvery: 16,
  });
  for (let round = 0; round < rounds; round += 1) {
    if (round === warmups) times.fill(0);
    for (const wire of wires) rig.give(wire);
    rig.stages.forEach((stage, i) => {
      const start = process.hrtime.bigint();
      while (stage.work() > 0);
      times[i] = (times[i] ?? 0) + Number(process.hrtime.bigint() - start);
    });
  }
  const { prefilter, secure } = rig.counts();
  must("received", prefilter.received, rounds * wires.length);
  must("passed", secure.passed, isCandidate ? rounds * wires.length : 0);
  const measured = (rounds - warmups) * wires.length;
  const [prefilterNs, extractNs, secureNs, handoffNs] = times.map((ns) => ns / measured);
  const stages = isCandidate ? "candidates" : "refused";
  report({ stages, prefilterNs, extractNs, secureNs, handoffNs });
};

const benchEvents = (smoke: boolean): void => {
  const count = smoke ? 1_000 : 1_000_000;
  const memory = createEventMemory();
  const rate = (sampleEvery: number): number => {
    const collector = new EventCollector(memory, sampleEvery);
    return timeNs({ warmups: 2, rounds: smoke ? 1 : 7, operations: count }, () => {
      for (let i = 0; i < count; i += 1) {
        collector.detail.value = i;
        collector.record(eventType.bytesReceived, i);
      }
    }).median;
  };
  report({ eventNs: rate(1), sampledOneIn16Ns: rate(16), written: eventsWritten(memory) });
};

const benchHandoff = (smoke: boolean): void => {
  const count = smoke ? 1_000 : 200_000;
  const memory = createHandoffMemory();
  let taken = 0;
  const sender = {
    trySend: (batch: { readonly count: number }): number => {
      taken += batch.count;
      return batch.count;
    },
  };
  const events = new EventCollector(createEventMemory(), 16);
  const stage = new HandoffStage({ senders: { mode: "sync", sender }, events, memory });
  const view = new DataView(new ArrayBuffer(laneRecordBytesMax));
  const record = { view, at: 0, bytes: candidateBytes, traceId: 0, queuedUs: 0 };
  const { median } = timeNs({ warmups: 2, rounds: smoke ? 1 : 7, operations: count }, () => {
    for (let i = 0; i < count; i += 1) {
      record.traceId = i;
      stage.offer(record, i & 1);
      if (i % 20 === 19) stage.work();
    }
  });
  stage.drain();
  const { high, low } = readHandoffDiagnostics(memory);
  must("handed over", taken, high.offered + low.offered);
  report({ handoffOfferAndSendNs: median, candidates: taken });
};

const benchAverages = (smoke: boolean): void => {
  const count = smoke ? 1_000 : 1_000_000;
  const averages = new VolumeAverages();
  averages.start(0);
  let high = 0;
  const { median } = timeNs({ warmups: 2, rounds: smoke ? 1 : 9, operations: count }, () => {
    for (let i = 0; i < count; i += 1) {
      averages.update(i * 2);
      if (averages.isHigh(i & 1023)) high += 1;
      averages.add(i & 1023);
    }
  });
  if (!smoke && high === 0) throw new Error("no volume was high");
  report({ volumeNs: median, high });
};

/** Microseconds a signature, the transaction's parse included on both sides. */
const benchVerify = async (wires: Wires, smoke: boolean): Promise<void> => {
  const some = wires.slice(0, smoke ? 5 : 400);
  let good = 0;
  const own = timeNs({ warmups: 1, rounds: smoke ? 1 : 5, operations: some.length }, () => {
    good = 0;
    for (const wire of some) if (allSignaturesVerify(wire)) good += 1;
  });
  must("verified", good, some.length);
  const start = process.hrtime.bigint();
  for (const wire of some) if (await webVerifies(wire)) good += 1;
  const webUs = Number(process.hrtime.bigint() - start) / some.length / 1000;
  must("verified by WebCrypto", good, 2 * some.length);
  report({ verifyTransactionUs: own.median / 1000, webCryptoUs: webUs });
};

const webVerifies = async (wire: Uint8Array<ArrayBuffer>): Promise<boolean> => {
  const parsed = new TransactionView();
  if (parsed.parse(new DataView(wire.buffer), 0, wire.length) !== 0) return false;
  for (let i = 0; i < parsed.signatureCount; i += 1) {
    const raw = wire.subarray(parsed.keyAt(i), parsed.keyAt(i) + 32);
    const key = await webcrypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    const at = parsed.signaturesAt + i * 64;
    const message = wire.subarray(parsed.messageAt, parsed.messageEnd);
    if (!(await webcrypto.subtle.verify("Ed25519", key, wire.subarray(at, at + 64), message)))
      return false;
  }
  return true;
};

export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const mix = await createTransactionMix({ seed: 21, count: smoke ? 80 : 1_200 });
  const of = (isCandidate: boolean): Wires =>
    mix
      .filter(({ expected }) =>
        isCandidate ? expected === "candidate" : ["vote", "not-watched"].includes(expected),
      )
      .map(({ wire }) => wire);
  benchStages(of(false), smoke, false);
  benchStages(of(true), smoke, true);
  benchEvents(smoke);
  benchHandoff(smoke);
  benchAverages(smoke);
  await benchVerify(of(true), smoke);
};
