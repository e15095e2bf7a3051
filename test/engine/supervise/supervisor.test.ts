import { describe, expect, it } from "vitest";

import { restartDefaults } from "../../../engine/supervise/restart-budget.ts";
import { type StopReport, untidyText } from "../../../engine/supervise/stop-workers.ts";
import type { Worker } from "../../../engine/supervise/worker.ts";
import { settled } from "./settled.ts";
import { rig } from "./supervised-fakes.ts";

const outcomes = ({ workers }: StopReport): string =>
  workers.map(({ name, outcome }) => `${name} ${outcome}`).join(", ");

describe("a supervisor", () => {
  it("starts in order and stops in reverse, after it made sure that nothing new comes", async () => {
    const { supervisor, done, states } = rig([{}, {}, {}]);
    await supervisor.start();
    expect(states()).toBe("a Running 0, b Running 0, c Running 0");
    const report = await supervisor.stop(5_000);
    expect(done.join(", ")).toBe(
      "start a, start b, start c, quiesce, stop c, kill c, stop b, kill b, stop a, kill a",
    );
    expect(report.clean).toBe(true);
    expect(outcomes(report)).toBe("c drained, b drained, a drained");
    expect(states()).toBe("a Stopped 0, b Stopped 0, c Stopped 0");
  });

  it("starts side by side what no other start needs, after all others, and each by itself again", async () => {
    const slow = Promise.withResolvers<void>();
    const { supervisor, done, states } = rig([
      { sideBySide: true, onStart: () => slow.promise },
      { strategy: "rest_for_one" },
      { sideBySide: true, onStart: (start) => (start === 2 ? Promise.reject() : slow.promise) },
    ]);
    const started = supervisor.start();
    await settled();
    expect(done).toEqual(["start b", "start a", "start c"]);
    expect(states()).toBe("a Starting 0, b Running 0, c Starting 0");
    slow.resolve();
    await started;
    done.length = 0;
    await supervisor.restart("b");
    expect(done.join(", ")).toBe(
      "kill b, kill c, hand over b c, start b, start c, kill c, kill c, hand over c, start c",
    );
    expect(states()).toBe("a Running 0, b Running 1, c Running 1");
  });

  it("kills what has started when a worker cannot start", async () => {
    const { supervisor, done } = rig([{}, { onStart: () => Promise.reject(new Error("no disk")) }]);
    await expect(supervisor.start()).rejects.toThrow("no disk");
    expect(done).toEqual(["start a", "start b", "kill a", "kill b"]);
  });

  it("SN13: restarts one for one: the others stay as they are", async () => {
    const { supervisor, done, states } = rig([{}, {}, {}]);
    await supervisor.start();
    done.length = 0;
    supervisor.report("b", "broken");
    expect(states()).toBe("a Running 0, b Error 0, c Running 0");
    await settled();
    expect(done).toEqual(["kill b", "kill b", "hand over b", "start b"]);
    expect(states()).toBe("a Running 0, b Running 1, c Running 0");
    expect(supervisor.workers()[1]?.lastError).toBe("broken");
  });

  it("restarts the rest for one, in the order of the start", async () => {
    const { supervisor, done, states } = rig([{}, { strategy: "rest_for_one" }, {}, {}]);
    await supervisor.start();
    done.length = 0;
    supervisor.report("b", "broken");
    await settled();
    expect(done.join(", ")).toBe(
      "kill b, kill b, kill c, kill d, hand over b c d, start b, start c, start d",
    );
    expect(states()).toBe("a Running 0, b Running 1, c Running 1, d Running 1");
  });

  it("waits longer from restart to restart, and gives up at the sixth within 10 s", async () => {
    const { supervisor, slept, states } = rig([{}, {}]);
    await supervisor.start();
    const waiting = "no failure";
    const failure = (): Promise<unknown> =>
      Promise.race([supervisor.failed, settled().then(() => waiting)]);
    for (let i = 0; i < 5; i += 1) {
      supervisor.report("a", `error ${i}`);
      await settled();
    }
    expect(slept).toEqual([50, 100, 200, 400, 800]);
    expect(states()).toBe("a Running 5, b Running 0");
    expect(await failure()).toBe(waiting);
    supervisor.report("a", "error 5");
    expect(await failure()).toEqual({ name: "a", message: "error 5" });
    expect((await supervisor.stop(5_000)).clean).toBe(false);
  });

  it("leaves a worker that is not critical in Error, and serves on", async () => {
    const limits = { ...restartDefaults, restartsMax: 0 };
    const { supervisor, states } = rig([{}, { critical: false }], { limits });
    await supervisor.start();
    supervisor.report("b", "broken");
    await settled();
    expect(states()).toBe("a Running 0, b Error 0");
    await supervisor.restart("b");
    expect(states()).toBe("a Running 0, b Running 1");
  });

  it("gives up on a worker that hangs each time, however long a hang takes to be seen", async () => {
    const notes: string[] = [];
    const hangMs = 5_000;
    const { supervisor, time, beats, slept, states } = rig([{}, { critical: false }], {
      hangMs,
      note: (line) => void notes.push(line),
    });
    await supervisor.start();
    for (let i = 0; i < 100; i += 1) {
      beats.set("a", i);
      time.nowMs += hangMs / 4;
      supervisor.check();
      await settled();
    }
    expect(states()).toBe("a Running 0, b Error 5");
    expect(slept.slice(0, 5)).toEqual([50, 100, 200, 400, 800]);
    expect(notes.at(-1)).toBe(
      "worker b is restarted no more: it used 5 restarts within 10000 ms in which it was up",
    );
  });

  it("replaces for ever what hangs after it was up for long", async () => {
    const hangMs = 5_000;
    const { supervisor, time, beats, states } = rig([{}], { hangMs });
    await supervisor.start();
    for (let life = 0; life < 10; life += 1) {
      for (let i = 0; i < 24; i += 1) {
        beats.set("a", Math.min(i, 16) + 100 * life);
        time.nowMs += hangMs / 4;
        supervisor.check();
      }
      await settled();
    }
    expect(states()).toBe("a Running 10");
  });

  it("counts restarts from none after one that was asked for", async () => {
    const limits = { ...restartDefaults, restartsMax: 1 };
    const { supervisor, states } = rig([{ critical: false }], { limits });
    await supervisor.start();
    const breaks = async (): Promise<string> => {
      supervisor.report("a", "broken");
      await settled();
      return states();
    };
    expect([await breaks(), await breaks()]).toEqual(["a Running 1", "a Error 1"]);
    await supervisor.restart("a");
    expect([await breaks(), await breaks()]).toEqual(["a Running 3", "a Error 3"]);
  });

  it("joins a failure during a restart to it", async () => {
    const gate = Promise.withResolvers<void>();
    const { supervisor, done, states } = rig([
      {},
      { onStart: (start) => (start === 2 ? gate.promise : Promise.resolve()) },
    ]);
    await supervisor.start();
    supervisor.report("b", "first");
    await settled();
    expect(states()).toBe("a Running 0, b Starting 0");
    done.length = 0;
    supervisor.report("a", "too");
    supervisor.report("b", "again");
    gate.reject(new Error("again"));
    await settled();
    expect(states()).toBe("a Running 1, b Running 1");
    expect(done.filter((line) => line.startsWith("start"))).toEqual(["start a", "start b"]);
  });

  it("tries a start again that fails without anybody saying so", async () => {
    const { supervisor, states } = rig([
      { onStart: (start) => (start === 2 ? Promise.reject(new Error("once")) : Promise.resolve()) },
    ]);
    await supervisor.start();
    supervisor.report("a", "broken");
    await settled();
    expect(states()).toBe("a Running 1");
    expect(supervisor.workers()[0]?.lastError).toBe("once");
  });

  it("kills and replaces a worker whose heartbeat stands still", async () => {
    const { supervisor, time, beats, states } = rig([{}, {}], { hangMs: 1_000 });
    await supervisor.start();
    for (let i = 1; i <= 6; i += 1) {
      beats.set("a", i);
      time.nowMs += 250;
      supervisor.check();
    }
    expect(states()).toBe("a Running 0, b Error 0");
    await settled();
    expect(states()).toBe("a Running 0, b Running 1");
    expect(supervisor.workers()[1]?.lastError).toContain("hangMs=1000");
    await supervisor.stop(0);
  });

  it("takes nobody for hanging after it slept itself", async () => {
    const { supervisor, time, states } = rig([{}], { hangMs: 1_000 });
    await supervisor.start();
    supervisor.check();
    time.nowMs += 60_000;
    supervisor.check();
    expect(states()).toBe("a Running 0");
    await supervisor.stop(0);
  });

  it("pauses what runs and resumes what is paused, and nothing else", async () => {
    const { supervisor, states } = rig([{}]);
    await expect(supervisor.pause("a")).rejects.toThrow("the engine is not running");
    await supervisor.start();
    await supervisor.pause("a");
    expect(states()).toBe("a Paused 0");
    await expect(supervisor.pause("a")).rejects.toThrow("worker=a is Paused, not Running");
    await supervisor.resume("a");
    expect(states()).toBe("a Running 0");
    await expect(supervisor.resume("a")).rejects.toThrow("worker=a is Running, not Paused");
    await expect(supervisor.pause("z")).rejects.toThrow("worker=z is unknown; known: a");
  });

  it("restarts a paused worker paused, when asked without using its budget", async () => {
    const limits = { ...restartDefaults, restartsMax: 0 };
    const { supervisor, states, done } = rig([{}], { limits });
    await supervisor.start();
    await supervisor.pause("a");
    await supervisor.restart("a");
    expect(states()).toBe("a Paused 1");
    expect(done.slice(-3)).toEqual(["hand over a", "start a", "pause a"]);
  });

  it("takes workers in and lets others go, and leaves the rest alone", async () => {
    const { supervisor, workers, done, states } = rig([{}, {}, {}, {}]);
    const [a, b, c, d] = workers as [Worker, Worker, Worker, Worker];
    await supervisor.start();
    await supervisor.rearrange(() => ({ ended: new Set(["b", "c"]), workers: [a, b, d] }));
    expect(states()).toBe("a Running 0, b Running 1, d Running 0");
    expect(done.slice(4).join(", ")).toBe("kill b, kill c, kill b, hand over b, start b");
    await supervisor.rearrange(() => ({ ended: new Set(["b"]), workers: [a, c, b, d] }));
    expect(states()).toBe("a Running 0, c Running 0, b Running 2, d Running 0");
    expect(done.slice(9).join(", ")).toBe(
      "kill b, kill b, kill c, hand over c b, start c, start b",
    );
    supervisor.report("c", "broken");
    await settled();
    expect(states()).toBe("a Running 0, c Running 1, b Running 2, d Running 0");
  });

  it("makes one change after the other: each is done when its workers serve", async () => {
    const { supervisor, workers, done, states } = rig([{}, {}, {}]);
    const [a, b, c] = workers as [Worker, Worker, Worker];
    await supervisor.start();
    const ended = new Set(["a"]);
    const seen: string[] = [];
    const more = supervisor.rearrange(() => ({ ended, workers: [a, b, c] }));
    const asked = supervisor.restart("b");
    const fewer = supervisor.rearrange(() => {
      seen.push(states());
      return { ended, workers: [a] };
    });
    await Promise.all([more, asked, fewer]);
    expect(seen).toEqual(["a Running 1, b Running 1, c Running 0"]);
    expect(states()).toBe("a Running 2");
    expect(done.at(-1)).toBe("start a");
  });

  it("refuses a change that comes to its turn in a stop, and ends nobody for it", async () => {
    const { supervisor, workers, done } = rig([{}]);
    await supervisor.start();
    const paused = expect(supervisor.pause("a")).rejects.toThrow("the engine is not running");
    const change = supervisor.rearrange(() => ({ ended: new Set(["a"]), workers }));
    const refused = expect(change).rejects.toThrow("the engine is not running");
    const { clean } = await supervisor.stop(5_000);
    await Promise.all([paused, refused]);
    expect(clean).toBe(true);
    expect(done).toEqual(["start a", "quiesce", "stop a", "kill a"]);
  });

  it("takes workers in while another is in Error, and says so only of one that did not start", async () => {
    const limits = { ...restartDefaults, restartsMax: 0 };
    const fakes = [{}, { critical: false }, {}];
    const { supervisor, workers, states } = rig(fakes, { limits });
    await supervisor.start();
    supervisor.report("b", "broken");
    await settled();
    await supervisor.rearrange(() => ({ ended: new Set(["c"]), workers }));
    expect(states()).toBe("a Running 0, b Error 0, c Running 1");
    await expect(
      supervisor.rearrange(() => ({ ended: new Set(["b"]), workers })),
    ).resolves.toBeUndefined();
    expect(states()).toBe("a Running 0, b Running 1, c Running 1");
  });

  it("starts nobody any more after a stop that ran out of time in a restart", async () => {
    const gate = Promise.withResolvers<void>();
    const { supervisor, late, done } = rig([
      {
        strategy: "rest_for_one",
        onStart: (start) => (start === 2 ? gate.promise : Promise.resolve()),
      },
      {},
    ]);
    await supervisor.start();
    supervisor.report("a", "broken");
    await settled();
    const stopping = supervisor.stop(5_000);
    late.resolve();
    await stopping;
    gate.resolve();
    await settled();
    expect(done.filter((line) => line === "start b")).toEqual(["start b"]);
  });

  it("ends by force what has not ended at the one deadline of all", async () => {
    const { supervisor, late, done } = rig([
      {},
      { onStop: () => new Promise(() => undefined) },
      {},
    ]);
    await supervisor.start();
    const stopping = supervisor.stop(5_000);
    await settled();
    expect(done.slice(-3)).toEqual(["stop c", "kill c", "stop b"]);
    late.resolve();
    const report = await stopping;
    expect(report.clean).toBe(false);
    expect(outcomes(report)).toBe("c drained, b killed, a killed");
    expect(untidyText(report)).toBe("not stopped in order after 0 ms: b was killed, a was killed");
  });

  it("tells of a stop what was down before it", async () => {
    const limits = { ...restartDefaults, restartsMax: 0 };
    const { supervisor } = rig([{}, { critical: false }], { limits });
    await supervisor.start();
    supervisor.report("b", "broken");
    await settled();
    const report = await supervisor.stop(5_000);
    expect(untidyText(report)).toBe("not stopped in order after 0 ms: b was down already");
  });
});
