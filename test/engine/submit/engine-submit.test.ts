// A running engine, threads and all, whose candidates become bundles: what is appended to the log
// arrives at a strict Jito, or at nobody in a dry run, and every transaction is counted once.
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { engineSettingsOf } from "../../../engine/config/settings-of.ts";
import { type ControlServer, startControlServer } from "../../../engine/control/server.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { type Engine, type EngineOptions, startEngine } from "../../../engine/host/engine.ts";
import { type EventLog } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import type { MetricKey } from "../../../engine/metrics/table.ts";
import { readRingStats } from "../../../engine/ring/ring-stats.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { halfSource } from "./half-stage.ts";
import { verifiesWire } from "./verifies-wire.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { effective } from "../config/effective.ts";
import { handledAll } from "../host/handled-all.ts";
import { FakeJito } from "../send/fake-jito.ts";

const mix = await createTransactionMix({ seed: runSeed("engine submit"), count: 200 });
const fed = new Set(mix.map(({ wire }) => Buffer.from(wire).toString("base64")));
const runId = "submit-test";
const tipVariable = "WEIR_SENDERS_JITO_TIP_KEY";

/** A pair as Solana's tools print it, base58 of seed and public key. */
const keyPair = (): { readonly text: string; readonly publicKey: Uint8Array } => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { d, x } = privateKey.export({ format: "jwk" });
  const bytes = Buffer.concat([
    Buffer.from(String(d), "base64url"),
    Buffer.from(String(x), "base64url"),
  ]);
  return { text: encodeBase58(bytes), publicKey: bytes.subarray(32) };
};

const ends: readonly MetricKey[] = [
  "submitNoPrice",
  "submitRepeated",
  "submitStale",
  "submitStages",
  "submitShutdown",
  "submitRestart",
  "submitDryRun",
  "submitInvalid",
  "submitRejected",
  "submitLanded",
  "submitFailed",
  "submitExpired",
  "submitAccepted",
  "submitUnknown",
];

