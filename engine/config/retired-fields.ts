// Names that were fields, here or in the original, and have no effect to have: refused with what
// takes their place, so that nobody sets a value that nothing reads.

const oneThread = "expected no such field: there is one such thread for each engine; set";

/** What to do instead, by the path of the field. */
export const retiredFields: ReadonlyMap<string, string> = new Map([
  [
    "sniffer.grpc_endpoint",
    "expected no such field: transactions come from the log; set log.kafka or log.data_dir",
  ],
  [
    "threads.ingest",
    `${oneThread} threads.market and threads.stream, or run more engines on one Kafka`,
  ],
  [
    "threads.egress",
    `${oneThread} threads.market and threads.stream, or run more engines on one Kafka`,
  ],
]);
