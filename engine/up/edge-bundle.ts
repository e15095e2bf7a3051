// The edge's bundle, as wrangler builds it for Cloudflare: a dry-run deployment, without account
// and without a call home. Kept under a hash of everything that goes into it, so that a second
// start does not run wrangler.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";

/** What workerd needs to know beside the code; all of it from wrangler.toml. */
export type EdgeBundle = {
  /** Absolute path of the Worker's module. */
  readonly modulePath: string;
  /** Names of the compiled modules beside it, as it imports them. */
  readonly wasmModules: readonly string[];
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
const moduleFile = "worker.js";

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

const runWrangler = async (root: string, outDir: string): Promise<void> => {
  const child = spawn(
    process.execPath,
    [wranglerScript(root), "deploy", "--dry-run", "--outdir", outDir],
    {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...quiet, WRANGLER_LOG_PATH: join(outDir, "log") },
    },
  );
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
  readonly compatibility_date?: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: { readonly [name: string]: unknown };
  readonly kv_namespaces: readonly { readonly binding: string }[];
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
};

type About = Omit<EdgeBundle, "modulePath" | "wasmModules">;

const aboutOf = async (root: string): Promise<About> => {
  const { unstable_readConfig: readConfig } = await import("wrangler");
  const config: WranglerConfig = readConfig({ config: join(root, "wrangler.toml") });
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
    return await mkdtemp(join(outDir, "building-"));
  } catch (error) {
    const why = (error as Error).message;
    const advice = `start weir up once as the owner of ${outDir}`;
    throw new Error(`edge bundle: ${why}; ${advice}`, { cause: error });
  }
};

const build = async (root: string, folder: string): Promise<void> => {
  const outDir = join(folder, "..");
  // Built aside and moved in one step: two starts at once must not see half a bundle.
  const temporary = await newFolder(outDir);
  await runWrangler(root, temporary);
  const wasmModules = (await readdir(temporary)).filter((name) => name.endsWith(".wasm"));
  const about = { ...(await aboutOf(root)), wasmModules };
  await writeFile(join(temporary, aboutFile), JSON.stringify(about));
  // For other users of the same checkout, who may not build one.
  await chmod(temporary, 0o755);
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
  const about = JSON.parse(await readFile(aboutPath, "utf8")) as Omit<EdgeBundle, "modulePath">;
  return { ...about, modulePath: join(folder, moduleFile) };
};
