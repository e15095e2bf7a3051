// Headers of every record that the edge writes, and their meaning. Values are UTF-8 text. Records
// of foreign producers (a Collector) have none of them: readers must not depend on one.

/** Header names by meaning. `producer` + `sequence` name a record for ever: a repeat is known. */
export const recordHeaders = {
  /** What the value is: `schemaOf(topic)`. */
  schema: "weir-schema",
  /** Tenant whose key the sender showed. */
  tenant: "weir-tenant",
  /** Id of the forwarder instance that numbered the record. */
  producer: "weir-producer",
  /** Decimal, from 0, one more for each record of that producer; a resend keeps it. */
  sequence: "weir-sequence",
  /** Milliseconds since the epoch at which the edge received the request, decimal. */
  receivedMs: "weir-received-ms",
  /** Start of the system that the record belongs to; absent when the edge was given none. */
  run: "weir-run",
  /** Version of the engine's configuration when it wrote the record, decimal; only in its outputs. */
  configVersion: "weir-config-version",
  /** W3C trace context of a record whose request is traced (trace-context.ts); else absent. */
  traceparent: "traceparent",
  /** Coding of the value as a whole; always "identity" so far. */
  contentEncoding: "content-encoding",
} as const;

/** Name and version of a value's format, for the schema header. */
export const schemaOf = (encoding: string): string => `urn:weir:${encoding}:1`;
