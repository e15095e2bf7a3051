// Every number that the engine counts, in one table: owner (the thread that writes it), name and
// labels as Prometheus shows them, meaning. A cell has one writer; cells of one owner stand
// together and owners on separate cache lines.

export type Owner = "ingest" | "market" | "stream" | "egress" | "submit" | "control";

export type Metric = {
  readonly owner: Owner;
  readonly kind: "counter" | "gauge";
  readonly name: string;
  readonly labels: { readonly [label: string]: string };
  readonly help: string;
};

const counter = (
  owner: Owner,
  name: string,
  help: string,
  labels: Metric["labels"] = {},
): Metric => ({ owner, kind: "counter", name, labels, help });

const signals = ["spans", "metrics", "logs", "transactions", "depth"] as const;
export type Signal = (typeof signals)[number];

const perSignal = (owner: Owner, name: string, help: string) =>
  Object.fromEntries(signals.map((signal) => [signal, counter(owner, name, help, { signal })])) as {
    readonly [signal in Signal]: Metric;
  };

const gauge = (
  owner: Owner,
  name: string,
  help: string,
  labels: Metric["labels"] = {},
): Metric => ({ owner, kind: "gauge", name, labels, help });

const exported = (sink: string): Metric =>
  counter("control", "weir_export_sent_total", "What left the process and was taken", { sink });
const exportRejected = (sink: string): Metric =>
  counter("control", "weir_export_rejected_total", "Of what was sent, refused by partial success", {
    sink,
  });
const exportDropped = (sink: string, reason: string): Metric =>
  counter("control", "weir_export_dropped_total", "What was to leave the process and was dropped", {
    sink,
    reason,
  });
const exportFailures = (sink: string): Metric =>
  counter("control", "weir_export_failures_total", "Sends that failed, each try", { sink });
const exportWaiting = (sink: string): Metric =>
  gauge("control", "weir_export_waiting", "What waits to leave the process", { sink });

// Counted by partition, each item once (ledger/item-counts.ts), and put in by the snapshot.
const handledHelp = "Items that a stage finished, of the run's own edge";
const handled = perSignal("market", "weir_items_handled_total", handledHelp);
const foreignHelp = "Items that a stage finished and that another run or client appended";
const foreign = perSignal("market", "weir_items_foreign_total", foreignHelp);
const repeatedHelp = "Items read again after a restart of a thread, handled but not counted again";
const ofStream = (metric: Metric): Metric => ({ ...metric, owner: "stream" });

const rejected = (reason: string): Metric =>
  counter("market", "weir_sniffer_rejected_total", "Transactions that are no candidate", {
    reason,
  });

// As those handled: once each, with their record, so that handled = out + refused at every moment.
const refused = (reason: string): Metric =>
  counter("market", "weir_items_rejected_total", "Items of the run's own edge that were refused", {
    signal: "transactions",
    reason,
  });

const dropped = (reason: string): Metric =>
  counter("market", "weir_items_dropped_total", "Items of the run's own edge that were dropped", {
    signal: "transactions",
    reason,
  });

const offeredToSubmit = (priority: string): Metric =>
  counter("market", "weir_submit_offered_total", "Transactions of candidates meant for bundles", {
    priority,
  });
const submitFull = (priority: string): Metric =>
  counter("market", "weir_submit_overflow_total", "Those for which the ring had no room: dropped", {
    priority,
  });
const unresolved = (reason: string): Metric =>
  counter(
    "market",
    "weir_lookup_unresolved_total",
    "Transactions that went on with a mint unknown, behind a lookup table",
    { reason },
  );
const tables = (outcome: string): Metric =>
  counter("control", "weir_lookup_tables_total", "What became of requests for lookup tables", {
    outcome,
  });
const consumeDropped = (reason: string): Metric =>
  counter("ingest", "weir_consume_dropped_total", "Log records that are passed over", { reason });
const submitRejected = (reason: string): Metric =>
  counter("submit", "weir_submit_rejected_total", "Transactions that become no record", { reason });
