// A running engine, threads and all, whose configuration is reloaded while transactions come.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, describe, expect, it } from "vitest";

import { ConfigHolder } from "../../../engine/config/config-holder.ts";
import { liveSettings, LiveControl } from "../../../engine/config/live-control.ts";
import { isThreadField, sniffSettingsOf } from "../../../engine/config/settings-of.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { readEvents } from "../../../engine/events/event-reader.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { effective } from "../config/effective.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-live-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mix = await createTransactionMix({ seed: runSeed("live settings"), count: 200 });
const runId = "live-test";

const value = transactionFrame(mix.map(({ wire }) => wire));

const silent = { "events.sample_every": "0" };
const reloads: readonly { readonly [path: string]: string }[] = [
  { "events.sample_every": "1", "sniffer.batch_size": "64" },
  { "events.sample_every": "2", "sniffer.lossless": "true", "sniffer.ema_alpha_short": "0.9" },
  { "events.sample_every": "1", "sniffer.batch_timeout_ms": "1", "sniffer.batch_size": "1" },
];

describe("live settings of a running engine", () => {
  it("are taken up between two batches, by restarted and added threads too, and nothing is lost", async () => {
    const first = effective(silent);
    let wanted = first;
    const live = liveSettings(first.config);
    const engine = await startEngine({
      log: { directory: folder, port: 0 },
      runId,
      sniff: sniffSettingsOf(first.config),
      live,
    });
    const log = await openLog({ directory: folder });
    const record = { topic: "weir-transactions", partition: 1, key: null, value } as const;
    const headers = { "weir-run": runId };
    let given = 0;
    const give = async (): Promise<void> => {
      given += mix.length;
      await log.append([{ ...record, headers, timestampMs: Date.now() }]);
    };
    const counts = () => takeSnapshot(engine.memory, engine.lanes).counts;
    const handled = async (): Promise<void> => {
      while (counts().handledTransactions < given) await sleep(20);
    };
    const events = () => readEvents(engine.events, { type: null, limit: 10_000 }).length;
    try {
      await give();
      await handled();
      expect(events()).toBe(0);
      const read = async () => ({ ok: true, ...wanted }) as const;
      const holder = new ConfigHolder({ first, read });
      const control = new LiveControl({
        memory: live.memory,
        threads: engine.liveThreads,
        takes: isThreadField,
        sleep: (ms) => sleep(ms),
        nowMs: () => performance.now(),
        waitMsMax: 20_000,
      });
      holder.subscribe(control);
      for (const [i, set] of reloads.entries()) {
        const giving = give();
        wanted = effective(set);
        expect(await holder.reload()).toMatchObject({ kind: "applied", version: i + 2 });
        await giving;
        expect(engine.liveThreads().map((one) => control.versionOf(one))).toEqual([i + 2]);
      }
      await engine.steering.restart("market");
      expect(engine.liveThreads().map((one) => control.versionOf(one))).toEqual([4]);
      await engine.steering.scale({ market: 2 });
      expect(engine.liveThreads().map((one) => control.versionOf(one))).toEqual([4, 4]);
      wanted = effective({ "events.sample_every": "1" });
      expect(await holder.reload()).toMatchObject({ kind: "applied", version: 5 });
      expect(engine.liveThreads().map((one) => control.versionOf(one))).toEqual([5, 5]);
      await give();
      await handled();
      expect(events()).toBeGreaterThan(mix.length);
      expect(counts().handledTransactions).toBe(given);
      const { clean } = await engine.stop(30_000);
      expect(clean).toBe(true);
    } finally {
      await engine.stop(5000);
      await log.close();
    }
  });
});
