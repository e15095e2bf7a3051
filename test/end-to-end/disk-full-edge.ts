// Run inside a mount namespace of its own: mounts a file system of a few MiB where the edge keeps its
// objects, sends spans while Kafka is away until the disk is full and some more, and prints what it
// was told, as JSON. Arguments: the directory.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bundleEdge, startEdge } from "../../engine/up/edge-process.ts";
import { protobufType, tracesBody } from "../engine/up/edge-client.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const requestsMax = 60;
const refusalsWanted = 4;
const spansPerRequest = 3000;

const [directory = ""] = process.argv.slice(2);
execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", directory]);
const edge = await startEdge({
  bundle: await bundleEdge({ root, outDir: join(root, ".weir", "edge") }),
  port: 0,
  host: "127.0.0.1",
  vars: { LOG_KIND: "kafka", KAFKA_BROKERS: "127.0.0.1:1", WAIT_MS_MAX: "2000", SAMPLE: "off" },
  storageDir: directory,
});
const statuses: number[] = [];
for (let at = 0; at < requestsMax; at += 1) {
  const body = tracesBody(spansPerRequest, at);
  const init = { method: "POST", body, headers: protobufType };
  const response = await fetch(`${edge.url}/v1/traces`, init);
  await response.bytes();
  statuses.push(response.status);
  if (statuses.filter((status) => status !== 200).length === refusalsWanted) break;
}
const status: unknown = await (await fetch(`${edge.url}/status`)).json();
await edge.stop();
process.stdout.write(JSON.stringify({ statuses, status }));
