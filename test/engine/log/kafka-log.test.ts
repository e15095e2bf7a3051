import { createKafkaLog } from "../../../engine/log/kafka-log.ts";
import type { TestBroker } from "../../kafka-broker.ts";
import { kafkaAvailable, startBroker } from "../../kafka-broker.ts";
import { eventLogSuite } from "./event-log.suite.ts";

let broker: TestBroker | undefined;

eventLogSuite(
  "the log on Apache Kafka (needs Java 17, Maven)",
  {
    setUp: async () => {
      // So that a record of 2023 is not deleted at once, and a join does not wait.
      broker = await startBroker({ properties: { "log.retention.check.interval.ms": 3_600_000 } });
    },
    open: async (topics) => createKafkaLog({ brokers: [broker?.bootstrap ?? ""], topics }),
    tearDown: async () => broker?.close(),
  },
  !kafkaAvailable(),
);
