// The real engine on the embedded log, whose threads throw, hang and exit under load. In the end it
// must have put out what an engine that never failed would have, and count every item once.
import { afterEach, describe, expect, it } from "vitest";

import { takeSnapshot } from "../../engine/control/snapshot.ts";
import type { ThreadName } from "../../engine/host/workers.ts";
import type { EventLog } from "../../engine/log/event-log.ts";
import { openLog } from "../../engine/log/open-log.ts";
import { runSeed, seeded } from "../random.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import type { EngineRig, RigOptions } from "./engine-rig.ts";
import { until } from "../until.ts";
import { allRun, handledAll, restartsOf, startLoad, startRig } from "./engine-rig.ts";
import {
  expectedAggregates,
  expectedCandidates,
  writtenAggregates,
  writtenCandidates,
} from "./expected-outputs.ts";
import type { FaultKind } from "./faults.ts";
import { faultKinds } from "./faults.ts";
import type { KillLoad } from "./kill-load.ts";

/** Where no thread hangs: none is taken to. */
const hangMsOfNone = 120_000;
const stopMsMax = 60_000;

const rigs: EngineRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.end();
});

const start = async (options: RigOptions): Promise<EngineRig> => {
  const rig = await startRig(options);
  rigs.push(rig);
  return rig;
};

/** Fails a thread once under the running load and waits until all threads serve again. */
const failOnce = async (
  rig: EngineRig,
  thread: ThreadName,
  { kind, messages }: { readonly kind: FaultKind; readonly messages: number },
): Promise<void> => {
  const before = restartsOf(rig, thread);
  rig.faults.arm(thread, kind, messages);
  await until(
    () => !rig.faults.isArmed(thread) && restartsOf(rig, thread) > before,
    `${thread} restarts after ${kind}`,
  );
  await until(() => allRun(rig), `all run after ${thread} ${kind}`);
};

/** Closes every window and waits until all is handled. */
const finish = async (rig: EngineRig, load: KillLoad): Promise<void> => {
  for (const record of load.closing()) {
    load.acknowledged.push({ record, offset: await rig.append(record) });
  }
  await until(() => handledAll(rig, load), "everything is handled");
};

/** Each record of the load holds 20 transactions or 10 spans; the closing ones one span. */
const checkCounts = async (rig: EngineRig, closing: number): Promise<void> => {
  const records = async (topic: string): Promise<number> =>
    (await rig.log.offsets(topic)).reduce((sum, { end }) => sum + end, 0);
  const { counts } = takeSnapshot(rig.engine.memory, rig.engine.lanes);
  expect(counts.foreignTransactions).toBe(20 * (await records("weir-transactions")));
  expect(counts.foreignSpans).toBe(10 * ((await records("otlp_spans")) - closing) + closing);
};

const checkOutputs = async (log: EventLog): Promise<string> => {
  const candidates = await writtenCandidates(log);
  const expected = await expectedCandidates(log);
  expect([...expected].filter((id) => !candidates.byId.has(id))).toEqual([]);
  expect([...candidates.byId.keys()].filter((id) => !expected.has(id))).toEqual([]);
  const aggregates = await writtenAggregates(log);
  expect(Object.fromEntries(aggregates.byId)).toEqual(
    Object.fromEntries(await expectedAggregates(log)),
  );
  return (
    `candidates ${candidates.byId.size} (${candidates.repeats} repeated), ` +
    `aggregates ${aggregates.byId.size} (${aggregates.repeats} repeated)`
  );
};

type Failing = {
  readonly threads: readonly ThreadName[];
  readonly kinds: readonly FaultKind[];
  readonly label: string;
};