const submitDropped = (reason: string): Metric =>
  counter("submit", "weir_submit_dropped_total", "Transactions given up on their way", { reason });
const submitted = (outcome: string): Metric =>
  counter("submit", "weir_submit_transactions_total", "Transactions by what became of them", {
    outcome,
  });
const submitBundles = (reason: string): Metric =>
  counter("submit", "weir_submit_bundles_total", "Bundles by why they were closed", { reason });

export const metrics = {
  consumeRecords: counter("ingest", "weir_consume_records_total", "Log records read"),
  consumeBytes: counter("ingest", "weir_consume_bytes_total", "Bytes of log records read"),
  consumeOversize: consumeDropped("oversize"),
  consumeUnreadable: consumeDropped("unreadable"),
  consumeBlocked: counter(
    "ingest",
    "weir_consume_blocked_total",
    "Waits of the consumer for space in a ring",
  ),
  consumeRewound: counter(
    "ingest",
    "weir_consume_rewound_total",
    "Log records read again for a stage that was replaced",
  ),
  consumeRepeats: counter(
    "ingest",
    "weir_consume_repeats_total",
    "Log records that the edge sent twice, known by producer and sequence; they are handled again",
  ),
  consumeAssignments: counter(
    "ingest",
    "weir_consume_assignments_total",
    "Times that the log gave partitions to the consumer",
  ),
  traced: counter("ingest", "weir_traces_total", "Log records that are traced"),
  tracesFull: counter(
    "ingest",
    "weir_traces_dropped_total",
    "Log records marked for a trace that are not traced",
    { reason: "full" },
  ),
  commits: counter("ingest", "weir_commits_total", "Positions committed to the log"),
  commitFailures: counter("ingest", "weir_commit_failures_total", "Commits that failed"),

  handledTransactions: handled.transactions,
  handledDepth: handled.depth,
  handledSpans: ofStream(handled.spans),
  handledMetrics: ofStream(handled.metrics),
  handledLogs: ofStream(handled.logs),
  foreignTransactions: foreign.transactions,
  foreignDepth: foreign.depth,
  foreignSpans: ofStream(foreign.spans),
  foreignMetrics: ofStream(foreign.metrics),
  foreignLogs: ofStream(foreign.logs),

  candidates: counter(
    "market",
    "weir_sniffer_candidates_total",
    "Transactions with candidates that passed all checks",
  ),
  matches: counter(
    "market",
    "weir_sniffer_matches_total",
    "Candidates of transactions that passed all checks",
  ),
  matchesDropped: counter(
    "market",
    "weir_sniffer_matches_dropped_total",
    "Watched instructions behind the first 16 of their transaction, which become no candidates",
  ),
  needsResolve: counter(
    "market",
    "weir_sniffer_needs_resolve_total",
    "Transactions extracted whose mints are all behind lookup tables",
  ),
  tableHits: counter(
    "market",
    "weir_lookup_hits_total",
    "Transactions with mints behind lookup tables, all of them known at once",
  ),
  tableMisses: counter(
    "market",
    "weir_lookup_misses_total",
    "Verified transactions with a mint behind a lookup table that was not known at once",
  ),
  tableResolved: counter(
    "market",
    "weir_lookup_resolved_total",
    "Of those, the ones whose table came in time",
  ),
  unresolvedOff: unresolved("off"),
  unresolvedAbsent: unresolved("absent"),
  unresolvedLate: unresolved("late"),
  unresolvedFull: unresolved("full"),
  unresolvedHurried: unresolved("hurried"),
  unresolvedShutdown: unresolved("shutdown"),
  tableRoom: gauge("market", "weir_lookup_room", "Transactions that wait for a lookup table"),
  tableRequestsDropped: counter(
    "market",
    "weir_lookup_requests_dropped_total",
    "Requests for lookup tables for which the ring had no room",
  ),
  rejectedVote: rejected("vote"),
  rejectedNotWatched: rejected("not-watched"),
  rejectedSize: rejected("size"),
  rejectedDuplicateKey: rejected("duplicate-key"),
  rejectedMalformed: rejected("malformed"),
  rejectedSignature: rejected("signature"),
  rejectedReplay: rejected("replay"),
  rejectedSuspiciousMint: rejected("suspicious-mint"),
  refusedSize: refused("size"),
  refusedDuplicateKey: refused("duplicate-key"),
  refusedMalformed: refused("malformed"),
  refusedNeedsResolve: refused("needs-resolve"),
  refusedSignature: refused("signature"),
  refusedReplay: refused("replay"),
  refusedSuspiciousMint: refused("suspicious-mint"),
  droppedFull: dropped("full"),
  droppedEvicted: dropped("evicted"),
  droppedBlocked: dropped("blocked"),
  droppedRetries: dropped("retries"),
  droppedShutdown: dropped("shutdown"),
  malformedItems: counter("market", "weir_items_malformed_total", "Transaction items not readable"),
  malformedFrames: counter("market", "weir_frames_malformed_total", "Log records no frame", {
    stage: "market",
  }),
  depthStale: counter("market", "weir_depth_stale_total", "Depth messages older than the book"),
  depthGaps: counter("market", "weir_depth_gaps_total", "Depth messages after a missing one"),
  depthRejected: counter("market", "weir_depth_rejected_total", "Depth items not readable"),
  marketBlocked: counter("market", "weir_ring_blocked_total", "Waits for space in a ring", {
    ring: "market-egress",
  }),

  marketRepeated: counter("market", "weir_items_repeated_total", repeatedHelp, {
    stage: "market",
  }),
  streamRepeated: counter("stream", "weir_items_repeated_total", repeatedHelp, {
    stage: "stream",
  }),

  aggregates: counter("stream", "weir_stream_aggregates_total", "Window results handed over"),
  lateItems: counter("stream", "weir_stream_late_total", "Items of windows already closed"),
  futureItems: counter(
    "stream",
    "weir_stream_future_total",
    "Items in no window, as their time is far ahead of their receipt",
  ),
  overflowItems: counter(
    "stream",
    "weir_stream_overflow_total",
    "Items counted under _other, as their window has no room for their key",
  ),
  streamMalformed: counter("stream", "weir_frames_malformed_total", "Log records not readable", {
    stage: "stream",
  }),
  streamBlocked: counter("stream", "weir_ring_blocked_total", "Waits for space in a ring", {
    ring: "stream-egress",
  }),

  egressRecords: counter("egress", "weir_egress_records_total", "Records acknowledged by the log"),
  egressItems: counter("egress", "weir_egress_items_total", "Outputs acknowledged by the log"),
  egressFailures: counter("egress", "weir_egress_failures_total", "Appends that failed"),
  egressTooLarge: counter("egress", "weir_egress_dropped_total", "Outputs the log never takes", {
    reason: "record-too-large",
  }),

  submitOfferedHigh: offeredToSubmit("HIGH"),
  submitOfferedLow: offeredToSubmit("LOW"),
  submitFullHigh: submitFull("HIGH"),
  submitFullLow: submitFull("LOW"),
  submitReceived: counter("submit", "weir_submit_received_total", "Transactions read for bundles"),
  submitInFlight: gauge("submit", "weir_submit_in_flight", "Those that have not ended"),
  submitForeign: counter(
    "submit",
    "weir_submit_foreign_records_total",
    "Records out of the stages that belong to no transaction",
  ),
  submitNoPrice: submitRejected("no-price"),
  submitRepeated: submitRejected("repeated"),
  submitStale: submitDropped("stale"),
  submitStages: submitDropped("stages"),
  submitShutdown: submitDropped("shutdown"),
  submitRestart: submitDropped("restart"),
  submitDryRun: submitted("dry-run"),
  submitInvalid: submitted("invalid"),
  submitRejected: submitted("rejected"),
  submitLanded: submitted("landed"),
  submitFailed: submitted("failed"),
  submitExpired: submitted("expired"),
  submitAccepted: submitted("accepted"),
  submitUnknown: submitted("unknown"),
  submitBundlesSize: submitBundles("size"),
  submitBundlesTimeout: submitBundles("timeout"),
  submitBundlesShutdown: submitBundles("shutdown"),

  configVersion: gauge("control", "weir_config_version", "Version of the configuration that runs"),
  configRefused: gauge(
    "control",
    "weir_config_refused",
    "1 while the configuration that was read last is refused, and the one before goes on",
  ),
  tablesAsked: counter(
    "control",
    "weir_lookup_tables_asked_total",
    "Requests of market threads for lookup tables",
  ),
  tablesAnswered: tables("answered"),
  tablesFound: tables("found"),
  tablesAbsent: tables("absent"),
  tablesGivenUp: tables("given-up"),
  tablesFull: tables("full"),
  tablesWaiting: gauge("control", "weir_lookup_tables_waiting", "Lookup tables on their way"),
  tablesEvicted: counter(
    "control",
    "weir_lookup_tables_evicted_total",
    "Lookup tables that made room for others in the cache",
  ),
  tableFetches: counter("control", "weir_lookup_fetches_total", "getMultipleAccounts sent"),
  tableFetchFailures: counter(
    "control",
    "weir_lookup_fetch_failures_total",
    "getMultipleAccounts that failed, each try",
  ),
  eventsFollowed: counter(
    "control",
    "weir_events_followed_total",
    "Recorded events that were read",
  ),
  eventsLost: counter(
    "control",
    "weir_events_lost_total",
    "Recorded events that were overwritten before they were read",
  ),
  eventsSampledOut: counter(
    "control",
    "weir_events_sampled_out_total",
    "Recorded events that the rule keeps in the process",
  ),
  eventsLag: gauge("control", "weir_events_lag", "Recorded events that are not read yet"),
  tracesIncomplete: counter(
    "control",
    "weir_traces_incomplete_total",
    "Traced records whose end was not seen in time",
  ),
  spansSent: exported("traces"),
  spansRejected: exportRejected("traces"),
  spansFull: exportDropped("traces", "full"),
  spansFailed: exportDropped("traces", "failed"),
  spansShutdown: exportDropped("traces", "shutdown"),
  spansFailures: exportFailures("traces"),
  spansWaiting: exportWaiting("traces"),
  eventTopicSent: exported("event-topic"),
  eventTopicFull: exportDropped("event-topic", "full"),
  eventTopicFailed: exportDropped("event-topic", "failed"),
  eventTopicShutdown: exportDropped("event-topic", "shutdown"),
  eventTopicFailures: exportFailures("event-topic"),
  eventTopicWaiting: exportWaiting("event-topic"),
  eventLogsSent: exported("event-logs"),
  eventLogsRejected: exportRejected("event-logs"),
  eventLogsFull: exportDropped("event-logs", "full"),
  eventLogsFailed: exportDropped("event-logs", "failed"),
  eventLogsShutdown: exportDropped("event-logs", "shutdown"),
  eventLogsFailures: exportFailures("event-logs"),
  eventLogsWaiting: exportWaiting("event-logs"),
} as const satisfies { readonly [key: string]: Metric };

export type MetricKey = keyof typeof metrics;
export const metricKeys = Object.keys(metrics) as readonly MetricKey[];

/** Histograms in microseconds: how long a record waited in a ring, and whole ways. */
export const histograms = {
  ingestMarket: { ring: "ingest-market", help: "Sojourn in the ring" },
  ingestStream: { ring: "ingest-stream", help: "Sojourn in the ring" },
  marketEgress: { ring: "market-egress", help: "Sojourn in the ring" },
  streamEgress: { ring: "stream-egress", help: "Sojourn in the ring" },
  edgeToCandidate: { ring: "edge-candidate", help: "Edge receive to acknowledged candidate" },
  edgeToHandled: { ring: "edge-stream", help: "Edge receive to counted span" },
} as const;

export type HistogramKey = keyof typeof histograms;
export const histogramKeys = Object.keys(histograms) as readonly HistogramKey[];
