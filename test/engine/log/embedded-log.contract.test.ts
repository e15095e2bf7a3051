import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { wakeBytes } from "../../../engine/log/embedded/wake.ts";
import { openEmbeddedLog } from "../../../engine/log/embedded-log.ts";
import { eventLogSuite } from "./event-log.suite.ts";

for (const [name, wake] of [
  ["the embedded log, woken by shared memory", new SharedArrayBuffer(wakeBytes)],
  ["the embedded log, polling", undefined],
] as const) {
  const directory = mkdtempSync(join(tmpdir(), "weir-test-log-"));
  eventLogSuite(name, {
    open: async (topics) =>
      openEmbeddedLog({ directory, topics, ...(wake === undefined ? {} : { wake }) }),
    tearDown: async () => rmSync(directory, { recursive: true }),
  });
}
