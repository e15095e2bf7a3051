import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { ensureJars } from "../../../engine/log/kafka-jars.ts";
import { makeArchive } from "../../../engine/log/kafka-node.ts";
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
