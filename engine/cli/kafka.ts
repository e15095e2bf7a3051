// weir kafka: a local single-node Apache Kafka in the foreground. Ends with Ctrl-C or SIGTERM;
// the JVM ends with this process in any case.
import type { KafkaNode } from "../log/kafka-node.ts";
import { KafkaNodeError } from "../log/kafka-jars.ts";
import { defaultDataDirectory, startKafkaNode } from "../log/kafka-node.ts";
import { integerOption, refusePositionals } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UnreachableError } from "./command.ts";

const defaultPort = 9092;

/** Null when it was stopped first. */
const started = async (args: Arguments, io: Io): Promise<KafkaNode | null> => {
  const { data } = args.values;
  try {
    return await startKafkaNode({
      port: integerOption(args, "port", { min: 0, max: 65_535 }) ?? defaultPort,
      dataDirectory: typeof data === "string" ? data : defaultDataDirectory,
      heap: "512m",
      note: io.note,
      signal: io.signal,
    });
  } catch (error) {
    if (io.signal.aborted) return null;
    if (error instanceof KafkaNodeError) throw new UnreachableError(error.message);
    throw error;
  }
};

const run = async (args: Arguments, io: Io): Promise<number> => {
  refusePositionals("kafka", args);
  const node = await started(args, io);
  if (node === null) {
    io.note("stopped before Kafka served");
    return exitCode.good;
  }
  const aborted = new Promise<null>((resolve) => {
    if (io.signal.aborted) resolve(null);
    else io.signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  await io.line(JSON.stringify({ kafka: { bootstrap: node.bootstrap, pid: node.pid } }));
  io.note("Kafka serves; Ctrl-C stops it");
  const ended = await Promise.race([aborted, node.exited]);
  if (ended !== null) throw new UnreachableError(`Kafka ended by itself with exit code ${ended}`);
  await node.stop();
  return exitCode.good;
};

export const kafka: Command = {
  name: "kafka",
  purpose: "Starts a local single-node Apache Kafka (needs Java 17 and Maven).",
  usage: "[--port N] [--data DIR]",
  options: {
    port: { value: "N", help: "TCP port on 127.0.0.1; 0 = a free one", default: `${defaultPort}` },
    data: { value: "DIR", help: "kept between starts (default .weir/kafka/data)" },
  },
  examples: ["weir kafka", "weir kafka --port 0 --data ./kafka-data"],
  run,
};
