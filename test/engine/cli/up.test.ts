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
