// The one place that knows which log there is: Kafka by address, or the embedded one by directory.
import type { EmbeddedLogOptions } from "./embedded-log.ts";
import type { EventLog } from "./event-log.ts";
import { kafkaAccess } from "./kafka-access.ts";

export type LogPlace = { readonly kafka: string } | EmbeddedLogOptions;

/**
 * Opens the log. `kafka` is HOST:PORT, several separated by commas; nothing connects before it is
 * used; TLS and login are in the environment (kafka-access.ts). A directory is opened at once. Structured-cloneable, so that threads can be given it.
 *
 * @throws LogError `locked` for a directory that another process has.
 */
export const openLog = async (place: LogPlace): Promise<EventLog> => {
  // Loaded on demand: neither pays for the other.
  if ("kafka" in place) {
    const { createKafkaLog } = await import("./kafka-log.ts");
    const { isTls, authorities, login } = kafkaAccess();
    const ssl = authorities === null ? isTls : { ca: [authorities] };
    return createKafkaLog({ brokers: place.kafka.split(","), login, ssl: isTls && ssl });
  }
  const { openEmbeddedLog } = await import("./embedded-log.ts");
  return openEmbeddedLog(place);
};