/** Fails each thread in each way under load; then nothing may be missing, or counted twice. */
const failAll = async (rig: EngineRig, { threads, kinds, label }: Failing): Promise<void> => {
  const random = seeded(runSeed(label));
  const { load, stop } = await startLoad(rig, random);
  for (const thread of threads) {
    for (const kind of kinds) {
      await failOnce(rig, thread, { kind, messages: 1 + random.below(60) });
    }
  }
  await stop();
  await finish(rig, load);
  await checkCounts(rig, load.closing().length);
  const workers = rig.engine.steering.workers();
  expect((await rig.engine.stop(stopMsMax)).clean).toBe(true);
  const outputs = await checkOutputs(rig.log);
  expect(load.acknowledged.length).toBeGreaterThan(50);
  const { counts } = takeSnapshot(rig.engine.memory, rig.engine.lanes);
  process.stderr.write(
    `${label}: records ${load.acknowledged.length}, refused ${load.refused}, restarts ` +
      `${workers.map(({ name, restarts }) => `${name} ${restarts}`).join(" ")}, rewound ` +
      `${counts.consumeRewound} records, repeated items ${counts.marketRepeated} + ` +
      `${counts.streamRepeated}, ${outputs}\n`,
  );
};

describe("an engine whose threads fail under load", () => {
  it("puts out what one would that never failed, and counts every item once", async () => {
    const threads = ["market", "stream", "egress", "ingest", "log"] as const;
    await failAll(await start({ hangMs: 2_000 }), {
      threads,
      kinds: faultKinds,
      label: "failures",
    });
  });

  it("fails when a thread fails more often than its limits allow", async () => {
    const rig = await start({ hangMs: hangMsOfNone, restarts: { restartsMax: 1, backoffMs: 1 } });
    const { stop } = await startLoad(rig, seeded(runSeed("too many failures")));
    await failOnce(rig, "market", { kind: "throw", messages: 1 });
    rig.faults.arm("market", "exit", 1);
    expect(await rig.engine.failed).toEqual({ thread: "market", message: "exit code=0" });
    await stop();
    expect((await rig.engine.stop(stopMsMax)).clean).toBe(false);
  });
});

describe.skipIf(!kafkaAvailable())(
  "an engine on Kafka whose threads fail (needs Java, Maven)",
  () => {
    it("puts out what one would that never failed, and counts every item once", async () => {
      const broker = await startBroker();
      const log = await openLog({ kafka: broker.bootstrap });
      await log.createTopics();
      await log.close();
      const rig = await start({ hangMs: 2_000, kafka: broker.bootstrap });
      const threads = ["market", "stream", "egress", "ingest"] as const;
      await failAll(rig, { threads, kinds: ["throw"], label: "failures on Kafka" });
      await rig.end();
      rigs.length = 0;
      await broker.close();
    });
  },
);

const threadsAfterScaling =
  "log ingest egress verify-1 market market-2-verify-1 market-2 market-3-verify-1 market-3 stream".split(
    " ",
  );
const lanesAdded = ["stream-2", "stream-3", "market-2", "market-3"];

