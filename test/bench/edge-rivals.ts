// What the edge is measured beside: in front of the same Kafka the Collector of the peers and the
// prototypes' edge, workerd on a bundle that forwards a body neither decoded nor checked; without any
// Kafka a Worker that only calls an object, for what of a latency is the runtime's own.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { workerdPath } from "../../engine/up/edge-process.ts";
import { startWorker } from "../edge/worker-process.ts";
import { freePort } from "../server-process.ts";
import { pin, type Server, startServer } from "./bench-server.ts";
import { buildPeer, peerSource } from "./build-peer.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const prototypeSource = join(root, "../shared/prototypes/edge");
const prototypeFolder = join(root, ".weir", "prototype-edge");
const compatibilityDate = "2026-10-23";

const buildCollector = (): string | null =>
  buildPeer({
    name: "collector",
    what: "Collector",
    files: ["go.mod", "go.sum", "main.go"],
    binary: "testcol",
    flags: ["-trimpath", "-ldflags=-s -w"],
    env: { CGO_ENABLED: "0" },
  });

/** Null, with the reason printed, where it cannot be built. */
export const startCollector = async (kafka: string): Promise<Server | null> => {
  const command = buildCollector();
  if (command === null) return null;
  const address = `127.0.0.1:${await freePort()}`;
  return startServer({
    name: "collector: forward",
    command,
    words: ["--config", join(peerSource("collector"), "kafka-sync.yaml")],
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
  const bundle = join(prototypeFolder, "dist/fast.js");
  const words = [join(prototypeFolder, "build.mjs"), "edge.ts", bundle, "fast"];
  execFileSync(process.execPath, words, { cwd: root, stdio: "pipe" });
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
  const address = `127.0.0.1:${await freePort()}`;
  return startServer({
    name: "prototype: forward, neither decoded nor checked",
    command: workerdPath(),
    words: ["serve", buildPrototype(address, kafka)],
    env: { TOPIC: "otlp_spans" },
    address,
    tracesPath: "/auto",
  });
};

/** Of our edge: its two isolates, and nothing else. */
export const startCallOnly = async (): Promise<Server> => {
  const path = join(root, "test/edge/call-only.worker.ts");
  const object = { binding: "CALLEE", className: "Callee" };
  const { pid, url, stop } = await startWorker({ path, object });
  pin(pid, 0);
  return { name: "workerd: a call to an object alone", tracesUrl: url, pid, stop };
};
