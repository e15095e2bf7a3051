import { expect, it, onTestFinished, vi } from "vitest";

import { startFigures } from "../../../engine/control/figures.ts";
import { takeSnapshot } from "../../../engine/control/snapshot.ts";
import { createEngineMemory } from "../../../engine/host/memory.ts";
import { cellOf, MetricCells } from "../../../engine/metrics/cells.ts";
import { liveView } from "../../../engine/up/live-view.ts";

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

it("without a terminal one of so many pictures is written, the first one too", () => {
  const written: string[] = [];
  const view = liveView(
    (text) => written.push(text),
    false,
    () => 3,
  );
  for (let i = 0; i < 7; i += 1) view.draw([`picture ${i}`]);
  expect(written.map((text) => text.trim())).toEqual(["picture 0", "picture 3", "picture 6"]);
});
