// npm run clients: official OpenTelemetry SDKs of four languages, each in a program of its own,
// against the whole system on free ports. Shows what they exported, what the edge counted, and what
// they learnt of partial success. A language without its toolchain is skipped by name; exit 1 when
// a client fails. Builds and data are in .weir/clients; the first run takes minutes.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { settableLimits } from "../../edge/limits.ts";
import { weir } from "../end-to-end/weir-process.ts";
import { type ClientReport, faults, parseReport, toldRejected } from "./client-report.ts";
import { type Client, clients, missingTool, prepare, start } from "./clients.ts";
import { type Counts, between, edgeCounts, signals } from "./edge-counts.ts";

const folder = fileURLToPath(new URL("../../.weir/clients/", import.meta.url));
const spans = { valid: 20, invalid: 5 };

type Result =
  | { readonly kind: "ran"; readonly report: ClientReport; readonly counts: Counts }
  | { readonly kind: "skipped" | "failed"; readonly why: string };

const textOf = (error: unknown): string => {
  const { message, stderr } = error as { readonly message?: string; readonly stderr?: string };
  return `${message ?? String(error)}\n${stderr ?? ""}`.trim();
};

const runClient = async (client: Client, edgeUrl: string): Promise<Result> => {
  const missing = await missingTool(client);
  if (missing !== undefined) return { kind: "skipped", why: `"${missing}" does not run here` };
  const dir = join(folder, client.language.toLowerCase());
  mkdirSync(dir, { recursive: true });
  try {
    await prepare(client, dir);
    const before = await edgeCounts(edgeUrl);
    const stdout = await start(client, dir, {
      OTEL_EXPORTER_OTLP_ENDPOINT: edgeUrl,
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      CLIENT_SPANS_VALID: String(spans.valid),
      CLIENT_SPANS_INVALID: String(spans.invalid),
      CLIENT_ATTRIBUTES: String(settableLimits.ATTRIBUTES_MAX.default),
    });
    const report = parseReport(stdout);
    return { kind: "ran", report, counts: between(before, await edgeCounts(edgeUrl)) };
  } catch (error) {
    return { kind: "failed", why: textOf(error) };
  }
};

const columns =
  "language,SDK,signal,sent,exported,failed,accepted,sampled out,rejected,told rejected".split(",");
const cellChars = 11;

const row = (cells: readonly (string | number)[]): string =>
  cells
    .map((cell) => String(cell).padEnd(cellChars))
    .join(" ")
    .trimEnd();

const printRan = (report: ClientReport, counts: Counts): void => {
  for (const signal of signals) {
    const { sent, exported, failed } = report.signals[signal];
    const { accepted, sampledOut, rejected } = counts[signal];
    const client = [report.language, report.sdk, signal, sent, exported, failed];
    const edge = [accepted, sampledOut, rejected];
    console.log(row([...client, ...edge, toldRejected(report, signal)]));
  }
  console.log(`  told by: ${report.toldBy}`);
  for (const { part, rejected, message } of report.partialSuccess)
    console.log(`  ${part}: rejected=${rejected} "${message}"`);
  for (const line of report.sdkLog) console.log(`  SDK log: ${line}`);
};

/** Prints it; true when it is as it should be. */
const print = (language: string, result: Result): boolean => {
  if (result.kind !== "ran") {
    console.log(`${language} ${result.kind}: ${result.why}`);
    return result.kind === "skipped";
  }
  const found = faults(result.report, result.counts, spans);
  printRan(result.report, result.counts);
  for (const fault of found) console.log(`  FAULT ${fault}`);
  return found.length === 0;
};

mkdirSync(folder, { recursive: true });
const data = mkdtempSync(join(folder, "data-"));
const ports = ["--edge-port", "0", "--control-port", "0", "--log-port", "0"];
const system = weir("up", "--no-feed", ...ports, "--data", data);
try {
  const { ready } = (await system.line("ready")) as { readonly ready: { readonly edge: string } };
  console.log(row(columns));
  for (const client of clients) {
    const isGood = print(client.language, await runClient(client, ready.edge));
    if (!isGood) process.exitCode = 1;
  }
} finally {
  system.child.kill("SIGTERM");
  await system.exited;
  rmSync(data, { recursive: true, force: true });
}
