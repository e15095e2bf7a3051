// A registry on disk to compiled tables, in one step, for those who only want to use it: `weir up`,
// `weir registry compile`, the bundle's own registry.
import { compileRegistry } from "../../schemas/weaver/compile.ts";
import { Problems, problemText } from "./problem.ts";
import { resolveRegistry } from "./resolve-registry.ts";

/** `problems` are lines for people; those of a compiled registry are warnings. */
export type CompiledFolder =
  | {
      readonly ok: true;
      readonly version: string;
      readonly groups: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly problems: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly string[] };

/** `path` is a folder or an archive. Reads files; takes up to half a second. */
export const compileFolder = (path: string): CompiledFolder => {
  const problems = new Problems();
  const resolved = resolveRegistry(path, problems);
  const lines = problems.list().map(problemText);
  if (problems.errors > 0 || resolved === null) return { ok: false, problems: lines };
  const compiled = compileRegistry(resolved.registry);
  if (!compiled.ok) return { ok: false, problems: [...lines, ...compiled.problems] };
  const { version, groups } = resolved.registry;
  return { ok: true, version, groups: groups.length, bytes: compiled.bytes, problems: lines };
};
