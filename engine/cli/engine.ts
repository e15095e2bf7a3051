// weir engine: the engine alone, as it runs beside a deployed edge; more of them on one Kafka
// share its partitions.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { Config } from "../config/schema.ts";
import { engineSettingsOf } from "../config/settings-of.ts";
import { startFigures } from "../control/figures.ts";
import { startControlServer } from "../control/server.ts";
import { takeSnapshot } from "../control/snapshot.ts";
import { startEngine, ThreadStartError } from "../host/engine.ts";
import type { Engine, EngineOptions } from "../host/engine.ts";
import { checkKafkaTopics } from "../up/topics-check.ts";
import { kafkaUnanswered } from "../up/unanswered.ts";
import { refusePositionals } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { configOptions, engineOptionFields, openConfig } from "./open-config.ts";
import { startFailure } from "./start-failure.ts";

export const engine: Command = {
  name: "engine",
  purpose: "Runs the engine alone, on Kafka or on an embedded log that it serves.",
  usage: "[options]",
  options: {
    kafka: { value: "HOST:PORT", help: "use this Apache Kafka instead of the embedded log" },
    "create-topics": { help: "with --kafka: create missing topics from schemas/topics.json" },
    "control-port": { value: "PORT", help: "metrics and status, 0 = a free one (default 9464)" },
    "log-port": {
      value: "PORT",
      help: "embedded log's REST port, 0 = a free one (default 8082)",
    },
    data: { value: "DIR", help: "where the embedded log keeps its data (default .weir/data)" },
    "trace-endpoint": {
      value: "URL",
      help: "send traces of marked records there: OTLP/HTTP, http://127.0.0.1:4318/v1/traces",
    },
    ...configOptions,
    "run-id": { value: "ID", help: "records with this run header count as the run's own" },
  },
  examples: ["weir engine --kafka 127.0.0.1:19092", "weir engine --data /var/lib/weir"],
  run: async (args, io) => {
    refusePositionals("engine", args);
    const runId = textOption(args, "run-id") ?? randomUUID();
    const settings = await openConfig(args, engineOptionFields, io);
    const { config } = settings.holder;
    const log = await logOf(config, args.values["create-topics"] === true);
    const running = await startOrExplain({
      log,
      runId,
      note: (line) => io.note(`weir: ${line}`),
      ...engineSettingsOf(config, settings.context),
      live: settings.live,
    });
    settings.follow(running);
    const stopMs = (): number => settings.holder.config.sniffer.graceful_shutdown_timeout_ms;
    let isStopping = false;
    const control = await startControlServer({
      port: config.control.port,
      snapshot: () => takeSnapshot(running.memory, running.lanes),
      isReady: () => !isStopping,
      about: () => ({
        runId,
        log: running.restUrl,
        config: settings.about(),
        submissions: running.submissions(),
        exportFaults: running.exportFaults(),
      }),
      stages: running.stages,
      events: running.events,
      steering: { ...running.steering, reload: settings.reload },
    }).catch(async (error: unknown) => {
      await running.stop(stopMs());
      throw error;
    });
    const logUrl = "kafka" in log ? log.kafka : running.restUrl;
    await io.line(JSON.stringify({ ready: { control: control.url, log: logUrl } }));
    const unwatch = settings.watch();
    const figures = startFigures({
      everySeconds: () => settings.holder.config.sniffer.telemetry_interval_secs,
      read: () => takeSnapshot(running.memory, running.lanes),
      note: (line) => io.note(`weir: ${line}`),
    });
    const reason = await ended(running, io);
    await unwatch();
    figures.stop();
    isStopping = true;
    if (reason !== null) io.note(`weir: ${reason}`);
    const { clean, ...report } = await running.stop(stopMs());
    await control.close();
    const { counts } = takeSnapshot(running.memory, running.lanes);
    await io.line(JSON.stringify({ stopped: { clean, ...report, counts } }));
    if (clean && reason === null) return exitCode.good;
    const away = "kafka" in log ? await kafkaUnanswered(log.kafka) : null;
    if (away === null) return exitCode.failed;
    io.note(`weir: ${away}`);
    return exitCode.unreachable;
  },
};

const textOption = (args: Arguments, name: string): string | undefined => {
  const value = args.values[name];
  return typeof value === "string" ? value : undefined;
};

const logOf = async ({ log }: Config, createTopics: boolean): Promise<EngineOptions["log"]> => {
  if (log.kafka === "") {
    if (createTopics)
      throw new UsageError("--create-topics needs --kafka: the embedded log makes its own topics");
    return { directory: join(log.data_dir, "log"), port: log.port };
  }
  await checkKafkaTopics(log.kafka, createTopics);
  return { kafka: log.kafka };
};

const startOrExplain = async (options: EngineOptions): Promise<Engine> => {
  try {
    return await startEngine(options);
  } catch (error) {
    if (error instanceof ThreadStartError) throw startFailure(error, "--log-port");
    throw error;
  }
};

/** Null when asked to end; else the failure. */
const ended = async (running: Engine, io: Io): Promise<string | null> => {
  const asked = Promise.withResolvers<null>();
  if (io.signal.aborted) asked.resolve(null);
  io.signal.addEventListener("abort", () => asked.resolve(null), { once: true });
  const failure = running.failed.then(({ thread, message }) => `thread ${thread}: ${message}`);
  return Promise.race([asked.promise, failure]);
};
