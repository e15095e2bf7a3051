// The whole system on one machine: log, engine, edge, control server and feed, started in that
// order and stopped in the order of the data. `weir up` shows it and prints its ledger.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { InputError } from "../cli/input.ts";
import { startFailure } from "../cli/start-failure.ts";
import type { LiveSettings } from "../config/live-control.ts";
import type { Steering } from "../control/actions.ts";
import type { ControlServer } from "../control/server.ts";
import { startControlServer } from "../control/server.ts";
import type { Snapshot } from "../control/snapshot.ts";
import { takeSnapshot } from "../control/snapshot.ts";
import { drainText } from "../host/drain-report.ts";
import type { Engine, EngineOptions } from "../host/engine.ts";
import { startEngine } from "../host/engine.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { HandledCounts } from "../ledger/ledger.ts";
import { type EngineRefusals, ledgerOf } from "../ledger/ledger.ts";
import type { EventLog } from "../log/event-log.ts";
import { kafkaAccess } from "../log/kafka-access.ts";
import { openLog } from "../log/open-log.ts";
import { drained } from "./drained.ts";
import { type EdgeAccess, edgeAccess } from "./edge-access.ts";
import { bundleEdge, type EdgeBundle } from "./edge-bundle.ts";
import type { RunningEdge } from "./edge-process.ts";
import { startEdge } from "./edge-process.ts";
import type { EdgeAddress } from "./edge-status.ts";
import { edgeAtRest } from "./edge-status.ts";
import type { KeyValueServer } from "./key-value-server.ts";
import { refusedMetrics } from "../sniff/refused-metrics.ts";
import { untidyText } from "../supervise/stop-workers.ts";
import { publishRegistry } from "./registry-publisher.ts";
import { checkKafkaTopics } from "./topics-check.ts";
import { unanswered } from "./unanswered.ts";

export type SystemOptions = {
  /** The checkout or installed package: where wrangler.toml is. */
  readonly root: string;
  /** Where the embedded log and the edge keep their data. */
  readonly dataDir: string;
  readonly kafka: string | null;
  readonly createTopics: boolean;
  readonly edgePort: number;
  /** Whether V8 of the edge collects more often and for shorter, for more CPU. */
  readonly edgeShortPauses: boolean;
  readonly controlPort: number;
  readonly logPort: number;
  readonly apiKeys: readonly string[];
  /** How the edge validates and samples; a null registry is the bundle's own. */
  readonly policy: {
    readonly registry: string | null;
    readonly profile: string;
    readonly sample: string;
  };
  /** What the edge traces; nothing without it, or with the endpoint "". */
  readonly tracing?: { readonly endpoint: string; readonly rate: number };
  readonly note: (line: string) => void;
  /** The engine's own settings; its defaults without them. */
  readonly engine?: Omit<EngineOptions, "log" | "runId" | "note" | "live">;
  /** Where threads find settings that change while they run. */
  readonly live?: LiveSettings;
  /** Time for all threads together to stop, asked for when they are to; 5 s by default. */
  readonly stopMs?: () => number;
  /** More for /status. */
  readonly about?: () => { readonly [key: string]: unknown };
  /** Reads the configuration again; without it there is none to read. */
  readonly reload?: Steering["reload"];
};

export type System = {
  readonly ready: { readonly edge: string; readonly control: string; readonly log: string };
  /** To ask for its counters. */
  readonly edge: EdgeAddress;
  readonly snapshot: () => Snapshot;
  readonly liveThreads: Engine["liveThreads"];
  /** Call it first of all when it shall stop. */
  readonly endScaling: Engine["endScaling"];
  readonly tellVersion: Engine["tellVersion"];
  readonly tellRefused: Engine["tellRefused"];
  /** Settles with a reason when a part died. */
  readonly failed: Promise<string>;
  /** Drains, commits, ends everything; the ledger of the run. */
  readonly stop: () => Promise<Stopped>;
};

type Stopped = {
  readonly ledger: Ledger;
  /** Kafka did not answer: what it holds may not have been handled. */
  readonly isLogAway: boolean;
};

const drainMs = 15_000;
const stopMsDefault = 5_000;
const restMs = 10_000;

