import { expect, test } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { UsageError } from "../../../engine/cli/command.ts";
import { engine } from "../../../engine/cli/engine.ts";
import { capturedIo } from "./captured-io.ts";

test("topics are not to be created without a Kafka to create them in", async () => {
  const args = readArguments(engine.options, ["--create-topics", "--data", "/dev/null/none"]);
  await expect(engine.run(args, capturedIo().io)).rejects.toEqual(
    new UsageError("--create-topics needs --kafka: the embedded log makes its own topics"),
  );
});
