#!/usr/bin/env node
// Entry of the command line on any Node >= 20: installs what is missing, then runs main.ts on the
// pinned Node, which strips types and has node:sqlite. An installed package has main.js instead.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { ensureInstalled, pinnedNode, root } from "./install.mjs";

const source = join(root, "engine", "main.ts");
const isBuilt = !existsSync(source);
const main = isBuilt ? join(root, "dist", "engine", "main.js") : source;

// Type stripping, without which the sources do not run; Zstandard, without which nothing does.
const FALLBACK_NODE_MIN = isBuilt ? [22, 15] : [22, 18];

const recentEnough = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [needMajor, needMinor] = FALLBACK_NODE_MIN;
  return major > needMajor || (major === needMajor && minor >= needMinor);
};

// Node keeps what it made of the sources, which halves the start of each process and thread. More than
// that: stripping types in a thread detaches a buffer, and from then on V8 checks every access to a
// typed array there, a tenth of the hot path's time.
const cache = isBuilt ? {} : { NODE_COMPILE_CACHE: join(root, ".weir", "compile-cache") };

const [first] = process.argv.slice(2);
ensureInstalled();
if (first !== "--install") {
  const node = pinnedNode() ?? (recentEnough() ? process.execPath : null);
  if (node === null) {
    console.error(
      `weir: Node ${process.versions.node} found, ${FALLBACK_NODE_MIN.join(".")} or newer needed ` +
        `on platform=${process.platform} arch=${process.arch}`,
    );
    process.exit(3);
  }
  const child = spawn(
    node,
    [
      "--disable-warning=ExperimentalWarning",
      // kafkajs asks for times in the past where it means "soon".
      "--disable-warning=TimeoutNegativeWarning",
      // Stages of a configuration import the library by name: here that means the sources.
      ...(isBuilt ? [] : ["--conditions=weir-source"]),
      main,
      ...process.argv.slice(2),
    ],
    // The channel closes when this process is killed, and the program ends with it.
    { stdio: ["inherit", "inherit", "inherit", "ipc"], env: { ...cache, ...process.env } },
  );
  // A terminal signals the whole group; a supervisor only this process: pass it on, wait, and end
  // as the child ended.
  const passedOn = new Set();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      passedOn.add(signal);
      child.kill(signal);
    });
  }
  if (process.env.npm_command === "exec") {
    // npx passes a signal to the shell between us alone; who lost that shell has got it.
    const shell = process.ppid;
    const look = () => process.ppid === shell || child.kill("SIGTERM");
    setInterval(look, 500).unref();
  }
  child.on("exit", (code, signal) => {
    // Only a command that has not begun dies of these: it was asked to end, and nothing is undone.
    const isEarlyEnd = signal !== "SIGHUP" && passedOn.has(signal);
    if (isEarlyEnd) console.error(`weir: ended by ${signal} before it began`);
    process.exitCode = signal === null ? code : isEarlyEnd ? 0 : 1;
  });
}
