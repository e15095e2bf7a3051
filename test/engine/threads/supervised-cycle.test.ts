import { describe, expect, it, vi } from "vitest";

import type { Stage } from "../../../engine/threads/stage.ts";
import { runSupervised } from "../../../engine/threads/supervised-cycle.ts";
import {
  createWorkerMemory,
  WorkerCells,
  workerOrder,
} from "../../../engine/supervise/worker-cells.ts";

/** A stage with `queued` items to do; `told` is called before each call of work. */
const rig = (queued: number, told: (calls: number, control: WorkerCells) => void) => {
  const memory = createWorkerMemory();
  const control = new WorkerCells(memory, 3);
  const done: string[] = [];
  let left = queued;
  let calls = 0;
  const stage: Stage = {
    name: "s",
    start: () => done.push("start"),
    work: () => {
      calls += 1;
      told(calls, control);
      if (left === 0) return 0;
      left -= 1;
      done.push("item");
      return 1;
    },
    stop: () => done.push("stop"),
  };
  const idles: number[] = [];
  const run = () =>
    runSupervised(
      stage,
      (idleMs) => {
        idles.push(idleMs);
        // Nobody else is there to end it.
        if (idles.length > 2) control.give(workerOrder.stop);
      },
      new WorkerCells(memory, 3),
    );
  return { run, done, idles, control };
};

describe("the supervised duty cycle", () => {
  it("finishes what is there before it stops, and shows that it lives", () => {
    const { run, done, control } = rig(5, (calls, orders) => {
      if (calls === 1) orders.give(workerOrder.stop);
    });
    const before = control.heartbeat();
    run();
    expect(done).toEqual(["start", ...Array.from({ length: 5 }, () => "item"), "stop"]);
    expect(control.heartbeat() - before).toBeGreaterThanOrEqual(6);
  });

  it("goes idle when there is nothing to do", () => {
    const { run, done, idles } = rig(1, () => undefined);
    run();
    expect(idles.length).toBe(3);
    expect(done).toEqual(["start", "item", "stop"]);
  });

  it("does no work while it is paused, and still lives", () => {
    const { run, done, control } = rig(3, () => undefined);
    control.give(workerOrder.pause);
    const before = control.heartbeat();
    // The test has one thread: the order comes when the cycle waits for it.
    const wait = vi.spyOn(WorkerCells.prototype, "waitForOrder");
    const whilePaused: string[][] = [];
    wait.mockImplementation((seen) => {
      expect(seen).toBe(workerOrder.pause);
      whilePaused.push([...done]);
      if (whilePaused.length === 3) control.give(workerOrder.stop);
    });
    run();
    wait.mockRestore();
    expect(whilePaused).toEqual([["start"], ["start"], ["start"]]);
    expect(done).toEqual(["start", "item", "item", "item", "stop"]);
    expect(control.heartbeat() - before).toBeGreaterThanOrEqual(6);
  });
});