describe("an engine that is steered under load", () => {
  it("pauses and resumes each of its threads, restarts one when asked, and loses nothing", async () => {
    const rig = await start({ hangMs: hangMsOfNone });
    const { steering } = rig.engine;
    const { load, stop } = await startLoad(rig, seeded(runSeed("steering")));
    for (const name of ["ingest", "market", "stream", "egress"]) {
      await steering.pause(name);
      expect(steering.workers().find((worker) => worker.name === name)?.state).toBe("Paused");
      const before = load.acknowledged.length;
      await until(() => load.acknowledged.length > before + 3, "the log takes records meanwhile");
      await steering.resume(name);
    }
    await expect(steering.pause("log")).rejects.toThrow("worker=log cannot be paused");
    await steering.pause("stream");
    await steering.restart("stream");
    expect(steering.workers().find(({ name }) => name === "stream")?.state).toBe("Paused");
    await steering.resume("stream");
    await steering.restart("ingest");
    expect(steering.workers().map(({ restarts }) => restarts)).toEqual([0, 1, 1, 1, 1, 2]);
    await stop();
    await finish(rig, load);
    await checkCounts(rig, load.closing().length);
    expect((await rig.engine.stop(stopMsMax)).clean).toBe(true);
    await checkOutputs(rig.log);
  });

  it("has threads added and removed, and loses nothing, also when one of them fails", async () => {
    const rig = await start({ hangMs: hangMsOfNone });
    const { steering, lanes } = rig.engine;
    const { load, stop } = await startLoad(rig, seeded(runSeed("scaling")));
    const handled = async (): Promise<void> => {
      const before = load.acknowledged.length;
      await until(() => load.acknowledged.length > before + 10, "records");
      await until(() => handledAll(rig, load), "everything is handled");
    };
    for (const [role, threads] of [
      ["stream", 3],
      ["market", 2],
      ["stream", 2],
      ["market", 1],
      ["stream", 1],
      ["market", 3],
    ] as const) {
      await steering.scale({ [role]: threads });
      const names = steering.workers().map(({ name }) => name);
      expect(
        names.filter((name) => /^[a-z]+(?:-\d)?$/.test(name) && name.startsWith(role)),
      ).toHaveLength(threads);
      await handled();
    }
    // All roles or none.
    const tooMany = steering.scale({ stream: 2, market: 99 });
    await expect(tooMany).rejects.toThrow("threads of market=99, limits 1 to");
    expect(steering.workers().map(({ name }) => name)).toEqual(threadsAfterScaling);
    const further = takeSnapshot(rig.engine.memory, lanes).lanes;
    expect(further.map(({ worker }) => worker)).toEqual(lanesAdded);
    expect(further.filter(({ input }) => input.read === 0)).toEqual([]);
    await failOnce(rig, "market", { kind: "throw", messages: 5 });
    await failOnce(rig, "ingest", { kind: "exit", messages: 5 });
    await stop();
    await finish(rig, load);
    await checkCounts(rig, load.closing().length);
    expect((await rig.engine.stop(stopMsMax)).clean).toBe(true);
    await checkOutputs(rig.log);
    await expect(steering.scale({ egress: 2 })).rejects.toThrow("role=egress has no threads");
  });

  it("takes nothing while the intake is paused, and drains what is paused when it stops", async () => {
    const rig = await start({ hangMs: hangMsOfNone });
    const { steering } = rig.engine;
    const { load, stop } = await startLoad(rig, seeded(runSeed("drain")));
    await until(() => load.acknowledged.length > 20, "records");
    await steering.pause("market");
    await until(
      () => takeSnapshot(rig.engine.memory, rig.engine.lanes).rings.ingestMarket.inFlight > 3,
      "a backlog",
    );
    await stop();
    const report = await rig.engine.stop(stopMsMax);
    expect(report.clean).toBe(true);
    expect(report.workers.map(({ name, outcome }) => `${name} ${outcome}`).join(", ")).toBe(
      "stream drained, market drained, verify-1 drained, egress drained, ingest drained, log drained",
    );
    expect(report.rings["ingestMarket"]?.drained).toBeGreaterThan(3);
    expect(Object.values(report.rings).map(({ left }) => left)).toEqual([0, 0, 0, 0]);
  });

  it("stops at its one deadline although a thread hangs", async () => {
    const rig = await start({ hangMs: hangMsOfNone });
    const { load, stop } = await startLoad(rig, seeded(runSeed("deadline")));
    rig.faults.arm("market", "hang", 1);
    await until(() => !rig.faults.isArmed("market"), "market hangs");
    await stop();
    expect(load.acknowledged.length).toBeGreaterThan(0);
    const report = await rig.engine.stop(6_000);
    expect(report.clean).toBe(false);
    expect(report.workers.map(({ name, outcome }) => `${name} ${outcome}`).join(", ")).toBe(
      "stream drained, market killed, verify-1 killed, egress killed, ingest killed, log killed",
    );
  });
});
