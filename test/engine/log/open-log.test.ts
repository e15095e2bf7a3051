import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { openLog } from "../../../engine/log/open-log.ts";
import { checkTopics } from "../../../engine/log/topic-table.ts";

test("a directory is the embedded log, with the topics of the contract", async () => {
  const directory = join(mkdtempSync(join(tmpdir(), "weir-test-log-")), "made");
  const log = await openLog({ directory });
  await expect(checkTopics(log)).rejects.toMatchObject({ code: "topic-missing" });
  expect(await log.createTopics()).toContain("otlp_spans");
  await checkTopics(log);
  await log.close();
  await log.close();
  expect(existsSync(join(directory, "log.db"))).toBe(true);
  rmSync(join(directory, ".."), { recursive: true });
});

test("an address is Kafka: opening connects to nothing, using it says that it is away", async () => {
  const log = await openLog({ kafka: "127.0.0.1:1" });
  await expect(log.describe()).rejects.toMatchObject({ code: "unreachable", retryable: true });
  await log.close();
});
