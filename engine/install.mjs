// Installs dependencies when they are missing or older than the lock file. Plain JavaScript: it
// runs on whatever Node the machine has, before the pinned one is there.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const lockFile = join(root, "package-lock.json");
const installedLock = join(root, "node_modules", ".weir-lock.json");

const isStale = () =>
  !existsSync(installedLock) ||
  readFileSync(installedLock, "utf8") !== readFileSync(lockFile, "utf8");

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
  copyFileSync(lockFile, installedLock);
}
