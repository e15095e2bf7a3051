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
import { runSeed, seeded } from "../../random.ts";
import { registryFrom, requestOf, type Signal } from "./random-telemetry.ts";
import { adviceIn } from "./registries.ts";

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

/** The tables do not hold the names of entities that the registry has not. */
const withoutStrangers = (message: string): string =>
  message.replaceAll(/(?<=[[ ])elsewhere(?:, |(?=\]))/g, "").replaceAll(", ]", "]");

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
      .map(({ id, level, message }) => `${level} ${id}: ${withoutStrangers(message)}`);
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

describe("weir-rejected has the sentences of weir check", () => {
  it.each(["traces", "metrics", "logs"] as const)("in %s, by random registries", (signal) => {
    const random = seeded(runSeed(`sentences of ${signal}`));
    for (let round = 0; round < 12; round += 1) {
      const registry = registryFrom(random);
      const pass = passOf(registry, signal, "weir");
      for (let i = 0; i < 8; i += 1) {
        const request = requestOf(random, signal);
        const said = byCheck({ registry, signal, profile: "weir" }, request);
        expect(byEdge(pass, request)).toEqual(said);
      }
    }
  });
});
