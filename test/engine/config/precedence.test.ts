// Which source decides, for random settings of all sources, beside the plain rule: the last one that
// names a field, options in the order in which they are given.
import { expect, test } from "vitest";

import type { Flag } from "../../../engine/config/layers.ts";
import { type Profile, profileNames, profiles } from "../../../engine/config/profiles.ts";
import { resolveConfig } from "../../../engine/config/resolve-config.ts";
import { type Field, fieldByPath, fields } from "../../../engine/config/schema.ts";
import { valueAt } from "../../../engine/config/change-config.ts";
import { type Random, runSeed, seeded } from "../../random.ts";

type Place = { readonly value: unknown; readonly source: string; readonly place: string };

/** Fields of which nothing else depends, by their good values. */
const values: { readonly [path: string]: readonly (string | number | boolean)[] } = {
  profile: profileNames,
  "sniffer.stream_buffer_size": [512, 1024, 8192],
  "sniffer.batch_timeout_ms": [0, 0.5, 7],
  "sniffer.high_priority_max_retries": [0, 9],
  "sniffer.telemetry_interval_secs": [1, 60],
  "edge.short_pauses": [true, false],
  "telemetry.trace_endpoint": ["http://a/", "https://b:1/x"],
  "lookup_tables.commitment": ["confirmed", "finalized"],
  "events.export.handoff_sent": [0, 100],
};
const paths = Object.keys(values);

const pick = (
  random: Random,
): { readonly field: Field; readonly value: string | number | boolean } => {
  const path = random.pick(paths);
  return { field: fieldByPath.get(path) as Field, value: random.pick(values[path] ?? []) };
};

/** One key a line, so that the line of each is known. */
const tomlOf = (given: ReadonlyMap<string, unknown>): string =>
  [...given].map(([path, value]) => `${path} = ${JSON.stringify(value)}\n`).join("");

test("the last source that names a field decides, and is what the field is said to come from", () => {
  const random = seeded(runSeed("precedence"));
  for (let run = 0; run < 300; run += 1) {
    const inFile = new Map<string, unknown>();
    const variables: { [name: string]: string } = {};
    const flags: Flag[] = [];
    const expected = new Map<string, Place>();
    for (let i = random.below(4); i > 0; i -= 1) {
      const { field, value } = pick(random);
      inFile.set(field.path, value);
    }
    [...inFile].forEach(([path, value], line) =>
      expected.set(path, { value, source: "file", place: `weir.toml:${line + 1}` }),
    );
    for (let i = random.below(4); i > 0; i -= 1) {
      const { field, value } = pick(random);
      variables[field.variable] = String(value);
      expected.set(field.path, { value, source: "environment", place: field.variable });
    }
    for (let i = random.below(6); i > 0; i -= 1) {
      const { field, value } = pick(random);
      const option = `--set ${field.path}`;
      flags.push({ path: field.path, text: String(value), option });
      expected.set(field.path, { value, source: "flag", place: option });
    }
    const name = (expected.get("profile")?.value ?? "standard") as keyof typeof profiles;
    const profile: Profile = profiles[name];
    const file = { path: "weir.toml", text: tomlOf(inFile) };
    const resolved = resolveConfig({ file, variables, flags });
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
    for (const field of fields) {
      const { path } = field;
      const ofProfile: Place = Object.hasOwn(profile, path)
        ? { value: profile[path], source: "profile", place: name }
        : { value: field.schema.parse(undefined), source: "default", place: "" };
      const { value, ...origin } = expected.get(path) ?? ofProfile;
      expect([path, valueAt(resolved.config, field)]).toEqual([path, value]);
      expect([path, resolved.origins[path]]).toEqual([path, origin]);
    }
  }
});
