// A real OpenTelemetry Collector with an OTLP/HTTP receiver that writes what it took into a file,
// one OTLP/JSON request a line. Where its binary is not there, tests with it are skipped by name.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary = join(import.meta.dirname, "../.weir/collector/testcol");

/** Built once by `npm run bench -- edge`. */
export const hasCollector = existsSync(binary);

const configOf = (address: string, out: string): string => `
receivers:
  otlp: {protocols: {http: {endpoint: "${address}"}}}
exporters:
  file: {path: "${out}", flush_interval: 50ms}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    traces: {receivers: [otlp], exporters: [file]}
    logs: {receivers: [otlp], exporters: [file]}
`;

export type Collector = {
  /** Base address; signals are below /v1. */
  readonly url: string;
  /** The requests that it took so far. */
  readonly taken: () => readonly { readonly [key: string]: unknown }[];
  readonly stop: () => Promise<void>;
};

const startMsMax = 10_000;

/** @throws Error when it does not serve in time. */
export const startCollector = async (): Promise<Collector> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-collector-"));
  const out = join(folder, "out.jsonl");
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yaml");
  writeFileSync(config, configOf(address, out));
  const child = spawn(binary, ["--config", config], {
    env: { ...process.env, GOMAXPROCS: "1" },
    stdio: "ignore",
  });
  await serving(child, `http://${address}/`);
  return {
    url: `http://${address}`,
    taken: () =>
      existsSync(out)
        ? readFileSync(out, "utf8")
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as { readonly [key: string]: unknown })
        : [],
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const serving = async (child: ChildProcess, url: string): Promise<void> => {
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += 50) {
    if ((await fetch(url).catch(() => null)) !== null) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error("Collector did not start");
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
};
