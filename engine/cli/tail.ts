// weir tail: the records of topics as lines, decoded, from either log. Reads without a consumer
// group, so that looking changes nothing.
import { join } from "node:path";

import type { TopicName } from "../../schemas/topics.ts";
import { isTopicName, topicNames } from "../../schemas/topics.ts";
import type { EventLog, LogRecord } from "../log/event-log.ts";
import { LogError } from "../log/event-log.ts";
import { kafkaAddress } from "../../schemas/kafka/broker-address.ts";
import { type LogPlace, openLog } from "../log/open-log.ts";
import { readText, readValue } from "../tail/read-value.ts";
import { integerOption, nearest } from "./arguments.ts";
import type { Arguments, Command, Io } from "./command.ts";
import { exitCode, UnreachableError, UsageError } from "./command.ts";

const recordsAtOnce = 100;
const pollMs = 200;

type Place = { readonly topic: TopicName; readonly partition: number; offset: number };

export const tail: Command = {
  name: "tail",
  purpose: "Prints the records of topics, decoded, one JSON line each; follows until Ctrl-C.",
  usage: "[options] TOPIC...",
  options: {
    from: {
      value: "beginning|end|OFFSET",
      help: "where to begin in every partition",
      default: "end",
    },
    count: { value: "N", help: "end after N records" },
    kafka: { value: "HOST:PORT", help: "read this Apache Kafka instead of the embedded log" },
    data: { value: "DIR", help: "where the embedded log keeps its data", default: ".weir/data" },
  },
  examples: [
    "weir tail weir-candidates --from beginning --count 10",
    "weir tail otlp_spans --kafka 127.0.0.1:19092",
  ],
  run: async (args, io) => {
    const names = topicArguments(args);
    const count = integerOption(args, "count", { min: 1, max: Number.MAX_SAFE_INTEGER });
    const from = fromOption(args);
    const place = placeOf(args);
    const log = await open(place);
    try {
      const places = (await Promise.all(names.map((name) => start(log, name, from)))).flat();
      await follow({ log, places, count: count ?? Number.POSITIVE_INFINITY, io });
      return exitCode.good;
    } catch (error) {
      throw unreachableAt(place, error);
    } finally {
      await log.close();
    }
  },
};

const topicArguments = (args: Arguments): readonly TopicName[] => {
  if (args.positionals.length === 0) {
    throw new UsageError(`weir tail needs a TOPIC: ${topicNames.join(", ")}`);
  }
  return args.positionals.map((name) => {
    if (isTopicName(name)) return name;
    throw new UsageError(`unknown topic ${name}; did you mean ${nearest(name, topicNames)}?`);
  });
};

const placeOf = ({ values }: Arguments): LogPlace => {
  const { kafka, data } = values;
  if (typeof kafka !== "string") return { directory: join(String(data), "log"), readOnly: true };
  if (kafkaAddress.form.test(kafka)) return { kafka };
  throw new UsageError(`--kafka: found ${JSON.stringify(kafka)}, ${kafkaAddress.expected}`);
};

const open = async (place: LogPlace): Promise<EventLog> => {
  try {
    return await openLog(place);
  } catch (error) {
    throw unreachableAt(place, error);
  }
};

/** Embedded, a log's errors name its folder. */
const unreachableAt = (place: LogPlace, error: unknown): unknown => {
  if (!(error instanceof LogError)) return error;
  const where = "kafka" in place ? `Kafka at ${place.kafka}: ` : "";
  return new UnreachableError(where + error.message);
};

/** The offset to begin at. */
type From = "beginning" | "end" | number;

const fromOption = ({ values }: Arguments): From => {
  const from = String(values["from"]);
  if (from === "beginning" || from === "end") return from;
  if (/^\d{1,15}$/.test(from)) return Number(from);
  throw new UsageError(`--from must be beginning, end or an offset, found ${from}`);
};

const start = async (log: EventLog, topic: TopicName, from: From): Promise<Place[]> =>
  (await log.offsets(topic)).map(({ earliest, end }, partition) => {
    if (from === "end") return { topic, partition, offset: end };
    return { topic, partition, offset: from === "beginning" ? earliest : Math.max(earliest, from) };
  });

type Following = {
  readonly log: EventLog;
  readonly places: readonly Place[];
  readonly count: number;
  readonly io: Io;
};

const follow = async ({ log, places, count, io }: Following): Promise<void> => {
  let left = count;
  for (;;) {
    let found = 0;
    for (const place of places) {
      const records = await log.read(place, Math.min(recordsAtOnce, left));
      for (const record of records) {
        if (io.signal.aborted || left === 0) return;
        await io.line(JSON.stringify(lineOf(place, record)));
        place.offset = record.offset + 1;
        left -= 1;
        found += 1;
      }
      if (io.signal.aborted || left === 0) return;
    }
    if (found === 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, pollMs);
      });
    }
  }
};

const lineOf = ({ topic, partition }: Place, record: LogRecord) => ({
  topic,
  partition,
  offset: record.offset.toString(),
  timestamp: record.timestampMs.toString(),
  key: readText(record.key),
  headers: Object.fromEntries(
    Object.entries(record.headers).map(([name, bytes]) => [name, readText(bytes)]),
  ),
  ...readValue(topic, record.value),
});
