// The edge on the way to a real Kafka over a longer time: its latency at half of the load that it
// holds, beside its own with edge.short_pauses, at the same rate that of a Worker which does nothing
// but call an object, of the prototypes' edge and of the Collector; and whether its memory stays flat at
// full load. Minutes of the latter: WEIR_BENCH_MINUTES, 10 by default.
import { residentMb, type Server } from "./bench-server.ts";
import { startCallOnly, startCollector, startPrototype } from "./edge-rivals.ts";
import { deleteSpans, startWeir, withEdgeRig } from "./edge-servers.ts";
import type { BenchOptions } from "./harness.ts";
import { report, spread } from "./harness.ts";
import { loadSpans, type SpanLoadResult } from "./span-load.ts";

type Work = { readonly spansPerRequest: number; readonly seconds: number; readonly rate: number };

const connections = 16;
const minutesDefault = 10;
const warmTurns = 6;
/** Of the latencies. */
const spansPerRequest = 100;

const load = (binary: string, server: Server, work: Work): Promise<SpanLoadResult> =>
  loadSpans({ binary, url: server.tracesUrl, connections, pids: [server.pid], ...work });

type LoadRun = {
  readonly binary: string;
  readonly server: Server;
  readonly seconds: number;
  readonly rounds: number;
};

const atRate = async (
  { binary, server, seconds, rounds }: LoadRun,
  rate: number,
): Promise<void> => {
  const results: SpanLoadResult[] = [];
  for (let i = 0; i < rounds; i += 1)
    results.push(await load(binary, server, { spansPerRequest, seconds, rate }));
  const failed = results.find(({ not200 }) => not200 !== undefined);
  report({
    p50ms: spread(results.map(({ p50ms }) => p50ms)),
    p99ms: spread(results.map(({ p99ms }) => p99ms)),
    rate,
    kSpansPerCpuSecond: spread(results.map((round) => (round.spansPerCpuSecond ?? 0) / 1000)),
    residentMb: residentMb(server.pid),
    ...(failed && { not200: failed.not200 }),
    row: `${server.name}, ${spansPerRequest} spans a request`,
  });
};

/** Requests per second that it holds, at least 1, once compilers and pools are as in one that runs. */
const fullLoad = async ({ binary, server, seconds }: LoadRun): Promise<number> => {
  const work = { spansPerRequest, seconds, rate: 0 };
  await load(binary, server, work);
  const { requestsPerSecond } = await load(binary, server, work);
  report({
    fullLoad: requestsPerSecond,
    row: `${server.name}, ${spansPerRequest} spans a request`,
  });
  return Math.max(1, requestsPerSecond);
};

/** Full load and half of it in turn, as the broker's compilers look at both. */
const warm = async ({ binary, server, seconds }: LoadRun): Promise<void> => {
  for (let i = 0; i < warmTurns; i += 1) {
    const full = await load(binary, server, { spansPerRequest, seconds, rate: 0 });
    const rate = Math.max(1, Math.floor(full.requestsPerSecond / 2));
    await load(binary, server, { spansPerRequest, seconds, rate });
  }
};

const memory = async ({ binary, server, seconds, rounds }: LoadRun): Promise<void> => {
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

const withServer = async (
  server: Server | null,
  body: (server: Server) => Promise<void>,
): Promise<void> => {
  if (server === null) return;
  try {
    await body(server);
  } finally {
    await server.stop();
  }
};

export const run = ({ smoke }: BenchOptions): Promise<void> =>
  withEdgeRig("edge-steady", async ({ broker, binary }) => {
    const minutes = Number(process.env["WEIR_BENCH_MINUTES"] ?? minutesDefault);
    const vars = { LOG_KIND: "kafka", KAFKA_BROKERS: broker.bootstrap, SAMPLE_RATE: "1" };
    const work = "validate, sample 100 %, forward";
    const forward = async (): Promise<Server> => startWeir(`weir: ${work}`, { vars });
    let rate = 0;
    const latency = async (server: Server): Promise<void> => {
      await deleteSpans(broker);
      const run = { binary, server, seconds: smoke ? 0.5 : 10, rounds: smoke ? 1 : 3 };
      const held = await fullLoad(run);
      if (rate === 0) rate = Math.floor(held / 2);
      await atRate(run, rate);
    };
    const warming = { binary, seconds: smoke ? 0.1 : 5, rounds: 1 };
    await withServer(await forward(), (server) => warm({ ...warming, server }));
    await withServer(await forward(), latency);
    await withServer(await startCallOnly(), latency);
    if (!smoke) {
      const short = { vars, shortPauses: true };
      await withServer(await startWeir(`weir, short pauses: ${work}`, short), latency);
      await withServer(await startPrototype(broker.bootstrap), latency);
      await withServer(await startCollector(broker.bootstrap), latency);
    }
    const size = smoke ? { seconds: 1, rounds: 2 } : { seconds: minutes * 60, rounds: 10 };
    await withServer(await forward(), (server) => memory({ binary, server, ...size }));
  });
