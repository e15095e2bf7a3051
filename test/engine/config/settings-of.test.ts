import { describe, expect, test } from "vitest";

import { fields } from "../../../engine/config/schema.ts";
import {
  engineSettingsOf,
  sniffSettingsOf,
  windowOptionsOf,
} from "../../../engine/config/settings-of.ts";
import { watchedProgramsOf } from "../../../engine/config/watched-programs.ts";
import { bookSymbolsDefault, bookSymbolsMax } from "../../../engine/book/book-layout.ts";
import { bundleTimeoutNs } from "../../../engine/bundle/bundle-layout.ts";
import { eventCapacity } from "../../../engine/events/event-collector.ts";
import { checkHandoff } from "../../../engine/handoff/handoff-options.ts";
import { backoffDefaults } from "../../../engine/send/backoff.ts";
import { memoryDefaults } from "../../../engine/host/memory.ts";
import { sniffDefaults } from "../../../engine/sniff/sniff-settings.ts";
import { WatchList, watchedPrograms } from "../../../engine/sniff/watch-list.ts";
import { decodeKey } from "../../../schemas/market/base58.ts";
import { instructionRules, programIds } from "../../../schemas/market/programs.ts";
import { transactionBytesMax } from "../../../schemas/market/transaction-layout.ts";
import { VolumeAverages } from "../../../engine/sniff/volume-priority.ts";
import { checkWindowOptions, windowDefaults } from "../../../engine/stream/window-options.ts";
import { restartDefaults } from "../../../engine/supervise/restart-budget.ts";
import { effective } from "./effective.ts";

describe("settings of the engine's parts", () => {
  const { config } = effective();

  test("are by default what the parts have by themselves", () => {
    const { bytesMin, bytesMax, watch, ...sniff } = sniffSettingsOf(config);
    expect(sniff).toEqual(sniffDefaults);
    expect([bytesMin, bytesMax]).toEqual([64, transactionBytesMax]);
    expect(watch).toEqual(watchedPrograms(instructionRules));
    const { restarts, threads, windows, sizes } = engineSettingsOf(config, {
      now: () => config,
      stageFolder: "",
    });
    expect(windows).toEqual(windowDefaults);
    expect({ ...memoryDefaults, ...sizes }).toEqual(memoryDefaults);
    expect(restarts).toEqual(restartDefaults);
    expect(threads).toEqual({ market: 1, stream: 1 });
    expect(config.book.symbols).toBe(bookSymbolsDefault);
    expect(config.bundle.timeout_us * 1000).toBe(bundleTimeoutNs);
    expect(config.events.capacity).toBe(eventCapacity);
    for (const { backoff_ms, backoff_ms_max } of [config.senders.solana, config.senders.jito]) {
      expect({ backoffMs: backoff_ms, backoffMsMax: backoff_ms_max }).toEqual(backoffDefaults);
    }
  });

  test("drop as they are told once the handoff need not be lossless", () => {
    const set = { "sniffer.lossless": "false", "sniffer.drop_policy": "DropOldest" };
    const { handoff } = sniffSettingsOf(effective(set).config);
    expect([handoff.dropPolicy, handoff.adapts]).toEqual(["drop-oldest", true]);
  });

  test("watch what is named, by default every program that has instructions", () => {
    const some = effective({ "watch.programs": "PumpSwap, pump.fun" });
    const watched = watchedProgramsOf(some.config);
    expect(watched.map(({ name }) => name).sort()).toEqual(["PumpSwap", "pump.fun"]);
    expect(new WatchList(watched).rules.length).toBeGreaterThan(4);
    expect(watchedProgramsOf(config)).toEqual(watchedPrograms(instructionRules));
    expect(() => effective({ "watch.programs": "pump.fn" })).toThrow(/found "pump.fn", expected/);
  });

  test("watch own programs too, at the places that they are given", () => {
    const instruction = { instruction: "route", discriminator: "e517cb977ae3ad2a" };
    const places = { mint: 5, user: 1, pool: 0, quote_mint: 6, base: { at: 8, kind: "exact" } };
    const own = { name: "mine", id: programIds["Jupiter v6"] };
    const set = JSON.stringify([{ ...own, instructions: [{ ...instruction, ...places }] }]);
    const { watch } = sniffSettingsOf(effective({ "watch.own": set }).config);
    expect(watch?.at(-1)).toMatchObject({
      ...own,
      rules: [{ ...instruction, direction: null, mint: 5, quoteMint: 6, base: { at: 8 } }],
    });
    const list = new WatchList(watch ?? []);
    const id = decodeKey(own.id) ?? new Uint8Array(32);
    const program = list.programOf(new DataView(id.buffer), 0);
    const data = new DataView(Uint8Array.from(Buffer.from("e517cb977ae3ad2a", "hex")).buffer);
    const rule = list.ruleOf(program, data.getInt32(0, true), data.getInt32(4, true));
    expect(list.programOfRule(rule)?.name).toBe("mine");
  });

  test("a drop policy that has no effect is told", () => {
    expect(effective({ "sniffer.drop_policy": "Block" }).warnings).toEqual([
      {
        place: "--set sniffer.drop_policy",
        field: "sniffer.drop_policy",
        message: "has no effect while sniffer.lossless is true",
      },
    ]);
  });

  // What the schema lets through must never be refused later, on a thread.
  test.each(
    fields.filter(({ kind }) => kind === "number").map((field) => [field.path, field] as const),
  )("%s: both ends of its range are good for the part that gets it", (path, { schema }) => {
    const json = schema.toJSONSchema() as { type: string; minimum: number; maximum: number };
    const values = [json.minimum, json.maximum];
    // And something between whole numbers, where it may be.
    if (json.type === "number") values.push(json.minimum + 0.25);
    for (const value of values) {
      const { config: ends } = effective({ ...companions(path, value), [path]: String(value) });
      const { handoff, priority } = sniffSettingsOf(ends);
      checkHandoff(handoff);
      checkWindowOptions(windowOptionsOf(ends));
      expect(new VolumeAverages(priority).threshold).toBe(ends.sniffer.initial_threshold);
      expect(ends.book.symbols).toBeLessThanOrEqual(bookSymbolsMax);
    }
  });
});

