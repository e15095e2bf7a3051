// Runs one class of the Kafka jars in a JVM that cannot outlive this process. A small shell is
// its parent: it holds the reading end of a pipe that only we write to, and when that closes,
// however we ended (SIGKILL too), it kills the JVM.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { packageRoot } from "../package-root.ts";
import { archiveFile, jarFolder, javaProgram, KafkaNodeError } from "./kafka-jars.ts";

const logConfiguration = fileURLToPath(new URL("engine/log/kafka/log4j2.properties", packageRoot));
const linesKept = 40;
const stopMsMax = 10_000;

/** Exit code of a JVM that SIGKILL ended. */
export const killedCode = 137;

// First line on standard output: the JVM's process id. The watchdog's own output is closed, so
// that it does not keep our pipes open. The JVM takes the locale's encoding for names of files, and
// LANG=C has but ASCII.
const watchdog = `
export LC_ALL=C.UTF-8
exec 3<&0
"$@" 3<&- </dev/null &
jvm=$!
echo "$jvm"
( cat <&3; kill "$jvm"; sleep 3; kill -9 "$jvm" ) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$jvm"
code=$?
kill "$watch"
exit "$code"
`;

export type Jvm = {
  /** The JVM's own process id. */
  readonly pid: number;
  /** Its last lines, oldest first, for error messages. */
  readonly output: () => string;
  /** Resolves with the exit code when it has ended. */
  readonly exited: Promise<number>;
  /** SIGTERM, and SIGKILL when it does not end within `msMax`, 10 s by default. Idempotent. */
  readonly stop: (msMax?: number) => Promise<void>;
};

/** `onLine` sees every line that the JVM writes. @throws KafkaNodeError when it cannot be run. */
export const runJvm = async (
  flags: readonly string[],
  words: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<Jvm> => {
  const shell = spawn("sh", ["-c", watchdog, "sh", javaProgram(), ...common(flags), ...words], {
    // A session of its own: Ctrl-C reaches us alone, and we stop the JVM in order.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Its end of the pipe closes when it exits first; ours must follow, the watchdog waits for it.
  shell.stdin.on("error", () => undefined);
  shell.once("exit", () => shell.stdin.destroy());
  const exited = once(shell, "exit").then(([code]) => Number(code ?? 1));
  const lines: string[] = [];
  const pid = await firstLine(shell, (line) => {
    lines.push(line);
    if (lines.length > linesKept) lines.shift();
    onLine(line);
  });
  const stop = async (msMax = stopMsMax): Promise<void> => {
    signal(pid, "SIGTERM");
    const timer = setTimeout(() => signal(pid, "SIGKILL"), msMax);
    await exited;
    clearTimeout(timer);
  };
  return { pid, output: () => lines.join("\n"), exited, stop };
};

/** With this flag a JVM writes an archive of the classes that it loaded; it must not read one then. */
export const archiveFlag = "-XX:ArchiveClassesAtExit";

// A stale archive (other jars, other JVM) is ignored by the JVM, not an error.
const readsArchive = (flags: readonly string[]): boolean =>
  existsSync(archiveFile) && !flags.some((flag) => flag.startsWith(archiveFlag));

const common = (flags: readonly string[]): string[] => [
  ...flags,
  ...(readsArchive(flags) ? [`-XX:SharedArchiveFile=${archiveFile}`] : []),
  "-XX:+UseSerialGC",
  "-XX:-UsePerfData",
  "-Xshare:auto",
  "-Xlog:cds=off",
  "-Xlog:cds+dynamic=off",
  "-Djava.awt.headless=true",
  `-Dlog4j2.configurationFile=${logConfiguration}`,
  "-cp",
  join(jarFolder, "*"),
];

type Shell = ChildProcess & {
  readonly stdout: NonNullable<ChildProcess["stdout"]>;
  readonly stderr: NonNullable<ChildProcess["stderr"]>;
};

// Both pipes are read for ever: a full one would stop the broker.
const firstLine = async (shell: Shell, onLine: (line: string) => void): Promise<number> =>
  new Promise((resolve, reject) => {
    let isFirst = true;
    createInterface({ input: shell.stdout }).on("line", (line) => {
      if (isFirst) resolve(Number(line));
      else onLine(line);
      isFirst = false;
    });
    createInterface({ input: shell.stderr }).on("line", onLine);
    shell.once("error", (error) => reject(new KafkaNodeError("not-started", error.message)));
  });

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
};
