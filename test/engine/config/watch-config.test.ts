import { EventEmitter } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { ConfigHolder } from "../../../engine/config/config-holder.ts";
import { readConfig } from "../../../engine/config/read-config.ts";
import { ConfigWatch, watchConfig } from "../../../engine/config/watch-config.ts";
import { fields } from "../../../engine/config/schema.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

const started = async (text: string) => {
  const path = join(folder, `${(files += 1)}.toml`);
  writeFileSync(path, text);
  const place = { path, flags: [], variables: {} };
  const first = await readConfig(place);
  if (!first.ok) throw new Error("bad first document");
  const lookedUp = ["sniffer.batch_size", "reload.poll_ms"];
  const holder = new ConfigHolder({ first, read: () => readConfig(place), lookedUp });
  const notes: string[] = [];
  const options = { holder, path, note: (line: string) => notes.push(line) };
  return { path, holder, notes, options, size: () => holder.config.sniffer.batch_size };
};

const watching = async (text: string) => {
  const all = await started(text);
  const watch = new ConfigWatch(all.options);
  await watch.look();
  await watch.look();
  return { ...all, watch };
};

describe("the watch over a file", () => {
  test("takes a change up when two looks agree, and only once", async () => {
    const { watch, path, size, notes } = await watching("sniffer.batch_size = 5");
    expect(notes).toEqual([]);
    writeFileSync(path, "sniffer.batch_size = 60");
    await watch.look();
    expect(size()).toBe(5);
    await watch.look();
    expect(size()).toBe(60);
    await watch.look();
    expect(notes).toEqual(["weir: configuration version 2 applied: sniffer.batch_size"]);
  });

  test("sees a save by rename", async () => {
    const { watch, path, size } = await watching("sniffer.batch_size = 5");
    for (const next of [6, 7]) {
      writeFileSync(`${path}.new`, `sniffer.batch_size = ${next}`);
      renameSync(`${path}.new`, path);
      await watch.look();
      await watch.look();
      expect(size()).toBe(next);
    }
  });

  test("lives through a file that is half written, and takes it when it is whole", async () => {
    const { watch, path, size, notes } = await watching("sniffer.batch_size = 5");
    writeFileSync(path, "[sniffer]\nbatch_si");
    await watch.look();
    await watch.look();
    expect(notes[0]).toMatch(/^weir: configuration refused, version 1 goes on: .*:2: not TOML/);
    writeFileSync(path, "[sniffer]\nbatch_size = 8\n");
    await watch.look();
    await watch.look();
    expect(size()).toBe(8);
  });

  test("does not read a file that changes from look to look", async () => {
    const { watch, path, holder, notes } = await watching("sniffer.batch_size = 5");
    for (const text of ["s", "sniffer.", "sniffer.batch_size", "sniffer.batch_size = 9"]) {
      writeFileSync(path, text);
      await watch.look();
    }
    expect([holder.last?.kind, notes]).toEqual(["unchanged", []]);
    await watch.look();
    expect(holder.config.sniffer.batch_size).toBe(9);
  });

  test("goes on when the file is gone, and takes it up when it is back", async () => {
    const { watch, path, size, notes } = await watching("sniffer.batch_size = 5");
    rmSync(path);
    for (let i = 0; i < 4; i += 1) await watch.look();
    expect(size()).toBe(5);
    expect(notes).toEqual([`weir: ${path} is gone: the configuration goes on as it is`]);
    writeFileSync(path, "sniffer.batch_size = 6");
    await watch.look();
    await watch.look();
    expect(size()).toBe(6);
  });

  test("takes up what was changed between the start's reading and its first look", async () => {
    const { options, path, size } = await started("sniffer.batch_size = 5");
    writeFileSync(path, "sniffer.batch_size = 6");
    const watch = new ConfigWatch(options);
    await watch.look();
    await watch.look();
    expect(size()).toBe(6);
  });

  test("tries again what a part refused, until it is taken, and says so once", async () => {
    const { watch, path, holder, notes, size } = await watching("sniffer.batch_size = 5");
    let refusals = 20;
    let asked = 0;
    holder.subscribe({
      name: "threads",
      takes: () => true,
      prepare: () => {
        asked += 1;
        refusals -= 1;
        return refusals < 0 ? null : "market: no answer";
      },
      apply: () => undefined,
      rollback: () => undefined,
    });
    writeFileSync(path, "sniffer.batch_size = 66");
    for (let i = 0; i < 30; i += 1) await watch.look();
    expect([size(), asked]).toEqual([66, 21]);
    expect(notes).toEqual([
      "weir: configuration refused, version 1 goes on: threads: market: no answer",
      "weir: configuration version 2 applied: sniffer.batch_size",
    ]);
  });

  test("takes at most 5 s whatever the interval", () => {
    const field = fields.find(({ path }) => path === "reload.poll_ms");
    expect(field?.schema.safeParse(2000).success).toBe(true);
    expect(field?.schema.safeParse(2001).success).toBe(false);
  });
});

describe("watching", () => {
  test("looks in the configured interval and ends with close", async () => {
    const { options, path, size } = await started("reload.poll_ms = 70");
    const sleeps: number[] = [];
    const done = Promise.withResolvers<void>();
    const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
      sleeps.push(ms);
      if (sleeps.length === 2) writeFileSync(path, "reload.poll_ms = 80\nsniffer.batch_size = 6");
      if (sleeps.length < 6) return;
      done.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    };
    const watch = watchConfig(options, { sleep, signals: new EventEmitter() });
    await done.promise;
    await watch.close();
    expect(sleeps).toEqual([70, 70, 70, 80, 80, 80]);
    expect(size()).toBe(6);
  });

  test("reloads at SIGHUP at once, and not after close", async () => {
    const { options, path, size, notes } = await started("sniffer.batch_size = 5");
    const signals = new EventEmitter();
    const sleep = (_ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    const watch = watchConfig(options, { sleep, signals });
    writeFileSync(path, "sniffer.batch_size = 6");
    signals.emit("SIGHUP");
    await watch.close();
    expect(size()).toBe(6);
    expect(notes).toEqual(["weir: configuration version 2 applied: sniffer.batch_size"]);
    expect(signals.listenerCount("SIGHUP")).toBe(0);
  });
});
