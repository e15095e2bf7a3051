// The edge on the way to a real Kafka over a longer time: its latency at half of the load that it
// holds, beside the Collector's, and whether its memory stays flat at full load. Minutes of the
// latter: WEIR_BENCH_MINUTES, 10 by default.
import { type Server, residentMb, startCollector, startWeir, withEdgeRig } from "./edge-servers.ts";
import type { BenchOptions } from "./harness.ts";
import { report } from "./harness.ts";
import { loadSpans } from "./span-load.ts";

type Answered = {
  readonly requestsPerSecond: number;
  readonly p50ms: number;
  readonly p99ms: number;
  readonly not200?: object;
};

type Work = { readonly spansPerRequest: number; readonly seconds: number; readonly rate: number };

const connections = 16;
const minutesDefault = 10;

const load = async (binary: string, server: Server, work: Work): Promise<Answered> => {
  const options = { binary, url: server.url, connections, pids: [server.pid], ...work };
  return (await loadSpans(options)) as unknown as Answered;
};

const atHalfLoad = async (binary: string, server: Server, seconds: number): Promise<void> => {
  const spansPerRequest = 100;
  const { requestsPerSecond } = await load(binary, server, { spansPerRequest, seconds, rate: 0 });
  const rate = Math.floor(requestsPerSecond / 2);
  const { p50ms, p99ms, not200 } = await load(binary, server, { spansPerRequest, seconds, rate });
  const row = `${server.name}, half load, ${spansPerRequest} spans a request`;
  report({ p50ms, p99ms, rate, fullLoad: requestsPerSecond, ...(not200 && { not200 }), row });
};

const memory = async (binary: string, server: Server, seconds: number): Promise<void> => {
  const rounds = 10;
  const mb: number[] = [];
  let requests = 0;
  for (let round = 0; round < rounds; round += 1) {
    const work = { spansPerRequest: 1000, seconds: seconds / rounds, rate: 0 };
    requests += (await load(binary, server, work)).requestsPerSecond * work.seconds;
    mb.push(residentMb(server.pid));
  }
  const row = `${server.name}, memory at full load, 1000 spans a request, ${seconds} s`;
  report({ residentMb: mb, residentMbMax: Math.max(...mb), requests: Math.round(requests), row });
};

export const run = ({ smoke }: BenchOptions): Promise<void> =>
  withEdgeRig("edge-steady", async ({ broker, binary }) => {
    const minutes = Number(process.env["WEIR_BENCH_MINUTES"] ?? minutesDefault);
    const kafka = { LOG_KIND: "kafka", KAFKA_BROKERS: broker.bootstrap, SAMPLE_RATE: "1" };
    const weir = await startWeir("weir: validate, sample 100 %, forward", kafka);
    try {
      await atHalfLoad(binary, weir, smoke ? 0.5 : 10);
      await memory(binary, weir, smoke ? 1 : minutes * 60);
    } finally {
      await weir.stop();
    }
    const collector = smoke ? null : await startCollector(broker.bootstrap);
    if (collector === null) return;
    try {
      await atHalfLoad(binary, collector, 10);
    } finally {
      await collector.stop();
    }
  });
