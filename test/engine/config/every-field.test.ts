// No field is without an effect: each one is read where the engine is given its settings, or by the
// module that is named here. What such a module makes of it is tested beside that module.
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { fieldByPath, fields } from "../../../engine/config/schema.ts";
import { engineSettingsOf } from "../../../engine/config/settings-of.ts";
import { effective } from "./effective.ts";

/** Fields that are not for the engine's parts, by the module that reads them. */
const elsewhere: { readonly [module: string]: readonly string[] } = {
  "engine/config/resolve-config.ts": ["profile", "sniffer.config_file_path"],
  "engine/config/watch-config.ts": ["reload.poll_ms"],
  "engine/cli/engine.ts": [
    "log.kafka",
    "log.data_dir",
    "log.port",
    "control.port",
    "sniffer.telemetry_interval_secs",
    "sniffer.graceful_shutdown_timeout_ms",
  ],
  "engine/cli/up.ts": ["telemetry.trace_rate", "edge.short_pauses"],
};

/** A copy of a section that writes down which of its fields are looked at. */
const watched = (section: object, path: string, read: Set<string>): object =>
  new Proxy(section, {
    get: (target, key) => {
      const at = path === "" ? String(key) : `${path}.${String(key)}`;
      const value: unknown = Reflect.get(target, key);
      if (fieldByPath.has(at)) read.add(at);
      else if (typeof value === "object" && value !== null) return watched(value, at, read);
      return value;
    },
  });

const readBy = (set: { readonly [path: string]: string }): ReadonlySet<string> => {
  const read = new Set<string>();
  // A copy: what is frozen cannot be watched.
  const copy = structuredClone(effective(set).config);
  const config = watched(copy, "", read) as typeof copy;
  const { exports } = engineSettingsOf(config, { now: () => config, stageFolder: "" });
  const rule = exports.eventRule();
  for (const type of Object.keys(copy.events.export)) void Reflect.get(rule, type);
  return read;
};

test("every field has a reader", () => {
  const read = new Set([
    ...readBy({ "sniffer.lossless": "false" }),
    ...readBy({ "senders.jito.regions": "frankfurt" }),
    ...readBy({ "senders.solana.url": "http://127.0.0.1:8899" }),
    ...readBy({ "lookup_tables.url": "http://127.0.0.1:8899" }),
    ...Object.values(elsewhere).flat(),
  ]);
  const unread = fields.map(({ path }) => path).filter((path) => !read.has(path));
  expect(unread).toEqual([]);
});

test.each(Object.entries(elsewhere))("%s reads what it is said to read", (module, paths) => {
  const source = readFileSync(new URL(`../../../${module}`, import.meta.url), "utf8");
  for (const path of paths) {
    expect(fieldByPath.has(path)).toBe(true);
    expect(source).toMatch(new RegExp(`\\b${path.slice(path.lastIndexOf(".") + 1)}\\b`));
  }
});
