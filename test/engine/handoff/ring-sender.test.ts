import { expect, it } from "vitest";

import { RingSender } from "../../../engine/handoff/ring-sender.ts";
import { createMessageRing } from "../../../engine/ring/message-ring.ts";
import { MessageRingReader } from "../../../engine/ring/message-ring-reader.ts";
import { MessageRingWriter } from "../../../engine/ring/message-ring-writer.ts";
import { checkLaw, LOW, setup } from "./handoff-rig.ts";

it("a ring as receiver takes what it has room for, and the rest follows in order", () => {
  const memory = createMessageRing({ capacityBytes: 4096, policy: "block" });
  const sender = new RingSender(new MessageRingWriter(memory));
  const reader = new MessageRingReader(memory);
  const { stage, offer, clock, diagnostics } = setup({
    senders: { mode: "sync", sender },
    batchTimeoutUs: 0,
    sendMaxRetries: 100,
  });
  const got: number[] = [];
  for (let i = 0; i < 60; i += 1) offer(i, LOW);
  for (let i = 0; i < 30; i += 1) {
    stage.work();
    clock.us += 100;
    reader.drain((_type, at) => got.push(reader.view.getFloat64(at, true)), 7);
  }
  expect(got).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(diagnostics().low.refusals).toBeGreaterThan(0);
  checkLaw(diagnostics());
});
