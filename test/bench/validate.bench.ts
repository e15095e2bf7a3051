// npm run bench -- validate: nanoseconds per span of a 1000-span request with 8 attributes, checked
// against the official registry and ours: the pass by shapes, with sampling, with output, without
// shapes; in the same run a plain validator and, where the files are at hand, the prototype that
// the goals were set with. Then the size of the compiled registry and the time to load it.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { Problems } from "../../engine/registry/problem.ts";
import { resolveRegistry } from "../../engine/registry/resolve-registry.ts";
import { Regroup } from "../../schemas/otlp/regroup.ts";
import { HeadRules } from "../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
import { defaultPolicy } from "../../schemas/sampling/head-settings.ts";
import { compileRules } from "../../schemas/validate/finding-rules.ts";
import { profileLevels } from "../../schemas/validate/finding-table.ts";
import { ValidationPlan } from "../../schemas/validate/plan.ts";
import { TracePass } from "../../schemas/validate/trace-pass.ts";
import { compileRegistry } from "../../schemas/weaver/compile.ts";
import { loadTables } from "../../schemas/weaver/load.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import type { Tables } from "../../schemas/weaver/tables.ts";
import { protoType } from "../oracles/otlp-proto.ts";
import { PlainValidator } from "../oracles/plain-validator.ts";
import { seeded } from "../random.ts";
import type { BenchOptions } from "./harness.ts";
import { report, spread, timeNs } from "./harness.ts";
import { traceBody } from "./otlp-body.ts";

const spans = 1000;
const badEvery = 10;
const partitions = { partitions: 6, unkeyed: 0 };
const request = "ExportTraceServiceRequest";
const fused = "pass, partitions, sampled";
const goalsNs: { readonly [what: string]: number } = { [fused]: 230, "direct path": 900 };
const shared = new URL("../../../shared/", import.meta.url);
const own = new URL("../../schemas/registry", import.meta.url);

type Bytes = Uint8Array<ArrayBuffer>;
type Work = readonly [what: string, rounds: number, body: () => number];

const resolved = (folder: URL): ResolvedRegistry => {
  const found = resolveRegistry(fileURLToPath(folder), new Problems());
  if (found === null) throw new Error(`${folder.pathname} does not resolve`);
  return found.registry;
};

/** Ours, and the official one where it is at hand. */
const registryHere = (): ResolvedRegistry => {
  const ours = resolved(own);
  const folder = new URL("data/registry/semantic-conventions-1.40.0", shared);
  if (!existsSync(folder)) {
    console.log("official registry left out: ../shared/data/registry is not there");
    return ours;
  }
  const official = resolved(folder);
  const taken = new Set(official.groups.map(({ id }) => id));
  const groups = [...official.groups, ...ours.groups.filter(({ id }) => !taken.has(id))];
  return { ...official, groups };
};

type Message = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly { readonly attributes: { value: { stringValue: string } }[] }[];
    }[];
  }[];
};

/** The same request with a tenth of its spans wrong: a method that nobody knows. */
const spoilt = (body: Bytes): Bytes => {
  const type = protoType(request);
  const message = type.decode(body);
  const all = (message as unknown as Message).resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  for (let i = 0; i < all.length; i += badEvery) {
    const method = all[i]?.attributes[0];
    if (method !== undefined) method.value.stringValue = "BREW";
  }
  return Uint8Array.from(type.encode(message).finish());
};

const planOf = (tables: Tables): ValidationPlan => {
  const rules = compileRules([{ mode: "reject", level: "violation" }]);
  if (!rules.ok) throw new Error(rules.message);
  return new ValidationPlan({ tables, levels: profileLevels("weir"), rules: rules.table });
};

const rulesOf = (rate: number): HeadRules =>
  new HeadRules({
    ...defaultPolicy,
    rates: { ...defaultPolicy.rates, error: rate, slow: rate, base: rate },
  });

