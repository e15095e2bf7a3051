// The resolver on the control thread: takes what market threads ask for out of their rings, has the
// node asked for it, and shows what it counts. Nothing of it is waited for.
import { cellOf, MetricCells } from "../metrics/cells.ts";
import { monotonicUs } from "../ring/enqueue-stamp.ts";
import { MessageRingReader } from "../ring/message-ring-reader.ts";
import { JsonRpc } from "../send/json-rpc.ts";
import { readSecret } from "../send/secret.ts";
import { SolanaRpc } from "../send/solana-rpc.ts";
import { TableCacheWriter } from "./table-cache-writer.ts";
import { requestAt } from "./table-request.ts";
import { type ResolverLimits, TableResolver } from "./table-resolver.ts";

/** The variable that holds the node's key; with `_FILE` behind it, the file that does. */
const keyVariable = "WEIR_LOOKUP_TABLES_KEY";

const turnMs = 5;
/** Requests taken from one market thread in one turn. */
const drainLimit = 256;
const requestMsMax = 5_000;
// 100 tables of 256 addresses in base64 are 1.1 million bytes.
const answerBytesMax = 1 << 21;

/** Where tables come from. */
export type ResolverSettings = ResolverLimits & {
  readonly url: string;
  readonly keyFile: string;
  /** Tables kept, a power of two from 8 to 65,536. */
  readonly tablesMax: number;
};

export type ResolverOptions = ResolverSettings & {
  /** createTableCache. */
  readonly cache: SharedArrayBuffer;
  /** Rings of requests, one for each market lane; may grow. */
  readonly requests: () => readonly SharedArrayBuffer[];
  readonly metrics: SharedArrayBuffer;
};

/** @throws SecretError for a key that cannot be used, RangeError for an address. */
export const startResolver = (options: ResolverOptions): { readonly stop: () => void } => {
  const abort = new AbortController();
  const cache = new TableCacheWriter(options.cache);
  const resolver = new TableResolver({
    cache,
    rpc: new SolanaRpc(rpcOf(options, abort.signal)),
    limits: options,
    nowUs: monotonicUs,
    random: Math.random,
  });
  const metrics = new MetricCells(options.metrics);
  const readers = new Map<SharedArrayBuffer, MessageRingReader>();
  const timer = setInterval(() => {
    for (const ring of options.requests()) {
      const reader = readers.get(ring) ?? new MessageRingReader(ring);
      readers.set(ring, reader);
      reader.drain((_type, at) => askFor(resolver, reader, at), drainLimit);
    }
    resolver.turn();
    publish(metrics, resolver);
    metrics.set(cellOf("tablesEvicted"), cache.evicted);
  }, turnMs);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      abort.abort();
    },
  };
};

const rpcOf = ({ url, keyFile }: ResolverOptions, signal: AbortSignal): JsonRpc => {
  const named = { [keyVariable]: process.env[keyVariable], [`${keyVariable}_FILE`]: keyFile };
  const secret = readSecret(named, keyVariable);
  return new JsonRpc({
    url,
    timeoutMs: requestMsMax,
    answerBytesMax,
    fetch: (input, init) => {
      const signals = init?.signal ? [init.signal, signal] : [signal];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    },
    ...(secret !== null && {
      secret: { header: "authorization", value: secret, prefix: "Bearer " },
    }),
  });
};

const askFor = (resolver: TableResolver, { bytes, view }: MessageRingReader, at: number): void => {
  const name = bytes.slice(at + requestAt.name, at + requestAt.entry);
  resolver.ask(name, view.getUint32(at + requestAt.entry, true));
};

const publish = (metrics: MetricCells, { counts, waiting }: TableResolver): void => {
  metrics.set(cellOf("tableFetches"), counts.fetches);
  metrics.set(cellOf("tableFetchFailures"), counts.failures);
  metrics.set(cellOf("tablesAsked"), counts.asked);
  metrics.set(cellOf("tablesAnswered"), counts.answered);
  metrics.set(cellOf("tablesFound"), counts.found);
  metrics.set(cellOf("tablesAbsent"), counts.absent);
  metrics.set(cellOf("tablesGivenUp"), counts.gaveUp);
  metrics.set(cellOf("tablesFull"), counts.full);
  metrics.set(cellOf("tablesWaiting"), waiting);
};
