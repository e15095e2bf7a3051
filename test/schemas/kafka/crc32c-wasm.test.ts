// The compiled checksum against its text; what it gives: test/edge/forward/wasm-crc32c.test.ts.
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import wabt from "wabt";

const file = (name: string): Buffer =>
  readFileSync(new URL(`../../../schemas/kafka/${name}`, import.meta.url));

test("crc32c.wasm is what crc32c.wat says", async () => {
  const assembler = await wabt();
  const module = assembler.parseWat("crc32c.wat", file("crc32c.wat").toString());
  module.validate();
  const assembled = Buffer.from(module.toBinary({}).buffer);
  module.destroy();
  expect(file("crc32c.wasm").equals(assembled), "run `npm run wasm`").toBe(true);
});
