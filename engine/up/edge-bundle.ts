// The edge's bundle, as wrangler builds it for Cloudflare: dry-run deployments, without account
// and without a call home. Two modules, since the objects have an isolate of their own here. Kept
// under a hash of everything that goes into it, so that a second start does not run wrangler.
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";

/** A module that workerd runs. */
export type EdgeModule = {
  /** Absolute. */
  readonly path: string;
  /** Names of the compiled modules beside it, as it imports them. */
  readonly wasmModules: readonly string[];
};

/** What workerd needs; all that is not code is from wrangler.toml. */
export type EdgeBundle = {
  /** Answers requests. */
  readonly front: EdgeModule;
  /** Holds the objects. */
  readonly forwarder: EdgeModule;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly objects: readonly { readonly binding: string; readonly className: string }[];
  /** Bindings of KV namespaces. */
  readonly keyValues: readonly string[];
  readonly vars: { readonly [name: string]: string };
};

/** From where, to where. */
export type BundleOptions = {
  /** Root of the project: where wrangler.toml lies. */
  readonly root: string;
  /** Bundles are kept here, one folder per hash. */
  readonly outDir: string;
};

const sources = ["edge", "schemas", "wrangler.toml", "package-lock.json"] as const;
/** Bundles kept beside the current one: switching between two branches costs nothing. */
const bundlesKeptMax = 4;
/** A build folder older than this is nobody's. */
const buildMsMax = 600_000;
const outputCharsMax = 4000;
const aboutFile = "bundle.json";
const entries = { front: "front-worker", forwarder: "forwarder-worker" } as const;
type Part = keyof typeof entries;

const filesUnder = async (path: string): Promise<readonly string[]> => {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return [];
  if (info.isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
};

const hashOf = async (root: string): Promise<string> => {
  const paths = (await Promise.all(sources.map((source) => filesUnder(join(root, source))))).flat();
  const hash = createHash("sha256");
  for (const path of paths.sort()) {
    const bytes = await readFile(path);
    hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
};

const wranglerScript = (root: string): string => {
  const require = createRequire(join(root, "package.json"));
  const manifestPath = require.resolve("wrangler/package.json");
  const { bin } = require(manifestPath) as { bin: { readonly wrangler: string } };
  return join(manifestPath, "..", bin.wrangler);
};

/** Wrangler reads these; without them it asks a registry for updates and reports usage. */
const quiet = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_LOG: "error",
} as const;

const runWrangler = async (root: string, config: string, outDir: string): Promise<void> => {
  const words = ["deploy", "--config", config, "--dry-run", "--outdir", outDir];
  const child = spawn(process.execPath, [wranglerScript(root), ...words], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...quiet, WRANGLER_LOG_PATH: join(outDir, "log") },
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-outputCharsMax);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    throw new Error(`edge bundle: wrangler ended with code=${code}: ${output.trim()}`);
};

type WranglerConfig = {
  readonly alias?: { readonly [module: string]: string };
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly keep_names?: boolean;
  readonly vars: { readonly [name: string]: unknown };
  readonly kv_namespaces: readonly { readonly binding: string }[];
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
};

type About = Omit<EdgeBundle, Part>;

const wranglerConfig = async (root: string): Promise<WranglerConfig> => {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  return readConfig({ config: join(root, "wrangler.toml") });
};

const aboutOf = (config: WranglerConfig): About => {
  const { compatibility_date: compatibilityDate } = config;
  if (compatibilityDate === undefined) throw new Error("wrangler.toml: no compatibility_date");
  return {
    compatibilityDate,
    compatibilityFlags: config.compatibility_flags,
    objects: config.durable_objects.bindings.map((object) => ({
      binding: object.name,
      className: object.class_name,
    })),
    keyValues: config.kv_namespaces.map(({ binding }) => binding),
    vars: Object.fromEntries(
      Object.entries(config.vars).map(([name, value]) => [name, String(value)]),
    ),
  };
};