/** Other fields that must move for `path` to be at `end`. */
const companions = (path: string, end: number): { readonly [path: string]: string } => {
  const low = end <= 100 ? "min" : "max";
  const all: { readonly [path: string]: { readonly [end: string]: object } } = {
    "sniffer.ema_alpha_short": { min: { "sniffer.ema_alpha_long": end } },
    "sniffer.ema_alpha_long": { min: { "sniffer.ema_alpha_short": 1 } },
    "sniffer.initial_backoff_ms": { max: { "sniffer.max_backoff_ms": 3_600_000 } },
    "sniffer.max_backoff_ms": { min: { "sniffer.initial_backoff_ms": 1 } },
    "sniffer.batch_size": { max: { "sniffer.channel_capacity": 65_536 } },
    "sniffer.channel_capacity": { min: { "sniffer.batch_size": 1 } },
    "sniffer.adaptive_policy_high_threshold_us": {
      min: { "sniffer.adaptive_policy_low_threshold_us": 0.001 },
    },
    "sniffer.adaptive_policy_low_threshold_us": {
      max: { "sniffer.adaptive_policy_high_threshold_us": 60_000_000 },
    },
    "sniffer.transaction_bytes_min": {
      max: { "sniffer.transaction_bytes_max": 4096, "sniffer.accept_v1": true },
    },
    "sniffer.transaction_bytes_max": { max: { "sniffer.accept_v1": true } },
    "windows.size_ms": { min: { "windows.lateness_ms": 0 } },
    "windows.lateness_ms": { max: { "windows.size_ms": 86_400_000 } },
  };
  const section = path.slice(0, path.lastIndexOf("."));
  const own: object = path.endsWith(".backoff_ms")
    ? { [`${section}.backoff_ms_max`]: section === "supervisor" ? 3_600_000 : 600_000 }
    : path.endsWith(".backoff_ms_max")
      ? { [`${section}.backoff_ms`]: 1 }
      : (all[path]?.[low] ?? {});
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)]));
};
