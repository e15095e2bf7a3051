import { expect, test } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { UsageError } from "../../../engine/cli/command.ts";
import { tail } from "../../../engine/cli/tail.ts";
import { capturedIo } from "./captured-io.ts";

test.each([
  [[], "weir tail needs a TOPIC"],
  [["otlp_span"], "did you mean otlp_spans?"],
  [["otlp_spans", "--from", "start"], "--from must be beginning, end or an offset, found start"],
  [["otlp_spans", "--count", "0"], "--count must be an integer"],
])("%j is a usage error, also when there is no log to read", async (words, message) => {
  const args = readArguments(tail.options, [...words, "--data", "/nowhere"]);
  const told = await tail.run(args, capturedIo().io).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(UsageError);
  expect((told as Error).message).toContain(message);
});