const newFolder = async (outDir: string): Promise<string> => {
  try {
    await mkdir(outDir, { recursive: true });
    // Not mkdtemp, which keeps it from other users of the same checkout, who may not build one.
    const folder = join(outDir, `building-${randomUUID()}`);
    await mkdir(folder);
    return folder;
  } catch (error) {
    const why = (error as Error).message;
    const advice = `start weir up once as the owner of ${outDir}`;
    throw new Error(`edge bundle: ${why}; ${advice}`, { cause: error });
  }
};

/** The settings of wrangler.toml that change the code. */
const codeSettings = (root: string, config: WranglerConfig) => {
  const aliases = Object.entries(config.alias ?? {});
  return {
    compatibility_date: config.compatibility_date,
    compatibility_flags: config.compatibility_flags,
    keep_names: config.keep_names,
    // Taken from the project's root there, and from the folder of the settings here.
    alias: Object.fromEntries(aliases.map(([name, path]) => [name, join(root, path)])),
  };
};

/** Bundles one entry into a folder of its name. */
const buildPart = async (
  root: string,
  folder: string,
  code: ReturnType<typeof codeSettings>,
  part: Part,
): Promise<void> => {
  const config = join(folder, `${part}.json`);
  const main = join(root, "edge", `${entries[part]}.ts`);
  const settings = { name: `weir-${part}`, main, ...code };
  await writeFile(config, JSON.stringify(settings));
  await runWrangler(root, config, join(folder, part));
};

const build = async (root: string, folder: string): Promise<void> => {
  const outDir = join(folder, "..");
  // Built aside and moved in one step: two starts at once must not see half a bundle.
  const temporary = await newFolder(outDir);
  const config = await wranglerConfig(root);
  const about = aboutOf(config);
  const parts = Object.keys(entries) as Part[];
  const builds = parts.map((part) => buildPart(root, temporary, codeSettings(root, config), part));
  // Also when one has failed: nobody may write there any more when this has ended.
  await Promise.allSettled(builds);
  await Promise.all(builds);
  await writeFile(join(temporary, aboutFile), JSON.stringify(about));
  const isFirst = await rename(temporary, folder).then(
    () => true,
    () => false,
  );
  if (!isFirst) await rm(temporary, { recursive: true, force: true });
};

const prune = async (outDir: string): Promise<void> => {
  const names = (await readdir(outDir)).filter((name) =>
    /^(?:[0-9a-f]{16}|building-.+)$/.test(name),
  );
  const dated = await Promise.all(
    names.map(async (name) => {
      const path = join(outDir, name);
      const ms = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
      return { path, ms, isBuilding: name.startsWith("building-") };
    }),
  );
  const bundles = dated.filter(({ isBuilding }) => !isBuilding).sort((a, b) => b.ms - a.ms);
  // Left by a build that was killed; a running one is younger.
  const left = dated.filter(({ isBuilding, ms }) => isBuilding && ms < Date.now() - buildMsMax);
  const old = [...bundles.slice(bundlesKeptMax), ...left];
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
};

const moduleIn = async (folder: string, part: Part): Promise<EdgeModule> => {
  const files = await readdir(join(folder, part));
  const wasmModules = files.filter((name) => name.endsWith(".wasm")).sort();
  return { path: join(folder, part, `${entries[part]}.js`), wasmModules };
};

/**
 * Builds the bundle, or finds the one of the same sources (about 20 ms).
 * @throws Error with wrangler's last words when it cannot be built, or naming the folder that takes none.
 */
export const bundleEdge = async ({ root, outDir }: BundleOptions): Promise<EdgeBundle> => {
  const folder = join(outDir, await hashOf(root));
  const aboutPath = join(folder, aboutFile);
  const isKept = await stat(aboutPath).then(
    () => true,
    () => false,
  );
  if (!isKept) {
    await build(root, folder);
    await prune(outDir);
  }
  const about = JSON.parse(await readFile(aboutPath, "utf8")) as About;
  const front = await moduleIn(folder, "front");
  return { ...about, front, forwarder: await moduleIn(folder, "forwarder") };
};