const ownWorks = (tables: Tables, body: Bytes, bad: Bytes): Work[] => {
  const plan = planOf(tables);
  const pass = new TracePass(plan);
  const direct = new TracePass(plan, undefined, false);
  const sampler = new HeadSampler({ hasDecisions: false });
  const regroup = new Regroup(1 << 20);
  const all = rulesOf(1);
  const few = rulesOf(0.05);
  const run = (one: TracePass, bytes: Bytes): number => {
    if (one.run(bytes, plan, partitions) !== 0) throw new Error("the request was refused");
    return one.count;
  };
  const sampled = (bytes: Bytes, rules: HeadRules): number => {
    run(pass, bytes);
    sampler.passSpans(pass, rules, pass.partitionOf);
    return pass.count;
  };
  const written = (bytes: Bytes, rules: HeadRules): number => {
    sampled(bytes, rules);
    const { partitionOf } = pass;
    return regroup.build(pass, partitionOf, partitions.partitions, sampler.edits).length;
  };
  return [
    ["pass, partitions", 300, () => run(pass, body)],
    [fused, 300, () => sampled(body, all)],
    [`${fused}, 10 % bad`, 300, () => sampled(bad, all)],
    [`${fused}, written with th`, 200, () => written(body, all)],
    [`${fused} 5 %, written with th`, 200, () => written(body, few)],
    ["direct path", 100, () => run(direct, body)],
    ["direct path, 10 % bad", 100, () => run(direct, bad)],
  ];
};

type Prototype = (body: Uint8Array) => { readonly spans: number };

/** In the form that the prototype reads. */
const slim = ({ groups }: ResolvedRegistry): readonly object[] =>
  groups.map((group) => ({
    ...group,
    attributes: group.attributes.map(({ name, requirement_level: level, ...rest }) => {
      const named = typeof level === "string" ? level : Object.keys(level)[0];
      return { ...rest, id: name, requirement_level: named };
    }),
  }));

const prototypeWorks = async (registry: ResolvedRegistry, body: Bytes): Promise<Work[]> => {
  const folder = new URL("prototypes/validate/", shared);
  if (!existsSync(new URL("pass.mjs", folder))) {
    console.log("prototype left out: ../shared/prototypes/validate is not there");
    return [];
  }
  const load = (file: string): Promise<unknown> => import(new URL(file, folder).href);
  const { createPass } = (await load("pass.mjs")) as {
    createPass: (tables: unknown, options: object) => Prototype;
  };
  const { compile } = (await load("tables.mjs")) as { compile: (registry: unknown) => unknown };
  const { resolve } = (await load("resolve.mjs")) as { resolve: (groups: unknown) => unknown };
  const tables = compile(resolve(slim(registry)));
  const pass = createPass(tables, {});
  const direct = createPass(tables, { shape: false });
  return [
    ["prototype: pass, partitions, sampled", 300, () => pass(body).spans],
    ["prototype: direct path", 100, () => direct(body).spans],
  ];
};

const plainWorks = (registry: ResolvedRegistry, body: Bytes): Work[] => {
  const plain = new PlainValidator(registry);
  return [["plain validator (protobufjs, Map)", 2, () => plain.check(body).length + 1]];
};

const reportLoad = (bytes: Bytes): void => {
  const timesMs: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const start = performance.now();
    const loaded = loadTables(bytes);
    timesMs.push(performance.now() - start);
    if (!loaded.ok) throw new Error(loaded.problem);
  }
  const [coldMs] = timesMs;
  const { median } = spread(timesMs);
  report({ benchmark: "validate", what: "load", coldMs, medianMs: median, goalMs: 5 });
  report({ benchmark: "validate", what: "tables", bytes: bytes.length, goalBytes: 150_000 });
};

/** One line for each way, with its ratios to the prototype and the plain validator. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const registry = registryHere();
  const compiled = compileRegistry(registry);
  if (!compiled.ok) throw new Error(compiled.problems.join("; "));
  reportLoad(compiled.bytes);
  const loaded = loadTables(compiled.bytes);
  if (!loaded.ok) throw new Error(loaded.problem);
  const body = traceBody(seeded(1), spans);
  const works = [
    ...plainWorks(registry, smoke ? traceBody(seeded(1), 20) : body),
    ...(await prototypeWorks(registry, body)),
    ...ownWorks(loaded.tables, body, spoilt(body)),
  ];
  const nsOf = new Map<string, number>();
  for (const [what, rounds, work] of works) {
    let sum = 0;
    const timing = { warmups: smoke ? 1 : rounds, rounds: smoke ? 2 : rounds, operations: spans };
    const { median, min, max } = timeNs(timing, () => {
      sum += work();
    });
    if (sum === 0) throw new Error(`${what} did nothing`);
    nsOf.set(what, median);
    const rival = what.startsWith("direct") ? "direct path" : fused;
    const prototypeNs = nsOf.get(`prototype: ${rival}`) ?? Number.NaN;
    const plainNs = nsOf.get("plain validator (protobufjs, Map)") ?? Number.NaN;
    report({
      benchmark: "validate",
      what,
      nsPerSpan: median,
      min,
      max,
      timesPrototype: median / prototypeNs,
      fasterThanPlain: plainNs / median,
      goalNs: goalsNs[what],
    });
  }
};
