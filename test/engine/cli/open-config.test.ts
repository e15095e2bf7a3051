import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, it } from "vitest";

import { openConfig } from "../../../engine/cli/open-config.ts";
import { ConfigWatch } from "../../../engine/config/watch-config.ts";
import { LiveReader } from "../../../engine/config/live-reader.ts";
import { capturedIo } from "./captured-io.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-open-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { io } = capturedIo();

it("a reload tells the engine its version, and threads what changed", async () => {
  const path = join(folder, "weir.toml");
  writeFileSync(path, "[bundle]\ntimeout_us = 100\n");
  const settings = await openConfig({ values: { config: path }, positionals: [] }, {}, io);
  const told: number[] = [];
  settings.follow({
    liveThreads: () => [],
    tellVersion: (version) => told.push(version),
    tellRefused: () => undefined,
  });
  const timeouts: number[] = [];
  const reader = new LiveReader({
    ...settings.live,
    slot: 8,
    apply: ({ bundle }) => timeouts.push(bundle.timeout_us),
  });
  expect(settings.context.stageFolder).toBe(process.cwd());
  writeFileSync(path, "[bundle]\ntimeout_us = 250\n[sniffer]\ntelemetry_interval_secs = 7\n");
  const changed = ["bundle.timeout_us", "sniffer.telemetry_interval_secs"];
  expect(await settings.reload()).toMatchObject({
    kind: "applied",
    changed: expect.arrayContaining(changed) as string[],
    needsRestart: [],
  });
  expect(told).toEqual([2]);
  expect(settings.holder.config.sniffer.telemetry_interval_secs).toBe(7);
  reader.poll();
  expect(timeouts).toEqual([250]);
  // What needs a restart changes nothing now, also not the version.
  writeFileSync(path, "[bundle]\ntimeout_us = 250\n[book]\nsymbols = 3\n");
  expect(await settings.reload()).toMatchObject({ version: 3, needsRestart: ["book.symbols"] });
  expect(told).toEqual([2, 3]);
});

it("a thread that does not answer is told as a refusal, and shown with the version it runs", async () => {
  const path = join(folder, "refused.toml");
  writeFileSync(path, "[bundle]\ntimeout_us = 100\n");
  const settings = await openConfig({ values: { config: path }, positionals: [] }, {}, io);
  let threads = [{ name: "market", slot: 3 }];
  const refused: boolean[] = [];
  settings.follow({
    liveThreads: () => threads,
    tellVersion: () => undefined,
    tellRefused: (isRefused) => refused.push(isRefused),
  });
  const reader = new LiveReader({ ...settings.live, slot: 3, apply: () => undefined });
  writeFileSync(path, "[bundle]\ntimeout_us = 250\n");
  const reason = "threads: market: no answer within 1000 ms";
  expect(await settings.reload()).toMatchObject({ version: 1, reasons: [reason] });
  expect(settings.about()).toMatchObject({ version: 1, threads: { market: reader.version } });
  threads = [];
  expect(await settings.reload()).toMatchObject({ kind: "applied", version: 2 });
  expect(refused).toEqual([true, false]);
});

it("settings that came through a pipe go on: nothing is read from it again", async () => {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const open = openConfig({ values: { config: path }, positionals: [] }, {}, io);
  await writeFile(path, "sniffer.batch_size = 7\n");
  const { holder, reload } = await open;
  const notes: string[] = [];
  const watch = new ConfigWatch({ holder, path, note: (line) => notes.push(line) });
  for (let i = 0; i < 3; i += 1) await watch.look();
  expect([holder.last, notes]).toEqual([null, []]);
  expect(await reload()).toMatchObject({
    kind: "refused",
    reasons: [`${path}: is no regular file: it cannot be read again`],
  });
  expect(holder.config.sniffer.batch_size).toBe(7);
});

it("stages that cannot be run are told before anything starts", async () => {
  const path = join(folder, "stages.toml");
  writeFileSync(
    join(folder, "wide.mjs"),
    `export const stage = { name: "wide", inputBytes: 32, outputBytes: 64, configure: () => () => {} };`,
  );
  writeFileSync(path, '[[stages]]\nname = "a"\nmodule = "./wide.mjs"\n');
  await expect(openConfig({ values: { config: path }, positionals: [] }, {}, io)).rejects.toThrow(
    /stages\.toml:1: stages\[0\]: stage=wide: inputBytes=32 outputBytes=64, expected 32 for both/,
  );
});