describe("bundles of a running engine", () => {
  let folder: string;
  let jito: FakeJito;
  let url: string;
  let engine: Engine | null;
  let log: EventLog | null;
  let control: ControlServer | null;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "weir-submit-"));
    let ms = 0;
    // Its clock goes on with each look, so that no request comes too soon.
    jito = new FakeJito(() => (ms += 2000));
    url = await jito.server.listen();
    [engine, log, control] = [null, null, null];
  });

  afterEach(async () => {
    delete process.env[tipVariable];
    await control?.close();
    await engine?.stop(5000);
    await log?.close();
    await jito.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (
    set: { readonly [path: string]: string },
    restarts: EngineOptions["restarts"] = {},
  ): Promise<Engine> => {
    const { config } = effective(
      {
        "senders.jito.regions": url,
        "senders.jito.requests_per_second": "1000",
        "events.sample_every": "1",
        ...set,
      },
      { [tipVariable]: process.env[tipVariable] },
    );
    const settings = engineSettingsOf(config, { now: () => config, stageFolder: folder });
    const directory = join(folder, "log");
    engine = await startEngine({ log: { directory, port: 0 }, runId, ...settings, restarts });
    log = await openLog({ directory });
    const { memory, lanes, stages } = engine;
    control = await startControlServer({
      port: 0,
      snapshot: () => takeSnapshot(memory, lanes),
      isReady: () => true,
      about: () => ({ submissions: engine?.submissions() }),
      events: engine.events,
      stages,
    });
    return engine;
  };

  const snapshot = () => {
    if (engine === null) throw new Error("not started");
    return takeSnapshot(engine.memory, engine.lanes);
  };
  const counts = () => snapshot().counts;

  const feed = async (partition = 1): Promise<void> => {
    const headers = { "weir-run": runId };
    const value = transactionFrame(mix.map(({ wire }) => wire));
    const record = { topic: "weir-transactions", partition, key: null, value, headers } as const;
    if (log === null) throw new Error("not started");
    await log.append([{ ...record, timestampMs: Date.now() }]);
    await handledAll(log, snapshot);
  };

  /** Sum over all ends; what was read is that and what is in flight. */
  const endedCount = (): number => ends.reduce((sum, key) => sum + counts()[key], 0);

  const settled = async (): Promise<void> => {
    const { submitOfferedHigh, submitOfferedLow, submitFullHigh, submitFullLow } = counts();
    const offered = submitOfferedHigh + submitOfferedLow - submitFullHigh - submitFullLow;
    while (endedCount() < offered) {
      for (const id of jito.bundles.keys()) jito.land(id, 7);
      await sleep(20);
    }
  };

  const get = async (path: string): Promise<string> => {
    const response = await fetch(`${control?.url}${path}`);
    return response.text();
  };

  /** Counters are brought up to date once a turn of their thread, or when it is up again. */
  const expectConserved = (): Promise<void> =>
    expect
      .poll(() => {
        const now = counts();
        const tap = engine?.memory.tap;
        const left = tap === null || tap === undefined ? [] : [tap.high, tap.low];
        const inRings = left.reduce((sum, ring) => sum + readRingStats(ring).inFlight, 0);
        const full = now.submitFullHigh + now.submitFullLow;
        return {
          offered: now.submitOfferedHigh + now.submitOfferedLow - full - inRings,
          received: now.submitReceived,
          ended: endedCount() + now.submitInFlight,
        };
      })
      .toSatisfy(
        ({ offered, received, ended }: { offered: number; received: number; ended: number }) =>
          offered === received && received === ended,
      );

  it("arrive at Jito in groups of four with a signed tip, when they are to be sent", async () => {
    const pair = keyPair();
    process.env[tipVariable] = pair.text;
    const running = await start({ "senders.jito.dry_run": "false" });
    await feed();
    await settled();
    await expectConserved();
    const { submitLanded, submitNoPrice, submitReceived } = counts();
    expect(submitLanded).toBeGreaterThan(20);
    expect(submitLanded + submitNoPrice).toBe(submitReceived);
    const bundles = [...jito.bundles.values()];
    expect(bundles.every(({ length }) => length >= 2 && length <= 5)).toBe(true);
    const market = bundles.flatMap((one) => one.slice(0, -1));
    expect(market.length).toBe(submitLanded);
    expect(new Set(market).size).toBe(market.length);
    expect(market.every((wire) => fed.has(wire))).toBe(true);
    const tips = bundles.map((one) => Buffer.from(one.at(-1) ?? "", "base64"));
    expect(new Set(tips.map((tip) => createHash("sha256").update(tip).digest("hex"))).size).toBe(
      tips.length,
    );
    for (const tip of tips) expect(verifiesWire(tip, pair.publicKey)).toBe(true);
    const { submissions } = JSON.parse(await get("/status")) as { submissions: unknown[] };
    expect(submissions.at(-1)).toMatchObject({ outlet: "jito", fate: "accepted" });
    expect(await get("/metrics")).toContain(
      `weir_submit_transactions_total{outcome="landed"} ${submitLanded}`,
    );
    expect((await running.stop(60_000)).clean).toBe(true);
  });

  it("go nowhere in a dry run, which is the default, and are counted and shown all the same", async () => {
    const running = await start({});
    await feed();
    await settled();
    await expectConserved();
    expect(counts().submitDryRun).toBeGreaterThan(20);
    expect(jito.server.requests).toEqual([]);
    const { submissions } = JSON.parse(await get("/status")) as {
      submissions: { signatures: string[] }[];
    };
    expect(submissions.at(-1)).toMatchObject({ outlet: "jito", fate: "dry-run" });
    const [line = ""] = (await get("/events?type=bundle_submitted&limit=5")).split("\n");
    const event = JSON.parse(line) as { latency_us: number };
    expect(event).toMatchObject({ event_type: "bundle_submitted", fate: "dry-run" });
    expect(event.latency_us).toBeGreaterThan(0);
    expect(submissions.at(-1)?.signatures.length).toBeGreaterThan(1);
    expect((await running.stop(60_000)).clean).toBe(true);
  });

  it("are not sent without a key", async () => {
    await expect(start({ "senders.jito.dry_run": "false" })).rejects.toThrow(
      /WEIR_SENDERS_JITO_TIP_KEY: expected a key/,
    );
    expect(jito.server.requests).toEqual([]);
  });

  it("hold what the configured stages let pass, whose metrics are shown", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const running = await start({
      stages: JSON.stringify([{ name: "half", module: "./half.mjs", options: { every: 2 } }]),
    });
    await feed();
    while (counts().submitDryRun === 0) await sleep(20);
    const { clean } = await running.stop(60_000);
    expect(clean).toBe(true);
    await expectConserved();
    const { submitDryRun, submitStages, submitNoPrice, submitReceived } = counts();
    expect(submitDryRun).toBeGreaterThan(10);
    expect(Math.abs(submitDryRun - submitStages)).toBeLessThanOrEqual(1);
    expect(submitDryRun + submitStages + submitNoPrice).toBe(submitReceived);
  });

  it("are made anew after a stage or the submit thread died; what was in hand is counted, the log goes on", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const running = await start({
      stages: JSON.stringify([
        { name: "half", module: "./half.mjs", options: { every: 1, diesAfter: 30 } },
      ]),
    });
    await feed();
    const restarts = (): number =>
      running.steering.workers().find(({ name }) => name === "submit")?.restarts ?? 0;
    while (restarts() === 0) await sleep(20);
    await running.steering.restart("submit");
    expect(restarts()).toBeGreaterThan(1);
    await expectConserved();
    expect(counts().submitRestart).toBeGreaterThan(0);
    expect(counts().handledTransactions).toBe(mix.length);
    const others = running.steering.workers().filter(({ name }) => name !== "submit");
    expect(others.map(({ restarts: one }) => one)).toEqual(others.map(() => 0));
  });

  it("are made anew after a stage hung, as after a thread of the engine that does", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const stages = [{ name: "half", module: "./half.mjs", options: { hangsAfter: 30 } }];
    const running = await start({
      stages: JSON.stringify(stages),
      "supervisor.hang_ms": "3000",
    });
    await feed();
    const submit = () => running.steering.workers().find(({ name }) => name === "submit");
    while ((submit()?.restarts ?? 0) === 0) await sleep(20);
    expect(submit()?.lastError).toBe("hangs: no heartbeat of stage=half for hangMs=3000");
    await expectConserved();
    expect(counts().submitRestart).toBeGreaterThan(0);
  });

  it("are made no more after a stage that hangs each time, until a restart is asked for", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource.replace("return;", "for (;;);"));
    const stages = [{ name: "half", module: "./half.mjs" }];
    const set = { stages: JSON.stringify(stages), "supervisor.hang_ms": "3000" };
    const running = await start(set, { restartsMax: 1 });
    const submit = () => running.steering.workers().find(({ name }) => name === "submit");
    while (submit()?.state !== "Error" || submit()?.restarts === 0) await sleep(20);
    expect(submit()?.lastError).toBe("hangs: no heartbeat of stage=half for hangMs=3000");
    await running.steering.restart("submit");
    expect(submit()).toMatchObject({ state: "Running", restarts: 2 });
  });

  it("are made anew after a stage hung before its first turn", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const flag = join(folder, "has-hung");
    const stages = [{ name: "half", module: "./half.mjs", options: { hangsOnce: flag } }];
    const running = await start({
      stages: JSON.stringify(stages),
      "supervisor.hang_ms": "3000",
    });
    const submit = () => running.steering.workers().find(({ name }) => name === "submit");
    while ((submit()?.restarts ?? 0) === 0) await sleep(20);
    expect(submit()?.lastError).toBe("hangs: no heartbeat of stage=half for hangMs=3000");
    await feed();
    while (counts().submitDryRun === 0) await sleep(20);
    await expectConserved();
  });

  it("are made anew after a stage exited with 0 though nobody asked it to stop", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const stages = [{ name: "half", module: "./half.mjs", options: { exitsAfter: 30 } }];
    const running = await start({ stages: JSON.stringify(stages) });
    await feed();
    const submit = () => running.steering.workers().find(({ name }) => name === "submit");
    while ((submit()?.restarts ?? 0) === 0) await sleep(20);
    expect(submit()?.lastError).toBe("thread of stage=half: exit code=0");
    await expectConserved();
    expect(counts().submitRestart).toBeGreaterThan(0);
  });

  it("end with a submit thread that is restarted no more, and what it had in hand is counted", async () => {
    writeFileSync(join(folder, "half.mjs"), halfSource);
    const running = await start(
      {
        stages: JSON.stringify([{ name: "half", module: "./half.mjs", options: { diesAfter: 9 } }]),
      },
      { restartsMax: 0 },
    );
    await feed();
    const state = (): string | undefined =>
      running.steering.workers().find(({ name }) => name === "submit")?.state;
    while (state() !== "Error" || counts().submitRestart === 0) await sleep(20);
    await expectConserved();
    const { submitInFlight, submitReceived } = counts();
    expect(submitInFlight).toBe(0);
    expect(endedCount()).toBe(submitReceived);
    await running.steering.scale({ market: 2 });
  });

  it("are made of what added market threads find too", async () => {
    const running = await start({});
    await running.steering.scale({ market: 2 });
    const taps = running.lanes.flatMap(({ memory, role }) =>
      role === "market" ? [memory.tap] : [],
    );
    expect(taps).toHaveLength(2);
    for (let i = 0; i < 4; i += 1) await feed(i);
    await settled();
    for (const tap of taps) {
      const read = [tap?.high, tap?.low].map((ring) =>
        ring === undefined ? 0 : readRingStats(ring).read,
      );
      expect((read[0] ?? 0) + (read[1] ?? 0)).toBeGreaterThan(0);
    }
    // The same transactions came four times, to two threads.
    expect(counts().submitRepeated).toBeGreaterThan(0);
  });

  it("never hold up the log: without anybody to take them they are dropped and counted", async () => {
    // Answers nothing within the test.
    jito.server.script("sendBundle", ...Array.from({ length: 50 }, () => "lost" as const));
    process.env[tipVariable] = keyPair().text;
    const running = await start({
      "senders.jito.dry_run": "false",
      "senders.jito.attempts_max": "1000",
    });
    for (let i = 0; i < 3; i += 1) await feed();
    await expectConserved();
    await running.stop(5000);
    await expectConserved();
    const now = counts();
    expect(now.submitInFlight).toBe(0);
    expect(now.submitUnknown + now.submitShutdown).toBeGreaterThan(0);
  });
});
