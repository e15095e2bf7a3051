import { expect, test } from "vitest";

import { readArguments } from "../../../engine/cli/arguments.ts";
import { up } from "../../../engine/cli/up.ts";
import { capturedIo } from "./captured-io.ts";

test("files to feed are refused when nothing is to be fed", async () => {
  for (const option of ["transactions", "depth"]) {
    const args = readArguments(up.options, ["--no-feed", `--${option}`, "file"]);
    await expect(up.run(args, capturedIo().io)).rejects.toThrow(
      `--no-feed feeds nothing: leave it out, or --${option}`,
    );
  }
});

test("options are refused that do nothing without another one", async () => {
  const idle = [
    ["--create-topics", "--create-topics needs --kafka"],
    ["--trace-rate=1", "--trace-rate needs --trace-endpoint"],
  ] as const;
  for (const [option, message] of idle) {
    const args = readArguments(up.options, [option, "--no-feed"]);
    await expect(up.run(args, capturedIo().io)).rejects.toThrow(message);
  }
});
