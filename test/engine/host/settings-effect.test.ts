// Settings of a running engine that is not of the usual size, and what they change in it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, expect, it } from "vitest";

import { createBookMemory } from "../../../engine/book/book-layout.ts";
import { engineSettingsOf, sniffSettingsOf } from "../../../engine/config/settings-of.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import type { LogRecord } from "../../../engine/log/event-log.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { messageRingShape } from "../../../engine/ring/message-ring.ts";
import type { Aggregate } from "../../../engine/stream/aggregate.ts";
import { effective } from "../config/effective.ts";
import { traces } from "../stream/otlp-messages.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-effect-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const capacityOf = (ring: SharedArrayBuffer): number =>
  messageRingShape(new Int32Array(ring)).capacityBytes;

const aggregateOf = ({ value, headers }: LogRecord): Aggregate => {
  expect(new TextDecoder().decode(headers["weir-config-version"])).toBe("1");
  return JSON.parse(new TextDecoder().decode(value)) as Aggregate;
};

it("rings, events, books and windows have the sizes that are configured, in added threads too", async () => {
  const { config } = effective({
    "rings.input_bytes": String(8 << 20),
    "rings.output_bytes": String(1 << 20),
    "events.capacity": "77",
    "book.symbols": "3",
    "windows.size_ms": "200",
    "windows.lateness_ms": "0",
    "windows.idle_ms": "100",
  });
  const settings = engineSettingsOf(config, { now: () => config, stageFolder: folder });
  const engine = await startEngine({
    log: { directory: folder, port: 0 },
    runId: "effect-test",
    ...settings,
  });
  const log = await openLog({ directory: folder });
  try {
    await engine.steering.scale({ market: 2 });
    for (const { memory } of engine.lanes) {
      expect(capacityOf(memory.ingestMarket)).toBe(8 << 20);
      expect(capacityOf(memory.streamEgress)).toBe(1 << 20);
      expect(new Int32Array(memory.events)[0]).toBe(77);
      expect(memory.books.byteLength).toBe(engine.memory.books.byteLength);
    }
    expect(engine.memory.books.byteLength).toBe(createBookMemory(3).byteLength);
    const startNs = BigInt(Date.now()) * 1_000_000n;
    const span = { name: "work", startNs, endNs: startNs + 1_000_000n };
    const value = traces(new Map([["shop", [span]]]));
    const record = { topic: "otlp_spans", partition: 0, key: null, headers: {} } as const;
    await log.append([{ ...record, value, timestampMs: Date.now() }]);
    const windows: Aggregate[] = [];
    while (windows.length === 0) {
      await sleep(50);
      for (const [partition, { end }] of (await log.offsets("weir-aggregates")).entries()) {
        const place = { topic: "weir-aggregates", partition, offset: 0 } as const;
        if (end > 0) windows.push(...(await log.read(place, 10)).map(aggregateOf));
      }
    }
    for (const { windowStartMs, windowEndMs } of windows) {
      expect(windowEndMs - windowStartMs).toBe(200);
    }
  } finally {
    await engine.stop(5000);
    await log.close();
  }
});

it("a lossless sniffer waits for its verifiers, any other as long as is configured", () => {
  const waitOf = (set: { readonly [path: string]: string }): number =>
    sniffSettingsOf(effective(set).config).verifyWaitMs;
  expect(waitOf({ "sniffer.verify_wait_ms": "7" })).toBe(Number.POSITIVE_INFINITY);
  expect(waitOf({ "sniffer.verify_wait_ms": "7", "sniffer.lossless": "false" })).toBe(7);
});
