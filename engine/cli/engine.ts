// weir engine: the engine alone, as it runs beside a deployed edge; more of them on one Kafka
// share its partitions.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { startControlServer } from "../control/server.ts";
import { takeSnapshot } from "../control/snapshot.ts";
import { startEngine, ThreadStartError } from "../host/engine.ts";
import type { Engine, EngineOptions } from "../host/engine.ts";
import { checkKafkaTopics } from "../up/topics-check.ts";
import { integerOption } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UnreachableError, UsageError } from "./command.ts";

const portRange = { min: 0, max: 65_535 };
const stopMs = 5_000;

export const engine: Command = {
  name: "engine",
  purpose: "Runs the engine alone, on Kafka or on an embedded log that it serves.",
  usage: "[options]",
  options: {
    kafka: { value: "HOST:PORT", help: "use this Apache Kafka instead of the embedded log" },
    "create-topics": { help: "with --kafka: create missing topics from schemas/topics.json" },
    "control-port": { value: "PORT", help: "metrics and status, 0 = a free one", default: "9464" },
    "log-port": {
      value: "PORT",
      help: "embedded log's REST port, 0 = a free one",
      default: "8082",
    },
    data: { value: "DIR", help: "where the embedded log keeps its data", default: ".weir/data" },
    "run-id": { value: "ID", help: "records with this run header count as the run's own" },
  },
  examples: ["weir engine --kafka 127.0.0.1:19092", "weir engine --data /var/lib/weir"],
  run: async (args, io) => {
    const runId = textOption(args, "run-id") ?? randomUUID();
    const log = await logOption(args);
    const running = await startOrExplain({ log, runId, note: (line) => io.note(`weir: ${line}`) });
    let isStopping = false;
    const control = await startControlServer({
      port: integerOption(args, "control-port", portRange) ?? 0,
      snapshot: () => takeSnapshot(running.memory),
      isReady: () => !isStopping,
      about: () => ({ runId, log: running.restUrl }),
      events: [running.memory.events],
    }).catch(async (error: unknown) => {
      await running.stop(stopMs);
      throw error;
    });
    const logUrl = "kafka" in log ? log.kafka : running.restUrl;
    await io.line(JSON.stringify({ ready: { control: control.url, log: logUrl } }));
    const reason = await ended(running, io);
    isStopping = true;
    if (reason !== null) io.note(`weir: ${reason}`);
    const { clean, ...report } = await running.stop(stopMs);
    await control.close();
    const { counts } = takeSnapshot(running.memory);
    await io.line(JSON.stringify({ stopped: { clean, ...report, counts } }));
    return clean && reason === null ? exitCode.good : exitCode.failed;
  },
};

const textOption = (args: Arguments, name: string): string | undefined => {
  const value = args.values[name];
  return typeof value === "string" ? value : undefined;
};

const logOption = async (args: Arguments): Promise<EngineOptions["log"]> => {
  const kafka = textOption(args, "kafka");
  if (kafka === undefined) {
    const directory = join(textOption(args, "data") ?? ".weir/data", "log");
    return { directory, port: integerOption(args, "log-port", portRange) ?? 0 };
  }
  if (!/^.+:\d+$/.test(kafka)) throw new UsageError(`--kafka must be HOST:PORT, found ${kafka}`);
  await checkKafkaTopics(kafka, args.values["create-topics"] === true);
  return { kafka };
};

const startOrExplain = async (options: EngineOptions): Promise<Engine> => {
  try {
    return await startEngine(options);
  } catch (error) {
    if (error instanceof ThreadStartError) throw new UnreachableError(error.message);
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
