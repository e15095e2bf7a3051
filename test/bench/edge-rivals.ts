// What the edge is measured beside: in front of the same Kafka the Collector of the peers and the
// prototypes' edge, workerd on a bundle that forwards a body neither decoded nor checked; without any
// Kafka a Worker that only calls an object, for what of a latency is the runtime's own.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startEdge, workerdPath } from "../../engine/up/edge-process.ts";
import { freeAddress, pin, type Server, startServer } from "./bench-server.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const collectorSource = join(root, "../shared/peers/collector");
const collectorFolder = join(root, ".weir", "collector");
const prototypeSource = join(root, "../shared/prototypes/edge");
const prototypeFolder = join(root, ".weir", "prototype-edge");
const compatibilityDate = "2026-10-23";

const buildCollector = (): string | null => {
  const binary = join(collectorFolder, "testcol");
  if (existsSync(binary)) return binary;
  if (!existsSync(collectorSource)) {
    console.log("Collector left out: ../shared/peers/collector is not there");
    return null;
  }
  try {
    mkdirSync(collectorFolder, { recursive: true });
    for (const file of ["go.mod", "go.sum", "main.go"])
      cpSync(join(collectorSource, file), join(collectorFolder, file));
    const args = ["build", "-trimpath", "-ldflags=-s -w", "-o", "testcol", "."];
    const env = { ...process.env, CGO_ENABLED: "0" };
    console.log("building the Collector, once (some minutes)");
    execFileSync("go", args, { cwd: collectorFolder, stdio: "pipe", env });
    return binary;
  } catch (error) {
    console.log(`Collector left out: go build failed: ${String(error)}`);
    return null;
  }
};

/** Null, with the reason printed, where it cannot be built. */
export const startCollector = async (kafka: string): Promise<Server | null> => {
  const command = buildCollector();
  if (command === null) return null;
  const address = await freeAddress();
  return startServer({
    name: "collector: forward",
    command,
    words: ["--config", join(collectorSource, "kafka-sync.yaml")],
    // One thread for Go code, as it has one core.
    env: { KAFKA: kafka, OTLP_HTTP: address, GOMAXPROCS: "1" },
    address,
    tracesPath: "/v1/traces",
  });
};

// In a folder of ours, as it looks for esbuild and kafkajs beside itself.
const buildPrototype = (address: string, kafka: string): string => {
  rmSync(prototypeFolder, { recursive: true, force: true });
  cpSync(prototypeSource, prototypeFolder, { recursive: true });
  const words = ["build.mjs", "edge.ts", join(prototypeFolder, "dist/fast.js"), "fast"];
  const [script = "", ...rest] = words;
  const options = { cwd: root, stdio: "pipe" } as const;
  execFileSync(process.execPath, [join(prototypeFolder, script), ...rest], options);
  const config = join(prototypeFolder, "config.capnp");
  const text = readFileSync(join(prototypeFolder, "workerd.capnp"), "utf8");
  const own = text
    .replace("127.0.0.1:8872", address)
    .replace("127.0.0.1:39777", kafka)
    // Theirs is later than the workerd that wrangler brings.
    .replace(/compatibilityDate = "[^"]*"/, `compatibilityDate = "${compatibilityDate}"`);
  writeFileSync(config, own);
  return config;
};

/** Null, with the reason printed, where the prototypes are not. */
export const startPrototype = async (kafka: string): Promise<Server | null> => {
  if (!existsSync(prototypeSource)) {
    console.log("prototype left out: ../shared/prototypes/edge is not there");
    return null;
  }
  const address = await freeAddress();
  return startServer({
    name: "prototype: forward, neither decoded nor checked",
    command: workerdPath(),
    words: ["serve", buildPrototype(address, kafka)],
    env: { TOPIC: "otlp_spans" },
    address,
    tracesPath: "/auto",
  });
};

type Esbuild = { transformSync(text: string, options: object): { readonly code: string } };

const require = createRequire(import.meta.url);
const esbuild = createRequire(require.resolve("wrangler"))("esbuild") as Esbuild;

/** With the flags and the two isolates of our edge. */
export const startCallOnly = async (): Promise<Server> => {
  const storageDir = mkdtempSync(join(tmpdir(), "weir-bench-call-"));
  const path = join(storageDir, "worker.js");
  const source = readFileSync(join(root, "test/edge/call-only.worker.ts"), "utf8");
  writeFileSync(path, esbuild.transformSync(source, { loader: "ts" }).code);
  const module = { path, wasmModules: [] };
  const bundle = {
    front: module,
    forwarder: module,
    compatibilityDate,
    compatibilityFlags: [],
    objects: [{ binding: "CALLEE", className: "Callee" }],
    keyValues: [],
    vars: {},
  };
  const edge = await startEdge({ bundle, vars: {}, port: 0, host: "127.0.0.1", storageDir });
  pin(edge.pid, 0);
  const stop = async (): Promise<void> => {
    await edge.stop();
    rmSync(storageDir, { recursive: true, force: true });
  };
  return { name: "workerd: a call to an object alone", tracesUrl: edge.url, pid: edge.pid, stop };
};
