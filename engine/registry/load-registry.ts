// Reads a registry and all registries it depends on, each place once. Circles, addresses on the
// network, and versions that do not go together are problems; of versions that do, the newest
// takes the place of the others.
import { realpathSync } from "node:fs";
import { posix } from "node:path";

import { registriesMax } from "./limits.ts";
import {
  type Location,
  locationKey,
  locationText,
  parseLocation,
  parseRelative,
} from "./location.ts";
import {
  type DependencySpec,
  legacyManifestName,
  type Manifest,
  manifestName,
  readManifest,
} from "./manifest.ts";
import { placeText, type Problems } from "./problem.ts";
import { readFile } from "./read-specification.ts";
import { compareVersions, newerVersion, type SchemaUrl } from "./schema-url.ts";
import { readSource, type SourceFile } from "./source-file.ts";
import type { GroupSpec, ImportSpec } from "./specification.ts";
import type { TreeFile } from "./tree-file.ts";
import { readTree, type Tree } from "./tree.ts";

/** One registry as written. */
export type LoadedRegistry = {
  readonly label: string;
  readonly schemaUrl: SchemaUrl | null;
  readonly files: number;
  readonly groups: readonly GroupSpec[];
  readonly imports: readonly ImportSpec[];
  /** In the order of the manifest; versions are already chosen. */
  readonly dependencies: readonly LoadedRegistry[];
};

type Mutable = Omit<LoadedRegistry, "dependencies"> & {
  dependencies: Mutable[];
  /** By its own manifest; `schemaUrl` may be what a dependency on it calls it. */
  readonly ownUrl: SchemaUrl | null;
  readonly place: DependencySpec["place"] | undefined;
};

/** `path` is below the registry's top. */
type NamedFile = { readonly path: string; readonly file: SourceFile };

/**
 * `path` is a folder or an archive, with `[sub/folder]` when the registry is not at its top.
 * Null, with a problem, when nothing can be read there.
 */
export const loadRegistry = (path: string, problems: Problems): LoadedRegistry | null => {
  const location = parseLocation(path);
  if ("refused" in location) {
    problems.error(path, location.refused);
    return null;
  }
  return new Loading(problems).load(location);
};

class Loading {
  readonly #problems: Problems;
  readonly #loaded = new Map<string, Mutable>();
  /** Registries being read, outermost first, by place and by name. */
  readonly #chain: { key: string; label: string; name: string | undefined }[] = [];

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  load(location: Location): LoadedRegistry | null {
    const root = this.#read(location, undefined);
    if (root === null) return null;
    const chosen = this.#chooseVersions();
    for (const registry of this.#loaded.values()) {
      const used = registry.dependencies.map((dependency) => chosen.get(dependency) ?? dependency);
      registry.dependencies = [...new Set(used)];
    }
    this.#cutCircles(root, [], new Set());
    return root;
  }

