// The same spans by the edge's pass over compiled tables and by this check over texts: two
// implementations that share only the table of findings. What the edge does not tell of a span
// (prose conditions) is left out.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { LiveCheck } from "../../../engine/check/live-check.ts";
import { otlpSamples } from "../../../engine/check/otlp-samples.ts";
import { Problems } from "../../../engine/registry/problem.ts";
import { resolveRegistry } from "../../../engine/registry/resolve-registry.ts";
import { scanCode } from "../../../schemas/otlp/limits.ts";
import { compileRules } from "../../../schemas/validate/finding-rules.ts";
import { finding, findingId, profileLevels } from "../../../schemas/validate/finding-table.ts";
import { foundStride } from "../../../schemas/validate/found.ts";
import { ValidationPlan } from "../../../schemas/validate/plan.ts";
import { TracePass } from "../../../schemas/validate/trace-pass.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import { loadTables } from "../../../schemas/weaver/load.ts";
import type { ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { type Random, runSeed, seeded } from "../../random.ts";
import { adviceIn } from "./registries.ts";

const registryAt = (path: string): ResolvedRegistry => {
  const resolved = resolveRegistry(path, new Problems());
  if (resolved === null) throw new Error(`${path} does not resolve`);
  return resolved.registry;
};

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const planOf = (registry: ResolvedRegistry): ValidationPlan => {
  const compiled = compileRegistry(registry);
  if (!compiled.ok) throw new Error(compiled.problems.join("\n"));
  const loaded = loadTables(compiled.bytes);
  const rules = compileRules([]);
  if (!loaded.ok || !rules.ok) throw new Error("the registry does not load");
  return new ValidationPlan({
    tables: loaded.tables,
    levels: profileLevels("weir"),
    rules: rules.table,
  });
};

const strange = ["unknown.key", "workflow.other", "NoGood", "plain", "workflow.id.below"];

const valueOf = ({ below, pick }: Random): object =>
  pick([
    () => ({ stringValue: pick(["", "GET", "completed", "x".repeat(300), "solana"]) }),
    () => ({ intValue: String(below(700) - 5) }),
    () => ({ doubleValue: below(10) / 2 }),
    () => ({ boolValue: true }),
    () => ({ arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } }),
    () => ({ arrayValue: { values: [{ intValue: "1" }] } }),
  ])();

type Vocabulary = { readonly keys: readonly string[]; readonly names: readonly string[] };

const vocabularyOf = ({ groups }: ResolvedRegistry): Vocabulary => ({
  keys: [...new Set(groups.flatMap((group) => group.attributes.map(({ name }) => name)))],
  names: groups.flatMap(({ id, type }) => (type === "span" ? [id] : [])),
});

const attributesOf = (random: Random, { keys }: Vocabulary): object[] => {
  const wanted = Array.from({ length: random.below(9) }, () =>
    random.pick(random.below(6) === 0 ? strange : keys),
  );
  return [...new Set(wanted)].map((key) => ({ key, value: valueOf(random) }));
};

const spanOf = (random: Random, words: Vocabulary): object => ({
  traceId: random.bytes(16),
  spanId: random.bytes(8),
  name: random.pick([...words.names.slice(0, 20), "other", "GET /"]),
  kind: random.below(9),
  status: { code: random.below(3) },
  attributes: attributesOf(random, words),
  events:
    random.below(4) === 0 ? [{ name: "exception", attributes: attributesOf(random, words) }] : [],
  links: random.below(4) === 0 ? [{ attributes: attributesOf(random, words) }] : [],
});

const prose = findingId(finding.conditionalAttribute);

const sorted = (ids: readonly string[]): string[] => ids.toSorted();

/** Ids by span, from the rows of the pass. */
const byEdge = (pass: TracePass, count: number): string[][] => {
  const { rows, count: found } = pass.found;
  const ids = Array.from({ length: count }, (): string[] => []);
  for (let row = 0; row < found * foundStride; row += foundStride) {
    ids[rows[row + 2] ?? -1]?.push(findingId(rows[row] ?? 0));
  }
  return ids.map(sorted);
};

const byCheck = (registry: ResolvedRegistry, request: Uint8Array): string[][] => {
  const live = new LiveCheck(registry, "weir");
  const read = otlpSamples(request, "traces");
  if ("fault" in read) throw new Error(read.fault);
  return read.samples.map((sample) => {
    live.check(sample);
    const told = adviceIn(sample.body).filter(
      ({ id, context }) => id !== prose || context["condition"] !== undefined,
    );
    return sorted(told.map(({ id }) => id));
  });
};

const agree = (registry: ResolvedRegistry, usesShapes: boolean): void => {
  const random = seeded(runSeed("edge agreement"));
  const words = vocabularyOf(registry);
  const plan = planOf(registry);
  const pass = new TracePass(plan, undefined, usesShapes);
  let told = 0;
  for (let round = 0; round < 40; round += 1) {
    const spans = Array.from({ length: 50 }, () => spanOf(random, words));
    const request = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ spans }] }],
    });
    expect(pass.run(request, plan, { partitions: 6, unkeyed: 0 })).toBe(scanCode.ok);
    expect(byEdge(pass, spans.length)).toEqual(byCheck(registry, request));
    told += pass.found.count;
  }
  expect(told).toBeGreaterThan(1000);
};

const official = pathOf("../../../../shared/data/registry/semantic-conventions-1.40.0");

describe("the edge's pass and weir check find the same in random spans", () => {
  it("by our own registry, on the direct path", () => {
    agree(registryAt(pathOf("../../../schemas/registry")), false);
  });

  it("by our own registry, with shapes", () => {
    agree(registryAt(pathOf("../../../schemas/registry")), true);
  });

  it.skipIf(!existsSync(official))(
    "by the official registry (skipped without ../shared/data)",
    () => {
      agree(registryAt(official), true);
    },
  );
});
