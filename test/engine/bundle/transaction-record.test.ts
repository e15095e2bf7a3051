import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  bundleAt,
  bundleBytes,
  bundleRecordsMax,
  transactionRecordBytes,
} from "../../../engine/bundle/bundle-layout.ts";
import {
  checkRecord,
  copyRecord,
  readRecord,
  recordCode,
  writeRecord,
} from "../../../engine/bundle/transaction-record.ts";
import { runSeed } from "../../random.ts";
import { fieldsOf, recordOf } from "./bundle-rig.ts";

const seed = runSeed("transaction-record");
const safe = (min: number) => fc.integer({ min, max: Number.MAX_SAFE_INTEGER });

const anyFields = fc.record({
  id: safe(0),
  price: safe(1),
  size: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  side: fc.constantFrom(0, 1),
  ingressNs: safe(0),
});

describe("a transaction record", () => {
  it("has the original's 32 bytes, in little-endian order, and a bundle its 528", () => {
    const view = new DataView(new ArrayBuffer(transactionRecordBytes));
    view.setUint32(20, 0xffff_ffff);
    writeRecord(view, 0, { id: 1, price: 2 ** 32 + 2, size: 3, side: 1, ingressNs: 4 });
    expect(Buffer.from(view.buffer).toString("hex")).toBe(
      "0100000000000000020000000100000003000000010000000400000000000000",
    );
    expect(bundleAt.count).toBe(bundleRecordsMax * transactionRecordBytes);
    expect(bundleAt.firstNs + 8).toBe(bundleBytes);
  });

  it("comes back as it was written, and copied", () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        const view = new DataView(new ArrayBuffer(3 * transactionRecordBytes));
        expect(writeRecord(view, 8, fields)).toBe(recordCode.ok);
        expect(checkRecord(view, 8)).toBe(recordCode.ok);
        copyRecord(view, 8, view, 64);
        expect(readRecord(view, 64)).toEqual(fields);
        expect([view.getBigUint64(0), view.getBigUint64(40)]).toEqual([0n, 0n]);
      }),
      { seed },
    );
  });

  it.each([
    ["a side above 1", { side: 2 }, recordCode.invalidSide],
    ["a price of 0", { price: 0 }, recordCode.negativePrice],
    ["a negative price", { price: -1 }, recordCode.negativePrice],
    ["a size of 0", { size: 0 }, recordCode.zeroSize],
    ["a size above 32 bits", { size: 2 ** 32 }, recordCode.range],
    ["a broken size", { size: 1.5 }, recordCode.range],
    ["a negative id", { id: -1 }, recordCode.range],
    ["a price that is no safe integer", { price: 2 ** 53 }, recordCode.range],
    ["a time that is no number", { ingressNs: Number.NaN }, recordCode.range],
  ])("with %s is not written", (_, wrong, code) => {
    const view = new DataView(new ArrayBuffer(transactionRecordBytes));
    expect(writeRecord(view, 0, { ...fieldsOf(1), ...wrong })).toBe(code);
    expect(new Uint8Array(view.buffer).every((byte) => byte === 0)).toBe(true);
  });

  it.each<[string, (view: DataView) => void, number]>([
    ["a side above 1", (view) => view.setUint8(20, 2), recordCode.invalidSide],
    ["padding that is not zero", (view) => view.setUint8(23, 1), recordCode.padding],
    ["a price of 0", (view) => view.setBigInt64(8, 0n, true), recordCode.negativePrice],
    ["a negative price", (view) => view.setBigInt64(8, -5n, true), recordCode.negativePrice],
    ["a size of 0", (view) => view.setUint32(16, 0, true), recordCode.zeroSize],
    ["a price above 2^53", (view) => view.setBigInt64(8, 1n << 53n, true), recordCode.range],
    ["an id above 2^53", (view) => view.setBigUint64(0, 1n << 60n, true), recordCode.range],
    ["a time above 2^53", (view) => view.setBigUint64(24, 1n << 63n, true), recordCode.range],
  ])("that comes as bytes with %s is refused", (_, spoil, code) => {
    const view = recordOf(1);
    spoil(view);
    expect(checkRecord(view, 0)).toBe(code);
  });
});
