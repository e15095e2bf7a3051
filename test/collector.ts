// A foreign OTLP/HTTP receiver: a real OpenTelemetry Collector that writes what it took into a file,
// one OTLP/JSON request a line, where its binary is there, which needs Go and a minute to build; else
// a server that reads protobuf with protobufjs and refuses what is none.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { protoDecode } from "./oracles/otlp-proto.ts";
import { freePort, serving } from "./server-process.ts";

const binary = join(import.meta.dirname, "../.weir/collector/testcol");

/** Built once by `npm run bench -- edge`. */
const hasBinary = existsSync(binary);

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

const startMsMax = 120_000;

/** @throws Error when it does not serve in time. */
export const startCollector = (): Promise<Collector> =>
  hasBinary ? startBinary() : startProtobufjs();

const messages = new Map([
  ["/v1/traces", "ExportTraceServiceRequest"],
  ["/v1/logs", "ExportLogsServiceRequest"],
]);

const startProtobufjs = async (): Promise<Collector> => {
  const taken: { readonly [key: string]: unknown }[] = [];
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const name = messages.get(request.url ?? "");
      const body = Buffer.concat(chunks);
      const isJson = request.headers["content-type"] === "application/json";
      try {
        if (name === undefined || request.method !== "POST") throw new Error("address");
        taken.push(isJson ? JSON.parse(body.toString()) : protoDecode(name, body));
        response.writeHead(200).end();
      } catch {
        response.writeHead(400).end();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}`, taken: () => taken, stop };
};

const startBinary = async (): Promise<Collector> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-collector-"));
  const out = join(folder, "out.jsonl");
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yaml");
  writeFileSync(config, configOf(address, out));
  const child = spawn(binary, ["--config", config], {
    env: { ...process.env, GOMAXPROCS: "1" },
    stdio: "ignore",
  });
  await serving(child, `http://${address}/`, startMsMax);
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
