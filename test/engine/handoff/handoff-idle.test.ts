// How long a handoff says that its thread may sleep, against what it then does.
import { expect, it } from "vitest";

import { type Random, runSeed, seeded } from "../../random.ts";
import { checkLaw, HIGH, type HandoffRig, LOW, setup } from "./handoff-rig.ts";

const rigOf = (random: Random): HandoffRig =>
  setup({
    capacity: 8,
    batchSize: 1 + random.below(8),
    batchTimeoutUs: random.pick([0, 10, 10_000]),
    dropPolicy: random.pick(["drop-oldest", "drop-newest", "block"]),
    sendMaxRetries: random.below(4),
    sendRetryDelayUs: random.pick([1, 100, 5_000]),
  });

const disturb = (rig: HandoffRig, random: Random, id: number): void => {
  const kind = random.below(4);
  if (kind === 0) rig.clock.us += random.pick([1, 50, 200, 20_000]);
  else if (kind === 1) rig.room.left = random.pick([0, 1, 3, 20]);
  else rig.offer(id, random.pick([LOW, HIGH]));
};

/** Waits as long as it says after a turn of work; false when nothing is left to wait for. */
const waitOnce = ({ stage, clock, batches }: HandoffRig): boolean => {
  stage.work();
  const us = stage.idleUs();
  if (us === Number.POSITIVE_INFINITY) return false;
  const before = batches.length;
  if (us > 1) {
    clock.us += us - 1;
    stage.work();
    expect(batches).toHaveLength(before);
    clock.us += 1;
  } else clock.us += us;
  stage.work();
  expect(batches.length).toBeGreaterThan(before);
  return true;
};

it("is until the next batch or repeat, not a microsecond less or more, until nothing is left", () => {
  const random = seeded(runSeed("handoff idle"));
  for (let run = 0; run < 100; run += 1) {
    const rig = rigOf(random);
    for (let id = 0; id < 60; id += 1) {
      disturb(rig, random, id);
      if (random.below(4) === 0) waitOnce(rig);
    }
    rig.room.left = Number.POSITIVE_INFINITY;
    for (let turn = 0; waitOnce(rig); turn += 1) expect(turn).toBeLessThan(20);
    const { high, low } = rig.diagnostics();
    expect([high.queued, high.onTheWay, low.queued, low.onTheWay]).toEqual([0, 0, 0, 0]);
    checkLaw(rig.diagnostics());
  }
});
