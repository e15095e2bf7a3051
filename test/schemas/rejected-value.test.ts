import * as fc from "fast-check";
import { expect, test } from "vitest";

import { type RefusedHead, readRefused, writeRefused } from "../../schemas/rejected-value.ts";

const head: RefusedHead = {
  topic: "otlp_spans",
  mode: "reject",
  registry: "abc",
  items: 1,
  findings: [{ item: 0, id: "x", level: "violation", signal: "a\nb", message: 'says "no"\n' }],
  itemsOmitted: 2,
};

test("head and original come back as they went in, whatever bytes the original has", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (original) => {
      const read = readRefused(writeRefused(head, original));
      expect(read?.head).toEqual(head);
      expect([...(read?.original ?? [])]).toEqual([...original]);
    }),
  );
});

test("other bytes are undefined, never an exception", () => {
  for (const text of ["", "{}", "{}\n", "\n", "null\nx", "{\nx", "\xff\n"])
    expect(readRefused(new TextEncoder().encode(text))).toBeUndefined();
  fc.assert(fc.property(fc.uint8Array(), (bytes) => readRefused(bytes) === undefined));
});
