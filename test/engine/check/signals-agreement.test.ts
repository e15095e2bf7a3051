// Random registries and random requests of all signals by the edge's checks over compiled tables and by
// this check over texts: what is told of each record, and of each resource with its scopes, is the same.
// What depends on the resource (entities) no verdict of a shape may keep.
import { describe, expect, it } from "vitest";

import { LiveCheck } from "../../../engine/check/live-check.ts";
import { otlpSamples } from "../../../engine/check/otlp-samples.ts";
import { defaultLimits, scanCode } from "../../../schemas/otlp/limits.ts";
import { logLayout, metricLayout } from "../../../schemas/otlp/record-layout.ts";
import { SignalScan } from "../../../schemas/otlp/signal-scan.ts";
import {
  finding,
  findingId,
  type Profile,
  profileLevels,
} from "../../../schemas/validate/finding-table.ts";
import { type Found, foundStride } from "../../../schemas/validate/found.ts";
import { ValidationPlan } from "../../../schemas/validate/plan.ts";
import { SignalCheck } from "../../../schemas/validate/signal-check.ts";
import { TracePass } from "../../../schemas/validate/trace-pass.ts";
import type { ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { rulesOf, tablesOf } from "../../oracles/validation-agreement.ts";
import { runSeed, seeded } from "../../random.ts";
import { registryFrom, requestOf, type Signal } from "./random-telemetry.ts";
import { adviceIn } from "./registries.ts";

const told = (ids: ReadonlyMap<string, string[]>): string[] =>
  [...ids].map(([part, found]) => `${part}: ${found.toSorted().join(" ")}`).toSorted();

const noted = (ids: Map<string, string[]>, part: string, found: readonly string[]): void => {
  if (found.length > 0) ids.set(part, [...(ids.get(part) ?? []), ...found]);
};

const ofFound = ({ rows, count }: Found): string[] => {
  const ids = new Map<string, string[]>();
  for (let row = 0; row < count * foundStride; row += foundStride) {
    const record = rows[row + 2] ?? 0;
    const part = record < 0 ? `resource ${-1 - record}` : `record ${record}`;
    noted(ids, part, [findingId(rows[row] ?? 0)]);
  }
  return told(ids);
};

/** By shapes that the first run has made, and the same without them. */
const ofSpans = (plan: ValidationPlan, request: Uint8Array): string[] => {
  const [direct = [], ...others] = [false, true, true].map((usesShapes) => {
    const pass = new TracePass(plan, undefined, usesShapes);
    expect(pass.run(request, plan, { partitions: 6, unkeyed: 0 })).toBe(scanCode.ok);
    return ofFound(pass.found);
  });
  for (const found of others) expect(found).toEqual(direct);
  return direct;
};

const byEdge = (plan: ValidationPlan, signal: Signal, request: Uint8Array): string[] => {
  if (signal === "traces") return ofSpans(plan, request);
  const scan = new SignalScan(signal === "logs" ? logLayout : metricLayout, defaultLimits);
  expect(scan.scan(request, 0, request.length)).toBe(scanCode.ok);
  const check = new SignalCheck(signal);
  check.run(scan, plan, new Int32Array(scan.count));
  return ofFound(check.found);
};

const prose = findingId(finding.conditionalAttribute);

type Checking = {
  readonly registry: ResolvedRegistry;
  readonly signal: Signal;
  readonly profile: Profile;
};

const byCheck = ({ registry, signal, profile }: Checking, request: Uint8Array): string[] => {
  const live = new LiveCheck(registry, profile);
  const read = otlpSamples(request, signal);
  if ("fault" in read) throw new Error(read.fault);
  const ids = new Map<string, string[]>();
  let resource = -1;
  let record = -1;
  let attributes: readonly unknown[] | undefined;
  for (const sample of read.samples) {
    live.check(sample);
    const isRecord = sample.kind === "span" || sample.kind === "metric" || sample.kind === "log";
    if (isRecord) record += 1;
    if (sample.resource !== attributes) resource += 1;
    attributes = sample.resource;
    // The edge tells a span nothing that nobody can decide.
    const found = adviceIn(sample.body).filter(
      ({ id, context }) =>
        signal !== "traces" || id !== prose || context["condition"] !== undefined,
    );
    const part = isRecord ? `record ${record}` : `resource ${resource}`;
    noted(
      ids,
      part,
      found.map(({ id }) => id),
    );
  }
  return told(ids);
};

const roundsOf = (signal: Signal, profile: Profile, rounds: number): void => {
  const random = seeded(runSeed(`agreement of ${signal} in ${profile}`));
  for (let round = 0; round < rounds; round += 1) {
    const registry = registryFrom(random);
    const tables = tablesOf(registry);
    const levels = profileLevels(profile);
    const isWeaver = profile === "weaver";
    const plan = new ValidationPlan({ tables, levels, rules: rulesOf([]), isWeaver });
    for (let i = 0; i < 8; i += 1) {
      const request = requestOf(random, signal);
      const said = byCheck({ registry, signal, profile }, request);
      expect(byEdge(plan, signal, request)).toEqual(said);
    }
  }
};

describe("the edge and weir check find the same by random registries", () => {
  it.each(["traces", "metrics", "logs"] as const)("in %s", (signal) => {
    roundsOf(signal, "weir", 60);
  });

  it.each(["traces", "metrics", "logs"] as const)("in %s, in profile weaver", (signal) => {
    roundsOf(signal, "weaver", 60);
  });
});
