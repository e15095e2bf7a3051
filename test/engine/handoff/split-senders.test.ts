// A sender for each priority, both of which take at once: what batch_send_mode = "Async" is in the engine.
import { expect, it } from "vitest";

import type { HandoffBatch } from "../../../engine/handoff/lane.ts";
import { checkLaw, HIGH, LOW, setup } from "./handoff-rig.ts";

/** Takes while it is open. */
const gate = () => {
  const ids: number[] = [];
  const state = { isOpen: true };
  const trySend = (batch: HandoffBatch): number => {
    if (!state.isOpen) return 0;
    for (let i = 0; i < batch.count; i += 1) ids.push(batch.traceIdAt(i));
    return batch.count;
  };
  return { ids, state, trySend };
};

it("LOW goes on while HIGH is refused, and each keeps its order", () => {
  const [high, low] = [gate(), gate()];
  const { stage, offer, clock, diagnostics } = setup({
    senders: { mode: "split", high, low },
    batchTimeoutUs: 0,
    batchSize: 2,
  });
  high.state.isOpen = false;
  for (let id = 0; id < 8; id += 1) offer(id, id % 2 === 0 ? HIGH : LOW);
  stage.work();
  expect([high.ids, low.ids]).toEqual([[], [1, 3, 5, 7]]);
  expect(diagnostics().high).toMatchObject({ refusals: 1, onTheWay: 2 });
  high.state.isOpen = true;
  clock.us += 100;
  stage.work();
  expect(high.ids).toEqual([0, 2, 4, 6]);
  checkLaw(diagnostics());
});

it("HIGH that is refused to the end costs itself, as LOW has a receiver of its own", () => {
  const [high, low] = [gate(), gate()];
  const { stage, offer, diagnostics } = setup({
    senders: { mode: "split", high, low },
    batchTimeoutUs: 1000,
    batchSize: 1,
    sendMaxRetries: 0,
  });
  high.state.isOpen = false;
  low.state.isOpen = false;
  offer(1, HIGH);
  stage.work();
  low.state.isOpen = true;
  offer(2, LOW);
  stage.work();
  expect(low.ids).toEqual([2]);
  expect(diagnostics().high.dropped).toEqual({ retries: 1 });
  expect(diagnostics().low.dropped).toEqual({});
  checkLaw(diagnostics());
});

it("with one sender LOW waits for HIGH", () => {
  const one = gate();
  const { stage, offer, diagnostics } = setup({
    senders: { mode: "sync", sender: one },
    batchTimeoutUs: 0,
  });
  one.state.isOpen = false;
  offer(1, HIGH);
  offer(2, LOW);
  stage.work();
  one.state.isOpen = true;
  stage.work();
  expect(one.ids).toEqual([]);
  checkLaw(diagnostics());
});
