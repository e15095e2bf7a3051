// What stands on weir-rejected of a record, and what weir check says of the same bytes: id, level and
// sentence of each finding of the record, its scope and its resource. A quarantine of everything makes
// the edge tell all of them.
import { describe, expect, it } from "vitest";

import { LiveCheck } from "../../../engine/check/live-check.ts";
import { otlpSamples } from "../../../engine/check/otlp-samples.ts";
import { type Json } from "../../../engine/check/exact-json.ts";
import { listOf } from "../../../engine/check/sample.ts";
import type { SignalPass } from "../../../edge/decode/signal-pass.ts";
import { Rejections } from "../../../edge/metrics/rejections.ts";
import { RegistryHolder } from "../../../edge/registry/registry-holder.ts";
import { Plans } from "../../../edge/validate/plans.ts";
import { RecordsPass } from "../../../edge/validate/records-pass.ts";
import type { Validation } from "../../../edge/validate/served.ts";
import { TracesPass } from "../../../edge/validate/traces-pass.ts";
import { defaultLimits } from "../../../schemas/otlp/limits.ts";
import { messageType, signals } from "../../../schemas/otlp/messages.ts";
import { readMessage } from "../../../schemas/otlp/read-message.ts";
import { finding, findingId, type Profile } from "../../../schemas/validate/finding-table.ts";
import { compileRegistry } from "../../../schemas/weaver/compile.ts";
import type { ResolvedRegistry } from "../../../schemas/weaver/resolved.ts";
import { anyTenant } from "../../edge/any-tenant.ts";
import { protoEncode } from "../../oracles/otlp-proto.ts";
import { type Random, runSeed, seeded } from "../../random.ts";
import {
  officialRegistry,
  registryFrom,
  requestOf,
  type Signal,
  type Words,
  randomWords,
  wordsOf,
} from "./random-telemetry.ts";
import { adviceIn, attribute, group, registryOf } from "./registries.ts";

const passOf = (registry: ResolvedRegistry, signal: Signal, profile: Profile): SignalPass => {
  const compiled = compileRegistry(registry);
  if (!compiled.ok) throw new Error(compiled.problems.join("\n"));
  const validation: Validation = {
    registries: new RegistryHolder({
      bundled: compiled.bytes,
      store: undefined,
      nowMs: () => 0,
    }),
    plans: new Plans({ profile, rules: [{ mode: "quarantine" }] }),
    limits: defaultLimits,
  };
  return signal === "traces" ? new TracesPass(validation) : new RecordsPass(signal, validation);
};

/** Findings of each record of a request, by the edge. */
const byEdge = (pass: SignalPass, request: Uint8Array): string[][] => {
  const refusal = pass.run(request, {
    tenant: anyTenant,
    rule: { partitions: 6, unkeyed: 0 },
    rejections: new Rejections(),
    itemsOf: () => 1,
  });
  expect(refusal).toBeUndefined();
  return Array.from({ length: pass.rows.count }, (_, record) =>
    pass
      .findingsOf(record, Infinity)
      .map(({ id, level, message }) => `${level} ${id}: ${message}`)
      .toSorted(),
  );
};

const prose = findingId(finding.conditionalAttribute);

type Checking = {
  readonly registry: ResolvedRegistry;
  readonly signal: Signal;
  readonly profile: Profile;
};

/** What weir check says of each sample of a request, in order. */
function* checked({ registry, signal, profile }: Checking, request: Uint8Array) {
  const live = new LiveCheck(registry, profile);
  const read = otlpSamples(request, signal);
  if ("fault" in read) throw new Error(read.fault);
  for (const sample of read.samples) {
    live.check(sample);
    yield adviceIn(sample.body)
      // The edge tells a span nothing that nobody can decide.
      .filter(
        ({ id, context }) =>
          signal !== "traces" || id !== prose || context["condition"] !== undefined,
      )
      .map(({ id, level, message }) => `${level} ${id}: ${message}`);
  }
}

const paths = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
} as const;

/** Findings of each record, its scope and its resource, by weir check. */
const byCheck = (checking: Checking, request: Uint8Array): string[][] => {
  const { signal } = checking;
  const [resources, scopes, list] = paths[signal];
  const type = messageType(signals[signal].request);
  const message: Json = readMessage(request, 0, request.length, type);
  const samples = checked(checking, request);
  const next = (isThere: boolean): string[] => (isThere ? (samples.next().value ?? []) : []);
  return listOf(message[resources]).flatMap((part) => {
    const resource = next(part["resource"] !== undefined);
    return listOf(part[scopes]).flatMap((inner) => {
      const { attributes } = (inner["scope"] ?? {}) as Json;
      const scope = next(listOf(attributes).length > 0);
      return listOf(inner[list]).map(() => [...resource, ...scope, ...next(true)].toSorted());
    });
  });
};

/** Requests in which things are called by `words`, by one pass. */
const agree = (checking: Checking, random: Random, wordsFor: () => Words): void => {
  const { registry, signal, profile } = checking;
  const pass = passOf(registry, signal, profile);
  for (let i = 0; i < 8; i += 1) {
    const request = requestOf(random, signal, wordsFor());
    expect(byEdge(pass, request)).toEqual(byCheck(checking, request));
  }
};

const cases = (["weir", "weaver"] as const).flatMap((profile) =>
  (["traces", "metrics", "logs"] as const).map((signal) => ({ profile, signal })),
);
const official = officialRegistry();

describe("weir-rejected has the sentences of weir check", () => {
  it.each(cases)("of $signal in profile $profile, by random registries", (one) => {
    const random = seeded(runSeed(`sentences of ${one.signal} in ${one.profile}`));
    for (let round = 0; round < 12; round += 1)
      agree({ registry: registryFrom(random), ...one }, random, () => randomWords);
  });

  it("of spans of one shape in profile weaver, to which no double is one unless it is finite", () => {
    const values = [Number.NaN, 0.5, Number.NEGATIVE_INFINITY, 3, Number.NaN];
    const spans = values.map((doubleValue) => ({
      traceId: new Uint8Array(16).fill(1),
      spanId: new Uint8Array(8).fill(1),
      name: "other",
      attributes: [{ key: "a.count", value: { doubleValue } }],
    }));
    const request = protoEncode("ExportTraceServiceRequest", {
      resourceSpans: [{ scopeSpans: [{ spans }] }],
    });
    const count = attribute("a.count", { type: "int" });
    const registry = registryOf(group("attribute_group", "all", { attributes: [count] }));
    const checking = { registry, signal: "traces", profile: "weaver" } as const;
    const found = byEdge(passOf(registry, "traces", "weaver"), request);
    expect(found.map(({ length }) => length)).toEqual([0, 1, 0, 1, 0]);
    expect(found).toEqual(byCheck(checking, request));
  });

  it.skipIf(official === null).each(cases)(
    "of $signal in profile $profile, by the official registry (skipped without ../shared/data)",
    (one) => {
      if (official === null) return;
      const random = seeded(runSeed(`official sentences of ${one.signal} in ${one.profile}`));
      for (let round = 0; round < 4; round += 1)
        agree({ registry: official, ...one }, random, () => wordsOf(official, random));
    },
  );
});
