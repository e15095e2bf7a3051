// Small registries for the tests of engine/check. `sampleRegistry` is the one that Weaver's own test
// of its attribute checker uses (facts from open-telemetry/weaver, crates/weaver_live_check,
// live_checker.rs, Apache-2.0); the numbers expected of it are those of that test.
import { LiveCheck } from "../../../engine/check/live-check.ts";
import type { Advice } from "../../../engine/check/findings.ts";
import { isObject, type Json } from "../../../engine/check/exact-json.ts";
import { readSamples } from "../../../engine/check/read-samples.ts";
import type { Sample } from "../../../engine/check/sample.ts";
import type { Profile } from "../../../schemas/validate/finding-table.ts";
import type {
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../../schemas/weaver/resolved.ts";

export const attribute = (
  name: string,
  rest: Partial<ResolvedAttribute> = {},
): ResolvedAttribute => ({
  name,
  type: "string",
  brief: "",
  requirement_level: "recommended",
  stability: "stable",
  ...rest,
});

export const group = (
  type: ResolvedGroup["type"],
  id: string,
  rest: Partial<ResolvedGroup> = {},
): ResolvedGroup => ({ id, type, brief: "", stability: "stable", attributes: [], ...rest });

export const registryOf = (...groups: readonly ResolvedGroup[]): ResolvedRegistry => ({
  registry_url: "test",
  schema_url: "",
  version: "",
  groups,
});

const member = (id: string, value: string | number): { id: string; value: string | number } => ({
  id,
  value,
});

export const enumOf = (...values: readonly (string | number)[]): ResolvedAttribute["type"] => ({
  members: values.map((value) => member(`m${value}`, value)),
});

export const sampleRegistry = registryOf(
  group("span", "test.comprehensive.internal", {
    attributes: [
      attribute("test.string"),
      attribute("test.enum", { type: enumOf("example_variant1", "example_variant2") }),
      attribute("test.deprecated", {
        stability: "development",
        deprecated: { reason: "uncategorized", note: "note" },
      }),
      attribute("test.template", { type: "template[string]" }),
    ],
  }),
);

const isAdvised = (value: unknown): value is { readonly all_advice: readonly Advice[] } =>
  isObject(value) && Array.isArray(value["all_advice"]);

/** Findings of a sample and all its parts, in the order of the parts. */
export const adviceIn = (value: unknown): readonly Advice[] => {
  if (Array.isArray(value)) return value.flatMap(adviceIn);
  if (!isObject(value)) return [];
  const { live_check_result: result, ...parts } = value;
  const own = isAdvised(result) ? result.all_advice : [];
  return [...own, ...Object.values(parts).flatMap(adviceIn)];
};

/** Checks samples given as values; returns the findings of each. */
export const checkSamples = (
  registry: ResolvedRegistry,
  profile: Profile,
  samples: readonly Json[],
): { readonly advice: readonly (readonly Advice[])[]; readonly live: LiveCheck } => {
  const live = new LiveCheck(registry, profile);
  const advice = readSamples(JSON.stringify(samples)).map((read) => {
    if ("message" in read) throw new Error(`${read.at}: ${read.message}`);
    live.check(read);
    return adviceIn(read.body);
  });
  return { advice, live };
};

/** Checks samples that are read already. */
export const checkAll = (live: LiveCheck, samples: readonly Sample[]): readonly Advice[] =>
  samples.flatMap((sample) => {
    live.check(sample);
    return adviceIn(sample.body);
  });
