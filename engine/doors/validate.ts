// The door `weir/validate`: telemetry held against a registry of semantic conventions. A registry is
// read from its YAML, resolved, and checked against; samples are those of Weaver's live-check, or
// made from OTLP. Findings are written into the samples, as Weaver does. `compileFolder` makes the
// tables that an edge loads. Reading and resolving a registry takes up to half a second.
export { LiveCheck } from "../check/live-check.ts";
export { readInput } from "../check/read-input.ts";
export { readSamples, type SampleRead } from "../check/read-samples.ts";
export type { Sample, SampleKind } from "../check/sample.ts";
export { type CompiledFolder, compileFolder } from "../registry/compile-folder.ts";
export { type Problem, Problems, problemText } from "../registry/problem.ts";
export { type Resolved, resolveRegistry } from "../registry/resolve-registry.ts";
export { findingIds, levelNames, type Profile } from "../../schemas/validate/finding-table.ts";
export type { ResolvedGroup, ResolvedRegistry } from "../../schemas/weaver/resolved.ts";
