// The engine is killed at random points under load, restarted each time, and must in the end have
// put out everything that an engine which never died would have: no acknowledged record without
// its outputs, repeats recognisable by id and equal in content.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { createTransactionMix } from "../../engine/feed/transactions.ts";
import type { EventLog } from "../../engine/log/event-log.ts";
import { openLog } from "../../engine/log/open-log.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import { runSeed, seeded } from "../random.ts";
import { readTopic } from "../read-topic.ts";
import { until } from "../until.ts";
import {
  expectedAggregates,
  expectedCandidates,
  writtenAggregates,
  writtenCandidates,
} from "./expected-outputs.ts";
import type { Append } from "./kill-load.ts";
import { KillLoad, pause } from "./kill-load.ts";
import { restAppend } from "./rest-append.ts";
import type { WeirProcess } from "./weir-process.ts";
import { weir } from "./weir-process.ts";

/** Of the engine with its log inside and of the one on Kafka. WEIR_KILLS=20 for the long run. */
const killsEmbedded = Number(process.env["WEIR_KILLS"] ?? 6);
const killsOnKafka = Number(process.env["WEIR_KILLS"] ?? 2);

type Ready = { readonly ready: { readonly control: string; readonly log: string } };

const start = async (args: readonly string[]) => {
  const engine = weir("engine", "--control-port", "0", ...args);
  const { ready } = (await engine.line("ready")) as unknown as Ready;
  return { engine, ...ready };
};

type Positions = readonly { topic: string; partition: number; handled: number; done: number }[];

/** Waits until every acknowledged record is handled, and transactions' outputs acknowledged. */
const caughtUp = async (control: string, load: KillLoad): Promise<void> => {
  for (;;) {
    const status = (await (await fetch(`${control}/status`)).json()) as { positions: Positions };
    const isBehind = load.acknowledged.some(({ record, offset }) => {
      const at = status.positions.find(
        ({ topic, partition }) => topic === record.topic && partition === record.partition,
      );
      const position = record.topic === "otlp_spans" ? at?.handled : at?.done;
      return (position ?? 0) <= offset;
    });
    if (!isBehind) return;
    await pause(50);
  }
};

/** They make some hundred candidates. */
const recordsMin = 300;

type KillRun = {
  readonly kills: number;
  readonly args: readonly string[];
  /** How to append while the engine of that ready line lives. */
  readonly appendTo: (logAddress: string) => Append;
  readonly label: string;
  readonly runMsMax: number;
};

const killRepeatedly = async ({ kills, args, appendTo, label, runMsMax }: KillRun) => {
  const random = seeded(runSeed(label));
  const load = new KillLoad(await createTransactionMix({ seed: 7, count: 300 }), random);
  let append: Append | null = null;
  const running = load.run(() => append);
  let last: { engine: WeirProcess; control: string } | null = null;
  for (let kill = 0; kill <= kills; kill += 1) {
    const started = await start(args);
    append = appendTo(started.log);
    await pause(50 + random.below(runMsMax));
    if (kill === kills) last = started;
    else {
      append = null;
      started.engine.child.kill("SIGKILL");
      await started.engine.exited;
    }
  }
  await until(() => load.acknowledged.length >= recordsMin, "a load worth comparing");
  load.stop();
  await running;
  for (const record of load.closing()) {
    load.acknowledged.push({ record, offset: await (append as unknown as Append)(record) });
  }
  await caughtUp(last!.control, load);
  last!.engine.child.kill("SIGTERM");
  expect(await last!.engine.exited).toEqual({ code: 0, signal: null });
  return load;
};

const check = async (log: EventLog, load: KillLoad, label: string): Promise<void> => {
  const held = {
    "weir-transactions": await readTopic(log, "weir-transactions"),
    otlp_spans: await readTopic(log, "otlp_spans"),
  };
  for (const { record, offset } of load.acknowledged) {
    const found = held[record.topic][record.partition]?.find((kept) => kept.offset === offset);
    expect(Buffer.from(found?.value ?? []).equals(record.value)).toBe(true);
  }
  const candidates = await writtenCandidates(log);
  const expected = await expectedCandidates(log);
  expect([...expected].filter((id) => !candidates.byId.has(id))).toEqual([]);
  expect([...candidates.byId.keys()].filter((id) => !expected.has(id))).toEqual([]);
  const aggregates = await writtenAggregates(log);
  expect(Object.fromEntries(aggregates.byId)).toEqual(
    Object.fromEntries(await expectedAggregates(log)),
  );
  process.stderr.write(
    `${label}: acknowledged ${load.acknowledged.length} records, refused ${load.refused}, ` +
      `candidates ${candidates.byId.size} (${candidates.repeats} repeated), ` +
      `aggregates ${aggregates.byId.size} (${aggregates.repeats} repeated)\n`,
  );
  expect(expected.size).toBeGreaterThan(100);
  expect(aggregates.byId.size).toBeGreaterThan(10);
};

describe("an engine that is killed under load", () => {
  it("loses nothing on the embedded log, killed at random with the log inside", async () => {
    const data = mkdtempSync(join(tmpdir(), "weir-kill-"));
    const load = await killRepeatedly({
      kills: killsEmbedded,
      args: ["--data", data, "--log-port", "0"],
      label: "kill embedded",
      runMsMax: 500,
      appendTo: (url) => restAppend(url),
    });
    const log = await openLog({ directory: join(data, "log") });
    await check(log, load, "kill embedded");
    await log.close();
    rmSync(data, { recursive: true });
  });
});

describe.skipIf(!kafkaAvailable())("an engine on Kafka that is killed (needs Java, Maven)", () => {
  it("loses nothing, killed at random", async () => {
    const broker = await startBroker();
    const address = broker.bootstrap;
    const log = await openLog({ kafka: address });
    await log.createTopics();
    const load = await killRepeatedly({
      kills: killsOnKafka,
      args: ["--kafka", address],
      label: "kill Kafka",
      runMsMax: 2_000,
      appendTo: () => async (record) => {
        const [offset] = await log.append([
          { ...record, key: null, headers: {}, timestampMs: Date.now() },
        ]);
        return offset ?? -1;
      },
    });
    await check(log, load, "kill Kafka");
    await log.close();
    await broker.close();
  });
});
