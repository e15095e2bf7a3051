// Metrics of stages over HTTP as Prometheus scrapes them: the page reads the cells in shared memory
// when somebody asks, so the stage at work never notices. Serves `--seconds N` (0, the default: one
// scrape by itself) on `--port N` (0, the default: a free one) of loopback.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isMainThread, Worker, workerData } from "node:worker_threads";

import { createStageMetrics, StageMetrics, stageMetricsPage } from "weir/metrics";

const table = {
  stage: "square-roots",
  counters: { done: { name: "square_roots_done_total", help: "Roots drawn" } },
  gauges: { last: { name: "square_roots_last", help: "The last root" } },
  histograms: {
    turn: { name: "square_roots_turn_seconds", help: "Time of a turn of work", unit: "us" },
  },
} as const;

/** The stage: a thread that works and counts, and knows nothing of HTTP. */
const work = (memory: SharedArrayBuffer): void => {
  const metrics = new StageMetrics<typeof table>(memory);
  const [done, last] = [metrics.counter("done"), metrics.gauge("last")];
  const turn = metrics.histogram("turn");
  for (let turns = 0; turns < 1000; turns += 1) {
    const startedMs = performance.now();
    for (let number = 0; number < 1000; number += 1) last.set(Math.sqrt(number));
    done.add(1000);
    turn.record(Math.round((performance.now() - startedMs) * 1000));
  }
};

const serve = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      seconds: { type: "string", default: "0" },
    },
  });
  const memory = createStageMetrics(table);
  const worker = new Worker(new URL(import.meta.url), { workerData: memory, argv: [] });
  const page = stageMetricsPage([memory]);
  const server = createServer((_request, response) => {
    const answer = async (): Promise<void> => {
      const text = await page.render();
      response.writeHead(200, { "content-type": page.contentType }).end(text);
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(Number(values.port), "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  console.log(JSON.stringify({ url }));
  await once(worker, "exit");
  await sleep(Number(values.seconds) * 1000);
  const response = await fetch(url);
  const type = response.headers.get("content-type");
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  console.log(JSON.stringify({ status: response.status, type, lines: lines.length }));
  for (const line of lines.filter((each) => !each.includes("_bucket"))) {
    console.log(JSON.stringify({ line }));
  }
  server.close();
  server.closeAllConnections();
};

if (isMainThread) await serve();
else work(workerData as SharedArrayBuffer);
