// kafkajs' messages as the port's records. Offsets and times are decimal strings there; they are
// read once here. Bytes are views of the fetch answer, nothing is copied.
import type { IHeaders, KafkaMessage } from "kafkajs";

import type { LogRecord } from "./event-log.ts";

const nothing = new Uint8Array(0);

export const logRecord = (message: KafkaMessage): LogRecord => ({
  offset: Number(message.offset),
  timestampMs: Number(message.timestamp),
  key: message.key,
  // A tombstone: none of our topics is compacted, so it carries no meaning beyond "empty".
  value: message.value ?? nothing,
  headers: logHeaders(message.headers),
});

/**
 * Stands for what nobody is shown, up to `offset`: markers of transactions, and records of those that
 * were aborted. It is empty, so that nothing comes of it but that positions pass it.
 */
export const unshownRecord = (offset: number): LogRecord => ({
  offset,
  timestampMs: Date.now(),
  key: null,
  value: nothing,
  headers: {},
});

// A name may be repeated in Kafka; the last one counts, as everywhere in OpenTelemetry.
const logHeaders = (headers: IHeaders | undefined): LogRecord["headers"] => {
  const out: Record<string, Uint8Array> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) out[name] = typeof last === "string" ? Buffer.from(last) : last;
  }
  return out;
};
