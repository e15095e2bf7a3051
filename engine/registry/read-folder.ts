// The YAML files below a folder. A link that leads out of the folder is refused, to a file as to a
// folder; one to a folder inside it is not followed: the folder is read anyway.
import {
  type Dirent,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, sep } from "node:path";

import { depthMax, registryFilesMax } from "./limits.ts";
import type { Location } from "./location.ts";
import { legacyManifestName, manifestName } from "./manifest.ts";
import type { Problems } from "./problem.ts";
import { isDefinitionFile, TreeBudget, type TreeFile } from "./tree-file.ts";

const entriesMax = registryFilesMax * 8;

type Walk = {
  readonly top: string;
  /** The top without links. */
  readonly real: string;
  readonly problems: Problems;
  readonly budget: TreeBudget;
  readonly files: TreeFile[];
  entries: number;
};

/** @throws the file system's error when the folder cannot be read. */
export const readFolder = (location: Location, problems: Problems): TreeFile[] => {
  const top = join(location.path, location.sub);
  const walk: Walk = {
    top,
    real: realpathSync(top),
    problems,
    budget: new TreeBudget(),
    files: [],
    entries: 0,
  };
  readBelow(walk, "", 0);
  return walk.files;
};

const readBelow = (walk: Walk, folder: string, depth: number): void => {
  for (const entry of readdirSync(join(walk.top, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    walk.entries += 1;
    if (walk.entries > entriesMax) {
      throw new Error(`more entries below ${walk.top} than ${entriesMax}`);
    }
    const isHidden = entry.name.startsWith(".");
    if (entry.isDirectory() && !isHidden) {
      if (depth >= depthMax) throw new Error(`folders below ${walk.top} deeper than ${depthMax}`);
      readBelow(walk, path, depth + 1);
    } else if (isDefinitionFile(path)) readOne(walk, entry, path);
    else if (entry.isSymbolicLink() && !isHidden) refuseFolderOutside(walk, path);
  }
};

const refuseFolderOutside = (walk: Walk, path: string): void => {
  const name = join(walk.top, path);
  try {
    if (!statSync(name).isDirectory()) return;
    // Another registry, and no part of this one: it may be a dependency by this very path.
    if (hasManifest(walk.top) && hasManifest(name)) return;
    isInside(walk, name, realpathSync(name));
  } catch {
    // A link to nothing, by its name no definitions.
  }
};

const hasManifest = (folder: string): boolean =>
  [manifestName, legacyManifestName].some((name) => existsSync(join(folder, name)));

/** Reports a link that is not. */
const isInside = (walk: Walk, name: string, target: string): boolean => {
  if (target === walk.real || target.startsWith(walk.real + sep)) return true;
  walk.problems.error(name, `a link that leads out of the registry is not followed`);
  return false;
};

const isReadable = (walk: Walk, entry: Dirent, path: string): boolean => {
  if (!entry.isSymbolicLink()) return entry.isFile();
  const name = join(walk.top, path);
  const target = realpathSync(name);
  return isInside(walk, name, target) && statSync(target).isFile();
};

/** One that cannot be read (a link to nothing, no rights) does not hide the others. */
const readOne = (walk: Walk, entry: Dirent, path: string): void => {
  const name = join(walk.top, path);
  try {
    if (!isReadable(walk, entry, path)) return;
    const refusal = walk.budget.refusal(statSync(name).size);
    if (refusal === null) walk.files.push({ path, name, bytes: readFileSync(name) });
    else walk.problems.error(name, refusal);
  } catch (error) {
    walk.problems.error(name, error instanceof Error ? error.message : String(error));
  }
};
