// The counts of /status in Prometheus' text format, for GET /metrics. prom-client's registry is not
// used here: it needs Node's process metrics, and these counts exist already. As /status, they are
// those of one isolate.

/** A table of a metric: label values and a number each. */
type Sample = readonly [labels: { readonly [label: string]: string }, value: number];
type Metric = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly Sample[];
};

type Table = { readonly [key: string]: unknown };

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null;
const tableOf = (value: unknown): Table => (isTable(value) ? value : {});

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const line = (name: string, [labels, value]: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
};

const textOf = ({ name, help, type, samples }: Metric): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((one) => line(name, one))]
    .join("\n")
    .concat("\n");

/** The numbers of a table, each under its key as this label. */
const byKey = (table: unknown, label: string, others: Sample[0] = {}): Sample[] =>
  Object.entries(tableOf(table)).flatMap(([key, value]) =>
    typeof value === "number" ? [[{ ...others, [label]: key }, value] as const] : [],
  );

const snakeCase = (key: string): string => key.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** Of a signal, but no outcomes: a difference, and copies of what is accepted. */
const notOutcomes = new Set<string | undefined>(["inFlight", "repeatable"]);

/** Items by what became of them. */
const items = (signals: Table): Sample[] =>
  Object.entries(signals).flatMap(([signal, counts]) =>
    byKey(counts, "outcome", { signal })
      .filter(([{ outcome }]) => !notOutcomes.has(outcome))
      .map(([labels, value]): Sample => [
        { ...labels, outcome: snakeCase(labels["outcome"] ?? "") },
        value,
      ]),
  );

const reasons = (
  signals: Table,
  table: "rejected" | "dropped" | "rejectedAfterAcknowledge",
): Sample[] =>
  Object.entries(signals).flatMap(([signal, counts]) =>
    byKey(tableOf(counts)[table], "reason", { signal }),
  );

/** One number of a table; none when there is none, as when the forwarder objects cannot be asked. */
const single = (table: Table, key: string): Sample[] => {
  const value = table[key];
  return typeof value === "number" ? [[{}, value]] : [];
};

const repeatable = (signals: Table): Sample[] =>
  Object.entries(signals).flatMap(([signal, counts]) =>
    single(tableOf(counts), "repeatable").map(([, value]): Sample => [{ signal }, value]),
  );

const found = (validation: Table, table: string, label: string): Sample[] =>
  ["spans", "metrics", "logs"].flatMap((signal) =>
    byKey(tableOf(validation[signal])[table], label, { signal }),
  );

const byTenant = (tenants: Table, key: string): Sample[] =>
  Object.entries(tenants).flatMap(([tenant, state]): Sample[] => {
    const value = tableOf(state)[key];
    return typeof value === "number" ? [[{ tenant }, value]] : [];
  });

const sampled = (tenants: Table): Sample[] =>
  Object.entries(tenants).flatMap(([tenant, state]) =>
    ["spans", "logs"].flatMap((signal) =>
      byKey(tableOf(state)[signal], "count", { tenant, signal })
        .filter(([{ count }]) => count !== "effectiveRate")
        .map(([labels, value]): Sample => [
          { ...labels, count: snakeCase(labels["count"] ?? "") },
          value,
        ]),
    ),
  );

/** Kept of all, by signal; none before the first. */
const effectiveRates = (tenants: Table): Sample[] =>
  Object.entries(tenants).flatMap(([tenant, state]) =>
    ["spans", "logs"].flatMap((signal): Sample[] => {
      const rate = tableOf(tableOf(state)[signal])["effectiveRate"];
      return typeof rate === "number" ? [[{ tenant, signal }, rate]] : [];
    }),
  );

/** Requests traced by why, and their spans by what became of them; none while tracing is off. */
const traces = ({ tracing }: Table): Sample[] =>
  byKey(tracing, "count").filter(([{ count }]) => count !== "rate" && count !== "inFlight");

/** 1 while the last document was refused, or could not be read. */
const documentFaults = (status: Table): Sample[] =>
  (
    [
      ["registry", "registry", "error"],
      ["tenants", "access", "storeError"],
    ] as const
  ).flatMap(([document, table, key]): Sample[] => {
    const error = tableOf(status[table])[key];
    return typeof error === "string" ? [[{ document }, Number(error !== "")]] : [];
  });

/** 1 for the reason why the log is out of reach, 0 for the others. */
const logFaults = (forwarder: Table): Sample[] =>
  typeof forwarder["logFault"] === "string"
    ? ["unreachable", "login-refused"].map((fault): Sample => [
        { fault },
        Number(forwarder["logFault"] === fault),
      ])
    : [];

