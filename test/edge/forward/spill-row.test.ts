// A row of the spill outlives the code that wrote it: it holds all that a record needs.
import { expect, test } from "vitest";

import { decodeSpillRow, encodeSpillRow } from "../../../edge/forward/spill-row.ts";
import { HeaderBlock } from "../../../schemas/kafka/header-block.ts";
import { sinkRecord } from "./scripted-sink.ts";

test("headers that a record has in common with others come back as its own", () => {
  const own = { "weir-sequence": "17" };
  const common = new HeaderBlock({ "weir-tenant": "ü", "weir-run": "" });
  const record = { ...sinkRecord(3, 20), headers: own };
  const [read] = decodeSpillRow(encodeSpillRow([{ ...record, common }]));
  expect(read).toEqual({ ...record, headers: { ...common.texts, ...own } });
});
