// Runs the edge on this machine: raw workerd on the bundle, on loopback. wrangler's own
// development server costs five times the Worker itself. A shell stands between us and workerd,
// because it ends it when the pipe from us closes, which the kernel does even when we are killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

import { lockDirectory } from "../log/embedded/lock.ts";
import { earlierEdgeEnded, edgePidFile } from "./earlier-edge.ts";
import type { EdgeBundle } from "./edge-bundle.ts";
import { edgeCapnp, environmentName } from "./edge-capnp.ts";
import { ErrorLines, isEdgeNote } from "./error-lines.ts";

export { bundleEdge } from "./edge-bundle.ts";

/** How to start one edge. */
export type EdgeOptions = {
  readonly bundle: EdgeBundle;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Over those of wrangler.toml; API keys too: they go through the environment only. */
  readonly vars: { readonly [name: string]: string };
  /** host:port that serves each KV namespace, by binding. */
  readonly keyValues?: { readonly [binding: string]: string };
  /** Certificate authorities (PEM) to trust beside the public ones. */
  readonly authorities?: string | null;
  /** V8 collects more often and for shorter, for more CPU (edge-capnp.ts); false by default. */
  readonly shortPauses?: boolean;
  /** Objects keep their storage here; made when missing. One process at a time: it is locked. */
  readonly storageDir: string;
  /** Called for each distinct line that workerd writes to its standard error. */
  readonly onNote?: (line: string) => void;
};

/** A started edge; it ends with this process at the latest. */
export type RunningEdge = {
  /** http://host:port */
  readonly url: string;
  /** workerd's own process. */
  readonly pid: number;
  /** Ends workerd: what it is serving may finish, for two seconds. Idempotent. */
  readonly stop: () => Promise<void>;
  /** Resolves with workerd's exit code when it has ended, for whatever reason. */
  readonly exited: Promise<number | null>;
  /** Distinct lines of its standard error with their counts. */
  readonly errors: () => readonly { readonly line: string; readonly count: number }[];
};

const readyMsMax = 15_000;
const configFile = "workerd.capnp";

// The reader loop ends when our end of the pipe closes; then workerd is asked to stop, and killed
// when it has not after two seconds. Descriptor 3 tells workerd's process id and its port; the file
// tells it to whoever starts the next.
const watchdog = `
exec 4<&0
file=$1; shift
"$@" 4<&- </dev/null & server=$!
echo $server >"$file"
echo "{\\"event\\":\\"pid\\",\\"pid\\":$server}" >&3
{ while read -r _; do :; done; kill $server; sleep 2; kill -9 $server; } <&4 3>&- 2>/dev/null &
watcher=$!
exec 3>&- 4<&-
wait $server; code=$?
kill $watcher 2>/dev/null
exit $code
`;

type ControlEvent =
  | { readonly event: "pid"; readonly pid: number }
  | { readonly event: "listen"; readonly socket: string; readonly port: number };

/** Where workerd lies. */
export const workerdPath = (): string => {
  const require = createRequire(import.meta.url);
  // workerd is wrangler's dependency: the one that wrangler bundles for.
  const viaWrangler = createRequire(require.resolve("wrangler"));
  const { default: path } = viaWrangler("workerd") as { readonly default: string };
  return path;
};

/** Returns where workerd's configuration lies, once the storage is nobody else's. */
const prepareStorage = async (
  options: EdgeOptions,
  varNames: readonly string[],
): Promise<string> => {
  const { bundle, storageDir } = options;
  // Absolute, as the next start looks for it among the words of running processes.
  const path = resolve(storageDir, configFile);
  await earlierEdgeEnded(storageDir, path);
  await mkdir(join(storageDir, "objects"), { recursive: true });
  const { keyValues = {}, authorities = null, shortPauses = false } = options;
  const more = { keyValues, authorities, shortPauses };
  await writeFile(path, edgeCapnp({ bundle, folder: storageDir, varNames, ...more }));
  return path;
};

const launch = (options: EdgeOptions, config: string, vars: EdgeOptions["vars"]) => {
  const { host, port, storageDir } = options;
  const address = `http=${host}:${port}`;
  const objects = `objects=${join(storageDir, "objects")}`;
  const serve = ["serve", config, "--control-fd=3", "-s", address, "-d", objects];
  const environment = Object.entries(vars).map(([name, value]) => [environmentName(name), value]);
  const words = [edgePidFile(storageDir), workerdPath(), ...serve];
  return spawn("/bin/sh", ["-c", watchdog, "sh", ...words], {
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...Object.fromEntries(environment) },
    // A group of its own: Ctrl-C reaches us alone, and we stop the edge in the data's order.
    detached: true,
  });
};

/** Resolves with process id and port once workerd listens. */
const listening = async (control: Readable): Promise<{ pid: number; port: number }> => {
  let pid = 0;
  for await (const line of createInterface({ input: control })) {
    const event = JSON.parse(line) as ControlEvent;
    if (event.event === "pid") pid = event.pid;
    if (event.event === "listen") return { pid, port: event.port };
  }
  throw new Error("edge: workerd ended before it listened");
};

const explained = (error: unknown, options: EdgeOptions, lines: ErrorLines): Error => {
  const said = lines.text();
  if (/already in use|EADDRINUSE/i.test(said))
    return new Error(`edge: port ${options.port} on ${options.host} is already in use`);
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(said === "" ? reason : `${reason}: ${said}`);
};

/**
 * Starts workerd and waits until its socket answers (about 0.2 s).
 * @throws Error naming the port when it is taken, or with workerd's last words; LogError `locked`
 * naming the process that has the storage.
 */
export const startEdge = async (options: EdgeOptions): Promise<RunningEdge> => {
  // Two on one storage would send each other's records, and count what is not theirs.
  const release = lockDirectory(options.storageDir);
  const vars = { ...options.bundle.vars, ...options.vars };
  const config = await prepareStorage(options, Object.keys(vars)).catch((error: unknown) => {
    release();
    throw error;
  });
  const child = launch(options, config, vars);
  const lines = new ErrorLines(options.onNote ?? (() => undefined));
  createInterface({ input: child.stderr as Readable }).on("line", (line) => {
    if (isEdgeNote(line)) lines.add(line);
  });
  // Writing to a shell that has gone is not an error of ours.
  child.stdin?.on("error", () => undefined);
  const exited = once(child, "close").then(([code]) => {
    release();
    return code as number | null;
  });
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await exited;
  };
  const timer = setTimeout(() => child.stdin?.end(), readyMsMax);
  try {
    const { pid, port } = await listening(child.stdio[3] as Readable);
    const url = `http://${options.host}:${port}`;
    return { url, pid, stop, exited, errors: () => lines.counts() };
  } catch (error) {
    await stop();
    throw explained(error, options, lines);
  } finally {
    clearTimeout(timer);
  }
};
