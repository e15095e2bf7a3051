// Kafka over TCP: the shared producer (acks all, idempotent, replaced after a failed send).
import { ProducerError } from "../../schemas/kafka/producer-error.ts";
import { createProducer } from "../../schemas/kafka/producer.ts";
import { type RecordState, recordState } from "./forward-outcome.ts";
import type { Sink, SinkRecord, SinkResult } from "./sink.ts";

const connectTimeoutMs = 3000;

/** Codes after which certainly nothing was written. */
const notSent: ReadonlySet<string> = new Set(["queue-full", "closed", "authentication"]);

const failed = (error: unknown, records: number): SinkResult => {
  const isRefused = error instanceof ProducerError && notSent.has(error.code);
  const state: RecordState = isRefused ? recordState.refused : recordState.unknown;
  const message = error instanceof Error ? error.message : String(error);
  return { states: Array.from({ length: records }, () => state), message };
};

/** `sendMsMax` bounds one append, kafkajs' own retries included. */
export const kafkaSink = (brokers: readonly string[], sendMsMax: number): Sink => {
  const producer = createProducer({
    brokers,
    clientId: "weir-edge",
    connectTimeoutMs,
    requestTimeoutMs: sendMsMax,
    sendDeadlineMs: sendMsMax,
  });
  const append = async (records: readonly SinkRecord[]): Promise<SinkResult> => {
    try {
      await producer.send(records);
      return { states: records.map(() => recordState.acknowledged), message: "" };
    } catch (error) {
      return failed(error, records.length);
    }
  };
  return { append, close: () => producer.disconnect() };
};
