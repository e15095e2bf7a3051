// A real Kafka for tests: one node per test file (1.5 s), in a directory of its own. Where Java
// or Maven are absent the suites are skipped, visibly; with WEIR_FORBID_SKIPS=1 they run and fail.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { canRunKafka } from "../engine/log/kafka-jars.ts";
import type { KafkaNode, KafkaNodeOptions } from "../engine/log/kafka-node.ts";
import { startKafkaNode } from "../engine/log/kafka-node.ts";

/** For `describe.skipIf(!kafkaAvailable())("... (needs Java 17 and Maven)", ...)`. */
export const kafkaAvailable = (): boolean =>
  process.env["WEIR_FORBID_SKIPS"] === "1" || canRunKafka();

export type TestBroker = KafkaNode & { readonly close: () => Promise<void> };

/** Starts a node on a free port; `close` stops it and removes its data. */
export const startBroker = async (
  options: Omit<KafkaNodeOptions, "dataDirectory" | "port"> = {},
): Promise<TestBroker> => {
  const dataDirectory = mkdtempSync(join(tmpdir(), "weir-test-kafka-"));
  const node = await startKafkaNode({ ...options, dataDirectory, port: 0 });
  const close = async (): Promise<void> => {
    await node.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  return { ...node, close };
};
