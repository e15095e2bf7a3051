import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { ensureJars } from "../../../engine/log/kafka-jars.ts";
import { makeArchive, startKafkaNode } from "../../../engine/log/kafka-node.ts";
import { kafkaAvailable } from "../../kafka-broker.ts";

describe.skipIf(!kafkaAvailable())("Kafka's class archive (needs Java 17 and Maven)", () => {
  test("is no reason not to start when a busy machine does not write it in time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "weir-archive-"));
    try {
      const notes: string[] = [];
      await ensureJars(() => undefined);
      const file = join(folder, "classes.jsa");
      await makeArchive((text) => notes.push(text), { file, msMax: 0 });
      expect(existsSync(file)).toBe(false);
      expect(notes.at(-1)).toContain("was not written in time");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test.skipIf(!kafkaAvailable()).each([
  ["of another program", "version=1\n"],
  ["damaged", "\0\0\0"],
])(
  "a folder whose meta.properties is %s is named, without Java's stack (needs Java 17 and Maven)",
  async (_name, text) => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "weir-kafka-"));
    try {
      mkdirSync(join(dataDirectory, "log"));
      writeFileSync(join(dataDirectory, "log", "meta.properties"), text);
      await expect(startKafkaNode({ dataDirectory, port: 0 })).rejects.toThrow(
        `data-unusable: ${dataDirectory}: its log/meta.properties is none of Kafka's; choose`,
      );
    } finally {
      rmSync(dataDirectory, { recursive: true });
    }
  },
);
