// Kafka over TCP: the shared producer (acks all, idempotent, replaced after a failed send). Turns
// its errors into the fate of each record: cuts a group that is too large for the broker until the
// one record that is too large stands alone, and parts what was refused from what was not.
import {
  type ProducerError,
  type ProducerErrorCode,
  producerError,
} from "../../schemas/kafka/producer-error.ts";
import { type Producer, createProducer } from "../../schemas/kafka/producer.ts";
import type { KafkaConfig } from "../config.ts";
import { fixedLimits } from "../limits.ts";
import { recordState } from "./forward-outcome.ts";
import { type Sink, type SinkRecord, type SinkResult, appended, failedAppend } from "./sink.ts";
import { appendParts, partsOf, splitAppend, withAcknowledged } from "./split-append.ts";
import { wasmCrc32c } from "./wasm-crc32c.ts";
import { workerdSockets } from "./workerd-socket.ts";

const connectTimeoutMs = 3000;

/**
 * What says nothing of other partitions: one is missing, its leader moved or it takes no such
 * records. Sent again with it, the others would be written each time, or never.
 */
const isOfPartition = ({ code }: ProducerError): boolean =>
  writeFaultOf(code) !== undefined || code === "record-too-large";

const writeFaultOf = (code: ProducerErrorCode): SinkResult["writeFault"] => {
  if (code === "unauthorized") return code;
  return code === "topic-missing" || code === "refused" ? "refused" : undefined;
};

/** Wrong credentials are the log's trouble as a whole; a producer that lost its turn is not. */
const isDown = ({ code, retryable }: ProducerError): boolean =>
  (retryable && code !== "sequence") || code === "authentication";

/** The topic, where all records have the same one: the log's words name none. */
const placeOf = (records: readonly SinkRecord[]): string => {
  const topic = records[0]?.topic ?? "";
  return records.every((record) => record.topic === topic) ? `${topic}: ` : "";
};

const failed = (error: ProducerError, records: readonly SinkRecord[]): SinkResult => {
  const { code, fate, message } = error;
  const writeFault = writeFaultOf(code);
  const place = placeOf(records);
  // A topic that our login may not write to took nothing, though the request went out.
  const isRefused = !fate.isInDoubt || (writeFault === "unauthorized" && place !== "");
  const state = isRefused ? recordState.refused : recordState.unknown;
  return failedAppend(records.length, state, {
    message: writeFault === undefined ? message : `${place}${message}`,
    isDown: isDown(error),
    isLoginRefused: code === "authentication",
    writeFault,
  });
};

/** Sends over any producer; exported for tests. */
export const producerSink = (producer: Pick<Producer, "send" | "disconnect">): Sink => {
  const append: Sink["append"] = async (records, msMin) => {
    try {
      await producer.send(records, msMin);
      return appended(records.length);
    } catch (error) {
      const failure = producerError(error);
      const { acknowledged } = failure.fate;
      // Sent again, what other partitions have would be there twice.
      const left = records.filter((_, at) => !acknowledged.has(at));
      const again = (part: readonly SinkRecord[]): Promise<SinkResult> => append(part, msMin);
      return withAcknowledged(records.length, acknowledged, await appendLeft(failure, left, again));
    }
  };

  const appendLeft = async (
    failure: ProducerError,
    left: readonly SinkRecord[],
    again: Sink["append"],
  ): Promise<SinkResult> => {
    const isTooLarge = failure.code === "record-too-large";
    if (isOfPartition(failure)) {
      const isInDoubt = failure.fate.isInDoubt || isTooLarge;
      const isOfTopic = !isInDoubt || failure.code === "unauthorized";
      const parts = partsOf(left, isOfTopic ? "topic" : "partition");
      if (parts.length > 1) return appendParts(left, { parts, isInDoubt }, again);
    }
    if (isTooLarge) return splitAppend(left, failure.message, again);
    return failed(failure, left);
  };
  return { append, close: () => producer.disconnect() };
};

/** `sendMsMax` bounds one append, kafkajs' own retries included; one that connects has 3 s at least. */
export const kafkaSink = (kafka: KafkaConfig, sendMsMax: number): Sink =>
  producerSink(
    createProducer({
      brokers: kafka.brokers,
      clientId: "weir-edge",
      encoder: kafka.encoder,
      checksum: wasmCrc32c,
      // The switch that leaves kafkajs as it is leaves it its sockets too.
      ...(kafka.encoder === "weir" ? { socketFactory: workerdSockets } : {}),
      ssl: kafka.isTls,
      login: kafka.login,
      connectTimeoutMs,
      // No shorter than the longest send: each has a deadline of its own.
      requestTimeoutMs: Math.max(sendMsMax, fixedLimits.replayMsMin),
      sendDeadlineMs: sendMsMax,
      connectDeadlineMs: connectTimeoutMs,
    }),
  );
