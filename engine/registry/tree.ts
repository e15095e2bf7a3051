// The YAML files of a registry, from a folder or an archive, as texts in a fixed order.
import { statSync } from "node:fs";

import { readArchive } from "./read-archive.ts";
import { readFolder } from "./read-folder.ts";
import { type Location, locationText } from "./location.ts";
import { compare, type Problems } from "./problem.ts";
import type { TreeFile } from "./tree-file.ts";

export type Tree = {
  readonly location: Location;
  readonly isArchive: boolean;
  /** Sorted by path. */
  readonly files: readonly TreeFile[];
};

/** Null, with a problem, when there is nothing to read at the location. */
export const readTree = (location: Location, problems: Problems): Tree | null => {
  try {
    const isArchive = statSync(location.path).isFile();
    const found = (isArchive ? readArchive : readFolder)(location, problems);
    if (found === null) return null;
    const files = found.toSorted((a, b) => compare(a.path, b.path));
    return { location, isArchive, files };
  } catch (error) {
    problems.error(locationText(location), error instanceof Error ? error.message : String(error));
    return null;
  }
};
