import { expect, test } from "vitest";

import { fixedLimits } from "../../../edge/limits.ts";
import { readArguments } from "../../../engine/cli/arguments.ts";
import { UsageError } from "../../../engine/cli/command.ts";
import { up } from "../../../engine/cli/up.ts";
import { capturedIo } from "./captured-io.ts";
import { messageVenueNames } from "../../../schemas/market/venues.ts";

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

const refusalOf = async (...words: readonly string[]): Promise<unknown> => {
  const args = readArguments(up.options, [...words, "--no-feed", "--data", "/dev/null/none"]);
  return up.run(args, capturedIo().io).catch((error: unknown) => error);
};

test("a rate that the edge would refuse is refused before anything starts", async () => {
  for (const rate of ["1e-17", "0", "1.5", "x", ""]) {
    const message = `--sample must be a number from 2^-56 to 1, found ${rate}`;
    expect(await refusalOf(`--sample=${rate}`)).toEqual(new UsageError(message));
  }
});

test("keys that the edge would refuse, or no header holds, are refused before anything starts", async () => {
  const forms = "must be visible ASCII characters, without spaces or commas";
  for (const key of ["", "a b", "a,b", "schlüssel", "a\u0000b", "a\u007fb", "🔑"])
    expect(await refusalOf("--api-key=good", `--api-key=${key}`)).toEqual(
      new UsageError(`--api-key number 2 ${forms}`),
    );
  const long = "k".repeat(fixedLimits.apiKeyBytesMax + 1);
  expect(await refusalOf(`--api-key=${long}`)).toEqual(
    new UsageError("--api-key number 1 must be of up to 512 bytes, found 513"),
  );
  const many = Array.from({ length: fixedLimits.apiKeysMax + 1 }, (_, at) => `--api-key=k${at}`);
  expect(await refusalOf(...many)).toEqual(
    new UsageError("--api-key may be given at most 256 times, found 257"),
  );
});

test("a depth file whose venue is not known is refused before anything starts", async () => {
  for (const word of ["junk.jsonl", "venue=junk.jsonl", "itch=day.itch"]) {
    const args = readArguments(up.options, ["--depth", word, "--data", "/dev/null/none"]);
    const venues = messageVenueNames.join(", ");
    const message = `--depth ${word}: name the venue, as in --depth binance-spot=${word}; one of ${venues}`;
    await expect(up.run(args, capturedIo().io)).rejects.toEqual(new UsageError(message));
  }
});

test("ports that no fetch reaches are refused before anything starts", async () => {
  for (const port of [6000, 6666, 10_080])
    expect(await refusalOf(`--edge-port=${port}`)).toEqual(
      new UsageError(
        `--edge-port ${port}: browsers and fetch refuse this port; choose another one, 0 = a free one`,
      ),
    );
  expect(await refusalOf("--control-port=6666")).toEqual(
    new UsageError(
      "--control-port: control.port: found 6666, expected a port that browsers and fetch do not refuse",
    ),
  );
});
