// What a local Kafka node needs before it can start: Java, and Apache Kafka's jars, which Maven
// fetches once into a git-ignored folder. Two processes may do it at the same time: each fills a
// folder of its own and the first rename wins.
import { execFile, execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { packageRoot } from "../package-root.ts";
import { makeFolders } from "./make-folders.ts";

export type KafkaNodeErrorCode =
  | "java-missing"
  | "maven-missing"
  | "jars-failed"
  | "port-taken"
  | "data-unusable"
  | "not-started";

/** The local node cannot be had; the message says what to do. */
export class KafkaNodeError extends Error {
  override name = "KafkaNodeError";
  readonly code: KafkaNodeErrorCode;

  constructor(code: KafkaNodeErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Jars, class archive and the default data directory live below this git-ignored folder. */
export const kafkaHome = fileURLToPath(new URL(".weir/kafka", packageRoot));

const pom = fileURLToPath(new URL("engine/log/kafka/pom.xml", packageRoot));

// Another pom is another version of the jars: it gets a folder of its own.
const version = createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 8);

export const jarFolder = join(kafkaHome, `lib-${version}`);

/** Classes that one start loads, made once: halves the time to start. */
export const archiveFile = join(kafkaHome, `classes-${version}.jsa`);

const javaVersionMin = 17;
const mavenMsMax = 300_000;

/** The java program: JAVA_HOME's, else the one on PATH. */
export const javaProgram = (): string => {
  const home = process.env["JAVA_HOME"];
  return home === undefined || home === "" ? "java" : join(home, "bin", "java");
};

/** Major version of Java, or 0 when there is none. */
const javaVersion = (): number => {
  try {
    const text = execFileSync(javaProgram(), ["--version"], { encoding: "utf8" });
    return Number(/\s(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
};

const hasMaven = (): boolean => {
  try {
    execFileSync("mvn", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** True when `startKafkaNode` can be expected to work here; asks the programs, downloads nothing. */
export const canRunKafka = (): boolean =>
  javaVersion() >= javaVersionMin && (existsSync(jarFolder) || hasMaven());

/**
 * Resolves when Java and the jars are there; the first time Maven takes some seconds, or minutes.
 *
 * @throws KafkaNodeError `java-missing`, `maven-missing` or `jars-failed`, this also when aborted.
 */
export const ensureJars = async (
  note: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> => {
  const found = javaVersion();
  if (found < javaVersionMin) {
    const what = found === 0 ? "no java program" : `Java ${found}`;
    throw new KafkaNodeError(
      "java-missing",
      `found ${what}, Apache Kafka needs Java ${javaVersionMin} or newer: install it, set JAVA_HOME`,
    );
  }
  if (existsSync(jarFolder)) return;
  if (!hasMaven()) {
    throw new KafkaNodeError("maven-missing", "Apache Kafka's jars come by Maven: install mvn");
  }
  note("fetching Apache Kafka's jars with Maven, once");
  makeFolders(kafkaHome);
  const own = `${jarFolder}.${randomUUID()}`;
  try {
    const words = ["-q", "-B", "-f", pom, `-Dweir.lib=${own}`, "package"];
    await promisify(execFile)("mvn", words, { timeout: mavenMsMax, signal });
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    const { stdout, message } = error as { stdout?: string; message: string };
    throw new KafkaNodeError("jars-failed", `mvn package failed\n${stdout ?? ""}${message}`);
  }
  moveInto(own, jarFolder);
};

/** Renames `own` to `to`, unless another process was faster. */
export const moveInto = (own: string, to: string): void => {
  try {
    if (!existsSync(to)) renameSync(own, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
  rmSync(own, { recursive: true, force: true });
};
