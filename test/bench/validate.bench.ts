// npm run bench -- validate: nanoseconds per span of a 1000-span request with 8 attributes, checked
// against the official registry and ours: the pass by shapes, with sampling, with output, without
// shapes; in the same run a plain validator and, where the files are at hand, the prototype that
// the goals were set with. Then the size of the compiled registry and the time to load it.
//
// Each way has a worker thread to itself, that is an isolate: so it runs at the edge, where an
// isolate has one pass (edge/validate/traces-pass.ts) and V8 makes its code for what that one does.
// In one isolate the ways, rivals' included, would spoil each other's.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { Problems } from "../../engine/registry/problem.ts";
import { resolveRegistry } from "../../engine/registry/resolve-registry.ts";
import { compileRegistry } from "../../schemas/weaver/compile.ts";
import { loadTables } from "../../schemas/weaver/load.ts";
import type { ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
import type { BenchOptions, Spread } from "./harness.ts";
import { figure, report, spread } from "./harness.ts";
import type { WorkPlan } from "./validate-works.ts";
import { fused, isRival, workNames } from "./validate-works.ts";

const goalsNs: { readonly [what: string]: number } = { [fused]: 230, "direct path": 900 };
const shared = new URL("../../../shared/", import.meta.url);
const own = new URL("../../schemas/registry", import.meta.url);

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

const reportLoad = (bytes: Uint8Array<ArrayBuffer>): void => {
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

/** Measures one way in an isolate of its own. */
const measured = async (plan: WorkPlan): Promise<Spread> => {
  const thread = new URL("validate-work.thread.ts", import.meta.url);
  const worker = new Worker(thread, { workerData: plan });
  const [found] = (await once(worker, "message")) as [Spread];
  await worker.terminate();
  return found;
};

/** One line for each way, with its ratios to the prototype and the plain validator. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const registry = registryHere();
  const compiled = compileRegistry(registry);
  if (!compiled.ok) throw new Error(compiled.problems.join("; "));
  reportLoad(compiled.bytes);
  const nsOf = new Map<string, number>();
  for (const what of workNames()) {
    const plan = { what, registry, compiled: compiled.bytes, smoke };
    const found = await measured(plan);
    const { median, min, max } = found;
    nsOf.set(what, median);
    if (!isRival(what)) figure(`${what} (ns)`, found);
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
