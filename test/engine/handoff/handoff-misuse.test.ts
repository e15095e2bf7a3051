// What a handoff does with senders and records that are not as they must be: neither holds a lane up
// nor changes what another record says.
import { expect, it } from "vitest";

import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import { checkLaw, HIGH, setup } from "./handoff-rig.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("a sender that throws before it promises anything is tried again like one that fails", async () => {
  let calls = 0;
  const send = (batch: HandoffBatch): Promise<number> => {
    calls += 1;
    if (calls === 1) throw new Error("not connected");
    return Promise.resolve(batch.count);
  };
  const senders = { mode: "async", high: { send }, low: { send } } as const;
  const { stage, offer, clock, diagnostics } = setup({ senders, batchTimeoutUs: 0 });
  offer(1, HIGH);
  stage.work();
  await turn();
  expect(diagnostics().high).toMatchObject({ sent: 0, refusals: 1, onTheWay: 1 });
  clock.us += 100;
  stage.work();
  await turn();
  expect(diagnostics().high).toMatchObject({ sent: 1, onTheWay: 0 });
  checkLaw(diagnostics());
});

it("a record that is longer than its place, or of no priority, is refused and lies over no other", () => {
  const { stage, offer, ids, diagnostics } = setup({ batchTimeoutUs: 0 });
  const record = { view: new DataView(new ArrayBuffer(2000)), at: 0, traceId: 2, queuedUs: 0 };
  offer(1, HIGH);
  for (const bytes of [577, 1e6, -1, 1.5, Number.NaN])
    expect(() => stage.offer({ ...record, bytes }, HIGH)).toThrow(`bytes=${bytes} `);
  for (const priority of [2, -1, Number.NaN])
    expect(() => stage.offer({ ...record, bytes: 8 }, priority)).toThrow(`priority=${priority}`);
  offer(3, HIGH, 576);
  stage.work();
  expect(ids()).toEqual([1, 3]);
  expect(diagnostics().high).toMatchObject({ offered: 2, sent: 2 });
  checkLaw(diagnostics());
});
