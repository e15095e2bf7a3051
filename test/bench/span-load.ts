// Spans from the load generator of the peers (Go, beside the checkout), built on the spot: a
// foreign client, cheaper than one in Node. Without Go or the sources the row is left out, by name.
import { spawn } from "node:child_process";

import { buildPeer } from "./build-peer.ts";

/** Path of the generator, or null with the reason printed. */
export const buildSpanLoad = (): string | null =>
  buildPeer({
    name: "otlpload",
    what: "spans",
    files: ["go.mod", "main.go", "body.go"],
    binary: "otlpload",
  });

export type SpanLoadOptions = {
  readonly binary: string;
  /** Of the endpoint. */
  readonly url: string;
  readonly spansPerRequest: number;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second; 0 = as fast as answers come. */
  readonly rate: number;
  readonly encoding?: "protobuf" | "gzip" | "json";
  /** Processes whose CPU time is measured; spans per CPU-second are of the first. */
  readonly pids?: readonly number[];
};

/** What the generator says, as far as it is read here. */
export type SpanLoadResult = {
  readonly requestsPerSecond: number;
  readonly p50ms: number;
  readonly p99ms: number;
  /** Of the first process; absent without one. */
  readonly spansPerCpuSecond?: number;
  /** Answers that were not 200, by status, and the first one's words. */
  readonly not200?: object;
  readonly firstError?: string;
};

export const loadSpans = (options: SpanLoadOptions): Promise<SpanLoadResult> =>
  new Promise((resolve, reject) => {
    const { url, spansPerRequest, connections, seconds, rate } = options;
    const flags = { url, spans: spansPerRequest, conns: connections };
    const words = Object.entries({ ...flags, seconds, warmup: 1, rate }).flatMap(
      ([flag, value]) => [`-${flag}`, String(value)],
    );
    const { encoding, pids = [] } = options;
    const more = pids.length === 0 ? [] : ["-pid", pids.join(",")];
    if (encoding === "gzip" || encoding === "json") more.push(`-${encoding}`);
    const child = spawn(options.binary, [...words, ...more, "-out-json"]);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve(JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as SpanLoadResult)
        : reject(new Error(`otlpload code=${code}`)),
    );
  });