export const startSystem = async (options: SystemOptions): Promise<System> => {
  const runId = randomUUID();
  const bundled = bundleEdge({
    root: options.root,
    outDir: join(options.root, ".weir", "edge-bundles"),
  }).catch(explain("--edge-port"));
  const accessed = accessOf(options, bundled);
  // Awaited below; a failure before that must not count as unhandled.
  accessed.catch(() => undefined);
  const target = logTarget(options);
  if (options.kafka !== null) await checkKafkaTopics(options.kafka, options.createTopics);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const engine = await startEngine({
      log: target,
      runId,
      note: (line) => options.note(`weir: ${line}`),
      ...options.engine,
      ...(options.live !== undefined && { live: options.live }),
    }).catch(explain("--log-port"));
    undo.unshift(() => engine.stop(stopMsDefault));
    const { registry } = options.policy;
    const registries = registry === null ? null : await publish(registry, options.note);
    undo.unshift(async () => registries?.close());
    const access = await accessed;
    const edge = await startEdge({
      bundle: await bundled,
      port: options.edgePort,
      host: "127.0.0.1",
      vars: { ...edgeVars(options, { engine, runId }), ...access.vars },
      authorities: options.kafka === null ? null : kafkaAccess().authorities,
      keyValues: registries === null ? {} : { REGISTRIES: registries.address },
      shortPauses: options.edgeShortPauses,
      storageDir: join(options.dataDir, "edge-storage"),
      onNote: (line) => options.note(`edge: ${line}`),
    }).catch(explain("--edge-port"));
    undo.unshift(() => edge.stop());
    const log = await openLog("kafka" in target ? target : { directory: target.directory });
    undo.unshift(() => log.close());
    const state = { isStopping: false };
    const control = await startControlServer({
      port: options.controlPort,
      snapshot: () => takeSnapshot(engine.memory, engine.lanes),
      isReady: () => !state.isStopping,
      about: () => ({
        runId,
        edge: edge.url,
        log: engine.restUrl,
        pids: { engine: process.pid, edge: edge.pid },
        submissions: engine.submissions(),
        exportFaults: engine.exportFaults(),
        ...options.about?.(),
      }),
      events: engine.events,
      stages: engine.stages,
      steering: { ...engine.steering, reload: options.reload ?? null },
    });
    undo.unshift(() => control.close());
    const { apiKey } = access;
    return running({ engine, edge, apiKey, registries, log, control, options, state });
  } catch (error) {
    for (const end of undo) await end();
    throw error;
  }
};

const explain =
  (option: string) =>
  (error: unknown): never => {
    throw startFailure(error, option);
  };

/** A registry that cannot be used is bad input, named with its first problems. */
const publish = (path: string, note: (line: string) => void): Promise<KeyValueServer> =>
  publishRegistry({ path, note: (line) => note(`weir: ${line}`) }).catch((error: unknown) => {
    throw new InputError(`--registry: ${error instanceof Error ? error.message : String(error)}`);
  });

const logTarget = ({ kafka, dataDir, logPort }: SystemOptions) =>
  kafka === null ? { directory: join(dataDir, "log"), port: logPort } : { kafka };

const accessOf = async (
  { apiKeys, note }: SystemOptions,
  bundled: Promise<EdgeBundle>,
): Promise<EdgeAccess> => {
  const access = edgeAccess(apiKeys, (await bundled).vars);
  if (access.apiKey === null)
    note("weir: no API key configured: the edge serves loopback without authentication");
  return access;
};

const edgeVars = (
  { kafka, policy, tracing }: SystemOptions,
  { engine, runId }: { readonly engine: Engine; readonly runId: string },
): { readonly [name: string]: string } => ({
  RUN_ID: runId,
  VALIDATION_PROFILE: policy.profile,
  SAMPLE_RATE: policy.sample,
  ...(tracing !== undefined &&
    tracing.endpoint !== "" && {
      TRACE_ENDPOINT: tracing.endpoint,
      TRACE_RATE: String(tracing.rate),
    }),
  ...(kafka === null
    ? { LOG_KIND: "rest", REST_URL: engine.restUrl ?? "" }
    : { LOG_KIND: "kafka", KAFKA_BROKERS: kafka, ...accessVars() }),
});

