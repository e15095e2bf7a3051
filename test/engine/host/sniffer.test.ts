// The whole path of the sniffer in a running engine, threads and all: what is appended to the log
// comes out as candidates, or is refused by name, and every number is where people look for it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type ControlServer, startControlServer } from "../../../engine/control/server.ts";
import { type Snapshot, takeSnapshot } from "../../../engine/control/snapshot.ts";
import { snifferEventTypes } from "../../../engine/events/event-layout.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { type Engine, startEngine } from "../../../engine/host/engine.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { sniffDefaults, type SniffSettings } from "../../../engine/sniff/sniff-settings.ts";
import { Sniffer } from "../../../engine/sniff/sniffer.ts";
import { verdict } from "../../../engine/sniff/verdict.ts";
import type { Candidate } from "../../../schemas/market/candidate.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { fullWatch } from "../sniff/pipeline-rig.ts";
import { candidatesIn } from "./candidates-in-log.ts";
import { handledAll } from "./handled-all.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-sniffer-"));
const mix = await createTransactionMix({ seed: runSeed("engine sniffer"), count: 240 });
const runId = "sniffer-test";
const stopMsMax = 60_000;

const good = mix
  .filter(({ wire }) => {
    const sniffer = new Sniffer({ watch: fullWatch() });
    return sniffer.inspect(new DataView(wire.buffer), 0, wire.length) === verdict.candidate;
  })
  .map(({ wire }) => wire);

const forged = good.map((wire) => {
  const copy = wire.slice();
  copy[30] = (copy[30] ?? 0) ^ 1;
  return copy;
});

/** Bytes behind the end: no signature is looked at. */
const broken = good.slice(0, 20).map((wire) => Uint8Array.of(...wire, 0));

/** Cut off within the instructions: they cannot be walked. */
const cut = good.slice(0, 20).map((wire) => wire.slice(0, -3));

const run = async (name: string, sniff: SniffSettings) => {
  const directory = join(folder, name);
  const engine = await startEngine({ log: { directory, port: 0 }, runId, sniff });
  const log = await openLog({ directory });
  const append = (wires: readonly Uint8Array[], partition = 1): Promise<unknown> =>
    log.append([
      {
        topic: "weir-transactions",
        partition,
        key: null,
        value: transactionFrame(wires),
        headers: { "weir-run": runId },
        timestampMs: Date.now(),
      },
    ]);
  const handled = async (items: number): Promise<Snapshot> => {
    await handledAll(log, () => takeSnapshot(engine.memory));
    const now = takeSnapshot(engine.memory);
    expect(now.counts.handledTransactions).toBe(items);
    return now;
  };
  const candidates = (): Promise<readonly Candidate[]> => candidatesIn(log);
  return { engine, append, handled, candidates, close: () => log.close() };
};

const sum = (counts: { readonly [name: string]: number }): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

