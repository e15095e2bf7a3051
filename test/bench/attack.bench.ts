// npm run bench -- attack: each attack of test/attack on a fresh workerd: the answer, how long it
// took and the peak of the process' memory, beside what it had after one good request. Then the
// largest good JSON body, alone and several at once, for the 128 MB of an isolate.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { EdgeBundle } from "../../engine/up/edge-bundle.ts";
import { bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { attackVars, attacks, goodRequest } from "../attack/attacks.ts";
import { largeJson } from "../attack/large-json.ts";
import type { Target } from "../attack/raw-socket.ts";
import { RestLogStub } from "../engine/up/rest-log-stub.ts";
import { type BenchOptions, report } from "./harness.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const kibibytesPerMebibyte = 1024;
const smokeAttacks = 3;

type Lab = { readonly bundle: EdgeBundle; readonly log: RestLogStub; readonly folder: string };
type Work = { readonly what: string; readonly send: (target: Target) => Promise<string> };

/** Largest resident memory since the last reset, MiB. Linux only. */
const peakMiB = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / kibibytesPerMebibyte;
};

/** The peak starts again at what the process has now. */
const resetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, "5");

const measure = async ({ bundle, log, folder }: Lab, { what, send }: Work): Promise<void> => {
  const storageDir = mkdtempSync(join(folder, "storage-"));
  const vars = {
    SAMPLE: "off",
    LOG_KIND: "rest",
    REST_URL: log.url,
    ...attackVars,
    BODY_MS_MAX: "2000",
  };
  const edge = await startEdge({ bundle, port: 0, host: "127.0.0.1", vars, storageDir });
  const { hostname, port } = new URL(edge.url);
  const target = { host: hostname, port: Number(port) };
  await goodRequest(target);
  resetPeak(edge.pid);
  const before = peakMiB(edge.pid);
  const start = performance.now();
  const answer = await send(target);
  const ms = performance.now() - start;
  const peak = peakMiB(edge.pid);
  const after = await goodRequest(target);
  log.records.length = 0;
  await edge.stop();
  report({
    benchmark: "attack",
    what,
    answer,
    peakMiB: Math.round(peak),
    aboveIdleMiB: Math.round(peak - before),
    ms: Math.round(ms),
    next: after,
  });
};

const largeBodies = (smoke: boolean): readonly Work[] =>
  [
    [15.9, 1],
    [15.9, 4],
  ].map(([megabytes = 0, count = 0]) => {
    const body = largeJson(smoke ? 1 : megabytes);
    return {
      what: `good JSON, ${(body.bytes / 2 ** 20).toFixed(1)} MiB, ${body.spans} spans, ${count} at once`,
      send: async (target) => {
        const answers = await Promise.all(Array.from({ length: count }, () => body.send(target)));
        return answers.join(" ");
      },
    };
  });

/** Runs all attacks, a few for smoke. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "weir-attack-"));
  const log = await new RestLogStub().start();
  try {
    const bundle = await bundleEdge({ root, outDir: join(root, ".weir", "edge") });
    const lab = { bundle, log, folder };
    const chosen = smoke ? attacks.slice(0, smokeAttacks) : attacks;
    for (const { name, send } of chosen) await measure(lab, { what: name, send });
    for (const work of largeBodies(smoke)) await measure(lab, work);
  } finally {
    await log.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
