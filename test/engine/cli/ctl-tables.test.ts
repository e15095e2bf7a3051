import { expect, it } from "vitest";

import { eventLines, reloadLines, workerLines } from "../../../engine/cli/ctl-tables.ts";

const workerOf = (name: string, lastError: string | null = null) => ({
  name,
  lastError,
  state: "Running",
  restarts: 0,
  heartbeatAgeMs: 0,
});

it("columns stay aligned behind long and wide names", () => {
  const names = ["a", "名前", "a-name-that-is-longer-than-any-other-of-them"];
  const lines = workerLines({ workers: names.map((name) => workerOf(name)) });
  expect(lines).toEqual([
    "worker                                        state    restarts  heartbeat  last error",
    "a                                             Running  0         0.0 s",
    "名前                                          Running  0         0.0 s",
    "a-name-that-is-longer-than-any-other-of-them  Running  0         0.0 s",
  ]);
});

it("an error or a value of an event stays in its row and orders the terminal nothing", () => {
  const lastError = "\u001B]0;title\u0007broken\n  at work";
  expect(workerLines({ workers: [workerOf("m", lastError)] })[1]).toBe(
    "m       Running  0         0.0 s      \\u001b]0;title\\u0007broken",
  );
  const event = { event_type: "rejected", trace_id: "1", timestamp_us: 5, reason: "a\nb\u001B[2J" };
  expect(eventLines([event])).toEqual([
    "time us  trace  event",
    "5        1      rejected  reason=a\\u000ab\\u001b[2J",
  ]);
});

it("a reload is shown with what changed, what waits for a restart and what it warns of", () => {
  const needsRestart = ["threads.market"];
  const warnings = ["weir.toml:4: sniffer.drop_policy: has no effect"];
  expect(
    reloadLines({ kind: "applied", version: 2, changed: ["a.b"], needsRestart, warnings }),
  ).toEqual([
    "configuration version 2 applied",
    "  a.b",
    "  threads.market (after a restart)",
    "  warning: weir.toml:4: sniffer.drop_policy: has no effect",
  ]);
});
