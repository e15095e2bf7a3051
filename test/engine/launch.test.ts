// The entry of the command line, as a process of its own.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-launch-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `weir --version` with the cache that the user names. */
const version = (cache: string | undefined): string => {
  const { NODE_COMPILE_CACHE: _, ...rest } = process.env;
  return execFileSync(process.execPath, [join(root, "engine", "launch.mjs"), "--version"], {
    encoding: "utf8",
    env: cache === undefined ? rest : { ...rest, NODE_COMPILE_CACHE: cache },
  });
};

/** What V8 says of its assumptions while the same runs without the launcher. */
const invalidated = (cache: string): string => {
  const words = ["--conditions=weir-source", join(root, "engine", "main.ts"), "--version"];
  return spawnSync(process.execPath, ["--trace-protector-invalidation", ...words], {
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  }).stdout;
};

/** Whether a program whose input stays open ends when what started it gets a signal. */
const endsWith = async (
  [program, ...words]: readonly [string, ...string[]],
  signal: NodeJS.Signals,
): Promise<boolean> => {
  const input = spawn("sh", ["-c", "echo AAAA; echo AAAA; exec sleep 200"]);
  const all = [...words, "sniff", "--format", "base64", "-"];
  const child = spawn(program, all, { cwd: root, stdio: [input.stdout, "pipe", "ignore"] });
  const { stdout } = child;
  await once(stdout ?? child, "data");
  stdout?.resume();
  child.kill(signal);
  // Standard output is open for as long as any process has it.
  await once(stdout ?? child, "close");
  const isEarly = input.exitCode === null;
  input.kill();
  return isEarly;
};

/** The launcher's end when this signal comes while its program has not begun; no handler is there. */
const endBeforeStart = async (signal: NodeJS.Signals): Promise<readonly unknown[]> => {
  const module = join(folder, "never-begins.mjs");
  const waits = 'process.stdout.write("waits"); setInterval(() => undefined, 1e6);';
  writeFileSync(
    module,
    `if (process.argv[1].endsWith("main.ts")) { ${waits} await new Promise(() => undefined); }`,
  );
  const child = spawn(process.execPath, [join(root, "engine", "launch.mjs"), "--version"], {
    env: { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(module).href}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stdout, "data");
  child.kill(signal);
  const [code] = (await once(child, "close")) as [number | null];
  return [code, said];
};

describe("the launcher", () => {
  it("keeps what Node makes of the sources, where the user says when they do", () => {
    const cache = join(folder, "own");
    expect(version(cache)).toMatch(/^\d+\.\d+\.\d+/);
    expect(readdirSync(cache)).not.toEqual([]);
  });

  it("keeps it with the sources otherwise", () => {
    const cache = join(root, ".weir", "compile-cache");
    rmSync(cache, { recursive: true, force: true, maxRetries: 50 });
    version(undefined);
    expect(readdirSync(cache)).not.toEqual([]);
  });

  it("so leaves no buffer detached in a later start, for V8 then checks each typed array", () => {
    const cache = join(folder, "detached");
    expect(invalidated(cache)).toContain("ArrayBufferDetaching");
    expect(invalidated(cache)).not.toContain("ArrayBufferDetaching");
  });

  it("leaves no program behind when it is killed, nor does npm when it is told to end", async () => {
    const launcher = join(root, "engine", "launch.mjs");
    expect(await endsWith([process.execPath, launcher], "SIGKILL")).toBe(true);
    expect(await endsWith(["npx", "weir"], "SIGTERM")).toBe(true);
    expect(await endsWith(["npm", "run", "--silent", "weir", "--"], "SIGTERM")).toBe(true);
  });

  it("ends well when it is told to end before its program has begun", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      expect(await endBeforeStart(signal)).toEqual([
        0,
        `weir: ended by ${signal} before it began\n`,
      ]);
    expect(await endBeforeStart("SIGHUP")).toEqual([1, ""]);
  });

  it("starts where no folder can be made, too", () => {
    expect(version(join(root, "package.json", "cache"))).toMatch(/^\d+\.\d+\.\d+/);
  });

  it("says that the working directory was removed, without a stack", () => {
    const launcher = join(root, "engine", "launch.mjs");
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" config check';
    const { status, stderr } = spawnSync("sh", ["-c", script, process.execPath, launcher], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("weir: the working directory was removed; change to one that exists\n");
    expect(status).toBe(1);
  });
});
