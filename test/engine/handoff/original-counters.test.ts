import { describe, expect, it } from "vitest";

import { reason } from "../../../engine/events/event-layout.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import {
  createHandoffMemory,
  HandoffCells,
  readHandoffDiagnostics,
} from "../../../engine/handoff/handoff-diagnostics.ts";
import { originalCounters } from "../../../engine/handoff/original-counters.ts";
import { runSeed } from "../../random.ts";
import { createRig } from "../sniff/pipeline-rig.ts";

const names = [
  "tx_seen",
  "tx_filtered",
  "candidates_sent",
  "dropped_full_buffer",
  "security_drop_count",
  "backpressure_events",
  "reconnect_count",
  "high_priority_sent",
  "low_priority_sent",
  "high_priority_dropped",
  "mint_extract_errors",
  "account_extract_errors",
  "stream_buffer_depth",
];

describe("counters of the original", () => {
  it("have its thirteen names, and agree with each other", async () => {
    const mix = await createTransactionMix({ seed: runSeed("counters"), count: 250 });
    const rig = createRig();
    for (const { wire } of mix) rig.give(wire);
    rig.settle();
    const sources = { ...rig.counts(), reconnects: 2 };
    const counters = originalCounters({ ...sources, handoff: rig.diagnostics() });
    expect(Object.keys(counters)).toEqual(names);
    const of = (expected: string): number => mix.filter((one) => one.expected === expected).length;
    expect(counters.tx_seen).toBe(250);
    expect(counters.tx_filtered).toBeGreaterThanOrEqual(of("vote") + of("size"));
    expect(counters.mint_extract_errors).toBe(of("needs-resolve"));
    expect(counters.candidates_sent + counters.stream_buffer_depth).toBe(of("candidate"));
    expect(counters.high_priority_sent + counters.low_priority_sent).toBe(counters.candidates_sent);
    expect(counters.reconnect_count).toBe(2);
    const seen = sources.secure.passed + counters.tx_filtered + counters.security_drop_count;
    expect(seen + counters.mint_extract_errors + counters.account_extract_errors).toBe(250);
    rig.handoff.stop();
    const after = originalCounters({ ...sources, handoff: rig.diagnostics() });
    expect(after.stream_buffer_depth).toBe(0);
  });

  it("count no HIGH candidate as dropped that comes again after a restart of its thread", () => {
    const memory = createHandoffMemory();
    const cells = new HandoffCells(memory);
    const high = 1;
    for (let i = 0; i < 5; i += 1) cells.offered(high);
    cells.dropped(high, reason.full);
    cells.dropQueued(reason.restart);
    const handoff = readHandoffDiagnostics(memory);
    expect(handoff.high.dropped).toEqual({ full: 1, restart: 4 });
    const counters = originalCounters({ ...createRig().counts(), reconnects: 0, handoff });
    expect(counters.high_priority_dropped).toBe(1);
    expect(counters.dropped_full_buffer).toBe(1);
  });
});
