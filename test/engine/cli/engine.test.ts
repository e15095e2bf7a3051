import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { UsageError } from "../../../engine/cli/command.ts";
import { engine } from "../../../engine/cli/engine.ts";
import { InputError } from "../../../engine/cli/input.ts";
import { capturedIo } from "./captured-io.ts";

test("topics are not to be created without a Kafka to create them in", async () => {
  const args = readArguments(engine.options, ["--create-topics", "--data", "/dev/null/none"]);
  await expect(engine.run(args, capturedIo().io)).rejects.toEqual(
    new UsageError("--create-topics needs --kafka: the embedded log makes its own topics"),
  );
});

const failingStage = `export const stage = {
  name: "failing",
  inputBytes: 32,
  outputBytes: 32,
  configure: () => () => {
    throw new Error("as it was told");
  },
};`;

test("a custom stage that cannot start is bad input, and named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-test-engine-"));
  try {
    writeFileSync(join(folder, "failing.mjs"), failingStage);
    const config = join(folder, "weir.toml");
    writeFileSync(config, '[[stages]]\nname = "failing"\nmodule = "./failing.mjs"\n');
    const ports = ["--control-port", "0", "--log-port", "0"];
    const words = ["--config", config, "--data", join(folder, "data"), ...ports];
    const args = readArguments(engine.options, words);
    await expect(engine.run(args, capturedIo().io)).rejects.toEqual(
      new InputError("thread=submit did not start: thread of stage=failing: as it was told"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
