import { expect, it } from "vitest";

import { unanswered } from "../../../engine/up/unanswered.ts";
import { MemoryLog } from "../log/memory-log.ts";

it("names a Kafka that does not answer in time, and why one could not be asked", async () => {
  const silent = { describe: () => new Promise<never>(() => undefined) };
  expect(await unanswered(silent, "h:1", 10)).toBe("Kafka at h:1 did not answer within 10 ms");
  const refused = { describe: () => Promise.reject(new Error("ECONNREFUSED")) };
  expect(await unanswered(refused, "h:1", 10)).toContain("ECONNREFUSED");
  expect(await unanswered(new MemoryLog(), "h:1", 1_000)).toBeNull();
});
