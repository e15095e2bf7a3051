// Finds the file that a package gives to `import`, seen from any folder. Node's own resolver does
// that only for the folder of the calling module; `require.resolve` does not know what a package
// offers to `import` alone, as most newer ones do.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

type Target = string | null | readonly Target[] | { readonly [condition: string]: Target };

const conditions = new Set(["node", "import", "module-sync", "default"]);

/** Path of the file that `specifier` means in `folder`. @throws Error when there is none. */
export const packageEntry = (specifier: string, folder: string): string => {
  const { resolve: required } = createRequire(resolve(folder, "package.json"));
  try {
    return required(specifier);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isOffered = code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
    const entry = isOffered ? importedEntry(specifier, required.paths(specifier) ?? []) : null;
    if (entry === null) throw error;
    return entry;
  }
};

const importedEntry = (specifier: string, folders: readonly string[]): string | null => {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const home = folders
    .map((folder) => join(folder, name))
    .find((found) => existsSync(join(found, "package.json")));
  if (home === undefined) return null;
  const text = readFileSync(join(home, "package.json"), "utf8");
  const { exports = null } = JSON.parse(text) as { readonly exports?: Target };
  const file = exportOf(exports, `.${specifier.slice(name.length)}`);
  return file === null ? null : join(home, file);
};

const exportOf = (exports: Target, path: string): string | null => {
  const paths = isTable(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  if (!paths) return path === "." ? chosen(exports) : null;
  const exact = exports[path];
  if (exact !== undefined) return chosen(exact);
  // The pattern that says most wins.
  const patterns = Object.keys(exports).toSorted((a, b) => b.indexOf("*") - a.indexOf("*"));
  for (const pattern of patterns) {
    const [before, after] = pattern.split("*");
    if (before === undefined || after === undefined) continue;
    if (!path.startsWith(before) || !path.endsWith(after)) continue;
    if (path.length < before.length + after.length) continue;
    const star = path.slice(before.length, path.length - after.length);
    return chosen(exports[pattern] ?? null)?.replaceAll("*", () => star) ?? null;
  }
  return null;
};

const isTable = (target: Target): target is { readonly [condition: string]: Target } =>
  typeof target === "object" && target !== null && !Array.isArray(target);

const chosen = (target: Target): string | null => {
  if (typeof target === "string" || target === null) return target;
  const candidates = isTable(target)
    ? Object.entries(target).flatMap(([key, value]) => (conditions.has(key) ? [value] : []))
    : target;
  for (const candidate of candidates) {
    const file = chosen(candidate);
    if (file !== null) return file;
  }
  return null;
};
