// The YAML files of an archive: zip, tar, tar.gz, told by their first bytes, unpacked in memory
// only. Names that leave the archive make the whole of it refused; links are not followed.
import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { archiveBytesMax } from "./limits.ts";
import { insidePath, type Location, locationText } from "./location.ts";
import type { Problems } from "./problem.ts";
import { readTar } from "./tar.ts";
import { type ArchiveEntry, isDefinitionFile, TreeBudget, type TreeFile } from "./tree-file.ts";
import { zipEntries } from "./zip.ts";

/** @throws Error naming what makes the archive unreadable. */
export const readArchive = (location: Location, problems: Problems): TreeFile[] | null => {
  const size = statSync(location.path).size;
  if (size > archiveBytesMax) {
    throw new Error(`${size} bytes are more than archiveBytesMax=${archiveBytesMax}`);
  }
  const cut = (): void => problems.warning(locationText(location), withoutEnd);
  const all = entriesOf(readFileSync(location.path), cut);
  const entries = all.filter(({ kind }) => kind !== "folder");
  const paths = entries.map(({ path }) => trusted(path));
  const top = topFolder(location.sub, paths);
  if (top === null) {
    problems.error(locationText(location), `the archive has no folder ${location.sub}`);
    return null;
  }
  const files: TreeFile[] = [];
  const budget = new TreeBudget();
  for (const [i, entry] of entries.entries()) {
    const path = below(top, paths[i] ?? "");
    if (path === null || !isDefinitionFile(path)) continue;
    const name = `${location.path}/${paths[i]}`;
    const refusal = entry.kind === "file" ? budget.refusal(entry.size) : "no file but a link";
    if (refusal === null) files.push({ path, name, bytes: entry.bytes() });
    else problems.error(name, refusal);
  }
  return files;
};

/** Other readers take such a file, as some programs write it; one that is cut looks the same. */
const withoutEnd = "the tar file ends without a block of zeros: if it is cut, files are missing";

const entriesOf = (bytes: Uint8Array, onCut: () => void): ArchiveEntry[] => {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return zipEntries(bytes);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const { entries, hasEnd } = readTar(isGzip ? unzipped(bytes) : bytes);
  if (!hasEnd) onCut();
  return entries;
};

const unzipped = (bytes: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(bytes, { maxOutputLength: archiveBytesMax });
  } catch (error) {
    // Node's own text names neither the archive's bytes nor our limit.
    if (!(error instanceof RangeError)) throw error;
    const message = `it unpacks to more bytes than archiveBytesMax=${archiveBytesMax}`;
    throw new Error(message, { cause: error });
  }
};

const trusted = (path: string): string => {
  const inside = insidePath(path);
  if (inside === null) throw new Error(`the archive is refused: entry ${path} leaves it`);
  return inside;
};

const below = (top: string, path: string): string | null => {
  if (top === "") return path;
  return path.startsWith(`${top}/`) ? path.slice(top.length + 1) : null;
};

// Archives of code hosts put everything in one folder, which people leave out of the sub folder.
const topFolder = (sub: string, paths: readonly string[]): string | null => {
  const has = (folder: string): boolean => paths.some((path) => below(folder, path) !== null);
  const single = singleTop(paths);
  if (sub === "") return single ?? "";
  if (has(sub)) return sub;
  return single !== null && has(`${single}/${sub}`) ? `${single}/${sub}` : null;
};

const singleTop = (paths: readonly string[]): string | null => {
  const tops = new Set(paths.map((path) => path.slice(0, path.indexOf("/") + 1)));
  const [top = "", ...others] = tops;
  return top === "" || others.length > 0 ? null : top.slice(0, -1);
};
