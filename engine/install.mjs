// Installs dependencies when they are missing or older than the lock file. Plain JavaScript: it
// runs on whatever Node the machine has, before the pinned one is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lockFile = join(root, "package-lock.json");
// Written by npm when all is installed: the entries of the lock file, without those of other platforms.
const installedLock = join(root, "node_modules", ".package-lock.json");

const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

const isStale = () => {
  if (!existsSync(installedLock)) return true;
  const installed = packagesOf(installedLock);
  const { "": _, ...locked } = packagesOf(lockFile);
  return Object.entries(locked).some(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    if (found === undefined) return optional !== true;
    return found.version !== version || found.integrity !== integrity;
  });
};

/** The Node that the lock file pins, or null on a platform for which none is published. */
export function pinnedNode() {
  try {
    // Below another project's node_modules it stands beside this package.
    return createRequire(join(root, "package.json")).resolve(`node-linux-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}

/** Runs `npm ci` when node_modules does not match package-lock.json; output goes to stderr. */
export function ensureInstalled() {
  if (!existsSync(lockFile) || !isStale()) return;
  console.error("weir: installing dependencies (npm ci), once");
  const npm = process.env.npm_execpath
    ? [process.execPath, process.env.npm_execpath]
    : [process.platform === "win32" ? "npm.cmd" : "npm"];
  const [command, ...prefix] = npm;
  const result = spawnSync(
    command,
    [...prefix, "ci", "--include=dev", "--no-progress", "--loglevel=error"],
    {
      cwd: root,
      stdio: ["ignore", 2, 2],
    },
  );
  if (result.status !== 0) {
    console.error(`weir: npm ci failed status=${result.status}; run it by hand to see why`);
    process.exit(3);
  }
}
