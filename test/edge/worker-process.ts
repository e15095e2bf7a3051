// A Worker of the tests by itself in raw workerd, started as the edge is: its source is bundled with
// wrangler's own bundler.
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type RunningEdge, startEdge } from "../../engine/up/edge-process.ts";

type Esbuild = { build(options: object): Promise<unknown> };

const require = createRequire(import.meta.url);
const esbuild = createRequire(require.resolve("wrangler"))("esbuild") as Esbuild;

/** What the Worker asks of the runtime. */
export type WorkerOptions = {
  /** Of the source. */
  readonly path: string;
  /** The one class of objects, and the binding that reaches it. */
  readonly object: { readonly binding: string; readonly className: string };
};

/** On a free port; `stop` removes its files too. */
export const startWorker = async ({ path, object }: WorkerOptions): Promise<RunningEdge> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-worker-"));
  const outfile = join(folder, "worker.js");
  await esbuild.build({
    entryPoints: [path],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
    logLevel: "error",
  });
  const module = { path: outfile, wasmModules: [] };
  const edge = await startEdge({
    bundle: {
      front: module,
      forwarder: module,
      compatibilityDate: "2026-10-23",
      compatibilityFlags: ["nodejs_compat"],
      objects: [object],
      keyValues: [],
      vars: {},
    },
    port: 0,
    host: "127.0.0.1",
    vars: {},
    storageDir: join(folder, "storage"),
  });
  const stop = async (): Promise<void> => {
    await edge.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...edge, stop };
};
