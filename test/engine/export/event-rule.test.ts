import { describe, expect, it } from "vitest";

import { eventType, eventTypes } from "../../../engine/events/event-layout.ts";
import { eventRuleDefaults, EventSampler } from "../../../engine/export/event-rule.ts";

const taken = (sampler: EventSampler, code: number, count: number): number =>
  Array.from({ length: count }, () => sampler.takes(code)).filter(Boolean).length;

describe("rule of events that leave", () => {
  it("takes of each type the first and then one in so many, none at 0", () => {
    const sampler = new EventSampler(() => ({
      ...eventRuleDefaults,
      prefilter_rejected: 3,
      handoff_sent: 1,
      bytes_received: 0,
    }));
    const { prefilterRejected, handoffSent, bytesReceived } = eventType;
    const pattern = Array.from({ length: 7 }, () => sampler.takes(prefilterRejected));
    expect(pattern).toEqual([true, false, false, true, false, false, true]);
    expect(taken(sampler, handoffSent, 5)).toBe(5);
    expect(taken(sampler, bytesReceived, 5)).toBe(0);
    expect(taken(sampler, eventType.bundleSubmitted, 5)).toBe(5);
    expect(taken(sampler, eventTypes.length, 1)).toBe(0);
  });

  it("is looked up anew when it is refreshed", () => {
    let every = 0;
    const sampler = new EventSampler(() => ({ ...eventRuleDefaults, handoff_sent: every }));
    expect(taken(sampler, eventType.handoffSent, 10)).toBe(0);
    every = 2;
    expect(taken(sampler, eventType.handoffSent, 10)).toBe(0);
    sampler.refresh();
    expect(taken(sampler, eventType.handoffSent, 10)).toBe(5);
    expect(sampler.oneIn("handoff_sent")).toBe(2);
  });
});
