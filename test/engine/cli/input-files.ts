// Files that a test gives to a command: in a folder of their own, which the end of the tests removes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "weir-input-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** Path of a new file. */
export const fileOf = (content: Uint8Array | string, suffix = ""): string => {
  files += 1;
  const path = join(folder, `input-${files}${suffix}`);
  writeFileSync(path, content);
  return path;
};
