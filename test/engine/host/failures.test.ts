// The real engine on the embedded log, whose threads throw, hang and exit under load. In the end it
// must have put out what an engine that never failed would have, and count every item once.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, it } from "vitest";

import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import type { Engine } from "../../../engine/host/engine.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import type { ThreadName } from "../../../engine/host/workers.ts";
import type { EventLog } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { restAppend } from "../../end-to-end/rest-append.ts";
import {
  expectedAggregates,
  expectedCandidates,
  writtenAggregates,
  writtenCandidates,
} from "../../end-to-end/expected-outputs.ts";
import { KillLoad, pause } from "../../end-to-end/kill-load.ts";
import { runSeed, seeded } from "../../random.ts";
import type { FaultKind } from "./faults.ts";
import { faultKinds, Faults } from "./faults.ts";

const data = mkdtempSync(join(tmpdir(), "weir-failures-"));
let engine: Engine | null = null;
let log: EventLog | null = null;

afterEach(async () => {
  await log?.close();
  await engine?.stop(5_000);
  engine = null;
  rmSync(data, { recursive: true, force: true });
});

const start = async (faults: Faults, hangMs: number): Promise<Engine> => {
  engine = await startEngine({
    log: { directory: join(data, "log"), port: 0 },
    runId: "r",
    hangMs,
    restarts: { restartsMax: 100, backoffMs: 1 },
    threadFiles: faults.files,
  });
  return engine;
};

const restartsOf = (running: Engine, name: ThreadName): number =>
  running.workers().find((worker) => worker.name === name)?.restarts ?? 0;

const until = async (condition: () => boolean, what: string): Promise<void> => {
  for (let i = 0; i < 2_000; i += 1) {
    if (condition()) return;
    await pause(10);
  }
  throw new Error(`never: ${what}`);
};

/** Fails a thread once under the running load and waits until all threads serve again. */
const failOnce = async (
  { running, faults }: { readonly running: Engine; readonly faults: Faults },
  thread: ThreadName,
  { kind, messages }: { readonly kind: FaultKind; readonly messages: number },
): Promise<void> => {
  const before = restartsOf(running, thread);
  faults.arm(thread, kind, messages);
  await until(() => restartsOf(running, thread) > before, `${thread} restarts after ${kind}`);
  await until(
    () => running.workers().every(({ state }) => state === "Running"),
    `all run after ${thread} ${kind}`,
  );
};

const handledAll = (running: Engine, load: KillLoad): boolean => {
  const { positions } = takeSnapshot(running.memory);
  return load.acknowledged.every(({ record, offset }) => {
    const at = positions.find(
      ({ topic, partition }) => topic === record.topic && partition === record.partition,
    );
    return ((record.topic === "otlp_spans" ? at?.handled : at?.done) ?? 0) > offset;
  });
};

describe("an engine whose threads fail under load", () => {
  it("puts out what one would that never failed, and counts every item once", async () => {
    const random = seeded(runSeed("failures"));
    const faults = new Faults();
    const running = await start(faults, 400);
    const load = new KillLoad(await createTransactionMix({ seed: 7, count: 300 }), random);
    const url = running.restUrl ?? "";
    const loading = load.run(() => restAppend(url));
    for (const thread of ["market", "stream", "egress", "ingest", "log"] as const) {
      for (const kind of faultKinds) {
        await failOnce({ running, faults }, thread, { kind, messages: 1 + random.below(60) });
      }
    }
    load.stop();
    await loading;
    for (const record of load.closing()) {
      load.acknowledged.push({ record, offset: await restAppend(url)(record) });
    }
    await until(() => handledAll(running, load), "everything is handled");
    log = await openLog({ directory: join(data, "log"), readOnly: true });
    const { counts } = takeSnapshot(running.memory);
    const ends = await Promise.all(
      ["weir-transactions", "otlp_spans"].map((topic) => log!.offsets(topic)),
    );
    const [transactions = 0, spans = 0] = ends.map((partitions) =>
      partitions.reduce((sum, { end }) => sum + end, 0),
    );
    // Each record of the load holds 20 transactions or 10 spans; the closing ones one span.
    expect(counts.foreignTransactions).toBe(20 * transactions);
    expect(counts.foreignSpans).toBe(10 * (spans - load.closing().length) + load.closing().length);
    const report = await running.stop(5_000);
    expect(report.clean).toBe(true);

    const candidates = await writtenCandidates(log);
    const expected = await expectedCandidates(log);
    expect([...expected].filter((id) => !candidates.byId.has(id))).toEqual([]);
    expect([...candidates.byId.keys()].filter((id) => !expected.has(id))).toEqual([]);
    const aggregates = await writtenAggregates(log);
    expect(Object.fromEntries(aggregates.byId)).toEqual(
      Object.fromEntries(await expectedAggregates(log)),
    );
    process.stderr.write(
      `failures: records ${load.acknowledged.length}, refused ${load.refused}, restarts ` +
        `${running
          .workers()
          .map(({ name, restarts }) => `${name} ${restarts}`)
          .join(" ")}, ` +
        `rewound ${counts.consumeRewound}, repeated items ${counts.marketRepeated} + ` +
        `${counts.streamRepeated}, candidates ${candidates.byId.size} (${candidates.repeats} ` +
        `repeated), aggregates ${aggregates.byId.size} (${aggregates.repeats} repeated)\n`,
    );
    expect(expected.size).toBeGreaterThan(100);
    expect(aggregates.byId.size).toBeGreaterThan(10);
  }, 120_000);
});
