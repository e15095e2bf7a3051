// An event on its way out: its line with the time of day and how many like it it stands for, and
// the log record that carries it. schemas/sniffer-event.schema.json describes the value.
import { keyPartition } from "../../schemas/hash/murmur2.ts";
import { recordHeaders, schemaOf } from "../../schemas/record-headers.ts";
import { topics } from "../../schemas/topics.ts";
import type { EventLine } from "../events/event-line.ts";
import type { NewRecord } from "../log/event-log.ts";

/** An event outside of the process. */
export type OutgoingEvent = EventLine & {
  /** Which market thread, from 0: each numbers its transactions for itself. */
  readonly lane: number;
  /** Microseconds since the epoch. */
  readonly unix_us: number;
  /** It stands for so many recorded events of its type. */
  readonly one_in: number;
};

/** Who writes the records: `producer` and a number of its own name each for ever. */
export type EventOrigin = {
  readonly runId: string;
  readonly producer: string;
  readonly configVersion: number;
};

const topic = "weir-events";
const { partitions, encoding } = topics[topic];
const encoder = new TextEncoder();

/** By the event's trace id, so that the events of one transaction stay in order. */
export const eventRecord = (
  event: OutgoingEvent,
  { runId, producer, configVersion }: EventOrigin,
  sequence: number,
): NewRecord => {
  const key = encoder.encode(event.trace_id);
  return {
    topic,
    partition: keyPartition(key, 0, key.length, partitions),
    key,
    value: encoder.encode(JSON.stringify(event)),
    headers: {
      [recordHeaders.schema]: schemaOf(encoding),
      [recordHeaders.run]: runId,
      [recordHeaders.configVersion]: String(configVersion),
      [recordHeaders.producer]: producer,
      [recordHeaders.sequence]: String(sequence),
    },
    timestampMs: Math.floor(event.unix_us / 1000),
  };
};
