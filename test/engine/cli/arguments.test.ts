import { describe, expect, it } from "vitest";

import { helpText, integerOption, nearest, readArguments } from "../../../engine/cli/arguments.ts";
import type { Command, Options } from "../../../engine/cli/command.ts";
import { UsageError } from "../../../engine/cli/command.ts";

const options: Options = {
  seconds: { value: "N", help: "how long" },
  depth: { value: "FILE...", many: true, help: "files" },
  key: { value: "KEY", repeatable: true, help: "keys" },
  speed: { value: "N", help: "speed", default: "1" },
  strict: { help: "a flag" },
};

describe("arguments", () => {
  it("takes values after a space and after an equals sign", () => {
    expect(readArguments(options, ["--seconds", "3"]).values["seconds"]).toBe("3");
    expect(readArguments(options, ["--seconds=3"]).values["seconds"]).toBe("3");
  });

  it("keeps a dash and everything after -- as files", () => {
    expect(readArguments(options, ["a", "-", "--", "--b"]).positionals).toEqual(["a", "-", "--b"]);
  });

  it("gives a many-valued option everything up to the next option", () => {
    const { values, positionals } = readArguments(options, ["--depth", "a", "b", "--strict"]);
    expect(values["depth"]).toEqual(["a", "b"]);
    expect(values["strict"]).toBe(true);
    expect(positionals).toEqual([]);
  });

  it("collects a repeatable option and refuses another one twice", () => {
    expect(readArguments(options, ["--key", "a", "--key", "b"]).values["key"]).toEqual(["a", "b"]);
    expect(() => readArguments(options, ["--speed=1", "--speed=2"])).toThrow("--speed");
  });

  it("refuses standard input twice: the second would be empty", () => {
    expect(() => readArguments(options, ["-", "a", "-"])).toThrow("standard input (-)");
  });

  it("fills defaults", () => {
    expect(readArguments(options, []).values["speed"]).toBe("1");
  });

  it.each([
    [["--secnds", "3"], "did you mean --seconds?"],
    [["-x"], "unknown option -x"],
    [["--seconds"], "--seconds needs a value N"],
    [["--strict=yes"], "--strict takes no value"],
    [["--toString", "1"], "unknown option --toString"],
  ])("refuses %j", (argv, message) => {
    expect(() => readArguments(options, argv)).toThrow(UsageError);
    expect(() => readArguments(options, argv)).toThrow(message);
  });

  it("checks the range of an integer and says it", () => {
    const range = { min: 1, max: 10 };
    const given = (text: string) => readArguments(options, ["--seconds", text]);
    expect(integerOption(given("10"), "seconds", range)).toBe(10);
    expect(integerOption(readArguments(options, []), "seconds", range)).toBeUndefined();
    for (const bad of ["0", "11", "1.5", "x", "1e1", ""]) {
      expect(() => integerOption(given(bad), "seconds", range)).toThrow("from 1 to 10");
    }
  });

  it("finds the nearest name", () => {
    expect(nearest("decod", ["up", "decode", "sniff"])).toBe("decode");
  });

  it("shows purpose, defaults and both examples in the help", () => {
    const command: Command = {
      name: "x",
      purpose: "Does x.",
      usage: "FILE...",
      options,
      examples: ["weir x a", "weir x b"],
      run: () => Promise.resolve(0),
    };
    const text = helpText(command);
    for (const part of ["Does x.", "weir x FILE...", "(default 1)", "weir x a", "weir x b"]) {
      expect(text).toContain(part);
    }
  });
});
