// The whole system under load: edge in workerd, log, engine, on the embedded log and on a real
// Kafka. Rows: as fast as answers come, and at a fixed rate for the latencies. Says what was
// accepted, handled and lost (accepted minus handled), CPU microseconds per item by process, and
// latencies from edge receive to acknowledged candidate and to counted span.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { WeirProcess } from "../end-to-end/weir-process.ts";
import { weir } from "../end-to-end/weir-process.ts";
import type { TestBroker } from "../kafka-broker.ts";
import { kafkaAvailable, startBroker } from "../kafka-broker.ts";
import type { BenchOptions } from "./harness.ts";
import { report } from "./harness.ts";
import { buildSpanLoad, loadSpans } from "./span-load.ts";
import { loadTransactions } from "./transaction-load.ts";

type Counts = { readonly [key: string]: number };
type Status = {
  readonly pids: { readonly engine: number; readonly edge: number };
  readonly counts: Counts;
  readonly latencyUs: { readonly [way: string]: { p50: number | null; p99: number | null } };
};
type EdgeStatus = {
  readonly signals: { readonly [signal: string]: { in: number; accepted: number } };
};

type Running = {
  readonly process: WeirProcess;
  readonly edge: string;
  readonly control: string;
  readonly brokerPid: number | null;
};

const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

/** CPU seconds of a process so far, all its threads. */
const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticksPerSecond = 100;
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

const start = async (broker: TestBroker | null, data: string): Promise<Running> => {
  const log =
    broker === null ? ["--log-port", "0"] : ["--kafka", broker.bootstrap, "--create-topics"];
  const ports = ["--edge-port", "0", "--control-port", "0", "--sample", "1"];
  // The load sends its pool over and over: with the usual window nearly all would be replays.
  const window = ["--set", "sniffer.replay_window=2"];
  const process = weir("up", "--no-feed", ...ports, "--data", data, ...window, ...log);
  const { ready } = (await process.line("ready")) as { ready: { edge: string; control: string } };
  return { process, ...ready, brokerPid: broker?.pid ?? null };
};

type Row = {
  readonly signal: "spans" | "transactions";
  readonly handled: "handledSpans" | "handledTransactions";
  readonly way: "edgeToHandled" | "edgeToCandidate";
  readonly name: string;
  readonly load: (edge: string) => Promise<object>;
};

const drainMsMax = 60_000;

/** Waits until the engine handled what the edge accepted, or a minute is over. */
const drained = async (
  running: Running,
  row: Row,
): Promise<{ accepted: number; handled: number }> => {
  const endMs = performance.now() + drainMsMax;
  for (;;) {
    const edge = await read<EdgeStatus>(`${running.edge}/status`);
    const { counts } = await read<Status>(`${running.control}/status`);
    const accepted = edge.signals[row.signal]?.accepted ?? 0;
    const handled = counts[row.handled] ?? 0;
    if (handled >= accepted || performance.now() > endMs) return { accepted, handled };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const measure = async (row: Row, broker: TestBroker | null): Promise<void> => {
  const data = mkdtempSync(join(tmpdir(), "weir-bench-"));
  const running = await start(broker, data);
  const { pids } = await read<Status>(`${running.control}/status`);
  const all = { edge: pids.edge, engine: pids.engine, broker: running.brokerPid };
  const cpuNow = () =>
    Object.entries(all).map(([name, pid]) => [name, pid === null ? 0 : cpuSeconds(pid)] as const);
  const before = new Map(cpuNow());
  const startMs = performance.now();
  const load = await row.load(running.edge);
  const loadSeconds = (performance.now() - startMs) / 1_000;
  const { accepted, handled } = await drained(running, row);
  const seconds = (performance.now() - startMs) / 1_000;
  const cpuUsPerItem = Object.fromEntries(
    cpuNow().map(([name, now]) => [name, ((now - (before.get(name) ?? 0)) * 1e6) / handled]),
  );
  const { latencyUs } = await read<Status>(`${running.control}/status`);
  running.process.child.kill("SIGTERM");
  await running.process.exited;
  const last = running.process.lines.at(-1) as { ledger?: { balanced: boolean } };
  report({
    log: broker === null ? "embedded" : "kafka",
    row: row.name,
    acceptedPerSecond: Math.round(accepted / loadSeconds),
    handledPerSecond: Math.round(handled / seconds),
    accepted,
    lost: accepted - handled,
    balanced: last.ledger?.balanced ?? false,
    cpuUsPerItem,
    latencyMs: {
      p50: (latencyUs[row.way]?.p50 ?? Number.NaN) / 1_000,
      p99: (latencyUs[row.way]?.p99 ?? Number.NaN) / 1_000,
    },
    ...load,
  });
  rmSync(data, { recursive: true });
};

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const rowSeconds = 10;
/** The row at the highest rate lasts long enough for queues to fill if they could. */
const longSeconds = 60;

const spanRows = (binary: string): readonly Row[] =>
  [
    {
      name: "60 s of spans, 1000 a request",
      spansPerRequest: 1_000,
      rate: 0,
      seconds: longSeconds,
    },
    { name: "spans, 100 a request", spansPerRequest: 100, rate: 0, seconds: rowSeconds },
    { name: "spans, 100 a request, 100/s", spansPerRequest: 100, rate: 100, seconds: rowSeconds },
  ].map(({ name, spansPerRequest, rate, seconds }) => ({
    signal: "spans",
    handled: "handledSpans",
    way: "edgeToHandled",
    name,
    load: async (url) => {
      const connections = 16;
      const work = { spansPerRequest, connections, seconds, rate };
      const options = { binary, url: `${url}/v1/traces`, ...work };
      const { requestsPerSecond, p50ms, p99ms, not200 } = await loadSpans(options);
      return { requestsPerSecond, answerMs: { p50: p50ms, p99: p99ms }, not200 };
    },
  }));

const transactionRows = (seconds: number): readonly Row[] =>
  [
    { name: "transactions, 200 a request, 8 connections", perRequest: 200, rate: 0 },
    { name: "transactions, 20 a request, 100 requests/s", perRequest: 20, rate: 100 },
  ].map(({ name, perRequest, rate }) => ({
    signal: "transactions",
    handled: "handledTransactions",
    way: "edgeToCandidate",
    name,
    load: async (url) => {
      const load = await loadTransactions({ url, connections: 8, perRequest, seconds, rate });
      return {
        requestsPerSecond: load.requests / seconds,
        answerMs: { p50: percentile(load.latencyMs, 0.5), p99: percentile(load.latencyMs, 0.99) },
        failed: load.failed,
      };
    },
  }));

/** On the log of an earlier row the engine would first read that row's open windows again. */
const onFreshBroker = async (row: Row): Promise<void> => {
  const broker = await startBroker({ quick: false });
  try {
    await measure(row, broker);
  } finally {
    await broker.close();
  }
};

/** Needs Go for the span rows and Java with Maven for the Kafka rows; says what it leaves out. */
export const run = async ({ smoke }: BenchOptions): Promise<void> => {
  const binary = smoke ? null : buildSpanLoad();
  const rows = [
    ...(binary === null ? [] : spanRows(binary)),
    ...transactionRows(smoke ? 1 : rowSeconds).slice(0, smoke ? 1 : undefined),
  ];
  for (const row of rows) await measure(row, null);
  if (smoke || !kafkaAvailable()) {
    console.log("Kafka rows left out: smoke size, or no Java and Maven");
    return;
  }
  for (const row of rows) await onFreshBroker(row);
};
