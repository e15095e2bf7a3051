import { describe, expect, test } from "vitest";

import {
  ConfigHolder,
  type ConfigSubscriber,
  type ConfigUpdate,
  outcomeText,
} from "../../../engine/config/config-holder.ts";
import { type Resolution, resolveConfig } from "../../../engine/config/resolve-config.ts";
import { effective } from "./effective.ts";

const documentOf = (text: string): Resolution =>
  resolveConfig({ file: { path: "weir.toml", text }, variables: {}, flags: [] });

/** A holder over a document that a test changes; batch sizes are looked up. */
const holding = (text = "") => {
  const source = { text, reads: 0 };
  const first = documentOf(text);
  if (!first.ok) throw new Error("bad first document");
  const holder = new ConfigHolder({
    first,
    read: async () => {
      source.reads += 1;
      return documentOf(source.text);
    },
    lookedUp: ["sniffer.batch_size"],
  });
  return { holder, source };
};

type Heard = readonly [string, string, number, number];

/** Notes what it is told; refuses or throws when a test says so. */
const subscriber = (name: string, heard: Heard[], faults: Partial<ConfigSubscriber> = {}) => {
  const note = (what: string) => (update: ConfigUpdate) => {
    heard.push([name, what, update.version, update.config.sniffer.batch_size]);
    return null;
  };
  const told: ConfigSubscriber = {
    name,
    takes: () => true,
    prepare: note("prepare"),
    apply: (next) => void note("apply")(next),
    rollback: (running) => void note("rollback")(running),
  };
  return { ...told, ...faults };
};