describe("the sniffer of a running engine", () => {
  let running: Awaited<ReturnType<typeof run>>;
  let engine: Engine;
  let control: ControlServer;
  let last: Snapshot;

  beforeAll(async () => {
    running = await run("block", { ...sniffDefaults, eventSampleEvery: 1, verifyThreads: 2 });
    engine = running.engine;
    control = await startControlServer({
      port: 0,
      snapshot: () => takeSnapshot(engine.memory),
      isReady: () => true,
      about: () => ({}),
      events: [engine.memory.events],
    });
    await running.append(forged);
    await running.append([...good, ...broken, ...cut]);
    await running.append(good);
    await running.append(mix.map(({ wire }) => wire).slice(0, 30));
    last = await running.handled(good.length * 3 + broken.length + cut.length + 30);
  });

  afterAll(async () => {
    await control.close();
    await running.engine.stop(stopMsMax);
    await running.close();
    rmSync(folder, { recursive: true });
  });

  it("puts out verified transactions only, each with its priority, and names all others", async () => {
    const { counts, sniffer } = last;
    expect(counts.refusedSignature).toBe(forged.length);
    expect(counts.refusedReplay).toBeGreaterThanOrEqual(good.length);
    expect(counts.refusedMalformed).toBeGreaterThanOrEqual(broken.length + cut.length);
    expect(counts.rejectedSignature).toBe(forged.length);
    const { received, passed, rejected, dropped, inFlight } = sniffer.stages.secure;
    expect(received).toBe(passed + sum(rejected) + sum(dropped));
    expect([inFlight, dropped]).toEqual([0, {}]);
    const { high, low } = sniffer.handoff;
    expect(high.offered + low.offered).toBe(counts.matches);
    expect(high.sent + low.sent).toBe(counts.matches);
    await expect.poll(running.candidates).toHaveLength(counts.matches);
    const written = await running.candidates();
    const offsets = new Set(written.map(({ id }) => id.split("/")[2]));
    expect(offsets.has("0")).toBe(false);
    expect(offsets.has("2")).toBe(false);
    expect(new Set(written.map(({ priority }) => priority))).toEqual(new Set(["HIGH", "LOW"]));
    expect(written.filter(({ priority }) => priority === "HIGH")).toHaveLength(high.sent);
  });

  it("shows all its numbers in /status and /metrics", async () => {
    const status = (await (await fetch(`${control.url}/status`)).json()) as Snapshot;
    const { counters, stages, priority, handoff } = status.sniffer;
    expect(counters.tx_seen).toBe(stages.prefilter.received);
    expect(counters.security_drop_count).toBeGreaterThan(forged.length);
    expect(counters.candidates_sent).toBe(handoff.high.sent + handoff.low.sent);
    expect(counters.mint_extract_errors).toBe(status.counts.needsResolve);
    expect(counters.account_extract_errors).toBeGreaterThan(0);
    expect(priority.high + priority.low).toBe(stages.extract.passed);
    expect(priority.threshold).toBeGreaterThan(0);
    expect(stages.secure.latencyUs.p99).toBeGreaterThan(0);
    const text = await (await fetch(`${control.url}/metrics`)).text();
    const value = (line: string): number =>
      Number(
        text
          .split("\n")
          .find((one) => one.startsWith(`${line} `))
          ?.split(" ")[1],
      );
    expect(value("weir_sniffer_tx_seen_total")).toBe(counters.tx_seen);
    expect(value("weir_sniffer_candidates_sent_total")).toBe(counters.candidates_sent);
    expect(value("weir_sniffer_high_priority_sent_total")).toBe(handoff.high.sent);
    expect(value("weir_sniffer_threshold")).toBeCloseTo(priority.threshold, 1);
    expect(value('weir_items_rejected_total{signal="transactions",reason="signature"}')).toBe(
      forged.length,
    );
    const latency = "weir_sniffer_stage_latency_seconds";
    expect(value(`${latency}_count{stage="secure"}`)).toBe(stages.secure.latencyUs.count);
    expect(value(`${latency}_bucket{stage="secure",le="+Inf"}`)).toBe(stages.secure.passed);
    const sojourn = "weir_handoff_sojourn_seconds";
    expect(value(`${sojourn}_bucket{priority="LOW",le="+Inf"}`)).toBe(handoff.low.sent);
  });

  it("shows eight of the nine events at /events; nothing is dropped under policy block", async () => {
    for (const type of snifferEventTypes) {
      const text = await (await fetch(`${control.url}/events?type=${type}&limit=3`)).text();
      const lines = text.trim().split("\n").filter(Boolean);
      expect([type, lines.length]).toEqual([type, type === "handoff_dropped" ? 0 : 3]);
    }
  });

  it("loses nothing when verifiers and the market thread are replaced under load", async () => {
    const settings = { ...sniffDefaults, replayWindow: 0 };
    const replaced = await run("replaced", settings);
    const { steering } = replaced.engine;
    const frames = 30;
    for (let frame = 0; frame < frames; frame += 1) {
      await replaced.append(frame % 2 === 0 ? good : [...forged, ...good]);
      if (frame === 8) await steering.restart("verify-1");
      if (frame === 20) await steering.restart("market");
    }
    const items = good.length * frames + forged.length * (frames / 2);
    const { counts } = await replaced.handled(items);
    expect(counts.handledTransactions).toBe(items);
    expect(counts.refusedSignature).toBe(forged.length * (frames / 2));
    await replaced.engine.stop(stopMsMax);
    const { sniffer } = takeSnapshot(replaced.engine.memory);
    for (const stage of Object.values(sniffer.stages)) expect(stage.inFlight).toBe(0);
    for (const lane of [sniffer.handoff.high, sniffer.handoff.low]) {
      expect(lane.offered).toBe(lane.sent + sum(lane.dropped));
      expect(Object.keys(lane.dropped).filter((why) => why !== "restart")).toEqual([]);
    }
    const written = await replaced.candidates();
    const byOffset = new Map<string, Set<string>>();
    for (const { id } of written) {
      const offset = id.split("/")[2] ?? "";
      byOffset.set(offset, (byOffset.get(offset) ?? new Set()).add(id));
    }
    // As many candidates of each record as of the first, which saw no restart.
    const sizes = new Set([...byOffset.values()].map(({ size }) => size));
    expect([byOffset.size, sizes.size]).toEqual([frames, 1]);
    await replaced.close();
  });

  it("shows the sniffers of all market threads as one", async () => {
    const scaled = await run("scaled", { ...sniffDefaults, replayWindow: 0, eventSampleEvery: 1 });
    const { engine: two } = scaled;
    await two.steering.scale({ market: 2 });
    for (let partition = 0; partition < 4; partition += 1) await scaled.append(good, partition);
    await scaled.handled(good.length * 4);
    await two.stop(stopMsMax);
    const { sniffer, counts } = takeSnapshot(two.memory, two.lanes);
    const first = takeSnapshot(two.memory).sniffer;
    expect(first.stages.secure.passed).toBeLessThan(sniffer.stages.secure.passed);
    expect(sniffer.stages.secure.passed).toBe(good.length * 4);
    expect(sniffer.stages.secure.latencyBuckets.count).toBe(good.length * 4);
    expect(sniffer.counters.tx_seen).toBe(good.length * 4);
    const { high, low } = sniffer.handoff;
    expect(high.sent + low.sent).toBe(counts.matches);
    expect(sniffer.priority.high + sniffer.priority.low).toBe(good.length * 4);
    expect(await scaled.candidates()).toHaveLength(counts.matches);
    await scaled.close();
  });

  it("knows replays of what threads saw that were replaced, and when partitions are dealt anew", async () => {
    const replays = await run("replays", sniffDefaults);
    const { steering } = replays.engine;
    const byPartition = [0, 1, 2, 3, 4, 5].map((n) => good.filter((_, i) => i % 6 === n));
    let items = 0;
    /** Each transaction in its partition, as the edge would send it. */
    const again = async (): Promise<Snapshot["counts"]> => {
      for (const [partition, wires] of byPartition.entries()) {
        await replays.append(wires, partition);
      }
      items += good.length;
      await replays.handled(items);
      return takeSnapshot(replays.engine.memory, replays.engine.lanes).counts;
    };
    expect((await again()).refusedReplay).toBe(0);
    expect((await again()).refusedReplay).toBe(good.length);
    await steering.restart("market");
    expect((await again()).refusedReplay).toBe(good.length * 2);
    await steering.scale({ market: 4 });
    expect((await again()).refusedReplay).toBe(good.length * 3);
    await steering.scale({ market: 2 });
    expect((await again()).refusedReplay).toBe(good.length * 4);
    await replays.engine.stop(stopMsMax);
    const ids = (await replays.candidates()).map(({ id }) => id);
    const offsets = new Set(ids.map((id) => id.split("/")[2]));
    expect([...offsets]).toEqual(["0"]);
    await replays.close();
  });

  it("drops under another policy while egress rests, counts it and records handoff_dropped", async () => {
    const handoff = { ...sniffDefaults.handoff, dropPolicy: "drop-newest" as const };
    const settings = { ...sniffDefaults, handoff, verifyThreads: 0, replayWindow: 0 };
    const dropping = await run("drop", { ...settings, eventSampleEvery: 1 });
    const { engine: resting } = dropping;
    await resting.steering.pause("egress");
    // More candidates than the ring to egress and the queue hold together.
    const frames = Math.ceil(16_000 / good.length);
    for (let frame = 0; frame < frames; frame += 1) await dropping.append(good);
    const { counts } = await dropping.handled(good.length * frames);
    expect(counts.droppedRetries + counts.droppedFull + counts.droppedEvicted).toBeGreaterThan(100);
    const types = readEvents([resting.memory.events], { type: "handoff_dropped", limit: 10 });
    expect(types).toHaveLength(10);
    await resting.steering.resume("egress");
    await resting.stop(stopMsMax);
    const { counts: last, sniffer } = takeSnapshot(resting.memory);
    const { high, low } = sniffer.handoff;
    expect(high.sent + low.sent + sum(high.dropped) + sum(low.dropped)).toBe(last.matches);
    expect(await dropping.candidates()).toHaveLength(high.sent + low.sent);
    await dropping.close();
  });
});
