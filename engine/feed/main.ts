// The feed process of `weir up`: `node engine/feed/main.ts --edge URL …`. Ends on SIGTERM, Ctrl-C,
// or when its standard input closes, which is how it learns that its parent is gone. Totals go to
// standard output, one JSON line a second and one at the end. `-` as a file is descriptor 3: what the
// parent has as its standard input.
import { createReadStream } from "node:fs";

import { exitCode, UsageError } from "../cli/command.ts";
import { InputError } from "../cli/input.ts";
import { processIo } from "../cli/process-io.ts";
import { startFeed } from "./feed.ts";
import { apiKeyVariable, readFeedSettings } from "./options.ts";
import { stoppableClock } from "./stoppable-clock.ts";

const reportMs = 1000;
const inputDescriptor = 3;

async function* parentInput(): AsyncGenerator<Uint8Array> {
  yield* createReadStream("", { fd: inputDescriptor }) as AsyncIterable<Uint8Array>;
}

const io = processIo();
const stop = new AbortController();
const stopNow = (): void => stop.abort();
io.signal.addEventListener("abort", stopNow, { once: true });
process.stdin.on("close", stopNow).on("error", stopNow).resume();

try {
  const settings = readFeedSettings(process.argv.slice(2), process.env[apiKeyVariable] ?? null);
  const feedIo = { ...io, signal: stop.signal, stdin: parentInput() };
  const feed = startFeed({ settings, io: feedIo, clock: stoppableClock(stop.signal), fetch });
  const report = (): Promise<void> => io.line(JSON.stringify({ feed: feed.totals() }));
  const reports = setInterval(() => void report(), reportMs);
  await feed.done.finally(() => clearInterval(reports));
  await report();
} catch (error) {
  const isUsage = error instanceof UsageError;
  const isOurs = isUsage || error instanceof InputError;
  io.note(isOurs ? error.message : error instanceof Error ? (error.stack ?? "") : String(error));
  process.exitCode = isUsage ? exitCode.usage : exitCode.failed;
} finally {
  // An open standard input would keep the process alive.
  process.stdin.destroy();
}
