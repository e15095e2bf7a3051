// What `npm run bench -- validate` measures, one way to validate per name. Each is made where it is
// measured and alone, as an isolate of the edge has one pass: see validate.bench.ts.
import { existsSync } from "node:fs";

import { Regroup } from "../../schemas/otlp/regroup.ts";
import { HeadRules } from "../../schemas/sampling/head-rules.ts";
import { HeadSampler } from "../../schemas/sampling/head-sampler.ts";
import { defaultPolicy } from "../../schemas/sampling/head-settings.ts";
import { compileRules } from "../../schemas/validate/finding-rules.ts";
import { profileLevels } from "../../schemas/validate/finding-table.ts";
import { ValidationPlan } from "../../schemas/validate/plan.ts";
import { TracePass } from "../../schemas/validate/trace-pass.ts";
import { loadTables } from "../../schemas/weaver/load.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import { protoType } from "../oracles/otlp-proto.ts";
import { PlainValidator } from "../oracles/plain-validator.ts";
import { seeded } from "../random.ts";
import type { Spread } from "./harness.ts";
import { timeNs } from "./harness.ts";
import { traceBody } from "./otlp-body.ts";

const spans = 1000;
const plainSmokeSpans = 20;
const badEvery = 10;
const partitions = { partitions: 6, unkeyed: 0 };
const request = "ExportTraceServiceRequest";
const prototypes = new URL("../../../shared/prototypes/validate/", import.meta.url);

type Bytes = Uint8Array<ArrayBuffer>;

/** What a way is made from. */
export type WorkPlan = {
  readonly what: string;
  readonly registry: ResolvedRegistry;
  /** The same, compiled. */
  readonly compiled: Bytes;
  readonly smoke: boolean;
};

type Work = () => number;
type Way = { readonly rounds: number; readonly make: (plan: WorkPlan) => Work | Promise<Work> };

type Message = {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly { readonly attributes: { value: { stringValue: string } }[] }[];
    }[];
  }[];
};

const goodBody = (): Bytes => traceBody(seeded(1), spans);

/** The same request with a tenth of its spans wrong: a method that nobody knows. */
const badBody = (): Bytes => {
  const type = protoType(request);
  const message = type.decode(goodBody());
  const all = (message as unknown as Message).resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  for (let i = 0; i < all.length; i += badEvery) {
    const method = all[i]?.attributes[0];
    if (method !== undefined) method.value.stringValue = "BREW";
  }
  return Uint8Array.from(type.encode(message).finish());
};

const validationPlan = ({ compiled }: WorkPlan): ValidationPlan => {
  const loaded = loadTables(compiled);
  if (!loaded.ok) throw new Error(loaded.problem);
  const rules = compileRules([{ mode: "reject", level: "violation" }]);
  if (!rules.ok) throw new Error(rules.message);
  const levels = profileLevels("weir");
  return new ValidationPlan({ tables: loaded.tables, levels, rules: rules.table });
};

const rulesOf = (rate: number): HeadRules =>
  new HeadRules({
    ...defaultPolicy,
    rates: { ...defaultPolicy.rates, error: rate, slow: rate, base: rate },
  });

type Passing = { readonly pass: TracePass; readonly run: Work };

const passing = (from: WorkPlan, bytes: Bytes, usesShapes = true): Passing => {
  const plan = validationPlan(from);
  const pass = new TracePass(plan, undefined, usesShapes);
  const run = (): number => {
    if (pass.run(bytes, plan, partitions) !== 0) throw new Error("the request was refused");
    return pass.count;
  };
  return { pass, run };
};

type Sampling = { readonly sampler: HeadSampler; readonly sample: Work };

const sampling = ({ pass, run }: Passing, rate: number): Sampling => {
  const sampler = new HeadSampler({ hasDecisions: false });
  const rules = rulesOf(rate);
  const sample = (): number => {
    run();
    sampler.passSpans(pass, rules, pass.partitionOf);
    return pass.count;
  };
  return { sampler, sample };
};

const writing = (passed: Passing, rate: number): Work => {
  const { pass } = passed;
  const { sampler, sample } = sampling(passed, rate);
  const regroup = new Regroup(1 << 20);
  return () => {
    sample();
    const { partitionOf } = pass;
    return regroup.build(pass, partitionOf, partitions.partitions, sampler.edits).length;
  };
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

const prototypeWork = async (registry: ResolvedRegistry, options: object): Promise<Work> => {
  const load = (file: string): Promise<unknown> => import(new URL(file, prototypes).href);
  const { createPass } = (await load("pass.mjs")) as {
    createPass: (tables: unknown, options: object) => Prototype;
  };
  const { compile } = (await load("tables.mjs")) as { compile: (registry: unknown) => unknown };
  const { resolve } = (await load("resolve.mjs")) as { resolve: (groups: unknown) => unknown };
  const pass = createPass(compile(resolve(slim(registry))), options);
  const body = goodBody();
  return () => pass(body).spans;
};

const plainWork = ({ registry, smoke }: WorkPlan): Work => {
  const plain = new PlainValidator(registry);
  const body = smoke ? traceBody(seeded(1), plainSmokeSpans) : goodBody();
  return () => plain.check(body).length + 1;
};

/** Name of the way that goals are about. */
export const fused = "pass, partitions, sampled";

const ways: { readonly [what: string]: Way } = {
  "plain validator (protobufjs, Map)": { rounds: 5, make: plainWork },
  "prototype: pass, partitions, sampled": {
    rounds: 1500,
    make: ({ registry }) => prototypeWork(registry, {}),
  },
  "prototype: direct path": {
    rounds: 500,
    make: ({ registry }) => prototypeWork(registry, { shape: false }),
  },
  "pass, partitions": { rounds: 1500, make: (plan) => passing(plan, goodBody()).run },
  [fused]: { rounds: 1500, make: (plan) => sampling(passing(plan, goodBody()), 1).sample },
  [`${fused}, 10 % bad`]: {
    rounds: 1500,
    make: (plan) => sampling(passing(plan, badBody()), 1).sample,
  },
  [`${fused}, written with th`]: {
    rounds: 1000,
    make: (plan) => writing(passing(plan, goodBody()), 1),
  },
  [`${fused} 5 %, written with th`]: {
    rounds: 1000,
    make: (plan) => writing(passing(plan, goodBody()), 0.05),
  },
  "direct path": { rounds: 500, make: (plan) => passing(plan, goodBody(), false).run },
  "direct path, 10 % bad": { rounds: 500, make: (plan) => passing(plan, badBody(), false).run },
};

/** All ways that can be measured here, rivals first. */
export const workNames = (): readonly string[] => {
  const names = Object.keys(ways);
  if (existsSync(new URL("pass.mjs", prototypes))) return names;
  console.log("prototype left out: ../shared/prototypes/validate is not there");
  return names.filter((name) => !name.startsWith("prototype"));
};

/** What is measured only to be compared with. */
export const isRival = (what: string): boolean =>
  what.startsWith("prototype") || what.startsWith("plain");

/** Nanoseconds per span of one way. */
export const measure = async (plan: WorkPlan): Promise<Spread> => {
  const way = ways[plan.what];
  if (way === undefined) throw new Error(`no way is named ${plan.what}`);
  const work = await way.make(plan);
  const { rounds } = way;
  let sum = 0;
  const timing = { warmups: rounds, rounds, operations: spans };
  const found = timeNs(plan.smoke ? { ...timing, warmups: 1, rounds: 2 } : timing, () => {
    sum += work();
  });
  if (sum === 0) throw new Error(`${plan.what} did nothing`);
  return found;
};