  /** A version that takes the place of another one may depend on who asked for it. */
  #cutCircles(registry: Mutable, chain: readonly Mutable[], done: Set<LoadedRegistry>): void {
    const inner = [...chain, registry];
    done.add(registry);
    registry.dependencies = registry.dependencies.filter((dependency) => {
      const start = inner.indexOf(dependency);
      if (start < 0) return true;
      const labels = [...inner.slice(start), dependency].map(({ label }) => label);
      const place = dependency.place ?? dependency.label;
      this.#problems.error(place, `circle of registries: ${labels.join(" > ")}`);
      return false;
    });
    for (const dependency of registry.dependencies) {
      if (!done.has(dependency)) this.#cutCircles(dependency, inner, done);
    }
  }

  #read(location: Location, from: DependencySpec | undefined): Mutable | null {
    const key = realKey(location);
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    if (this.#loaded.size >= registriesMax) {
      this.#problems.error(
        from?.place ?? locationText(location),
        `more registries than registriesMax=${registriesMax}`,
      );
      return null;
    }
    const tree = readTree(location, this.#problems);
    if (tree === null) return null;
    const files = ownFiles(tree).map(({ path, name, bytes }) => ({
      path,
      file: readSource(name, bytes),
    }));
    for (const { file } of files) reportFaults(file, this.#problems);
    const manifest = manifestOf(files, this.#problems);
    const registry = this.#assemble(tree, files, manifest, from);
    this.#loaded.set(key, registry);
    this.#chain.push({ key, label: registry.label, name: registry.schemaUrl?.name });
    for (const dependency of manifest?.dependencies ?? []) {
      const found = this.#follow(dependency, tree);
      if (found !== null) registry.dependencies.push(found);
    }
    this.#chain.pop();
    return registry;
  }

  #assemble(
    tree: Tree,
    files: readonly NamedFile[],
    manifest: Manifest | null,
    from: DependencySpec | undefined,
  ): Mutable {
    const { count, groups, imports } = definitionsIn(files, this.#problems);
    if (count === 0) {
      const at = manifest?.place ?? locationText(tree.location);
      this.#problems.error(at, "no definitions: no .yaml or .yml file but a manifest");
    }
    const schemaUrl = manifest?.schemaUrl ?? from?.schemaUrl ?? null;
    const label = schemaUrl?.text ?? from?.label ?? locationText(tree.location);
    return {
      label,
      schemaUrl,
      files: count,
      groups,
      imports,
      dependencies: [],
      ownUrl: manifest?.schemaUrl ?? null,
      place: from?.place,
    };
  }

  #follow(dependency: DependencySpec, tree: Tree): Mutable | null {
    const refuse = (message: string): null => {
      const chain = this.#chain.map(({ label }) => label).join(" > ");
      this.#problems.error(
        dependency.place,
        `dependency ${dependency.label}: ${message} (${chain})`,
      );
      return null;
    };
    if (dependency.path === undefined) {
      return refuse(
        "registry_path is missing, and nothing is downloaded; give a folder or archive",
      );
    }
    const location = parseRelative(dependency.path, tree.location, tree.isArchive);
    if ("refused" in location) return refuse(location.refused);
    const key = realKey(location);
    const name = dependency.schemaUrl?.name;
    const start = this.#chain.findIndex(
      (link) => link.key === key || (name !== undefined && link.name === name),
    );
    if (start >= 0) {
      const circle = this.#chain.slice(start).map(({ label }) => label);
      return refuse(`circle of registries: ${[...circle, circle[0]].join(" > ")}`);
    }
    const found = this.#read(location, dependency);
    if (found === null) return refuse(`cannot be read at ${locationText(location)}`);
    this.#compareIdentity(dependency, found.ownUrl, location);
    return found;
  }

  /** What lies at the path is used even so: leaving it out would only hide what else is wrong. */
  #compareIdentity(
    { place, schemaUrl: asked, label }: DependencySpec,
    found: SchemaUrl | null,
    location: Location,
  ): void {
    if (asked === null || found === null) return;
    const isOtherName = asked.name !== found.name;
    const difference = compareVersions(asked.version, found.version);
    if (!isOtherName && difference === 0) return;
    const at = { file: place.file, path: [...place.path, "schema_url"] };
    const text = `dependency ${label}: the registry at ${locationText(location)} is ${found.text}`;
    if (isOtherName) this.#problems.error(at, `${text}, another registry`);
    else if (difference === null) this.#problems.error(at, `${text}, another major version`);
    else this.#problems.warning(at, `${text}, which is used`);
  }

  /** For each registry that is there in several versions: which one is used. */
  #chooseVersions(): Map<Mutable, Mutable> {
    const best = new Map<string, Mutable>();
    for (const registry of this.#loaded.values()) {
      const { schemaUrl } = registry;
      const other = schemaUrl === null ? undefined : best.get(schemaUrl.name);
      if (schemaUrl === null) continue;
      if (other?.schemaUrl === undefined || other.schemaUrl === null) {
        best.set(schemaUrl.name, registry);
        continue;
      }
      const choice = newerVersion(other.schemaUrl.version, schemaUrl.version);
      if (choice === "second") best.set(schemaUrl.name, registry);
      if (choice === "conflict") this.#conflict(other, registry);
    }
    const chosen = new Map<Mutable, Mutable>();
    for (const registry of this.#loaded.values()) {
      const winner = best.get(registry.schemaUrl?.name ?? "");
      if (winner !== undefined) chosen.set(registry, winner);
    }
    return chosen;
  }

  #conflict(first: Mutable, second: Mutable): void {
    const place = second.place ?? second.label;
    const where = first.place === undefined ? "the registry itself" : placeText(first.place);
    this.#problems.error(
      place,
      `version conflict: ${second.label} here, ${first.label} in ${where}; ` +
        `only versions of the same major go together`,
    );
  }
}

const isManifest = (path: string): boolean =>
  posix.basename(path) === manifestName || posix.basename(path) === legacyManifestName;

/** Below a manifest, a folder with a manifest of its own is another registry. */
const ownFiles = ({ files }: Tree): readonly TreeFile[] => {
  const folders = files
    .filter(({ path }) => isManifest(path))
    .map(({ path }) => posix.dirname(path));
  if (!folders.includes(".")) return files;
  const others = folders.filter((folder) => folder !== ".").map((folder) => `${folder}/`);
  return files.filter(({ path }) => !others.some((folder) => path.startsWith(folder)));
};

const definitionsIn = (files: readonly NamedFile[], problems: Problems) => {
  const groups: GroupSpec[] = [];
  const imports: ImportSpec[] = [];
  let count = 0;
  for (const { path, file } of files) {
    if (isManifest(path)) continue;
    count += 1;
    const read = readFile(file, path, problems);
    groups.push(...read.groups);
    imports.push(...read.imports);
  }
  return { count, groups, imports };
};

const reportFaults = (file: SourceFile, problems: Problems): void => {
  for (const { line, message } of file.faults) problems.errorAtLine(file.name, line, message);
};

const manifestOf = (files: readonly NamedFile[], problems: Problems): Manifest | null => {
  const named = (name: string): SourceFile | undefined =>
    files.find(({ path }) => path === name)?.file;
  const legacy = named(legacyManifestName);
  const file = named(manifestName) ?? legacy;
  if (legacy !== undefined) {
    const text = `${legacyManifestName} is the old name of ${manifestName}`;
    problems.warning({ file: legacy, path: [] }, legacy === file ? text : `${text}; ignored`);
  }
  return file === undefined ? null : readManifest(file, problems);
};

/** Without links, so that one folder under two names is read once. */
const realKey = (location: Location): string => {
  try {
    return locationKey({ ...location, path: realpathSync(location.path) });
  } catch {
    return locationKey(location);
  }
};
