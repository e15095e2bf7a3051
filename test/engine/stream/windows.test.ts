import { describe, expect, it } from "vitest";

import { checkWindowOptions, windowDefaults } from "../../../engine/stream/window-options.ts";
import { plainWindows } from "../../oracles/stream-windows.ts";
import { runSeed, seeded } from "../../random.ts";
import { beginning, collecting, feed, randomRecords, smallOptions } from "./window-case.ts";

const t0 = 1_700_000_000_000;
const span = { isError: false, durationNs: 5n, service: "s", name: "n" };
const spanAt = (ms: number, name = span.name) => ({ ...span, name, eventMs: t0 + ms });
const at = (...eventMs: number[]) => ({
  receiveMs: t0,
  items: eventMs.map((ms) => spanAt(ms)),
});

describe("windows of a partition", () => {
  it("are half-open: an event at the end belongs to the next one", () => {
    const { windows, emitted } = collecting();
    feed(windows, 0, at(0, 9999, 10_000, 15_000));
    expect(emitted).toMatchObject([{ windowStartMs: t0, windowEndMs: t0 + 10_000, count: 2 }]);
  });

  it("close when the watermark reaches the end, and not one millisecond before", () => {
    const { windows, emitted } = collecting();
    feed(windows, 0, at(1, 14_999));
    expect(emitted).toHaveLength(0);
    feed(windows, 1, at(15_000));
    expect(emitted).toMatchObject([{ count: 1, reason: "watermark" }]);
  });

  it("count an event that comes after its window closed as late, and in no window", () => {
    const { windows, emitted } = collecting();
    feed(windows, 0, at(1, 15_000, 2));
    expect(windows.counters).toMatchObject({ counted: 2, late: 1 });
    expect(emitted).toMatchObject([{ count: 1 }]);
  });

  it("do not let a far-future event move the watermark", () => {
    const { windows } = collecting();
    feed(windows, 0, at(1, 60_001, 2));
    expect(windows.counters).toMatchObject({ counted: 2, future: 1 });
    expect(windows.watermarkMs).toBe(t0 + 2 - 5000);
  });

  it("do not let a record stamped far ahead of the engine's clock move the watermark", () => {
    const { windows } = collecting();
    windows.tick(t0);
    const ahead = t0 + 3_600_000;
    feed(windows, 0, { receiveMs: ahead, items: [{ ...span, eventMs: ahead }] });
    expect(windows.counters.future).toBe(1);
    expect(windows.watermarkMs).toBe(-1);
  });

  it("close when idle by the given clock, and then stay closed", () => {
    const { windows, emitted } = collecting();
    feed(windows, 0, at(1, 12_000));
    windows.tick(t0);
    windows.tick(t0 + 16_999);
    expect(emitted).toHaveLength(0);
    windows.tick(t0 + 17_000);
    expect(emitted).toMatchObject([{ reason: "idle" }, { reason: "idle" }]);
    expect(windows.commitPoint().offset).toBe(1);
    feed(windows, 1, at(19_999, 20_000));
    expect(windows.counters.late).toBe(1);
  });

  it("close when idle for as long after the clock was set back", () => {
    const { windows, emitted } = collecting();
    feed(windows, 0, at(1, 12_000));
    windows.tick(t0);
    const back = t0 - 3_600_000;
    windows.tick(back);
    windows.tick(back + 16_999);
    expect(emitted).toHaveLength(0);
    windows.tick(back + 17_000);
    expect(emitted).toMatchObject([{ reason: "idle" }, { reason: "idle" }]);
  });

  it("count keys beyond the limit under one key that a sender cannot imitate", () => {
    const { windows, emitted } = collecting({ ...smallOptions, keysMax: 2 });
    const names = ["a", "b", "c", "a", "d"].map((name) => spanAt(0, name));
    const mimic = { ...span, service: "_other", name: "_other", eventMs: t0 };
    feed(windows, 0, { receiveMs: t0, items: [...names, mimic] });
    feed(windows, 1, at(15_000));
    expect(windows.counters.overflow).toBe(2);
    expect(emitted.map(({ name, count }) => [name, count])).toEqual([
      ["_other", 3],
      ["a", 2],
      ["b", 1],
    ]);
  });

  it("keep sums of durations exact beyond 64 bits", () => {
    const { windows, emitted } = collecting();
    const long = { ...span, eventMs: t0, durationNs: 2n ** 64n - 1n };
    feed(windows, 0, { receiveMs: t0, items: [long, long, long] });
    feed(windows, 1, at(15_000));
    expect(emitted).toMatchObject([
      { durationNsSum: (3n * (2n ** 64n - 1n)).toString(), durationNsMax: "18446744073709551615" },
    ]);
  });

  it("give names with slashes different ids", () => {
    const { windows, emitted } = collecting();
    const items = [
      { ...span, eventMs: t0, service: "a/b", name: "c" },
      { ...span, eventMs: t0, service: "a", name: "b/c" },
      { ...span, eventMs: t0, service: "a%2Fb", name: "c" },
    ];
    feed(windows, 0, { receiveMs: t0, items });
    feed(windows, 1, at(15_000));
    expect(emitted.map(({ id }) => id)).toEqual([
      `otlp_spans/3/${t0}/spans/a%2Fb/c`,
      `otlp_spans/3/${t0}/spans/a/b%2Fc`,
      `otlp_spans/3/${t0}/spans/a%252Fb/c`,
    ]);
  });

  it("cut names at a character border", () => {
    const { windows, emitted } = collecting();
    const items = [{ ...span, eventMs: t0, name: `x${"é".repeat(200)}` }];
    feed(windows, 0, { receiveMs: t0, items });
    feed(windows, 1, at(15_000));
    expect(emitted[0]?.name).toBe(`x${"é".repeat(127)}`);
  });

  it("skip a record that is delivered again", () => {
    const { windows } = collecting();
    windows.restore(beginning);
    expect(feed(windows, 4, at(1))).toBe(true);
    expect(feed(windows, 4, at(1))).toBe(false);
    expect(windows.counters.counted).toBe(1);
  });

  it("start empty on metadata that is not theirs, and say so", () => {
    const { windows } = collecting();
    expect(windows.restore({ offset: 7, metadata: "someone else's" })).toBe(false);
    expect(windows.nextOffset).toBe(7);
    expect(windows.restore({ offset: 9, metadata: '{"w":12,"d":-1}' })).toBe(true);
    expect(windows.commitPoint()).toEqual({ offset: 9, metadata: '{"w":12,"d":-1}' });
  });

  it("count as the plain twin does, on random records", () => {
    const seed = runSeed("windows against the plain twin");
    for (let round = 0; round < 150; round += 1) {
      const random = seeded(seed + round);
      const records = randomRecords(random, 120);
      const { windows, emitted } = collecting();
      for (const [offset, record] of records.entries()) {
        feed(windows, offset, record);
        expect(windows.openWindows).toBeLessThanOrEqual(2);
      }
      const plain = plainWindows(records, smallOptions);
      const { late, future, overflow } = windows.counters;
      expect({ late, future, overflow }, `seed=${seed + round}`).toEqual({
        late: plain.late,
        future: plain.future,
        overflow: plain.overflow,
      });
      const rows = emitted.map((row) => [
        `${row.windowStartMs}/${row.service}/${row.name}`,
        {
          count: row.count,
          errors: row.errors,
          sum: BigInt(row.durationNsSum),
          max: BigInt(row.durationNsMax),
          reason: row.reason,
        },
      ]);
      expect(new Map(rows as []), `seed=${seed + round}`).toEqual(plain.closed);
    }
  });
});

describe("window options", () => {
  it("refuse a value out of range by name", () => {
    expect(() => checkWindowOptions({ ...windowDefaults, sizeMs: 0 })).toThrow(/sizeMs=0/);
    expect(() => checkWindowOptions({ ...windowDefaults, latenessMs: 650_000 })).toThrow(
      /latenessMs=650000/,
    );
    expect(() => checkWindowOptions(windowDefaults)).not.toThrow();
  });
});
