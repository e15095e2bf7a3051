import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";

import { expect, it, onTestFinished } from "vitest";

import { readSecret, Secret, SecretError } from "../../../engine/send/secret.ts";

const text = "0a1b2c3d-secret-0a1b2c3d";

const fileOf = (content: string, mode: number): string => {
  const folder = mkdtempSync(join(tmpdir(), "weir-secret-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "key");
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

it("comes from the variable, or from a file of mode 600 or 400, or there is none", () => {
  expect(readSecret({ KEY: text }, "KEY")?.reveal()).toBe(text);
  for (const mode of [0o600, 0o400])
    expect(readSecret({ KEY_FILE: fileOf(`${text}\n`, mode) }, "KEY")?.reveal()).toBe(text);
  expect(readSecret({}, "KEY")).toBeNull();
  expect(readSecret({ KEY: "", KEY_FILE: "" }, "KEY")).toBeNull();
});

it.each([0o644, 0o640, 0o604, 0o620, 0o602, 0o700])("refuses a file of mode %o", (mode) => {
  const read = (): unknown => readSecret({ KEY_FILE: fileOf(text, mode) }, "KEY");
  expect(read).toThrow(`KEY_FILE: mode=${mode.toString(8)}, expected 600 or 400`);
});

it("refuses links, folders, absent, empty, large and broken files, and both at once", () => {
  const good = fileOf(text, 0o600);
  const link = `${good}.link`;
  symlinkSync(good, link);
  const read = (path: string) => (): unknown => readSecret({ KEY_FILE: path }, "KEY");
  expect(read(link)).toThrow("KEY_FILE: ELOOP");
  expect(read(link)).toThrow(SecretError);
  expect(read(join(good, ".."))).toThrow("KEY_FILE: no regular file");
  expect(read(`${good}.absent`)).toThrow("KEY_FILE: ENOENT");
  expect(read(fileOf("\n", 0o600))).toThrow("KEY_FILE: expected 1 to 4096");
  expect(read(fileOf("a b", 0o600))).toThrow("KEY_FILE: expected 1 to 4096");
  expect(read(fileOf("a".repeat(4097), 0o600))).toThrow("4097 bytes, limit 4096");
  expect(() => readSecret({ KEY: text, KEY_FILE: good }, "KEY")).toThrow("only one can be set");
});

it("is shown to nobody", () => {
  const secret = new Secret(text, "KEY");
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }, true, 9)];
  expect(shown.join()).not.toContain(text);
  expect(secret.redact(`bad key ${text}, ${text}`)).toBe("bad key ***, ***");
  expect(() => new Secret(`${text}\n`, "KEY")).toThrow("KEY: expected");
  expect(() => new Secret(`${text}\n`, "KEY")).not.toThrow(text);
});
