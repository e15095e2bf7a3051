// The feed as a whole: the application, transactions and depth, each at its own rate, until it is
// told to stop; then what is under way is finished, within limits.
import { setTimeout as wait } from "node:timers/promises";

import type { Io } from "../cli/command.ts";
import { readLines } from "../cli/input.ts";
import { Application } from "./application.ts";
import { feedApplication } from "./application-feed.ts";
import { feedDepth } from "./depth-feed.ts";
import { type DepthFeedMessage, recordedDepth } from "./depth.ts";
import type { FeedClock } from "./feed-clock.ts";
import { generatedDepth } from "./generated-depth.ts";
import { depthFileOf, type FeedSettings } from "./options.ts";
import type { PostTotals } from "./post-totals.ts";
import { Poster } from "./poster.ts";
import { readTransactionPool } from "./recorded-transactions.ts";
import { Seeded } from "./seeded.ts";
import { createTelemetry, listenToSdk, newTelemetryTotals } from "./telemetry-sdk.ts";
import { feedTransactions, type PoolTransaction } from "./transaction-feed.ts";
import { createTransactionMix } from "./transactions.ts";

/** `io.signal` stops the feed; `clock` should end its waits then. */
export type FeedOptions = {
  readonly settings: FeedSettings;
  readonly io: Io;
  readonly clock: FeedClock;
  readonly fetch: typeof fetch;
};

type FeedTotals = { readonly [signal: string]: PostTotals };

/** A feed that runs. */
export type Feed = {
  /** Ends after the signal, when everything under way is acknowledged or given up. */
  readonly done: Promise<void>;
  readonly totals: () => FeedTotals;
};

const transactionRequestsMax = 8;
const snapshotEvery = 600;
const shutdownMsMax = 7000;
const generatedSymbol = "BTCUSDT";

/** @throws UsageError for a depth file whose venue is not known. */
export const startFeed = (options: FeedOptions): Feed => {
  const { settings, io } = options;
  const seed = settings.seed ?? Number(options.clock.nowNs() % 2n ** 32n);
  const transactions = posterOf(options, "transactions", transactionRequestsMax);
  const depth = posterOf(options, "depth", 1);
  const telemetry = newTelemetryTotals();
  const depthFiles = settings.depth.map(depthFileOf);
  const parts: Promise<void>[] = [];
  if (settings.spansPerSecond > 0) parts.push(runApplication(options, telemetry, seed));
  if (settings.transactionsPerSecond > 0) {
    parts.push(runTransactions(options, transactions, seed));
  }
  if (depthFiles.length > 0 || settings.depthPerSecond > 0) {
    const files = depthFiles.map(({ venue, path }) => ({
      name: path,
      venue,
      symbol: "",
      lines: readLines([path], io),
    }));
    const batches = files.length > 0 ? played(options, files) : generated(options, seed);
    parts.push(feedDepth({ batches, poster: depth, signal: io.signal }));
  }
  const finish = async (): Promise<void> => {
    await Promise.all(parts);
    await Promise.all([transactions.drain(), depth.drain()]);
    for (const [name, { causes }] of Object.entries({ transactions, depth })) {
      if (causes.size > 0)
        io.note(`${name}: ${[...causes].map(([c, n]) => `${c} x ${n}`).join(", ")}`);
    }
  };
  return {
    done: finish(),
    totals: () => ({ ...telemetry, transactions: transactions.totals, depth: depth.totals }),
  };
};

const posterOf = (options: FeedOptions, path: string, inFlightMax: number): Poster => {
  const { settings, io, clock } = options;
  return new Poster({
    url: `${settings.edgeUrl}/v1/${path}`,
    apiKey: settings.apiKey,
    fetch: options.fetch,
    sleepMs: clock.sleepMs,
    nowMs: () => Number(clock.nowNs() / 1_000_000n),
    random: Math.random,
    inFlightMax,
    signal: io.signal,
  });
};

const runApplication = async (
  { settings, io, clock }: FeedOptions,
  totals: ReturnType<typeof newTelemetryTotals>,
  seed: number,
): Promise<void> => {
  const { edgeUrl, apiKey } = settings;
  const ids = settings.seed === null ? {} : { ids: new Seeded(seed ^ 0x5eed) };
  listenToSdk(totals, io.note);
  const common = { edgeUrl, apiKey, totals, ...ids };
  const workflows = createTelemetry({
    ...common,
    service: "workflow-engine",
    traceEncoding: "protobuf",
  });
  const inventory = createTelemetry({ ...common, service: "inventory", traceEncoding: "json" });
  const application = new Application({
    workflows,
    inventory,
    random: new Seeded(seed),
    sleepMs: clock.sleepMs,
    nowMs: () => Number(clock.nowNs()) / 1e6,
  });
  const { spansPerSecond } = settings;
  await feedApplication({ application, spansPerSecond, clock, signal: io.signal });
  // An edge that does not answer must not keep the process; the SDK's own limits are longer.
  const shutdown = Promise.all([workflows.shutdown(), inventory.shutdown()]);
  await Promise.race([shutdown, wait(shutdownMsMax, undefined, { ref: false })]);
};

/** Enough to begin with: signing a whole pool takes seconds on a busy machine. */
const firstPool = 48;

/** Signs the first few; the others join the pool while it is fed. */
const growingPool = async (seed: number): Promise<readonly PoolTransaction[]> => {
  const pool: PoolTransaction[] = [...(await createTransactionMix({ seed, count: firstPool }))];
  const grow = async (): Promise<void> => {
    pool.push(...(await createTransactionMix({ seed: seed + 1 })));
  };
  void grow();
  return pool;
};

const runTransactions = async (
  { settings, io, clock }: FeedOptions,
  poster: Poster,
  seed: number,
): Promise<void> => {
  const pool =
    settings.transactions.length > 0
      ? (await readTransactionPool(settings.transactions, io)).map((wire) => ({ wire, keys: [] }))
      : await growingPool(seed);
  const perSecond = settings.transactionsPerSecond;
  const blockhashes = new Seeded(seed + 2);
  const random = (count: number): Uint8Array => blockhashes.bytes(count);
  await feedTransactions({ pool, random, perSecond, poster, clock, signal: io.signal });
};

const played = (
  { settings, io, clock }: FeedOptions,
  files: Parameters<typeof recordedDepth>[0]["files"],
): AsyncIterable<readonly DepthFeedMessage[]> => {
  const onFault = (file: string, line: number, text: string): void =>
    io.note(`${file}:${line}: ${text}`);
  return recordedDepth({ files, speed: settings.speed, clock, onFault });
};

const generated = (
  { settings, clock }: FeedOptions,
  seed: number,
): AsyncIterable<readonly DepthFeedMessage[]> =>
  generatedDepth({
    seed,
    symbol: generatedSymbol,
    deltasPerSecond: settings.depthPerSecond,
    snapshotEvery,
    deltasMax: Infinity,
    clock,
  });
