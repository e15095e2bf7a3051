// Names that were fields, here or in the original, and have no effect to have. One of the original's
// own is taken with a warning, so that its files can be read; ours are refused with what takes their
// place. So nobody sets a value that nothing reads without being told.

const oneThread = "expected no such field: there is one such thread for each engine; set";

/** Texts that are taken and change nothing: what to do instead, by the path of the field. */
export const idleFields: ReadonlyMap<string, string> = new Map([
  [
    "sniffer.grpc_endpoint",
    "has no effect: transactions come from the log; set log.kafka or log.data_dir",
  ],
]);

/** What is refused: what to do instead, by the path of the field. */
export const retiredFields: ReadonlyMap<string, string> = new Map([
  [
    "threads.ingest",
    `${oneThread} threads.market and threads.stream, or run more engines on one Kafka`,
  ],
  [
    "threads.egress",
    `${oneThread} threads.market and threads.stream, or run more engines on one Kafka`,
  ],
]);
