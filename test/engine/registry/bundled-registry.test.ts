// The edge's bundle holds a compiled form of our own registry; it must be the one of today.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { bundledTables } from "../../../edge/registry/bundled.ts";
import { compileFolder } from "../../../engine/registry/compile-folder.ts";

it("is the registry of schemas/registry (`npm run registry` makes it again)", () => {
  // The path is in the tables as the registry's address.
  const folder = fileURLToPath(new URL("../../../schemas/registry", import.meta.url));
  const compiled = compileFolder(relative(process.cwd(), folder));
  expect(compiled).toMatchObject({ ok: true, problems: [] });
  if (compiled.ok) expect(Buffer.from(bundledTables()).equals(compiled.bytes)).toBe(true);
});
