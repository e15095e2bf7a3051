// Spans per CPU-second of the edge on the way to a real Kafka, acknowledged by it, beside the
// prototypes' edge and the real Collector on the same work: server on one core, load and broker on the other. WEIR_BENCH_ROWS, a
// regular expression over "who | encoding | spans x connections", chooses rows.
import { residentMb, type Server } from "./bench-server.ts";
import { startCollector, startPrototype } from "./edge-rivals.ts";
import { type EdgeRig, startWeir, withEdgeRig } from "./edge-servers.ts";
import type { BenchOptions } from "./harness.ts";
import { report, spread } from "./harness.ts";
import { loadSpans, type SpanLoadResult } from "./span-load.ts";

type Encoding = "protobuf" | "gzip" | "json";
type Work = {
  readonly encoding: Encoding;
  readonly spansPerRequest: number;
  readonly connections: number;
};

const sizes = [10, 100, 1000] as const;
const works: readonly Work[] = [
  ...sizes.flatMap((spansPerRequest) =>
    [16, 64].map((connections): Work => ({ encoding: "protobuf", spansPerRequest, connections })),
  ),
  ...(["gzip", "json"] as const).flatMap((encoding) =>
    sizes.map((spansPerRequest): Work => ({ encoding, spansPerRequest, connections: 16 })),
  ),
];

/** How a server is started; further rows (+validate, +sample) are further entries. */
type Contender = (kafka: string) => Promise<Server | null>;

const weir =
  (name: string, vars: { readonly [name: string]: string } = {}): Contender =>
  (kafka) =>
    startWeir(name, { vars: { LOG_KIND: "kafka", KAFKA_BROKERS: kafka, ...vars } });

const plain = { VALIDATION_PROFILE: "off", SAMPLE: "off" };
// As the Collector's exporter does by default: a request stays together, partitions in turn.
const together = { ...plain, PARTITION_BY_TRACE: "off" };
const all = { SAMPLE_RATE: "1" };
const few = { SAMPLE_RATE: "0.05", SAMPLE_RATE_SLOW: "0.05", SAMPLE_RATE_ERROR: "0.05" };

const contenders: readonly (readonly [name: string, start: Contender])[] = [
  ["weir: forward", weir("weir: forward", together)],
  ["weir: forward by trace id", weir("weir: forward by trace id", plain)],
  ["weir: validate, forward", weir("weir: validate, forward", { SAMPLE: "off" })],
  ["weir: validate, sample 100 %, forward", weir("weir: validate, sample 100 %, forward", all)],
  ["weir: validate, sample 5 %, forward", weir("weir: validate, sample 5 %, forward", few)],
  [
    "weir: forward, kafkajs unchanged",
    weir("weir: forward, kafkajs unchanged", { ...plain, KAFKA_ENCODER: "kafkajs" }),
  ],
  ["prototype: forward", startPrototype],
  ["collector: forward", startCollector],
];

const rowName = (who: string, { encoding, spansPerRequest, connections }: Work): string =>
  `${who} | ${encoding} | ${spansPerRequest} x ${connections}`;

type Context = EdgeRig & {
  readonly seconds: number;
  readonly rounds: number;
  readonly warmRounds: number;
};

const loaded = (context: Context, server: Server, work: Work): Promise<SpanLoadResult> => {
  const { broker, binary, seconds } = context;
  const options = {
    binary,
    url: server.tracesUrl,
    seconds,
    rate: 0,
    pids: [server.pid, broker.pid],
  };
  return loadSpans({ ...options, ...work });
};

const kSpansOf = ({ spansPerCpuSecond = 0 }: SpanLoadResult): number => spansPerCpuSecond / 1000;

/** The row says what the median round was; the rounds' spread is that of the machine. */
const measure = async (context: Context, server: Server, work: Work): Promise<void> => {
  const results: SpanLoadResult[] = [];
  for (let i = 0; i < context.rounds; i += 1) results.push(await loaded(context, server, work));
  const failed = results.find(({ not200 }) => not200 !== undefined);
  const sorted = results.toSorted((a, b) => kSpansOf(a) - kSpansOf(b));
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) return;
  report({
    kSpansPerCpuSecond: spread(results.map(kSpansOf)),
    requestsPerSecond: middle.requestsPerSecond,
    p50ms: middle.p50ms,
    p99ms: middle.p99ms,
    residentMb: residentMb(server.pid),
    ...(failed && { not200: failed.not200, firstError: failed.firstError }),
    row: rowName(server.name, work),
  });
};

const chosen = new RegExp(process.env["WEIR_BENCH_ROWS"] ?? "", "i");

const runContender = async (
  context: Context,
  [name, start]: (typeof contenders)[number],
  list: readonly Work[],
): Promise<void> => {
  const rows = list.filter((work) => chosen.test(rowName(name, work)));
  if (rows.length === 0) return;
  const server = await start(context.broker.bootstrap);
  if (server === null) return;
  try {
    // Compilers and pools, the broker's too, are as in a server that runs: the same for every one. The
    // broker's compilers take seconds, at the cost of who comes first.
    for (const work of rows.slice(0, 1))
      for (let round = 0; round < context.warmRounds; round += 1)
        await loaded(context, server, work);
    for (const work of rows) await measure(context, server, work);
  } finally {
    await server.stop();
  }
};

export const run = ({ smoke }: BenchOptions): Promise<void> =>
  withEdgeRig("edge", async (rig) => {
    const seconds = smoke ? 0.5 : Number(process.env["WEIR_BENCH_SECONDS"] ?? 2);
    const [rounds, warmRounds] = smoke ? [1, 1] : [3, 5];
    const list = smoke ? works.slice(2, 3) : works;
    for (const contender of smoke ? contenders.slice(0, 1) : contenders)
      await runContender({ ...rig, seconds, rounds, warmRounds }, contender, list);
  });
