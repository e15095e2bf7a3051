import { describe, expect, it } from "vitest";

import { candidateBytes, candidateVersion } from "../../../schemas/market/candidate-layout.ts";
import { encodeBase58 } from "../../../schemas/market/base58.ts";
import { FrameWriter } from "../../../schemas/market/frame.ts";
import {
  TransactionItem,
  transactionItemHeaderBytes,
} from "../../../schemas/market/transaction-item.ts";
import { readText, readValue } from "../../../engine/tail/read-value.ts";
import { createTransactionMix } from "../../../engine/feed/transactions.ts";
import { type RefusedHead, writeRefused } from "../../../schemas/rejected-value.ts";
import { encodeRequest, traces } from "../stream/otlp-messages.ts";

const span = { name: "GET /", startNs: 2n ** 60n + 1n, endNs: 2n ** 60n + 2n };

describe("a record's value for people", () => {
  it("shows spans of an OTLP request with exact times", () => {
    const value = traces(new Map([["shop", [span]]]));
    const { spans } = readValue("otlp_spans", value) as { spans: { [key: string]: unknown }[] };
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({ name: "GET /", startTimeUnixNano: String(2n ** 60n + 1n) });
  });

  it("shows why a record was refused, and its spans", () => {
    const refused: RefusedHead = {
      topic: "otlp_spans",
      mode: "reject",
      registry: "v",
      items: 1,
      findings: [],
      itemsOmitted: 0,
    };
    const value = writeRefused(refused, traces(new Map([["shop", [span]]])));
    expect(readValue("weir-rejected", value)).toMatchObject({
      refused,
      spans: [{ name: "GET /" }],
    });
    expect(readValue("weir-rejected", Uint8Array.of(1))).toMatchObject({ value: "AQ==" });
  });

  it("shows a span with more attributes than the edge takes, which is why it was refused", () => {
    const attributes = Array.from({ length: 1_100 }, () => ({ key: "k", value: { intValue: 1 } }));
    const spans = [{ name: "wide", attributes }];
    const value = encodeRequest("Traces", { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const shown = readValue("otlp_spans", value) as { spans: { attributes: unknown[] }[] };
    expect(shown.spans[0]?.attributes).toHaveLength(1_100);
  });

  it("shows a refused original that came as JSON, and the beginning of one that is cut", () => {
    const head: RefusedHead = {
      topic: "weir-depth",
      mode: "reject",
      registry: "",
      items: 1,
      findings: [],
      itemsOmitted: 0,
    };
    const json = writeRefused({ ...head, encoding: "json" }, Buffer.from('{"message":1}'));
    expect(readValue("weir-rejected", json)).toMatchObject({ value: { message: 1 } });
    const cut = { ...head, cut: { bytes: 9, sha256: "00" } };
    expect(readValue("weir-rejected", writeRefused(cut, Buffer.from("abc")))).toEqual({
      refused: cut,
      beginning: "YWJj",
    });
  });

  it("shows the transactions of a frame, and what is wrong behind them", async () => {
    const [transaction] = await createTransactionMix({ seed: 1, count: 1 });
    const wire = transaction?.wire ?? new Uint8Array(0);
    const frame = new FrameWriter();
    const item = new TransactionItem();
    item.setSlot(2 ** 40);
    const at = frame.claim(transactionItemHeaderBytes + wire.length);
    item.encode(frame.view, at);
    frame.bytes.set(wire, at + transactionItemHeaderBytes);
    const value = Uint8Array.from([...frame.frame(), 9, 0, 0]);
    const read = readValue("weir-transactions", value) as { transactions: unknown[] };
    expect(read.transactions).toEqual([
      expect.objectContaining({
        slot: String(2 ** 40),
        index: null,
        transaction: Buffer.from(wire).toString("base64"),
      }),
      { error: `frame ends inside an item's length at byte ${value.length - 3}` },
    ]);
  });

  it("shows the first signature where the transaction has it: v1 at its end", () => {
    const shown = (...wire: readonly number[]): unknown => {
      const frame = new FrameWriter();
      const header = new DataView(new ArrayBuffer(transactionItemHeaderBytes));
      new TransactionItem().encode(header, 0);
      frame.tryWrite(Uint8Array.of(...new Uint8Array(header.buffer), ...wire));
      const read = readValue("weir-transactions", frame.frame());
      const [one] = read["transactions"] as { signature: unknown }[];
      return one?.signature;
    };
    const first = Array.from({ length: 64 }, (_, i) => i + 1);
    const second = first.map((byte) => byte + 100);
    const text = encodeBase58(Uint8Array.from(first));
    const message = Array.from({ length: 80 }, () => 7);
    expect(shown(2, ...first, ...second, ...message)).toBe(text);
    expect(shown(0x81, 2, ...message, ...first, ...second)).toBe(text);
    expect(shown(1, ...first.slice(1))).toBeNull();
    expect(shown(0x81, 9, ...message)).toBeNull();
  });

  it("says when an item is no candidate record", () => {
    const frame = new FrameWriter();
    frame.tryWrite(new Uint8Array(candidateBytes).fill(candidateVersion + 1));
    const { candidates } = readValue("weir-candidates", frame.frame()) as { candidates: unknown[] };
    expect(candidates).toEqual([{ error: `no candidate record: ${candidateBytes} bytes` }]);
  });

  it("reads JSON, and names what is none", () => {
    expect(readValue("weir-aggregates", Buffer.from('{"count":3}'))).toEqual({
      value: { count: 3 },
    });
    expect(readValue("weir-aggregates", Buffer.from("{"))).toHaveProperty("error");
  });

  it("shows keys as text where they are text", () => {
    expect(readText(null)).toBeNull();
    expect(readText(Buffer.from("abc"))).toBe("abc");
    expect(readText(Uint8Array.of(255, 0))).toBe("base64:/wA=");
  });
});