/** The edge gets the engine's way into Kafka, through its environment. */
const accessVars = (): { readonly [name: string]: string } => {
  const { isTls, login } = kafkaAccess();
  if (login === null) return { KAFKA_TLS: String(isTls) };
  return {
    KAFKA_TLS: String(isTls),
    KAFKA_SASL_MECHANISM: login.mechanism,
    KAFKA_SASL_USERNAME: login.username,
    KAFKA_SASL_PASSWORD: login.password,
  };
};

type Parts = {
  readonly engine: Engine;
  readonly edge: RunningEdge;
  readonly apiKey: string | null;
  readonly registries: KeyValueServer | null;
  readonly log: EventLog;
  readonly control: ControlServer;
  readonly options: SystemOptions;
  readonly state: { isStopping: boolean };
};

const running = (parts: Parts): System => {
  const { engine, edge, apiKey, registries, log, control, options, state } = parts;
  const edgeAddress = { url: edge.url, apiKey };
  const failed = Promise.race([
    engine.failed.then(({ thread, message }) => `thread ${thread}: ${message}`),
    edge.exited.then((code) => `edge: workerd ended with code=${code}`),
  ]);
  return {
    ready: {
      edge: edge.url,
      control: control.url,
      log: options.kafka ?? engine.restUrl ?? "",
    },
    edge: edgeAddress,
    snapshot: () => takeSnapshot(engine.memory, engine.lanes),
    liveThreads: engine.liveThreads,
    endScaling: engine.endScaling,
    tellVersion: engine.tellVersion,
    tellRefused: engine.tellRefused,
    failed,
    stop: async () => {
      state.isStopping = true;
      const away = options.kafka === null ? null : await unanswered(log, options.kafka);
      if (away !== null) options.note(`weir: ${away}: nothing is waited for`);
      const status = await edgeAtRest(edgeAddress, away === null ? restMs : 0).catch(
        (error: unknown) => {
          options.note(`weir: the edge's counts cannot be read, no ledger: ${reasonOf(error)}`);
          return null;
        },
      );
      await resumeAll(engine);
      const why = away === null ? await undrained({ engine, log }) : null;
      if (why !== null) options.note(`weir: ${why}`);
      await edge.stop();
      await registries?.close();
      // Its goodbye would wait for Kafka, too.
      const closed = log.close();
      if (away === null) await closed;
      const stopMs = options.stopMs?.() ?? stopMsDefault;
      const report = await engine.stop(stopMs);
      if (!report.clean) options.note(`weir: ${untidyText(report)}`);
      options.note(`weir: ${drainText(report)}`);
      await control.close();
      const last = takeSnapshot(engine.memory, engine.lanes);
      const { egressTooLarge: dropped } = last.counts;
      if (dropped > 0)
        options.note(`weir: ${dropped} outputs were dropped: record-too-large for their topic`);
      const handled = handledOf(last);
      const ledger =
        status === null
          ? { balanced: false, signals: {} }
          : ledgerOf(status.signals, handled, refusedOf(last));
      return { ledger, isLogAway: away !== null };
    },
  };
};

const undrained = ({ engine, log }: Pick<Parts, "engine" | "log">): Promise<string | null> =>
  drained({ memory: engine.memory, log, deadlineMs: drainMs }).catch(
    (error: unknown) => `the end of the log cannot be asked for: ${reasonOf(error)}`,
  );

/** What rests would never be drained. */
const resumeAll = async ({ steering }: Engine): Promise<void> => {
  for (const { name, state } of steering.workers()) {
    // It may have failed meanwhile: then it is started again by itself.
    if (state === "Paused") await steering.resume(name).catch(() => undefined);
  }
};

/** Items of this run that the engine finished, by signal. */
export const handledOf = ({ counts }: Snapshot): HandledCounts => ({
  spans: counts.handledSpans,
  metrics: counts.handledMetrics,
  logs: counts.handledLogs,
  transactions: counts.handledTransactions,
  depth: counts.handledDepth,
});

/** Transactions of this run that the engine refused or dropped, by reason. */
export const refusedOf = ({ counts }: Snapshot): { readonly transactions: EngineRefusals } => {
  const of = (table: typeof refusedMetrics.rejected | typeof refusedMetrics.dropped) =>
    Object.fromEntries(Object.entries(table).map(([reason, key]) => [reason, counts[key]]));
  return {
    transactions: { rejected: of(refusedMetrics.rejected), dropped: of(refusedMetrics.dropped) },
  };
};

/** `fetch failed` says nothing; its cause does. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};