describe("a reload", () => {
  test("is applied to all subscribers after all have agreed, and counted", async () => {
    const { holder, source } = holding("sniffer.batch_size = 5");
    const heard: Heard[] = [];
    holder.subscribe(subscriber("a", heard));
    holder.subscribe(subscriber("b", heard));
    source.text = "sniffer.batch_size = 6";
    expect(await holder.reload()).toEqual({
      kind: "applied",
      version: 2,
      changed: ["sniffer.batch_size"],
      needsRestart: [],
      warnings: [],
    });
    expect(heard).toEqual([
      ["a", "prepare", 2, 6],
      ["b", "prepare", 2, 6],
      ["a", "apply", 2, 6],
      ["b", "apply", 2, 6],
    ]);
    expect([holder.version, holder.config.sniffer.batch_size]).toEqual([2, 6]);
    expect(holder.origins["sniffer.batch_size"]?.place).toBe("weir.toml:1");
    expect(Object.isFrozen(holder.config.sniffer)).toBe(true);
  });

  test("of a document that says the same changes nothing", async () => {
    const { holder, source } = holding("sniffer.batch_size = 5");
    const heard: Heard[] = [];
    holder.subscribe(subscriber("a", heard));
    source.text = "\n[sniffer]\nbatch_size = 5\n";
    expect(await holder.reload()).toMatchObject({ kind: "unchanged", version: 1 });
    expect(heard).toEqual([]);
  });

  test("of a bad document is refused with every reason, and the old one goes on", async () => {
    const { holder, source } = holding("sniffer.batch_size = 5");
    const { config } = holder;
    source.text = "sniffer.batch_size = 0\nsniffer.drop_policy = 3";
    const outcome = await holder.reload();
    expect(outcome).toMatchObject({ kind: "refused", version: 1, by: "sources" });
    expect(outcomeText(outcome)).toMatch(
      /^configuration refused, version 1 goes on: .*batch_size.*; /,
    );
    expect(holder.config).toBe(config);
    expect(holder.last).toBe(outcome);
  });

  test("SN14: applies live fields and names those that wait for a restart", async () => {
    const { holder, source } = holding();
    source.text = "sniffer.batch_size = 6\nthreads.market = 2";
    const outcome = await holder.reload();
    expect(outcome).toMatchObject({
      kind: "applied",
      changed: ["sniffer.batch_size"],
      needsRestart: ["threads.market"],
    });
    expect(outcomeText(outcome)).toBe(
      "configuration version 2 applied: sniffer.batch_size; after a restart: threads.market",
    );
    expect(holder.config.threads.market).toBe(1);
    expect(holder.needsRestart).toEqual(["threads.market"]);
    source.text = "sniffer.batch_size = 6";
    expect(await holder.reload()).toMatchObject({ kind: "unchanged", needsRestart: [] });
  });

  test("says what it warns of, as a start does", async () => {
    const { holder, source } = holding();
    holder.subscribe(subscriber("a", []));
    source.text = 'sniffer.drop_policy = "DropOldest"';
    expect(outcomeText(await holder.reload())).toBe(
      "configuration version 2 applied: sniffer.drop_policy; warning: weir.toml:1: sniffer.drop_policy: has no effect while sniffer.lossless is true",
    );
  });

  test("is refused when its live fields do not fit to what waits for a restart", async () => {
    const { holder, source } = holding("sniffer.channel_capacity = 100");
    source.text = "sniffer.channel_capacity = 1000\nsniffer.batch_size = 500";
    const outcome = await holder.reload();
    expect(outcome.kind === "refused" && outcome.reasons).toEqual([
      expect.stringMatching(
        /batch_size=500 .*channel_capacity=100 .*not before a restart, which applies sniffer\.channel_cap/,
      ),
    ]);
    expect(holder.config.sniffer.batch_size).toBe(10);
  });

  test("that one refuses is taken back from all that were asked, in reverse", async () => {
    const { holder, source } = holding();
    const heard: Heard[] = [];
    holder.subscribe(subscriber("a", heard));
    holder.subscribe(subscriber("b", heard, { prepare: () => "batches of 6 are unlucky" }));
    holder.subscribe(subscriber("c", heard));
    source.text = "sniffer.batch_size = 6";
    expect(await holder.reload()).toEqual({
      kind: "refused",
      version: 1,
      by: "part",
      reasons: ["b: batches of 6 are unlucky"],
    });
    expect(heard).toEqual([
      ["a", "prepare", 2, 6],
      ["b", "rollback", 1, 10],
      ["a", "rollback", 1, 10],
    ]);
    expect([holder.version, holder.config.sniffer.batch_size]).toEqual([1, 10]);
  });

  test("that one fails to apply is rolled back in those that had applied it", async () => {
    const { holder, source } = holding();
    const heard: Heard[] = [];
    const fail = (): never => {
      throw new Error("disk full");
    };
    holder.subscribe(subscriber("a", heard));
    holder.subscribe(subscriber("b", heard, { apply: fail }));
    source.text = "sniffer.batch_size = 6";
    expect(await holder.reload()).toMatchObject({ kind: "refused", reasons: ["disk full"] });
    expect(heard.slice(-2)).toEqual([
      ["b", "rollback", 1, 10],
      ["a", "rollback", 1, 10],
    ]);
    source.text = "sniffer.batch_size = 7";
    expect(await holder.reload()).toMatchObject({ kind: "refused" });
    expect(holder.version).toBe(1);
  });

  test("says so when a part cannot go back", async () => {
    const { holder, source } = holding();
    const rollback = (): never => {
      throw new Error("stuck");
    };
    holder.subscribe(subscriber("a", [], { prepare: () => "no", rollback }));
    source.text = "sniffer.batch_size = 6";
    const outcome = await holder.reload();
    expect(outcome).toMatchObject({ reasons: ["a: no; a could not go back: stuck"] });
  });

  test("names live fields that no part of this engine takes up among those that wait", async () => {
    const { holder, source } = holding();
    source.text = "sniffer.batch_size = 6\nevents.sample_every = 1";
    expect(await holder.reload()).toMatchObject({
      kind: "applied",
      changed: ["sniffer.batch_size"],
      needsRestart: ["events.sample_every"],
    });
    holder.subscribe(subscriber("events", [], { takes: (path) => path === "events.sample_every" }));
    expect(await holder.reload()).toMatchObject({ kind: "applied", needsRestart: [] });
    expect(holder.config.events.sample_every).toBe(1);
  });

  test("that cannot read its sources is refused", async () => {
    const holder = new ConfigHolder({
      first: effective(),
      read: async () => {
        throw new Error("the disk is gone");
      },
    });
    expect(await holder.reload()).toMatchObject({ kind: "refused", reasons: ["the disk is gone"] });
  });

  test("runs alone, and those asked for meanwhile share the next one", async () => {
    const { holder, source } = holding();
    const gate = Promise.withResolvers<null>();
    holder.subscribe(subscriber("slow", [], { prepare: () => gate.promise }));
    source.text = "sniffer.batch_size = 6";
    const first = holder.reload();
    const [second, third] = [holder.reload(), holder.reload()];
    source.text = "sniffer.batch_size = 7";
    gate.resolve(null);
    expect(await first).toMatchObject({ kind: "applied", version: 2 });
    expect(await second).toMatchObject({ kind: "applied", version: 3 });
    expect(await third).toBe(await second);
    expect([source.reads, holder.config.sniffer.batch_size]).toEqual([2, 7]);
  });

  test("does not ask who has left", async () => {
    const { holder, source } = holding();
    const heard: Heard[] = [];
    holder.subscribe(subscriber("a", heard))();
    source.text = "sniffer.batch_size = 6";
    expect(await holder.reload()).toMatchObject({ kind: "applied" });
    expect(heard).toEqual([]);
  });
});
