// What weir ctl shows on a terminal: the control server's answers as tables. Pure. An answer of
// another version may lack a part: its rows are then missing, nothing else.
import type { RingStats } from "../ring/ring-stats.ts";
import type { WorkerStatus } from "../supervise/worker.ts";
import { columnsOf, screenLine } from "./screen-text.ts";

type Answered = {
  readonly runId?: string;
  readonly workers?: readonly WorkerStatus[];
  readonly rings?: { readonly [name: string]: RingStats };
  readonly lanes?: readonly {
    readonly worker: string;
    readonly input: RingStats;
    readonly output: RingStats;
  }[];
  readonly latencyUs?: { readonly [way: string]: { p50: number | null; p99: number | null } };
  readonly counts?: { readonly [key: string]: number };
  readonly kind?: string;
  readonly version?: number;
  readonly changed?: readonly string[];
  readonly needsRestart?: readonly string[];
  readonly warnings?: readonly string[];
};

/** Workers, rings with their sojourn times, and what was counted, as of GET /status. */
export const statusLines = (answer: object): readonly string[] => {
  const { runId = "", counts = {} } = answer as Answered;
  const counted = Object.entries(counts).filter(([, count]) => count !== 0);
  return [
    `run ${runId}`,
    "",
    ...workerLines(answer),
    "",
    ...ringLines(answer),
    "",
    ...table([["count", ""], ...counted.map(([key, count]) => [key, count.toLocaleString("en")])]),
  ];
};

/** Workers of any answer that has them. */
export const workerLines = (answer: object): readonly string[] => {
  const { workers = [] } = answer as Answered;
  return table([
    ["worker", "state", "restarts", "heartbeat", "last error"],
    ...workers.map(({ name, state, restarts, heartbeatAgeMs, lastError }) => [
      name,
      state,
      String(restarts),
      `${(heartbeatAgeMs / 1_000).toFixed(1)} s`,
      // A stack has many lines.
      (lastError ?? "").split("\n")[0] ?? "",
    ]),
  ]);
};

/** What became of a reload. */
export const reloadLines = (answer: object): readonly string[] => {
  const { kind = "", version = 0, changed = [], needsRestart = [] } = answer as Answered;
  const { warnings = [] } = answer as Answered;
  return [
    `configuration version ${version} ${kind}`,
    ...changed.map((field) => `  ${field}`),
    ...needsRestart.map((field) => `  ${field} (after a restart)`),
    ...warnings.map((warning) => screenLine(`  warning: ${warning}`)),
  ];
};

/** One row an event: time, trace, type, and whatever else it says. */
export const eventLines = (events: readonly object[]): readonly string[] =>
  table([
    ["time us", "trace", "event", ""],
    ...events.map((event) => {
      const { event_type: type, trace_id: trace, timestamp_us: time, ...rest } = event as EventLine;
      const more = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`);
      return [String(time), trace, type, more.join(" ")];
    }),
  ]);

type EventLine = {
  readonly event_type: string;
  readonly trace_id: string;
  readonly timestamp_us: number;
  readonly [key: string]: unknown;
};

const ringLines = ({ rings = {}, lanes = [], latencyUs = {} }: Answered): readonly string[] => {
  const further = lanes.flatMap(({ worker, input, output }): [string, RingStats][] => [
    [`${worker} input`, input],
    [`${worker} output`, output],
  ]);
  const all = [...Object.entries(rings), ...further];
  return table([
    ["ring", "used", "in flight", "read", "p50 us", "p99 us"],
    ...all.map(([name, { usedBytes, capacityBytes, inFlight, read }]) => {
      const { p50 = null, p99 = null } = latencyUs[name] ?? {};
      const used = `${((usedBytes / capacityBytes) * 100).toFixed(1)} %`;
      return [name, used, shown(inFlight), shown(read), shown(p50), shown(p99)];
    }),
  ]);
};

const shown = (figure: number | null): string =>
  figure === null ? "-" : figure.toLocaleString("en");

/** Columns as wide as their longest cell; the last one as it is. */
const table = (cells: readonly (readonly string[])[]): readonly string[] => {
  const rows = cells.map((row) => row.map(screenLine));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, columnsOf(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join("  ")
      .trimEnd(),
  );
};
