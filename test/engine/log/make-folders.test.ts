import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { makeFolders } from "../../../engine/log/make-folders.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-folders-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every missing folder of a path is made, and what is there is left", () => {
  const path = join(folder, "a", "b", "c");
  makeFolders(path);
  makeFolders(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a file in the way is named", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => makeFolders(file)).toThrow("EEXIST");
  expect(() => makeFolders(join(file, "a", "b"))).toThrow("ENOTDIR");
});

// In a process of its own: a call that does not return would hold the test's thread for ever.
test.skipIf(process.platform !== "linux")(
  "the log is refused where the file system takes no folder and says ENOENT (/proc)",
  () => {
    const url = new URL("../../../engine/log/embedded-log.ts", import.meta.url).href;
    const code = `import("${url}").then((m) => m.openEmbeddedLog({ directory: "/proc/weir/log" }))`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", code], {
      encoding: "utf8",
      timeout: 120_000,
      killSignal: "SIGKILL",
    });
    expect(stderr).toContain("/proc/weir/log cannot be written: ENOENT");
    expect(status).toBe(1);
  },
  180_000,
);
