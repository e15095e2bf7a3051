// One real Apache Kafka node (KRaft: broker and controller in one JVM) on loopback, for
// development and tests; no Docker. A second start on the same directory keeps its data. It is
// not a production configuration: one replica, no fsync.
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { archiveFile, ensureJars, KafkaNodeError, kafkaHome, moveInto } from "./kafka-jars.ts";
import type { Jvm } from "./kafka-jvm.ts";
import { archiveFlag, killedCode, runJvm } from "./kafka-jvm.ts";
import { type NodePorts, serverProperties } from "./kafka-properties.ts";
import { makeFolders } from "./make-folders.ts";

export type KafkaNodeOptions = {
  /** Kept between starts; delete it for a fresh node. */
  readonly dataDirectory: string;
  /** 0 = the system picks a free one. */
  readonly port: number;
  /** -Xmx; default 384m, enough for everything but long runs at full rate. */
  readonly heap?: string;
  /** First-tier compiler only: starts sooner, slower under load. Default true. */
  readonly quick?: boolean;
  /** Overrides or adds server properties. */
  readonly properties?: { readonly [name: string]: string | number };
  /** Words added to the format of a new directory, for SCRAM users. */
  readonly formatWords?: readonly string[];
  readonly jvmFlags?: readonly string[];
  /** Progress of the steps that take seconds. */
  readonly note?: (text: string) => void;
  /** Ends a start that is under way; nothing that it began stays. A node that serves is not ended. */
  readonly signal?: AbortSignal;
};

export type KafkaNode = {
  /** 127.0.0.1:PORT */
  readonly bootstrap: string;
  /** Of the JVM. */
  readonly pid: number;
  /** Resolves when the node has ended, for whatever reason. */
  readonly exited: Promise<number>;
  /**
   * Closes the segments in order, so that the next start does no recovery; killed when that takes
   * more than `msMax`, 10 s by default. Idempotent.
   */
  readonly stop: (msMax?: number) => Promise<void>;
};

/** Where `weir kafka` keeps its data by default. */
export const defaultDataDirectory = join(kafkaHome, "data");

// Any 22 URL-safe base64 characters will do; one constant makes a second format repeatable.
const clusterId = "d2VpcndlaXJ3ZWlyd2Vpcg";
const quickFlag = "-XX:TieredStopAtLevel=1";
const startMsMax = 60_000;
const portTriesMax = 5;
/** What a busy machine may take to write the class archive. */
const archiveMsMax = 120_000;

/**
 * Resolves when the node serves clients: about 1.2 s, some seconds more the very first time.
 *
 * @throws KafkaNodeError naming what is missing or taken, also when aborted.
 */
export const startKafkaNode = async (options: KafkaNodeOptions): Promise<KafkaNode> => {
  const { signal, note = () => undefined } = options;
  // Told here it is told before minutes of Maven.
  await freePort(options.port);
  await ensureJars(note, signal);
  if (!existsSync(archiveFile)) await makeArchive(note, { signal });
  return start(options);
};

const start = async (options: KafkaNodeOptions): Promise<KafkaNode> => {
  for (let tries = 1; ; tries += 1) {
    const ports = { broker: await freePort(options.port), controller: await freePort(0) };
    try {
      return await startOn(ports, options);
    } catch (error) {
      const own = options.port === 0 ? [ports.broker, ports.controller] : [ports.controller];
      if (tries === portTriesMax || !own.some((port) => wasTaken(port, error))) throw error;
    }
  }
};

/** Another program was faster than the JVM, which takes seconds until it binds a port. */
const wasTaken = (port: number, error: unknown): boolean =>
  error instanceof KafkaNodeError && error.message.includes(`failed to bind to 127.0.0.1:${port}:`);

const startOn = async (ports: NodePorts, options: KafkaNodeOptions): Promise<KafkaNode> => {
  const directory = resolve(options.dataDirectory);
  const config = join(directory, "server.properties");
  const properties = serverProperties(directory, ports, options.properties ?? {});
  writeProperties(directory, config, properties);
  if (!existsSync(join(directory, "log", "meta.properties"))) {
    await format(config, options.formatWords ?? []);
  }
  if (options.signal?.aborted === true) throw stoppedEarly();
  const flags = [`-Xmx${options.heap ?? "384m"}`, ...(options.quick === false ? [] : [quickFlag])];
  const all = [...flags, ...(options.jvmFlags ?? [])];
  const jvm = await serving(all, config, options.signal);
  const { pid, exited, stop } = jvm;
  return { bootstrap: `127.0.0.1:${ports.broker}`, pid, exited, stop };
};