const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `weir_edge_${name}_total`,
  help,
  type: "counter",
  samples,
});

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `weir_edge_${name}`,
  help,
  type: "gauge",
  samples,
});

const requestMetrics = (status: Table): readonly Metric[] => {
  const tenants = tableOf(status["tenants"]);
  const large = tableOf(status["largeRequests"]);
  return [
    counter("requests", "Requests answered, by HTTP status.", byKey(status["requests"], "status")),
    counter("refusals", "Requests refused as a whole.", byKey(status["refusals"], "code")),
    counter("tenant_requests", "Requests with items.", byTenant(tenants, "requests")),
    counter(
      "tenant_refused_requests",
      "Of those, refused for want of a right, by rate or by quota.",
      byTenant(tenants, "refused"),
    ),
    counter("tenant_items", "Items decoded.", byTenant(tenants, "items")),
    gauge("arriving_bytes", "Bytes of bodies on their way in.", single(status, "arrivingBytes")),
    gauge("held_bytes", "Memory of large requests, estimated.", single(large, "heldBytes")),
    gauge("waiting_requests", "Large requests that wait.", single(large, "waiting")),
    gauge(
      "document_fault",
      "1 while the document in KV is not used: it is bad, or cannot be read.",
      documentFaults(status),
    ),
  ];
};

const itemMetrics = (status: Table): readonly Metric[] => {
  const signals = tableOf(status["signals"]);
  const validation = tableOf(status["validation"]);
  return [
    counter("items", "Items, by signal and what became of them.", items(signals)),
    counter("rejected_items", "Items refused, by reason.", reasons(signals, "rejected")),
    counter(
      "rejected_after_acknowledge_items",
      "Of the accepted items, those kept in storage whose record the log then refused, by reason.",
      reasons(signals, "rejectedAfterAcknowledge"),
    ),
    counter(
      "repeatable_items",
      "Further copies of accepted items that the log may hold, one for each send without an answer.",
      repeatable(signals),
    ),
    counter("dropped_items", "Items taken that did not go on.", reasons(signals, "dropped")),
    counter(
      "findings",
      "Findings, by signal and id.",
      found(validation, "findingsById", "finding"),
    ),
    counter(
      "decided_records",
      "Records with findings, by decision.",
      found(validation, "recordsByDecision", "decision"),
    ),
    counter(
      "canary_findings",
      "Findings of the canary registry, which decides nothing.",
      found(tableOf(validation["canary"]), "findingsById", "finding"),
    ),
    counter(
      "violations",
      "Records refused, by definition, of the ten with most.",
      found(validation, "mostViolated", "name"),
    ),
  ];
};

const samplingMetrics = (tenants: Table): readonly Metric[] => [
  counter("sampling", "Records seen by head sampling, by tenant and count.", sampled(tenants)),
  gauge("sampling_base_rate", "Base rate as it is now.", byTenant(tenants, "baseRate")),
  gauge("sampling_effective_rate", "Share that was kept.", effectiveRates(tenants)),
];

const forwardMetrics = (forwarder: Table): readonly Metric[] => [
  gauge("queue_bytes", "Bytes that wait for the log.", single(forwarder, "queueBytes")),
  gauge("queue_callers", "Calls that wait for the log.", single(forwarder, "callers")),
  counter("sends", "Sends to the log.", single(forwarder, "sends")),
  counter("failed_sends", "Of those, the ones that failed.", single(forwarder, "failedSends")),
  gauge("log_down", "1 while the log is out of reach, by reason.", logFaults(forwarder)),
  counter("log_outages", "Times the log went out of reach.", single(forwarder, "outages")),
  counter(
    "login_refusals",
    "Sends that the log refused with our login.",
    single(forwarder, "loginRefusals"),
  ),
  counter(
    "refused_writes",
    "Sends of which the log took no records of some topic: no right to write, or no such topic.",
    single(forwarder, "refusedWrites"),
  ),
  gauge("spilled_records", "Records kept in storage.", single(forwarder, "spilledRecords")),
  gauge("spilled_bytes", "Their bytes.", single(forwarder, "spilledBytes")),
  counter(
    "storage_failures",
    "Times the storage did not take what was to be kept.",
    single(forwarder, "storageFailures"),
  ),
];

/** `status` is the document of GET /status. */
export const prometheusText = (status: Table): string =>
  [
    ...requestMetrics(status),
    ...itemMetrics(status),
    ...samplingMetrics(tableOf(status["sampling"])),
    counter("traces", "Requests traced, and what became of their spans.", traces(status)),
    ...forwardMetrics(tableOf(status["forwarder"])),
  ]
    .map(textOf)
    .join("");
