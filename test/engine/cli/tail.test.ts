import { expect, test } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { UnreachableError, UsageError } from "../../../engine/cli/command.ts";
import { tail } from "../../../engine/cli/tail.ts";
import { capturedIo } from "./captured-io.ts";

test.each([
  [[], "weir tail needs a TOPIC"],
  [["otlp_span"], "did you mean otlp_spans?"],
  [["otlp_spans", "--from", "start"], "--from must be beginning, end or an offset, found start"],
  [["otlp_spans", "--count", "0"], "--count must be an integer"],
  [["otlp_spans", "--kafka", ""], '--kafka: found "", expected HOST:PORT'],
  [["otlp_spans", "--kafka", "127.0.0.1"], '--kafka: found "127.0.0.1", expected HOST:PORT'],
  [["otlp_spans", "--kafka", "http://127.0.0.1:9092"], "expected HOST:PORT, several separated by"],
])("%j is a usage error, also when there is no log to read", async (words, message) => {
  const args = readArguments(tail.options, [...words, "--data", "/nowhere"]);
  const told = await tail.run(args, capturedIo().io).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(UsageError);
  expect((told as Error).message).toContain(message);
});

test("a Kafka that is not there is named", async () => {
  const args = readArguments(tail.options, ["otlp_spans", "--kafka", "127.0.0.1:1"]);
  const told = await tail.run(args, capturedIo().io).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(UnreachableError);
  expect((told as Error).message).toContain("Kafka at 127.0.0.1:1: unreachable: ");
});
