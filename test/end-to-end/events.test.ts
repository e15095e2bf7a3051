// Events of a running engine as its user has them: chosen by the configuration, chosen anew while it
// runs, and read with `weir tail`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, it } from "vitest";

import { snifferEventTypes } from "../../engine/events/event-layout.ts";
import { createTransactionMix } from "../../engine/feed/transactions.ts";
import { runSeed } from "../random.ts";
import { transactionFrame } from "../transaction-frame.ts";
import { restAppend } from "./rest-append.ts";
import { weir } from "./weir-process.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-events-"));
afterAll(() => rmSync(folder, { recursive: true }));
const mix = await createTransactionMix({ seed: runSeed("events"), count: 50 });

const configOf = (received: number): string =>
  [
    "[events]",
    "sample_every = 1",
    "[events.export]",
    ...snifferEventTypes.map((type) => `${type} = ${type === "bytes_received" ? received : 0}`),
    "",
  ].join("\n");

it("events leave as the configuration says, also when it changes", async () => {
  const data = join(folder, "data");
  const config = join(folder, "weir.toml");
  writeFileSync(config, configOf(0));
  const ports = ["--control-port", "0", "--log-port", "0"];
  const engine = weir("engine", ...ports, "--data", data, "--config", config);
  const { ready } = (await engine.line("ready")) as { ready: { control: string; log: string } };
  const counts = async (): Promise<{ readonly [key: string]: number }> => {
    const status = (await (await fetch(`${ready.control}/status`)).json()) as {
      counts: { readonly [key: string]: number };
    };
    return status.counts;
  };
  const until = async (key: string, atLeast: number): Promise<void> => {
    for (let i = 0; i < 2400; i += 1) {
      if (((await counts())[key] ?? 0) >= atLeast) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never: ${key} >= ${atLeast}: ${JSON.stringify(await counts())}`);
  };
  const append = restAppend(ready.log);
  const record = {
    topic: "weir-transactions",
    partition: 0,
    value: transactionFrame(mix.map(({ wire }) => wire)),
  } as const;

  await append(record);
  await until("eventsSampledOut", 2 * mix.length);
  expect((await counts())["eventTopicSent"]).toBe(0);

  writeFileSync(config, configOf(5));
  const reload = weir("ctl", "reload", "--url", ready.control);
  expect((await reload.exited).code).toBe(0);
  await append(record);
  await until("eventTopicSent", mix.length / 5);

  const tail = weir("tail", "weir-events", "--from", "beginning", "--count", "10", "--data", data);
  expect((await tail.exited).code).toBe(0);
  expect(tail.lines).toHaveLength(10);
  for (const line of tail.lines) {
    expect(line).toMatchObject({
      topic: "weir-events",
      headers: { "weir-schema": "urn:weir:weir_event_json:1" },
      event: { event_type: "bytes_received", lane: 0, one_in: 5 },
    });
    expect((line["event"] as { trace_id: string }).trace_id).toBe(line["key"]);
  }
  engine.child.kill("SIGINT");
  expect((await engine.exited).code).toBe(0);
});
