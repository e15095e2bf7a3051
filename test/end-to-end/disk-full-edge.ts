// Run inside a mount namespace of its own: mounts a file system of a few MiB where the edge keeps its
// objects, sends spans while the log is away until the disk is full and some more, gives it room,
// lets the log come back, and prints what it was told and what the log holds, as JSON. Arguments:
// the directory.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { openEmbeddedLog } from "../../engine/log/embedded-log.ts";
import { startRestServer } from "../../engine/log/rest-server.ts";
import { bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { edgeAtRest } from "../../engine/up/edge-status.ts";
import { protobufType, spanNames, tracesBody } from "../engine/up/edge-client.ts";
import { readTopic } from "../read-topic.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const requestsMax = 60;
const refusalsWanted = 4;
const requestsAfter = 3;
const spansPerRequest = 3000;
const drainMsMax = 120_000;

const [directory = ""] = process.argv.slice(2);
const storageDir = join(directory, "edge");
mkdirSync(storageDir);
execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", storageDir]);

const log = openEmbeddedLog({ directory: join(directory, "log") });
await log.createTopics();
const before = await startRestServer({ log, port: 0 });
const logUrl = before.url;
await before.close();
const edge = await startEdge({
  bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
  port: 0,
  host: "127.0.0.1",
  vars: { LOG_KIND: "rest", REST_URL: logUrl, WAIT_MS_MAX: "60000", SAMPLE: "off" },
  storageDir,
});

const answers: { status: number; retryAfter: string | null; text: string }[] = [];
const acknowledged: string[] = [];
const send = async (): Promise<void> => {
  const body = tracesBody(spansPerRequest, answers.length);
  const init = { method: "POST", body, headers: protobufType };
  const response = await fetch(`${edge.url}/v1/traces`, init);
  const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
  const { status, headers } = response;
  if (status === 200) acknowledged.push(...spanNames(body));
  answers.push({ status, retryAfter: headers.get("retry-after"), text });
};
const statusNow = async (): Promise<unknown> => (await fetch(`${edge.url}/status`)).json();

while (answers.length < requestsMax) {
  await send();
  if (answers.filter(({ status }) => status !== 200).length === refusalsWanted) break;
}
const full = { answers: answers.slice(), status: await statusNow() };

execFileSync("mount", ["-o", "remount,size=64m", storageDir]);
for (let i = 0; i < requestsAfter; i += 1) await send();
const rest = await startRestServer({ log, port: Number(new URL(logUrl).port) });
await edgeAtRest({ url: edge.url, apiKey: null }, drainMsMax);
const held = new Set(
  (await readTopic(log, "otlp_spans")).flat().flatMap(({ value }) => spanNames(value)),
);
const after = {
  answers: answers.slice(full.answers.length),
  status: await statusNow(),
  acknowledged: acknowledged.length,
  lost: acknowledged.filter((name) => !held.has(name)).length,
};
await edge.stop();
await rest.close();
await log.close();
process.stdout.write(JSON.stringify({ full, after }));
