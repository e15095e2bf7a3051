import { expect, test } from "vitest";

import { type ForwardOutcome, recordState } from "../../../edge/forward/forward-outcome.ts";
import { countOutcome } from "../../../edge/metrics/count-outcome.ts";
import { SignalCounters } from "../../../edge/metrics/counters.ts";
import type { OutgoingRecord } from "../../../edge/route/outgoing-record.ts";

test("a record without items of its own that the log refuses is no reason", () => {
  const counters = new SignalCounters();
  const records = [{ items: 3 }, { items: 0 }, { items: 0 }] as OutgoingRecord[];
  const states = Uint8Array.of(recordState.acknowledged, recordState.oversize, recordState.refused);
  const outcome: ForwardOutcome = { code: "settled", message: "", states };
  expect(countOutcome(counters, records, outcome)).toBe(3);
  expect(counters.snapshot()).toMatchObject({ accepted: 3, rejected: {} });
});
