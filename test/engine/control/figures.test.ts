import { expect, it, onTestFinished, vi } from "vitest";

import { startFigures } from "../../../engine/control/figures.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { cellOf, MetricCells } from "../../../engine/metrics/cells.ts";

it("figures are written as often as is configured, with the version of the configuration", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const memory = createEngineMemory();
  new MetricCells(memory.metrics).set(cellOf("configVersion"), 4);
  const lines: string[] = [];
  let seconds = 5;
  const figures = startFigures({
    everySeconds: () => seconds,
    read: () => takeSnapshot(memory),
    note: (line) => lines.push(line),
  });
  vi.advanceTimersByTime(4_999);
  expect(lines).toEqual([]);
  seconds = 2;
  vi.advanceTimersByTime(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    figures: { configVersion: 4, handled: { transactions: 0 }, candidates: { sent: 0 } },
  });
  vi.advanceTimersByTime(4_000);
  expect(lines).toHaveLength(3);
  figures.stop();
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(3);
});
