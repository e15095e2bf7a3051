// Events of what a running engine, threads and all, gives to a sender: they leave as those of the
// sniffer do, and say which transaction of which market thread it was.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

import { engineSettingsOf } from "../../../engine/config/settings-of.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { startEngine } from "../../../engine/host/engine.ts";
import { openLog } from "../../../engine/log/open-log.ts";
import { topics } from "../../../schemas/topics.ts";
import { startCollector } from "../../collector.ts";
import { weir } from "../../end-to-end/weir-process.ts";
import { runSeed } from "../../random.ts";
import { transactionFrame } from "../../transaction-frame.ts";
import { until } from "../../until.ts";
import { effective } from "../config/effective.ts";
import { handledAll } from "../host/handled-all.ts";
import { endedAfterEach } from "./running-parts.ts";
import { isEvent } from "./sniffer-event-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-submitted-"));
const mix = await createTransactionMix({ seed: runSeed("submitted events"), count: 240 });
const { partitions } = topics["weir-transactions"];

const parts = endedAfterEach();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Event = {
  readonly event_type: string;
  readonly trace_id: string;
  readonly lane: number;
  readonly one_in: number;
};

/** A dry run: nobody listens at the region. */
const start = async (name: string, set: { readonly [path: string]: string }) => {
  const { config } = effective({
    "senders.jito.regions": "http://127.0.0.1:9",
    "events.sample_every": "1",
    "threads.market": "2",
    ...set,
  });
  const settings = engineSettingsOf(config, { now: () => config, stageFolder: folder });
  const directory = join(folder, name);
  const running = await startEngine({ log: { directory, port: 0 }, runId: "r", ...settings });
  parts.engine = running;
  const opened = await openLog({ directory });
  parts.log = opened;
  const counts = () => takeSnapshot(running.memory, running.lanes).counts;
  /** Gives each transaction once, and waits until what can be sent of them was. */
  const handle = async (): Promise<void> => {
    for (let partition = 0; partition < partitions; partition += 1) {
      const wires = mix.map(({ wire }) => wire).filter((_, i) => i % partitions === partition);
      const value = transactionFrame(wires);
      const record = { topic: "weir-transactions", partition, key: null, headers: {} } as const;
      await opened.append([{ ...record, value, timestampMs: Date.now() }]);
    }
    await handledAll(opened, () => takeSnapshot(running.memory, running.lanes));
    await until(() => {
      const { submitOfferedHigh, submitOfferedLow, submitDryRun, submitNoPrice } = counts();
      const isAll = submitOfferedHigh + submitOfferedLow === submitDryRun + submitNoPrice;
      return submitDryRun > 0 && isAll;
    }, "submitted");
    await until(() => {
      const { eventsLag, eventTopicSent, eventsFollowed, eventsSampledOut } = counts();
      return eventsLag === 0 && eventTopicSent === eventsFollowed - eventsSampledOut;
    }, "left");
  };
  const written = async (): Promise<readonly Event[]> => {
    const ends = await opened.offsets("weir-events");
    const reads = ends.map((_, partition) =>
      opened.read({ topic: "weir-events", partition, offset: 0 }, 100_000),
    );
    const records = (await Promise.all(reads)).flat();
    return records.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as Event);
  };
  return { counts, handle, written };
};

const of = (events: readonly Event[], type: string): readonly Event[] =>
  events.filter(({ event_type }) => event_type === type);
const nameOf = ({ lane, trace_id }: Event): string => `${lane}/${trace_id}`;

describe("transactions that are given to a sender", () => {
  it("leave as events of the transaction and market thread that they are", async () => {
    const { counts, handle, written } = await start("topic", {
      "events.export.security_passed": "1",
    });
    await handle();
    const events = await written();
    expect(events.filter((event) => !isEvent(event))).toEqual([]);
    const submitted = of(events, "bundle_submitted");
    expect(submitted).toHaveLength(counts().submitDryRun);
    expect(submitted[0]).toMatchObject({ fate: "dry-run", one_in: 1 });
    const names = submitted.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(submitted.map(({ lane }) => lane))).toEqual(new Set([0, 1]));
    const passed = new Set(of(events, "security_passed").map(nameOf));
    expect(names.filter((name) => !passed.has(name))).toEqual([]);
  });

  it("leave as the rule says, or not at all", async () => {
    const { counts, handle, written } = await start("rule", {
      "events.export.bundle_submitted": "3",
    });
    await handle();
    const submitted = of(await written(), "bundle_submitted");
    expect(submitted).toHaveLength(Math.ceil(counts().submitDryRun / 3));
    expect(submitted.every(({ one_in: every }) => every === 3)).toBe(true);
    await parts.log?.close();
    await parts.engine?.stop(5_000);
    const none = await start("none", { "events.export.bundle_submitted": "0" });
    await none.handle();
    expect(of(await none.written(), "bundle_submitted")).toEqual([]);
  });

  it("leave as log records that our registry knows", async () => {
    const receiver = await startCollector();
    parts.collector = receiver;
    const { counts, handle } = await start("otlp", {
      "telemetry.event_endpoint": `${receiver.url}/v1/logs`,
    });
    await handle();
    const taken = (): string => JSON.stringify(receiver.taken());
    const named = (): number => taken().split('"eventName":"sniffer.bundle_submitted"').length - 1;
    await until(() => named() === counts().submitDryRun, "in the collector");
    expect(taken()).toContain('{"key":"sniffer.fate","value":{"stringValue":"dry-run"}}');
    const file = join(folder, "logs.jsonl");
    writeFileSync(
      file,
      receiver
        .taken()
        .map((request) => JSON.stringify(request))
        .join("\n"),
    );
    const registry = fileURLToPath(new URL("../../../schemas/registry", import.meta.url));
    const check = weir("check", "--registry", registry, file);
    const { code } = await check.exited;
    expect(`${code} ${JSON.stringify(check.lines)} ${check.stderr()}`).toMatch(/^0 /);
  });
});
