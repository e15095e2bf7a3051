import { describe, expect, it } from "vitest";

import {
  TransactionItem,
  transactionItemCode,
  transactionItemFlag,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";

const buffer = () => new DataView(new ArrayBuffer(64));

describe("transaction item", () => {
  it("round-trips every field in place, at any offset", () => {
    const view = buffer();
    const item = new TransactionItem();
    item.setSlot(2 ** 53 - 1);
    item.setIndex(0xffff_ffff);
    item.setReceiveTime(0xdead_beef, 0x1234_5678);
    item.encode(view, 5);
    const read = new TransactionItem();
    expect(read.decode(view, 5, 40)).toBe(transactionItemCode.ok);
    expect(read.slotHigh * 2 ** 32 + read.slotLow).toBe(2 ** 53 - 1);
    expect(read.index).toBe(0xffff_ffff);
    expect([read.receiveTimeLow, read.receiveTimeHigh]).toEqual([0xdead_beef, 0x1234_5678]);
    expect([read.wireStart, read.wireEnd]).toEqual([5 + transactionItemHeaderBytes, 40]);
  });

  it("keeps absent apart from zero", () => {
    const view = buffer();
    const item = new TransactionItem();
    item.setSlot(0);
    item.encode(view, 0);
    const read = new TransactionItem();
    read.decode(view, 0, 24);
    expect(read.flags).toBe(transactionItemFlag.slot);
    item.clear();
    item.encode(view, 0);
    read.decode(view, 0, 24);
    expect(read.flags).toBe(0);
  });

  it.each([0, 1, 999, 1_700_000_000_123, 2 ** 41 - 1, 2 ** 43 + 77])(
    "turns %d ms into exact nanoseconds",
    (ms) => {
      const item = new TransactionItem();
      item.setReceiveTimeMs(ms);
      const ns = (BigInt(item.receiveTimeHigh) << 32n) | BigInt(item.receiveTimeLow);
      expect(ns).toBe(BigInt(ms) * 1_000_000n);
    },
  );

  it("refuses a short item, another version and unknown flags", () => {
    const view = buffer();
    const item = new TransactionItem();
    item.encode(view, 0);
    expect(item.decode(view, 0, 23)).toBe(transactionItemCode.truncated);
    view.setUint8(1, 8);
    expect(item.decode(view, 0, 24)).toBe(transactionItemCode.flags);
    view.setUint8(0, 2);
    expect(item.decode(view, 0, 24)).toBe(transactionItemCode.version);
  });
});