const writeProperties = (directory: string, config: string, properties: string): void => {
  // Kafka takes what a comma parts for several folders.
  if (directory.includes(",")) throw dataUnusable(directory, "Kafka takes no comma in its path");
  try {
    makeFolders(directory);
    writeFileSync(config, properties);
  } catch (error) {
    throw dataUnusable(directory, (error as Error).message);
  }
};

const dataUnusable = (directory: string, why: string): KafkaNodeError =>
  new KafkaNodeError("data-unusable", `${directory}: ${why}; choose another folder with --data`);

const stopped = "stopped";
const stoppedEarly = (): KafkaNodeError =>
  new KafkaNodeError("not-started", "Kafka was stopped before it served");

// The port is open seconds before the broker answers: the log line is the signal, not a connect.
const serving = async (
  flags: readonly string[],
  config: string,
  signal: AbortSignal | undefined,
): Promise<Jvm> => {
  const started = Promise.withResolvers<string>();
  const abort = (): void => started.resolve(stopped);
  const jvm = await runJvm(flags, ["kafka.Kafka", config], (line) => {
    if (line.includes("Kafka Server started")) started.resolve("");
  });
  const timer = setTimeout(() => started.resolve(`startMsMax=${startMsMax} passed`), startMsMax);
  const ended = jvm.exited.then((code) => `exit code ${code}`);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted === true) abort();
  const why = await Promise.race([started.promise, ended]);
  clearTimeout(timer);
  signal?.removeEventListener("abort", abort);
  if (why === "") return jvm;
  await jvm.stop();
  if (why === stopped) throw stoppedEarly();
  const said = jvm.output();
  const locked = /Failed to acquire lock on file \.lock in (.+?)\/log\./.exec(said)?.[1];
  if (locked !== undefined) throw dataUnusable(locked, "another Kafka runs on it");
  if (/No readable meta\.properties|node ID not found/.test(said)) {
    throw dataUnusable(dirname(config), "its log/meta.properties is none of Kafka's");
  }
  throw new KafkaNodeError("not-started", `Kafka did not start, ${why}\n${said}`);
};

const format = async (config: string, more: readonly string[]): Promise<void> => {
  const words = ["kafka.tools.StorageTool", "format", "--cluster-id", clusterId];
  const jvm = await runJvm(["-Xmx128m", quickFlag], [...words, "--config", config, ...more]);
  const code = await jvm.exited;
  await jvm.stop();
  if (code === 0) return;
  throw new KafkaNodeError("not-started", `Kafka's format ended with ${code}\n${jvm.output()}`);
};

type ArchiveOptions = {
  readonly file?: string;
  readonly msMax?: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * One start in a throw-away directory that writes the classes it loaded to `file` (about 50 MB),
 * unless that takes more than `msMax`: Kafka serves without them too.
 */
export const makeArchive = async (
  note: (text: string) => void,
  { file = archiveFile, msMax = archiveMsMax, signal }: ArchiveOptions = {},
): Promise<void> => {
  note("making Kafka's class archive, once");
  const dataDirectory = mkdtempSync(join(tmpdir(), "weir-kafka-"));
  const own = `${file}.${randomUUID()}`;
  try {
    const jvmFlags = [`${archiveFlag}=${own}`];
    const node = await start({ dataDirectory, port: 0, jvmFlags, ...(signal && { signal }) });
    const hurry = (): void => void node.stop(0);
    signal?.addEventListener("abort", hurry);
    await node.stop(signal?.aborted === true ? 0 : msMax);
    signal?.removeEventListener("abort", hurry);
    // Killed while it wrote there is none, or a part.
    if ((await node.exited) !== killedCode && existsSync(own)) moveInto(own, file);
    else if (signal?.aborted === true) throw stoppedEarly();
    else
      note("Kafka's class archive was not written in time: each start tries again, and is slower");
  } finally {
    rmSync(own, { force: true });
    rmSync(dataDirectory, { recursive: true, force: true });
  }
};

// Free when asked.
const freePort = (port: number): Promise<number> =>
  new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      reject(new KafkaNodeError("port-taken", `127.0.0.1:${port}: ${error.message}`));
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolvePort(bound));
    });
  });
