// What a stage declares that it counts: the table from which its cells, its part of /metrics and of
// /status are made. For stages that are not the engine's own, whose numbers stand in table.ts.

/** What a cell counts. /metrics shows every time in seconds, as Prometheus wants it. */
export type MetricUnit = "1" | "bytes" | "ns" | "us" | "ms" | "s";

/** One metric; its key in the table is its name in code and in /status. */
export type MetricDeclaration = {
  /**
   * Its name in /metrics: snake_case; counters end in `_total`; times end in `_seconds` and bytes
   * in `_bytes`, before that. `weir_` is the engine's.
   */
  readonly name: string;
  /** One line, 200 characters at most. */
  readonly help: string;
  /** "1", a plain number, when left out. */
  readonly unit?: MetricUnit;
};

type Declarations = { readonly [key: string]: MetricDeclaration };

/** 64 metrics at most. Histograms take integers from 0 to 2^32 - 1 of their unit. */
export type StageMetricsTable = {
  /** Lower-case words joined by hyphens, 40 characters at most; the label `stage`. */
  readonly stage: string;
  readonly counters?: Declarations;
  readonly gauges?: Declarations;
  readonly histograms?: Declarations;
};

export const metricKinds = ["counters", "gauges", "histograms"] as const;
export type MetricKind = (typeof metricKinds)[number];

/** How /metrics shows a unit: the end of the name, and what a cell's value is divided by. */
export const unitForms: {
  readonly [unit in MetricUnit]: { readonly suffix: string; readonly divisor: number };
} = {
  "1": { suffix: "", divisor: 1 },
  bytes: { suffix: "_bytes", divisor: 1 },
  ns: { suffix: "_seconds", divisor: 1e9 },
  us: { suffix: "_seconds", divisor: 1e6 },
  ms: { suffix: "_seconds", divisor: 1e3 },
  s: { suffix: "_seconds", divisor: 1 },
};

const metricsMax = 64;
const helpMax = 200;
const stageForm = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const stageMax = 40;
/** A thread may be named after its stage, with its place behind a hyphen. */
const threadMax = stageMax + 8;
const nameForm = /^[a-z][a-z0-9_]{0,99}$/;
const keyForm = /^[a-z][A-Za-z0-9]{0,39}$/;
const reserved = "weir_";

/** Name of a stage or thread, as labels have it. @throws RangeError naming `field`. */
export const checkLabel = (field: "stage" | "thread", value: string): void => {
  const charsMax = field === "stage" ? stageMax : threadMax;
  if (typeof value === "string" && stageForm.test(value) && value.length <= charsMax) return;
  throw new RangeError(
    `${field}=${value}: expected lower-case words joined by hyphens, ${charsMax} characters at most`,
  );
};

/** @throws RangeError naming the metric, what was found and what is expected. */
export const checkStageTable = (table: StageMetricsTable): void => {
  checkLabel("stage", table.stage);
  const names = new Set<string>();
  let metrics = 0;
  for (const kind of metricKinds) {
    for (const [key, metric] of Object.entries(table[kind] ?? {})) {
      checkMetric(`${kind}.${key}`, kind, metric);
      if (!keyForm.test(key)) throw new RangeError(`${kind}.${key}: expected a camelCase key`);
      metrics += 1;
      for (const name of shownNames(kind, metric.name)) {
        if (names.has(name)) throw new RangeError(`${kind}.${key}: name=${name} twice`);
        names.add(name);
      }
    }
  }
  if (metrics > metricsMax)
    throw new RangeError(`stage=${table.stage} declares ${metrics} metrics, limit ${metricsMax}`);
};

const histogramEnds = ["", "_bucket", "_sum", "_count"];

/** The names that a metric takes in /metrics: a histogram has those of its samples too. */
export const shownNames = (kind: MetricKind, name: string): readonly string[] =>
  kind === "histograms" ? histogramEnds.map((end) => name + end) : [name];

const checkMetric = (where: string, kind: MetricKind, metric: MetricDeclaration): void => {
  if (typeof metric !== "object" || metric === null)
    throw new RangeError(`${where}: ${String(metric)}: expected name and help`);
  const { name, help, unit = "1" } = metric;
  if (typeof name !== "string" || !nameForm.test(name) || name.startsWith(reserved))
    throw new RangeError(`${where}: name=${name}: expected snake_case without ${reserved}`);
  if (typeof help !== "string" || help === "" || help.length > helpMax || help.includes("\n"))
    throw new RangeError(`${where}: help: expected one line of 1 to ${helpMax} characters`);
  if (!Object.hasOwn(unitForms, unit))
    throw new RangeError(`${where}: unit=${unit}: expected ${Object.keys(unitForms).join(", ")}`);
  const ending = unitForms[unit].suffix + (kind === "counters" ? "_total" : "");
  if (!name.endsWith(ending))
    throw new RangeError(`${where}: name=${name}: expected a name that ends in ${ending}`);
};
