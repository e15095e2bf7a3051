import { expect, it } from "vitest";

import { JointHeartbeat } from "../../../engine/supervise/joint-heartbeat.ts";

const jointOf = (beats: readonly number[]): JointHeartbeat =>
  new JointHeartbeat(beats.map((_, i) => ({ name: `part=${i}`, read: () => beats[i] ?? 0 })));

it("changes once all of its heartbeats have, and stands still when one of them does", () => {
  const beats = [7, 1, 1];
  const joint = jointOf(beats);
  const first = joint.read();
  beats[0] = 8;
  beats[1] = 2;
  expect(joint.read()).toBe(first);
  beats[2] = 2;
  expect(joint.read()).not.toBe(first);
});

it("does not wait for a heartbeat that has yet to begin", () => {
  const beats = [1, 0];
  const joint = jointOf(beats);
  const first = joint.read();
  beats[0] = 2;
  const second = joint.read();
  expect(second).not.toBe(first);
  beats[1] = 1;
  beats[0] = 3;
  const third = joint.read();
  expect(third).not.toBe(second);
  beats[0] = 4;
  expect(joint.read()).toBe(third);
});

it("names those that stand still, and none that has yet to begin", () => {
  const beats = [1, 1, 0];
  const joint = jointOf(beats);
  joint.read();
  beats[0] = 2;
  joint.read();
  expect(joint.standing()).toEqual(["part=1"]);
});
