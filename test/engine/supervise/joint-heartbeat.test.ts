import { expect, it } from "vitest";

import { JointHeartbeat } from "../../../engine/supervise/joint-heartbeat.ts";

it("changes once all of its heartbeats have, and stands still when one of them does", () => {
  const beats = [7, 1, 1];
  const joint = new JointHeartbeat(beats.map((_, i) => () => beats[i] ?? 0));
  const first = joint.read();
  beats[0] = 8;
  beats[1] = 2;
  expect(joint.read()).toBe(first);
  beats[2] = 2;
  expect(joint.read()).not.toBe(first);
});

it("does not wait for a heartbeat that has yet to begin", () => {
  const beats = [1, 0];
  const joint = new JointHeartbeat(beats.map((_, i) => () => beats[i] ?? 0));
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
